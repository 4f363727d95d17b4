"""Ports of an address that Services share by way of MetalLB, handed out and served by Berth."""

import json

import grpc
import pytest

import client
import netns
import rules
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.operation.v1 import error_reason_pb2
from berth.port.v1 import pool_pb2, port_service_pb2 as port

POOL = "shared"


@pytest.fixture
def address(berth) -> str:
    """Of the pool's Service, inside the cluster's network."""
    return rules.get_pool(berth, POOL).load_balancers[0].addresses[0].ip


@pytest.fixture
def made(berth, namespace, web):
    """Rules for ports of the address."""
    made = rules.Rules(berth, POOL, namespace)
    yield made
    made.remove_all()


def services_of(cluster, namespace, claim) -> list[dict]:
    return cluster.get("services", "-n", namespace, "-l", f"berth.dev/claim-uid={claim.uid}")["items"]


def test_tcp_through_a_shared_address_and_back_again(berth, cluster, namespace, made, address):
    claim, other = made.apply(), made.apply()
    for each in (claim, other):
        assert made.programmed(each).evidence == "service-status"
        client.eventually(lambda each=each: rules.greets(cluster, address, each.port), 10)
    [service] = services_of(cluster, namespace, claim)
    assert service["status"]["loadBalancer"]["ingress"][0]["ip"] == address
    assert "nodePort" not in service["spec"]["ports"][0]

    made.remove(claim)

    client.eventually(lambda: not services_of(cluster, namespace, claim), 10)
    client.eventually(lambda: not rules.greets(cluster, address, claim.port), 10)
    assert rules.greets(cluster, address, other.port)


def test_udp_through_a_shared_address(cluster, made, address):
    claim = made.apply(protocol=pool_pb2.PROTOCOL_UDP)
    made.programmed(claim)
    client.eventually(lambda: netns.datagram(cluster.name, (address, claim.port), b"ping") == b"ping", 20)


def test_an_exposure_answers_on_this_host_at_the_address_that_berth_tells(berth, namespace, web):
    spec = exposure_pb2.ExposureSpec(
        target=exposure_pb2.ExposureTarget(service=web), pool=POOL,
        ports=[exposure_pb2.PortWish(name="tcp", port_name="echo")])
    _, result = client.finish(berth.gateway.Expose(
        gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))
    published, number = result.exposure.addresses[0].ip, result.exposure.ports[0].port
    client.eventually(lambda: client.first_line(published, number).startswith("hello from "), 10)

    client.finish(berth.gateway.Unexpose(gateway.UnexposeRequest(
        namespace=namespace, name=result.exposure.name, run=client.run_options())))

    client.eventually(lambda: client.first_line(published, number) == "", 10)


def test_connections_come_from_the_source_ranges_alone(cluster, made, address):
    claim = made.apply(source_ranges=["192.0.2.0/24"])
    made.programmed(claim)
    assert not rules.greets(cluster, address, claim.port)
    made.change(claim, source_ranges=["172.30.0.0/16", "192.0.2.0/24"])
    client.eventually(lambda: rules.greets(cluster, address, claim.port), 20)
    made.change(claim, source_ranges=["192.0.2.0/24"])
    client.eventually(lambda: not rules.greets(cluster, address, claim.port), 20)
    made.change(claim)
    client.eventually(lambda: rules.greets(cluster, address, claim.port), 20)


def test_a_target_without_selector_is_told_and_served_as_soon_as_it_has_one(cluster, namespace, made, address):
    spec = cluster.get("service", "web", "-n", namespace)["spec"]
    ports = [{key: entry[key] for key in ("name", "port", "targetPort", "protocol")} for entry in spec["ports"]]

    def apply(selector):
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare", "namespace": namespace},
            "spec": {"ports": ports, **selector}}))

    apply({})
    claim = made.apply(service="bare")
    reason = error_reason_pb2.ERROR_REASON_TARGET_WITHOUT_SELECTOR
    client.eventually(lambda: made.of(claim).reason == reason, 20)
    apply({"selector": spec["selector"]})
    made.programmed(claim)
    client.eventually(lambda: rules.greets(cluster, address, claim.port), 10)


def test_what_is_taken_away_by_hand_comes_back(cluster, namespace, made, address):
    claim = made.apply()
    made.programmed(claim)
    [service] = services_of(cluster, namespace, claim)
    cluster.kubectl("delete", "service", service["metadata"]["name"], "-n", namespace)
    client.eventually(lambda: services_of(cluster, namespace, claim), 10)
    client.eventually(lambda: rules.greets(cluster, address, claim.port), 20)


def test_a_service_of_somebody_else_keeps_its_port(berth, cluster, namespace, address):
    before = rules.held_by_others(berth, POOL)
    number = rules.get_pool(berth, POOL).last_port
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "theirs", "namespace": namespace, "annotations": {
            "metallb.io/loadBalancerIPs": address, "metallb.io/allow-shared-ip": "berth"}},
        "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": number}]}}))
    client.eventually(lambda: rules.held_by_others(berth, POOL) == before + 1, 10)
    with pytest.raises(grpc.RpcError) as refused:
        berth.ports.Claim(port.ClaimRequest(
            pool=POOL, owner=f"{namespace}/web", request_id="theirs", ports=[port.PortRequest(port=number)]))
    assert client.failure_of(refused.value).reason == "PORT_TAKEN"
