"""Rules as callers without the gateway make them: a claim, then a rule for it."""

import uuid

import grpc

import client
import netns
from berth.ingress.v1 import ingress_service_pb2 as ingress, rule_pb2
from berth.port.v1 import pool_pb2, port_service_pb2 as port


class Rules:
    """Rules for ports of one pool, to Services of one namespace."""

    def __init__(self, berth: client.Berth, pool: str, namespace: str):
        self._berth, self._pool, self._namespace = berth, pool, namespace
        self._made = []

    def apply(self, service="web", protocol=pool_pb2.PROTOCOL_TCP, **options):
        """A port of the pool with a rule to the echo example's; answers its claim."""
        [claim] = self._berth.ports.Claim(port.ClaimRequest(
            pool=self._pool, owner=f"{self._namespace}/{service}", request_id=uuid.uuid4().hex,
            ports=[port.PortRequest(protocols=[protocol])])).claims
        self._made.append(claim)
        self.change(claim, service, **options)
        return claim

    def change(self, claim, service="web", **options) -> None:
        port_name = "echo" if claim.protocol == pool_pb2.PROTOCOL_TCP else "echo-udp"
        rule = ingress.RuleSpec(
            claim=claim.name, claim_uid=claim.uid, options=rule_pb2.RuleOptions(**options),
            target=rule_pb2.RuleTarget(namespace=self._namespace, service=service, port_name=port_name))
        [result] = self._berth.ingress.ApplyRules(ingress.ApplyRulesRequest(rules=[rule])).results
        assert result.status.code == 0, result.status

    def of(self, claim) -> rule_pb2.PortRule:
        return self._berth.ingress.GetRule(ingress.GetRuleRequest(name=claim.name)).rule

    def programmed(self, claim) -> rule_pb2.PortRule:
        """The rule once it is programmed."""
        def look():
            rule = self.of(claim)
            return rule if rule.state == rule_pb2.PortRule.STATE_PROGRAMMED else None

        return client.eventually(look, 30)

    def remove(self, claim) -> None:
        self._berth.ingress.DeleteRule(ingress.DeleteRuleRequest(name=claim.name, claim_uid=claim.uid))

    def remove_all(self) -> None:
        for claim in self._made:
            try:
                self.remove(claim)
            except grpc.RpcError as error:
                assert client.failure_of(error).reason == "CLAIM_NOT_FOUND"


def get_pool(berth: client.Berth, name: str) -> pool_pb2.PortPool:
    return berth.ports.GetPool(port.GetPoolRequest(name=name)).pool


def held_by_others(berth: client.Berth, pool: str) -> int:
    """How many TCP ports of a pool are."""
    return next(u.held_by_others for u in get_pool(berth, pool).usage if u.protocol == pool_pb2.PROTOCOL_TCP)


def greets(cluster, address: str, number: int) -> bool:
    """Whether a connection inside the cluster's network reaches the echo example."""
    try:
        with netns.connect(cluster.name, (address, number)) as connection:
            connection.settimeout(5)
            return connection.recv(11) == b"hello from "
    except OSError:
        return False
