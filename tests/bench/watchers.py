"""Keeps watches of operations open: watchers.py TARGET COUNT OPERATION...

Says "open" once each of them has brought its first message; ends when its input does. A process of
its own, so that what reading them costs is not taken for a cost of the service.
"""

import sys

import grpc

from berth.operation.v1 import operation_service_pb2 as operation_pb
from berth.operation.v1 import operation_service_pb2_grpc

CHANNELS = 10


def main() -> None:
    target, count, *operations = sys.argv[1:]
    channels = [grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])
                for _ in range(CHANNELS)]
    stubs = [operation_service_pb2_grpc.OperationServiceStub(channel) for channel in channels]
    watches = [
        stubs[i % CHANNELS].WatchOperation(
            operation_pb.WatchOperationRequest(name=operations[i % len(operations)]))
        for i in range(int(count))]
    for watch in watches:
        next(watch)
    print("open", flush=True)
    sys.stdin.read()
    for channel in channels:
        channel.close()


if __name__ == "__main__":
    main()
