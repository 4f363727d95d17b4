"""What a caller of Berth needs: stubs, errors with their reasons, operations, exposed ports."""

import dataclasses
import socket
import time
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from berth.gateway.v1 import gateway_service_pb2_grpc
from berth.helm.v1 import helm_service_pb2_grpc
from berth.ingress.v1 import ingress_service_pb2_grpc
from berth.operation.v1 import operation_service_pb2, operation_service_pb2_grpc, run_options_pb2
from berth.port.v1 import port_service_pb2_grpc

PORTS = {"gateway": 50050, "helm-service": 50051, "port-service": 50052, "ingress-service": 50053}


class Berth:
    """Stubs of all services; `channels` maps a service's name to its channel."""

    def __init__(self, channels: dict[str, grpc.Channel]):
        self.channels = channels
        self.gateway = gateway_service_pb2_grpc.GatewayServiceStub(channels["gateway"])
        self.operations = operation_service_pb2_grpc.OperationServiceStub(channels["gateway"])
        self.helm = helm_service_pb2_grpc.HelmServiceStub(channels["helm-service"])
        self.ports = port_service_pb2_grpc.PortServiceStub(channels["port-service"])
        self.ingress = ingress_service_pb2_grpc.IngressServiceStub(channels["ingress-service"])

    @staticmethod
    def at(address: str) -> "Berth":
        return Berth({name: channel(f"{address}:{port}") for name, port in PORTS.items()})


def channel(target: str) -> grpc.Channel:
    return grpc.insecure_channel(
        target,
        options=[
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
            # Connections through a closing pod must not be found again by another test.
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )


@dataclasses.dataclass
class Failure:
    """A call's error: code, reason, text, and fields at fault."""

    code: grpc.StatusCode
    reason: str
    text: str
    fields: list[str]
    metadata: dict[str, str]


def failure_of(error: grpc.RpcError) -> Failure:
    status = rpc_status.from_call(error)
    result = Failure(error.code(), "", error.details() or "", [], {})
    for detail in status.details if status else []:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            assert info.domain == "berth.dev"
            result.reason, result.metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            result.fields = [violation.field for violation in bad.field_violations]
    return result


def run_options(timeout: int = 240, **options) -> run_options_pb2.RunOptions:
    options.setdefault("request_id", uuid.uuid4().hex)
    run = run_options_pb2.RunOptions(**options)
    run.timeout.FromSeconds(timeout)
    return run


def operation_of(stream) -> str:
    """Reads a stream's first message and returns the operation's name."""
    first = next(iter(stream))
    assert first.WhichOneof("event") == "update", first
    assert first.update.WhichOneof("detail") == "accepted", first
    return first.update.operation


def finish(stream):
    """Reads a stream to its end: the updates and the result. Fails with the stream's error."""
    updates, result = [], None
    for message in stream:
        kind = message.WhichOneof("event")
        if kind == "update":
            assert result is None, "an update after the result"
            updates.append(message.update)
        elif kind == "result":
            result = message.result
    return updates, result


def follow(operations, name: str, after: int = 0):
    """Watches an operation to its end: the updates, and the last message (result or error)."""
    updates = []
    request = operation_service_pb2.WatchOperationRequest(name=name, after_sequence=after)
    for message in operations.WatchOperation(request):
        if message.WhichOneof("event") != "update":
            return updates, message
        updates.append(message.update)
    raise AssertionError("the watch ended without a result or an error")


def phases(updates) -> list[str]:
    return [u.phase.phase for u in updates if u.WhichOneof("detail") == "phase"]


def greeting(address: str, port: int, timeout: float = 5) -> str:
    """The first line that the echo example sends; checks that it echoes."""
    with socket.create_connection((address, port), timeout=timeout) as connection:
        with connection.makefile("rw", newline="\n") as stream:
            line = stream.readline().strip()
            stream.write("ping\n")
            stream.flush()
            assert stream.readline() == "ping\n"
    return line


def first_line(address: str, port: int) -> str:
    """As greeting, or empty if nothing comes from behind the port. The publishing proxy accepts connections
    even for a port that the load balancer refuses, and then closes them."""
    try:
        return greeting(address, port, timeout=2)
    except (OSError, AssertionError):
        return ""


def eventually(check, seconds: float = 30, every: float = 0.25):
    """Returns the first true value of check(), or fails."""
    deadline = time.monotonic() + seconds
    while True:
        if value := check():
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(every)
