"""Ports of a Gateway, handed out and served by Berth, with bytes through the real data plane."""

import json
import uuid

import grpc
import pytest

import client
import netns
import rules
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.operation.v1 import error_reason_pb2
from berth.port.v1 import pool_pb2, port_service_pb2 as port

NAMESPACE = "berth-system"
FIRST_PORT = 22000
LAST_PORT = 22019


@pytest.fixture
def gateway_pool(berth):
    """A pool on the Gateway that discovery finds: its name, and the Gateway with its addresses."""
    [found] = [proposal for proposal in berth.ports.DiscoverPools(
                   port.DiscoverPoolsRequest(namespace="gateways")).proposals
               if proposal.driver == "gateway-api"]
    balancer = found.load_balancers[0]
    if found.pool:
        yield found.pool, balancer
        return
    assert found.problem == ""
    pool = pool_pb2.PortPool(
        name=f"gateways-{uuid.uuid4().hex[:6]}", driver="gateway-api", load_balancers=[balancer], first_port=FIRST_PORT,
        last_port=LAST_PORT)
    pool.quarantine.FromSeconds(1)
    berth.ports.CreatePool(port.CreatePoolRequest(pool=pool))
    client.eventually(lambda: rules.get_pool(berth, pool.name).ready, 20)
    yield pool.name, balancer

    def is_gone():
        try:
            berth.ports.DeletePool(port.DeletePoolRequest(name=pool.name))
            return rules.get_pool(berth, pool.name) is None
        except grpc.RpcError as error:
            return client.failure_of(error).reason == "POOL_NOT_FOUND"

    # Not before its last claim is through its quarantine.
    client.eventually(is_gone, 60)


@pytest.fixture
def made(berth, namespace, web, gateway_pool):
    """Rules for ports of the Gateway."""
    made = rules.Rules(berth, gateway_pool[0], namespace)
    yield made
    made.remove_all()


def test_tcp_through_a_gateway_and_back_again(berth, cluster, made, gateway_pool):
    address = gateway_pool[1].addresses[0].ip
    claim = made.apply()
    assert made.programmed(claim).evidence == "gateway-status"
    client.eventually(lambda: rules.greets(cluster, address, claim.port), 10)

    made.remove(claim)

    client.eventually(lambda: not rules.greets(cluster, address, claim.port), 10)
    for kind in ("listenersets", "tcproutes"):
        client.eventually(lambda kind=kind: not cluster.exists(kind, claim.name, NAMESPACE), 10)


def test_udp_through_a_gateway(berth, cluster, made, gateway_pool):
    claim = made.apply(protocol=pool_pb2.PROTOCOL_UDP)
    made.programmed(claim)
    address = (gateway_pool[1].addresses[0].ip, claim.port)
    client.eventually(lambda: netns.datagram(cluster.name, address, b"ping") == b"ping", 20)


def test_an_exposure_on_a_gateway_is_ready_with_an_address_that_answers(berth, cluster, namespace, web, gateway_pool):
    spec = exposure_pb2.ExposureSpec(
        target=exposure_pb2.ExposureTarget(service=web), pool=gateway_pool[0],
        ports=[exposure_pb2.PortWish(name="tcp", port_name="echo")])
    _, result = client.finish(berth.gateway.Expose(
        gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))
    number = result.exposure.ports[0].port
    client.eventually(lambda: rules.greets(cluster, gateway_pool[1].addresses[0].ip, number), 10)
    client.finish(berth.gateway.Unexpose(gateway.UnexposeRequest(
        namespace=namespace, name=result.exposure.name, run=client.run_options())))


def test_a_missing_target_is_told_and_served_as_soon_as_it_comes(berth, cluster, namespace, made, gateway_pool):
    claim = made.apply(service="later")
    client.eventually(lambda: made.of(claim).reason == error_reason_pb2.ERROR_REASON_TARGET_NOT_FOUND, 20)
    service = cluster.get("service", "web", "-n", namespace)
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "later", "namespace": namespace},
        "spec": {"selector": service["spec"]["selector"],
                 "ports": [{key: p[key] for key in ("name", "port", "targetPort", "protocol") if key in p}
                           for p in service["spec"]["ports"]]}}))
    made.programmed(claim)
    client.eventually(lambda: rules.greets(cluster, gateway_pool[1].addresses[0].ip, claim.port), 10)


def test_what_is_taken_away_by_hand_comes_back(berth, cluster, made, gateway_pool):
    claim = made.apply()
    made.programmed(claim)
    for kind in ("listenerset", "tcproute"):
        cluster.kubectl("delete", kind, claim.name, "-n", NAMESPACE)
        client.eventually(lambda kind=kind: cluster.exists(kind, claim.name, NAMESPACE), 10)
    client.eventually(lambda: rules.greets(cluster, gateway_pool[1].addresses[0].ip, claim.port), 20)


def test_a_listener_of_somebody_else_keeps_its_port(berth, cluster, namespace, gateway_pool):
    number = rules.get_pool(berth, gateway_pool[0]).last_port
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
        "metadata": {"name": "theirs", "namespace": namespace},
        "spec": {"parentRef": {"namespace": gateway_pool[1].namespace, "name": gateway_pool[1].name},
                 "listeners": [{"name": "theirs", "port": number, "protocol": "TCP"}]}}))

    client.eventually(lambda: rules.held_by_others(berth, gateway_pool[0]), 5)
    with pytest.raises(grpc.RpcError) as refused:
        berth.ports.Claim(port.ClaimRequest(
            pool=gateway_pool[0], owner=f"{namespace}/web", request_id="theirs", ports=[port.PortRequest(port=number)]))
    assert client.failure_of(refused.value).reason == "PORT_TAKEN"
