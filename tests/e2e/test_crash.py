"""Whatever is killed during a Deploy, it ends with all there or all gone."""

import time

import grpc
import pytest

import client
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.helm.v1 import helm_service_pb2 as helm
from berth.operation.v1 import operation_pb2, operation_service_pb2 as operation
from conftest import NAMESPACE
from test_main_job import deploy_request


def wait_for_end(berth, name):
    """The operation, once it has ended; the gateway may be away meanwhile."""
    def ended():
        try:
            found = berth.operations.GetOperation(operation.GetOperationRequest(name=name), timeout=5).operation
        except grpc.RpcError:
            return None
        return found if found.HasField("end_time") else None
    return client.eventually(ended, 180, every=1)


@pytest.mark.parametrize("service", list(client.PORTS))
@pytest.mark.parametrize("after", [0.0, 1.5])
def test_killing_every_pod_of_a_service_ends_in_all_or_nothing(
        berth, cluster, namespace, echo_chart, service, after):
    name = client.operation_of(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))
    time.sleep(after)
    for pod in cluster.pods(service):
        cluster.kill(pod)

    ended = wait_for_end(berth, name)

    client.eventually(lambda: len(cluster.pods(service)) == 2, 60)
    exposures = client.eventually(
        lambda: berth.gateway.ListExposures(gateway.ListExposuresRequest(namespace=namespace), timeout=5), 30)
    releases = berth.helm.ListReleases(
        helm.ListReleasesRequest(namespace=namespace), timeout=20, wait_for_ready=True).releases
    rules = [r for r in cluster.get("portrules", "-n", NAMESPACE)["items"]
             if r["spec"]["targetRef"]["namespace"] == namespace]
    if ended.state == operation_pb2.Operation.STATE_SUCCEEDED:
        [exposure] = exposures.exposures
        assert exposure.state == exposure_pb2.Exposure.STATE_ACTIVE
        assert len(releases) == 1 and len(rules) == 1
        assert client.greeting(cluster.address, exposure.ports[0].port).startswith("hello from ")
    else:
        assert list(exposures.exposures) == []
        assert list(releases) == []
        assert rules == []
