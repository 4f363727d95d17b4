"""Bytes through the load balancer, by every kind of rule that its driver knows."""

import socket
import uuid

import pytest

import client
import netns
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.ingress.v1 import ingress_service_pb2 as ingress, rule_pb2
from berth.port.v1 import pool_pb2, port_service_pb2 as port


@pytest.fixture
def balancer(cluster):
    """The load balancer's own address, inside the cluster's network."""
    service = cluster.get("service", "ingress-nginx-controller", "-n", "ingress-nginx")
    return service["status"]["loadBalancer"]["ingress"][0]["ip"]


@pytest.fixture
def apply_rule(berth, namespace, web):
    """apply_rule(**options): a port of the load balancer with a rule to `web`'s TCP port."""
    made = []

    def apply(**options):
        [claim] = berth.ports.Claim(port.ClaimRequest(
            pool="public", owner=f"{namespace}/web", request_id=uuid.uuid4().hex)).claims
        rule = ingress.RuleSpec(
            claim=claim.name, claim_uid=claim.uid, options=rule_pb2.RuleOptions(**options),
            target=rule_pb2.RuleTarget(namespace=namespace, service=web, port_name="echo"))
        [result] = berth.ingress.ApplyRules(ingress.ApplyRulesRequest(rules=[rule])).results
        assert result.status.code == 0, result.status
        made.append(claim)
        return claim.port

    yield apply
    for claim in made:
        berth.ingress.DeleteRule(ingress.DeleteRuleRequest(name=claim.name, claim_uid=claim.uid))


def exchange(cluster, balancer, number, lines):
    """Sends lines to a port, and returns what comes back until it ends; empty if the port is not there yet."""
    try:
        with netns.connect(cluster.name, (balancer, number)) as connection:
            connection.settimeout(5)
            connection.sendall("".join(lines).encode())
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("r", newline="\n") as stream:
                return stream.read().splitlines()
    except OSError:
        return []


def test_tcp_and_udp(berth, cluster, namespace, web, balancer):
    spec = exposure_pb2.ExposureSpec(
        target=exposure_pb2.ExposureTarget(service=web), pool="public",
        ports=[exposure_pb2.PortWish(name="tcp", port_name="echo"),
               exposure_pb2.PortWish(name="udp", port_name="echo-udp", protocol=pool_pb2.PROTOCOL_UDP)])
    _, result = client.finish(berth.gateway.Expose(
        gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))

    ports = {p.name: p.port for p in result.exposure.ports}
    assert client.greeting(cluster.address, ports["tcp"]).startswith("hello from ")
    client.eventually(lambda: netns.datagram(cluster.name, (balancer, ports["udp"]), b"ping") == b"ping", 20)


def test_a_target_learns_the_client_by_the_proxy_protocol(cluster, balancer, apply_rule):
    number = apply_rule(encode_proxy_protocol=True)

    lines = client.eventually(lambda: exchange(cluster, balancer, number, ["ping\n"]), 20)

    greeting, header, echoed = lines
    assert greeting.startswith("hello from ")
    assert header.startswith("PROXY TCP4 ") and header.rstrip().endswith(f" {number}")
    assert echoed == "ping"


def test_the_proxy_protocol_of_clients_is_taken_off(cluster, balancer, apply_rule):
    number = apply_rule(decode_proxy_protocol=True)

    lines = client.eventually(lambda: exchange(
        cluster, balancer, number, ["PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n", "ping\n"]), 20)

    greeting, echoed = lines
    assert greeting.startswith("hello from ")
    assert echoed == "ping"
