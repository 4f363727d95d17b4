"""What others do on a load balancer that Berth shares with them."""

import json
import uuid

import grpc
import pytest

import client
from berth.ingress.v1 import ingress_service_pb2 as ingress, rule_pb2
from berth.port.v1 import pool_pb2, port_service_pb2 as port

PORT = 20777
NGINX = "ingress-nginx"


@pytest.fixture
def pool(cluster, short_quarantine):
    return cluster.get("portpool", "public", "-n", "berth-system")


@pytest.fixture
def entries(cluster, pool):
    """entries(change): merges a change into the data of the controller's ConfigMap; without one, only reads it."""
    name = pool["spec"]["configmap"]["tcpServices"]["name"]

    def patch(change=None):
        if change is not None:
            cluster.kubectl("patch", "configmap", name, "-n", NGINX, "--type=merge", "-p", json.dumps({"data": change}))
        return cluster.get("configmap", name, "-n", NGINX).get("data", {})

    return patch


@pytest.fixture
def web(namespace, web):
    """The TCP port of the echo example."""
    return rule_pb2.RuleTarget(namespace=namespace, service=web, port_name="echo")


@pytest.fixture
def rule(berth, namespace, web):
    """A rule to `web`, programmed."""
    [claim] = berth.ports.Claim(port.ClaimRequest(
        pool="public", owner=f"{namespace}/web", request_id=uuid.uuid4().hex)).claims
    berth.ingress.ApplyRules(ingress.ApplyRulesRequest(
        rules=[ingress.RuleSpec(claim=claim.name, claim_uid=claim.uid, target=web)]))
    client.eventually(lambda: state_of(berth, claim.name) == rule_pb2.PortRule.STATE_PROGRAMMED, 20)
    yield claim
    berth.ingress.DeleteRule(ingress.DeleteRuleRequest(name=claim.name, claim_uid=claim.uid))


def state_of(berth, name):
    return berth.ingress.GetRule(ingress.GetRuleRequest(name=name)).rule.state


def test_an_entry_changed_by_hand_is_put_right(berth, cluster, rule, entries):
    written = entries()[str(rule.port)]

    entries({str(rule.port): None})

    client.eventually(lambda: entries().get(str(rule.port)) == written, 10)
    client.eventually(lambda: not berth.ingress.GetDrift(ingress.GetDriftRequest(pool="public")).drifts, 10)


def test_a_pool_may_only_report_drift(berth, cluster, rule, entries):
    def set_policy(policy):
        found = berth.ports.GetPool(port.GetPoolRequest(name="public")).pool
        found.drift_policy = policy
        berth.ports.UpdatePool(port.UpdatePoolRequest(pool=found))

    set_policy(pool_pb2.PortPool.DRIFT_POLICY_REPORT)
    try:
        # A pass that began under the old policy may still be under way.
        def drifted():
            entries({str(rule.port): "default/other:80"})
            drifts = berth.ingress.GetDrift(ingress.GetDriftRequest(pool="public")).drifts
            return next((d for d in drifts if d.rule == rule.name), None)

        drift = client.eventually(drifted, 20)
        assert drift.found == "default/other:80" and drift.port == rule.port
        assert drift.object.startswith(f"ConfigMap/{NGINX}/")
    finally:
        set_policy(pool_pb2.PortPool.DRIFT_POLICY_REPAIR)
    client.eventually(lambda: entries()[str(rule.port)] == drift.wanted, 40)


@pytest.fixture
def by_hand(cluster, entries, web):
    """A port of the load balancer that somebody made without Berth, to `web`."""
    # A patch, since Berth writes the same Service: what is read is old by the time it is replaced.
    def set_port(port):
        cluster.kubectl("patch", "service", "ingress-nginx-controller", "-n", NGINX,
                        "--type=strategic", "-p", json.dumps({"spec": {"ports": [port]}}))

    mine = {"name": "by-hand", "port": PORT, "targetPort": PORT, "protocol": "TCP"}
    set_port(mine)
    entries({str(PORT): f"{web.namespace}/{web.service}:{web.port_name}"})
    yield PORT
    entries({str(PORT): None})
    set_port({"port": PORT, "$patch": "delete"})


def test_an_entry_from_before_is_adopted_without_a_moment_away(berth, cluster, by_hand, entries, web):
    client.eventually(lambda: client.first_line(cluster.address, PORT), 20)
    with pytest.raises(grpc.RpcError) as refused:
        client.eventually(lambda: berth.ports.Claim(port.ClaimRequest(
            pool="public", owner="e2e/other", request_id=uuid.uuid4().hex,
            ports=[port.PortRequest(port=PORT)])) and None, 5)
    assert client.failure_of(refused.value).reason == "PORT_TAKEN"

    wanted = ingress.AdoptRulesRequest(
        pool="public", owner="e2e/web", entries=[ingress.EntryKey(protocol=pool_pb2.PROTOCOL_TCP, port=PORT)])
    everything = ingress.AdoptRulesRequest(pool="public", owner="e2e/web", validate_only=True)
    planned = {result.entry.port: result for result in berth.ingress.AdoptRules(everything).results}
    assert planned[PORT].target == web and not planned[PORT].rule.name

    [adopted] = berth.ingress.AdoptRules(wanted).results
    assert adopted.status.code == 0, adopted.status
    name = adopted.rule.name
    client.eventually(lambda: state_of(berth, name) == rule_pb2.PortRule.STATE_PROGRAMMED, 30)
    assert client.greeting(cluster.address, PORT)

    berth.ingress.DeleteRule(ingress.DeleteRuleRequest(name=name, claim_uid=adopted.rule.claim_uid))
    client.eventually(lambda: str(PORT) not in entries(), 20)
    client.eventually(lambda: PORT not in [
        p["port"] for p in cluster.get("service", "ingress-nginx-controller", "-n", NGINX)["spec"]["ports"]], 20)
