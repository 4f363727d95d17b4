"""Operations outlive their callers, are joined by request_id, and can be cancelled."""

import uuid

import grpc
import pytest

import client
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.helm.v1 import helm_service_pb2 as helm, release_pb2
from berth.operation.v1 import operation_pb2, operation_service_pb2 as operation, operation_service_pb2_grpc
from test_main_job import deploy_request


def test_hanging_up_stops_nothing_and_every_replica_brings_the_rest(berth, namespace, echo_chart, replicas):
    stream = berth.gateway.Deploy(deploy_request(namespace, echo_chart))
    name = client.operation_of(stream)
    stream.cancel()

    channels = replicas("gateway")
    assert len(channels) == 2
    for channel in channels:
        stub = operation_service_pb2_grpc.OperationServiceStub(channel)
        updates, last = client.follow(stub, name)
        assert last.WhichOneof("event") == "result", last
        assert client.phases(updates)
        result = gateway.DeployResult()
        assert last.result.Unpack(result)
        assert result.exposure.state == exposure_pb2.Exposure.STATE_ACTIVE


def test_watch_goes_on_after_a_sequence_number(berth, namespace, echo_chart):
    updates, _ = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))
    half = updates[len(updates) // 2].sequence
    rest, last = client.follow(berth.operations, updates[0].operation, after=half)
    assert last.WhichOneof("event") == "result"
    assert all(u.sequence > half for u in rest if u.WhichOneof("detail") not in ("keep_alive", "accepted"))


def test_detach_ends_after_the_first_message(berth, namespace, echo_chart):
    request = deploy_request(namespace, echo_chart, run=client.run_options(detach=True))
    messages = list(berth.gateway.Deploy(request))
    assert len(messages) == 1
    _, last = client.follow(berth.operations, messages[0].update.operation)
    assert last.WhichOneof("event") == "result"


def test_same_request_id_joins_and_another_body_is_refused(berth, namespace, echo_chart):
    request_id = uuid.uuid4().hex
    request = deploy_request(namespace, echo_chart, run=client.run_options(request_id=request_id))
    first = berth.gateway.Deploy(request)
    name = client.operation_of(first)
    joined = berth.gateway.Deploy(request)
    message = next(iter(joined))
    assert message.update.operation == name
    assert message.update.accepted.joined

    other = deploy_request(namespace, echo_chart, run=client.run_options(request_id=request_id))
    other.service = "web"
    with pytest.raises(grpc.RpcError) as caught:
        list(berth.gateway.Deploy(other))
    failure = client.failure_of(caught.value)
    assert (failure.code, failure.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    client.finish(first)
    client.finish(joined)
    assert berth.helm.GetRelease(helm.GetReleaseRequest(namespace=namespace, name="web")).release.revision == 1


def test_cancelled_deploy_leaves_nothing(berth, cluster, namespace, echo_chart):
    # A replica count that the node cannot make ready keeps Helm waiting until the cancel.
    values = release_pb2.ValuesSource(yaml='image: {tag: "no-such-tag", pullPolicy: Never}')
    stream = berth.gateway.Deploy(deploy_request(namespace, echo_chart, values=[values]))
    name = client.operation_of(stream)
    client.eventually(lambda: cluster.exists("deployment", "web", namespace), 30)

    cancelled = berth.operations.CancelOperation(operation.CancelOperationRequest(name=name)).operation
    assert cancelled.cancel_requested
    _, last = client.follow(berth.operations, name)
    assert last.WhichOneof("event") == "error", last
    recorded = berth.operations.GetOperation(operation.GetOperationRequest(name=name)).operation
    assert recorded.state == operation_pb2.Operation.STATE_CANCELLED
    assert not cluster.exists("deployment", "web", namespace)
    assert cluster.get("exposures", "-n", namespace)["items"] == []
    assert list(berth.helm.ListReleases(helm.ListReleasesRequest(namespace=namespace)).releases) == []


def test_cancelled_request_id_is_found_cancelled_by_a_late_call(berth, namespace, echo_chart):
    request_id = uuid.uuid4().hex
    berth.operations.CancelOperation(operation.CancelOperationRequest(
        method="berth.gateway.v1.GatewayService/Deploy", request_id=request_id))
    with pytest.raises(grpc.RpcError) as caught:
        client.finish(berth.gateway.Deploy(
            deploy_request(namespace, echo_chart, run=client.run_options(request_id=request_id))))
    assert client.failure_of(caught.value).reason == "CANCELLED"


def test_failed_exposure_takes_the_release_back(berth, cluster, namespace, echo_chart):
    request = deploy_request(namespace, echo_chart)
    request.ports[0].port_name = "no-such-port"
    with pytest.raises(grpc.RpcError) as caught:
        client.finish(berth.gateway.Deploy(request))
    failure = client.failure_of(caught.value)
    assert failure.reason == "TARGET_PORT_NOT_FOUND", failure
    assert not cluster.exists("deployment", "web", namespace)
    assert cluster.get("exposures", "-n", namespace)["items"] == []


def test_upgrades_of_one_release_queue(berth, namespace, echo_chart):
    chart = release_pb2.ChartSource(archive=echo_chart)
    streams = [
        berth.helm.UpgradeRelease(helm.UpgradeReleaseRequest(
            namespace=namespace, name="web", chart=chart, install=True, run=client.run_options()))
        for _ in range(4)
    ]
    revisions = sorted(client.finish(stream)[1].release.revision for stream in streams)
    assert revisions == [1, 2, 3, 4]
