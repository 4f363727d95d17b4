"""Deploy a chart, expose its port, get an address that answers; and take it all away again."""

import client
import netns
from berth.gateway.v1 import exposure_pb2, gateway_service_pb2 as gateway
from berth.helm.v1 import helm_service_pb2 as helm, release_pb2
from berth.operation.v1 import operation_pb2, operation_service_pb2
from berth.port.v1 import port_service_pb2


def deploy_request(namespace, chart, **fields):
    fields.setdefault("run", client.run_options())
    return gateway.DeployRequest(
        namespace=namespace, name="web", chart=release_pb2.ChartSource(archive=chart), wait=True, pool="public",
        ports=[exposure_pb2.PortWish(name="echo", port_name="echo")], **fields)


def load_balancer_objects(cluster):
    """What others own on the load balancer: the Service's ports and the ConfigMap's entries, without Berth's."""
    pool = cluster.get("portpool", "public", "-n", "berth-system")["spec"]
    balancer = pool["loadBalancers"][0]
    service = cluster.get("service", balancer["name"], "-n", balancer["namespace"])
    entries = {}
    for protocol in ("tcpServices", "udpServices"):
        reference = pool["configmap"][protocol]
        config_map = cluster.get("configmap", reference["name"], "-n", reference["namespace"])
        entries[protocol] = config_map.get("data", {})
    return service["spec"]["ports"], entries


def unclaimed_port(cluster):
    """A port that no claim holds, quarantined ones of earlier runs included."""
    claims = cluster.get("portclaims", "-n", "berth-system")["items"]
    taken = {claim["spec"]["port"] for claim in claims}
    return next(port for port in range(20000, 20999) if port not in taken)


def refuses(cluster, port):
    """Whether the load balancer refuses connections to a port."""
    service = cluster.get("service", "ingress-nginx-controller", "-n", "ingress-nginx")
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    try:
        netns.connect(cluster.name, (address, port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_deploys_exposes_and_undeploys(berth, cluster, namespace, echo_chart):
    ports_before, entries_before = load_balancer_objects(cluster)

    updates, result = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))

    assert updates[0].WhichOneof("detail") == "accepted"
    sequences = [u.sequence for u in updates if u.WhichOneof("detail") != "keep_alive"]
    assert sequences == sorted(set(sequences))
    assert client.phases(updates), "no phases were streamed"
    assert result.release.status == release_pb2.Release.STATUS_DEPLOYED
    assert result.exposure.state == exposure_pb2.Exposure.STATE_ACTIVE
    [port] = result.exposure.ports
    assert 20000 <= port.port <= 20999
    assert [a.ip for a in result.exposure.addresses] == [cluster.address]

    line = client.greeting(cluster.address, port.port)
    [pod] = cluster.get("pods", "-n", namespace)["items"]
    assert line == f"hello from {pod['metadata']['name']}"

    exposure = berth.gateway.GetExposure(
        gateway.GetExposureRequest(namespace=namespace, name=result.exposure.name)).exposure
    assert exposure.uid == result.exposure.uid
    listed = berth.gateway.ListExposures(gateway.ListExposuresRequest(namespace=namespace)).exposures
    assert [e.name for e in listed] == [exposure.name]
    release = berth.helm.GetRelease(helm.GetReleaseRequest(namespace=namespace, name="web")).release
    assert (release.chart_name, release.chart_version, release.revision) == ("echo", "0.1.0", 1)
    assert [r.name for r in berth.helm.ListReleases(helm.ListReleasesRequest(namespace=namespace)).releases] == ["web"]
    recorded = berth.operations.GetOperation(
        operation_service_pb2.GetOperationRequest(name=updates[0].operation)).operation
    assert recorded.state == operation_pb2.Operation.STATE_SUCCEEDED
    claim = berth.ports.GetClaim(port_service_pb2.GetClaimRequest(name=port.claim)).claim
    assert (claim.port, claim.exposure.uid) == (port.port, exposure.uid)

    _, result = client.finish(berth.gateway.Undeploy(
        gateway.UndeployRequest(namespace=namespace, name="web", run=client.run_options())))
    assert list(result.removed_exposures) == [exposure.name]
    assert result.removed_release
    client.eventually(lambda: not client.first_line(cluster.address, port.port), 10)
    assert not cluster.exists("exposure", exposure.name, namespace)
    assert not cluster.exists("portrule", port.claim, "berth-system")
    ports_after, entries_after = load_balancer_objects(cluster)
    assert ports_after == ports_before
    assert entries_after == entries_before


def test_second_deploy_keeps_the_address(berth, cluster, namespace, echo_chart):
    _, first = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))
    values = release_pb2.ValuesSource(yaml="greeting: good morning")
    _, second = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart, values=[values])))

    assert second.release.revision == 2
    assert second.exposure.uid == first.exposure.uid
    assert second.exposure.ports[0].port == first.exposure.ports[0].port
    # Until the old pod has left the Service's endpoints, it may still be the one that answers.
    client.eventually(
        lambda: client.first_line(cluster.address, second.exposure.ports[0].port).startswith("good morning from "))


def test_expose_and_unexpose_a_service(berth, cluster, namespace, echo_chart):
    client.finish(berth.helm.InstallRelease(helm.InstallReleaseRequest(
        namespace=namespace, name="web", chart=release_pb2.ChartSource(archive=echo_chart), wait=True,
        run=client.run_options())))
    ports_before, entries_before = load_balancer_objects(cluster)
    port = unclaimed_port(cluster)
    spec = exposure_pb2.ExposureSpec(
        target=exposure_pb2.ExposureTarget(service="web"), pool="public",
        ports=[exposure_pb2.PortWish(name="echo", port_number=7000, port=port)])

    _, result = client.finish(berth.gateway.Expose(
        gateway.ExposeRequest(namespace=namespace, spec=spec, run=client.run_options())))

    assert result.exposure.ports[0].port == port
    assert client.greeting(cluster.address, port).startswith("hello from ")
    ports, entries = load_balancer_objects(cluster)
    assert [p for p in ports if p in ports_before] == ports_before
    assert entries["tcpServices"] == entries_before["tcpServices"] | {str(port): f"{namespace}/web:7000"}

    client.finish(berth.gateway.Unexpose(gateway.UnexposeRequest(
        namespace=namespace, name=result.exposure.name, run=client.run_options())))

    # Past the publishing proxy, at the load balancer itself: refused, not merely closed.
    client.eventually(lambda: refuses(cluster, port), 10)
    assert load_balancer_objects(cluster) == (ports_before, entries_before)


def test_tables_of_kubectl_read_well(berth, cluster, namespace, echo_chart):
    _, result = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))
    table = cluster.kubectl("get", "portpools,portclaims,portrules,operations", "-n", "berth-system")
    for word in ("configmap", "BOUND", "berth.gateway.v1.GatewayService/Deploy", "SUCCEEDED"):
        assert word in table
    [row] = cluster.kubectl("get", "exposures", "-n", namespace, "--no-headers").splitlines()
    for word in (result.exposure.name, "web", "public", cluster.address, str(result.exposure.ports[0].port), "True"):
        assert word in row
