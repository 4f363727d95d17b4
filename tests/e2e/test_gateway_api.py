"""The Gateway's pool as the local cluster publishes it."""

import os

import client
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway


def test_a_port_of_the_gateway_answers_on_this_host_at_the_address_that_berth_tells(berth, namespace, web):
    spec = exposure_pb2.ExposureSpec(
        target=exposure_pb2.ExposureTarget(service=web), pool="envoy",
        ports=[exposure_pb2.PortWish(name="tcp", port_name="echo")])
    _, result = client.finish(berth.gateway.Expose(
        gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))
    address, number = result.exposure.addresses[0].ip, result.exposure.ports[0].port
    assert address == os.environ["BERTH_GATEWAY_ADDRESS"]
    client.eventually(lambda: client.first_line(address, number).startswith("hello from "), 10)

    client.finish(berth.gateway.Unexpose(gateway.UnexposeRequest(
        namespace=namespace, name=result.exposure.name, run=client.run_options())))

    client.eventually(lambda: client.first_line(address, number) == "", 10)
