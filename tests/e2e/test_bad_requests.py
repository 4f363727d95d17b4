"""Bad requests get one clear error with a reason, and leave nothing behind."""

import grpc
import pytest

import client
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.helm.v1 import helm_service_pb2 as helm, release_pb2
from berth.port.v1 import port_service_pb2 as port

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def deploy(archive, **fields):
    fields = {"namespace": "default", "name": "web", "pool": "public", "run": client.run_options(),
              "chart": release_pb2.ChartSource(archive=archive)} | fields
    return gateway.DeployRequest(**fields)


def install(archive, **fields):
    fields = {"namespace": "default", "name": "web", "run": client.run_options(),
              "chart": release_pb2.ChartSource(archive=archive)} | fields
    return helm.InstallReleaseRequest(**fields)


def wish(**fields):
    return [exposure_pb2.PortWish(**fields)]


def source(reference):
    return release_pb2.ChartSource(reference=reference)


def yaml_values(text):
    return [release_pb2.ValuesSource(yaml=text)]


HUGE = yaml_values("key: " + "x" * (5 << 20))

CASES = {
    "empty name": (lambda c: ("gateway", "Deploy", deploy(c, name="")), INVALID, "INVALID_FIELD", "name"),
    "flag as name": (
        lambda c: ("gateway", "Deploy", deploy(c, name="--post-renderer=x")), INVALID, "INVALID_FIELD", "name"),
    "flag as name of a release": (
        lambda c: ("helm", "InstallRelease", install(c, name="--post-renderer=x")), INVALID, "INVALID_FIELD", "name"),
    "port too large": (
        lambda c: ("gateway", "Deploy", deploy(c, ports=wish(name="a", port_number=70000))),
        INVALID, "INVALID_FIELD", "ports[0].port_number"),
    "asked-for port too large": (
        lambda c: ("gateway", "Deploy", deploy(c, ports=wish(name="a", port=70000))),
        INVALID, "INVALID_FIELD", "ports[0].port"),
    "claimed port too large": (
        lambda c: ("ports", "Claim", port.ClaimRequest(
            pool="public", owner="e2e", request_id="x", ports=[port.PortRequest(port=70000)])),
        INVALID, "INVALID_FIELD", "ports[0].port"),
    "path as chart": (
        lambda c: ("gateway", "Deploy", deploy(c, chart=source("../../etc"))),
        INVALID, None, "chart.reference"),
    "path as chart of a release": (
        lambda c: ("helm", "InstallRelease", install(c, chart=source("../../etc"))),
        INVALID, None, "chart.reference"),
    "no archive": (
        lambda c: ("gateway", "Deploy", deploy(b"not a chart")), INVALID, None, "chart.archive"),
    "5 MB of values": (lambda c: ("gateway", "Deploy", deploy(c, values=HUGE)), INVALID, "REQUEST_TOO_LARGE", None),
    "5 MB of values for a release": (
        lambda c: ("helm", "InstallRelease", install(c, values=HUGE)), INVALID, "REQUEST_TOO_LARGE", None),
    "values that are no mapping": (
        lambda c: ("helm", "InstallRelease", install(c, values=yaml_values("- 1"))),
        INVALID, "INVALID_FIELD", "values[0]"),
    "unknown pool": (
        lambda c: ("gateway", "Deploy", deploy(c, pool="no-such-pool")),
        grpc.StatusCode.NOT_FOUND, "POOL_NOT_FOUND", None),
    "unknown pool of a claim": (
        lambda c: ("ports", "Claim", port.ClaimRequest(pool="no-such-pool", owner="e2e", request_id="x")),
        grpc.StatusCode.NOT_FOUND, "POOL_NOT_FOUND", None),
    "claim without request_id": (
        lambda c: ("ports", "Claim", port.ClaimRequest(pool="public", owner="e2e")),
        INVALID, "INVALID_FIELD", "request_id"),
    "page token of nobody": (
        lambda c: ("ports", "ListClaims", port.ListClaimsRequest(page_token="nonsense")),
        INVALID, "INVALID_PAGE_TOKEN", None),
}


def state_of(cluster):
    """Everything that a bad request could leave behind."""
    names = cluster.kubectl("get", "portclaims,portrules,exposures,releasequeues,secrets", "-A", "-o", "name")
    namespaces = cluster.kubectl("get", "namespaces", "-o", "name")
    return sorted(names.splitlines()), sorted(n for n in namespaces.splitlines() if "e2e-" not in n)


@pytest.mark.parametrize("case", list(CASES))
def test_bad_request_gets_one_clear_error(berth, cluster, echo_chart, case):
    make, code, reason, field = CASES[case]
    service, method, request = make(echo_chart)
    before = state_of(cluster)
    with pytest.raises(grpc.RpcError) as caught:
        answer = getattr(getattr(berth, service), method)(request, timeout=60)
        if hasattr(answer, "__iter__"):
            list(answer)
    failure = client.failure_of(caught.value)
    assert failure.code == code, failure
    assert failure.reason and (reason is None or failure.reason == reason), failure
    assert failure.text
    if field:
        assert any(f == field or f.startswith(field) for f in failure.fields), failure
    assert state_of(cluster) == before


@pytest.mark.parametrize("method", [
    "/berth.port.v1.PortService/GetPool", "/berth.helm.v1.HelmService/InstallRelease"])
def test_invalid_utf8_is_a_malformed_request(berth, method):
    service = "port-service" if "PortService" in method else "helm-service"
    raw = b"\x0a\x02\xff\xfe"  # field 1, a string of two bytes that are no UTF-8
    make = berth.channels[service].unary_stream if "Install" in method else berth.channels[service].unary_unary
    call = make(method, request_serializer=lambda r: r, response_deserializer=lambda r: r)
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(raw, timeout=20)
        if hasattr(answer, "__iter__"):
            list(answer)
    failure = client.failure_of(caught.value)
    assert (failure.code, failure.reason) == (INVALID, "MALFORMED_REQUEST"), failure


def test_request_above_the_transport_limit_is_refused_with_a_reason(berth, echo_chart):
    request = deploy(b"x" * (33 << 20))
    with pytest.raises(grpc.RpcError) as caught:
        list(berth.gateway.Deploy(request, timeout=60))
    assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, INVALID)
