"""Several load balancers in one cluster, each with a pool of its own."""

import uuid

import client
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.port.v1 import pool_pb2, port_service_pb2 as port

NUMBER = 20010  # kept for requests that name a port


def test_one_number_on_every_load_balancer(berth, namespace, web):
    addresses = set()
    for pool in ("public", "second", "envoy", "shared"):
        spec = exposure_pb2.ExposureSpec(
            target=exposure_pb2.ExposureTarget(service=web), pool=pool,
            ports=[exposure_pb2.PortWish(name="tcp", port_name="echo", port=NUMBER)])
        _, result = client.finish(berth.gateway.Expose(
            gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))
        address = result.exposure.addresses[0].ip
        assert result.exposure.ports[0].port == NUMBER
        client.eventually(lambda address=address: client.first_line(address, NUMBER).startswith("hello from "), 20)
        addresses.add(address)
    assert len(addresses) == 4


def test_a_pool_is_found_by_its_load_balancers_labels(berth, namespace):
    for label, pool in (("public", "public"), ("second", "second")):
        wanted = pool_pb2.PoolSelector(
            load_balancers=pool_pb2.LoadBalancerSelector(label_selector=f"appingress={label}"))
        [claim] = berth.ports.Claim(port.ClaimRequest(
            pool_selector=wanted, owner=f"{namespace}/web", request_id=uuid.uuid4().hex)).claims
        assert claim.pool == pool
        berth.ports.ReleaseClaim(port.ReleaseClaimRequest(name=claim.name, uid=claim.uid))
