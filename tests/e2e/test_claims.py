"""A port is handed out once, whoever asks, at which replica and how often."""

import collections
import concurrent.futures
import uuid

import grpc
import pytest

import client
from berth.port.v1 import claim_pb2, pool_pb2, port_service_pb2 as port, port_service_pb2_grpc

pytestmark = pytest.mark.usefixtures("short_quarantine")


@pytest.fixture
def stubs(replicas):
    """One stub for each replica of port-service."""
    channels = replicas("port-service")
    assert len(channels) == 2
    return [port_service_pb2_grpc.PortServiceStub(channel) for channel in channels]


@pytest.fixture
def released(berth):
    """Collects claims that the test makes, and releases them."""
    claims = {}
    yield claims
    for claim in claims.values():
        berth.ports.ReleaseClaim(port.ReleaseClaimRequest(name=claim.name, uid=claim.uid))


def claim_request(**fields):
    fields.setdefault("request_id", uuid.uuid4().hex)
    fields.setdefault("owner", "e2e")
    return port.ClaimRequest(pool="public", **fields)


def foreign_ports(cluster):
    service = cluster.get("service", "ingress-nginx-controller", "-n", "ingress-nginx")
    return {p["port"] for p in service["spec"]["ports"] if p["protocol"] == "TCP"}


def test_two_hundred_concurrent_claims_all_differ(stubs, released, cluster):
    foreign = foreign_ports(cluster)
    assert 20999 in foreign, "the cluster should hold a port of somebody else's in the range"

    def claim(index):
        [made] = stubs[index % 2].Claim(claim_request(owner=f"e2e-{index}"), timeout=60).claims
        return made

    with concurrent.futures.ThreadPoolExecutor(32) as executor:
        claims = list(executor.map(claim, range(200)))

    released.update({c.name: c for c in claims})
    ports = [c.port for c in claims]
    assert [p for p, n in collections.Counter(ports).items() if n > 1] == []
    assert all(20000 <= p <= 20999 for p in ports)
    assert not foreign.intersection(ports)
    assert all(c.state == claim_pb2.PortClaim.STATE_RESERVED for c in claims)


def test_same_request_id_at_both_replicas_gets_one_port(stubs, released):
    for _ in range(10):
        request = claim_request()
        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            answers = list(executor.map(lambda i: stubs[i % 2].Claim(request, timeout=60).claims[0], range(8)))
        released.update({c.name: c for c in answers})
        assert len({(c.name, c.uid) for c in answers}) == 1


def test_claim_goes_through_its_states(berth, released):
    request = claim_request()
    [claim] = berth.ports.Claim(request).claims
    assert claim.state == claim_pb2.PortClaim.STATE_RESERVED
    assert claim.HasField("expire_time")

    bound = berth.ports.BindClaim(port.BindClaimRequest(name=claim.name, uid=claim.uid, rule=claim.name)).claim
    assert bound.state == claim_pb2.PortClaim.STATE_BOUND
    with pytest.raises(grpc.RpcError) as caught:
        berth.ports.ReleaseClaim(port.ReleaseClaimRequest(name=claim.name, uid=claim.uid))
    failure = client.failure_of(caught.value)
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CLAIM_BOUND")

    releasing = berth.ports.UnbindClaim(port.UnbindClaimRequest(name=claim.name, uid=claim.uid)).claim
    assert releasing.state in (claim_pb2.PortClaim.STATE_RELEASING, claim_pb2.PortClaim.STATE_QUARANTINED)

    def gone():
        try:
            return berth.ports.GetClaim(port.GetClaimRequest(name=claim.name)).claim.uid != claim.uid
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.NOT_FOUND
    client.eventually(gone, 60)


def test_asked_for_port_is_given_or_refused(berth, released):
    [claim] = berth.ports.Claim(claim_request(ports=[port.PortRequest(port=20500)])).claims
    released[claim.name] = claim
    assert claim.name == "public.tcp.20500"
    for number, code, reason in (
            (20500, grpc.StatusCode.ALREADY_EXISTS, "PORT_TAKEN"),
            (20999, grpc.StatusCode.ALREADY_EXISTS, "PORT_TAKEN"),
            (19999, grpc.StatusCode.FAILED_PRECONDITION, "PORT_NOT_ALLOWED")):
        with pytest.raises(grpc.RpcError) as caught:
            berth.ports.Claim(claim_request(ports=[port.PortRequest(port=number)]))
        failure = client.failure_of(caught.value)
        assert (failure.code, failure.reason) == (code, reason), number


def test_both_protocols_share_one_number(berth, released):
    claims = berth.ports.Claim(claim_request(
        ports=[port.PortRequest(name="dns", protocols=[pool_pb2.PROTOCOL_TCP, pool_pb2.PROTOCOL_UDP])])).claims
    released.update({c.name: c for c in claims})
    assert {c.protocol for c in claims} == {pool_pb2.PROTOCOL_TCP, pool_pb2.PROTOCOL_UDP}
    assert len({c.port for c in claims}) == 1


def test_pool_counts_its_ports(berth, released):
    def usage():
        pool = berth.ports.GetPool(port.GetPoolRequest(name="public")).pool
        assert pool.ready, pool.not_ready_message
        return next(u for u in pool.usage if u.protocol == pool_pb2.PROTOCOL_TCP)

    before = usage()
    assert before.held_by_others >= 1
    assert before.total == before.free + before.used + before.quarantined + before.held_by_others
    [claim] = berth.ports.Claim(claim_request()).claims
    released[claim.name] = claim
    client.eventually(lambda: usage().used >= before.used + 1, 5)


def test_load_balancers_are_discovered(berth):
    proposals = berth.ports.DiscoverPools(port.DiscoverPoolsRequest(namespace="ingress-nginx")).proposals
    [found] = [p for p in proposals if p.pool == "public"]
    assert found.driver == "configmap"
    assert [b.name for b in found.load_balancers] == ["ingress-nginx-controller"]
    pool = berth.ports.GetPool(port.GetPoolRequest(name="public")).pool
    assert found.configmap == pool.configmap
    for fields, code, reason in (
            ({"namespace": "ingress-nginx", "label_selector": "a==b==c"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
            # The chart was told the namespaces of the load balancers, so others may not be read.
            ({}, grpc.StatusCode.PERMISSION_DENIED, "KUBERNETES_FORBIDDEN")):
        with pytest.raises(grpc.RpcError) as caught:
            berth.ports.DiscoverPools(port.DiscoverPoolsRequest(**fields))
        failure = client.failure_of(caught.value)
        assert (failure.code, failure.reason) == (code, reason), fields
