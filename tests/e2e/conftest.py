"""Fixtures of the end-to-end tests. `./dev test` sets the environment: the cluster is up."""

import json
import os
import pathlib
import subprocess
import uuid

import pytest

import client
import netns
from berth.helm.v1 import helm_service_pb2 as helm, release_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACE = "berth-system"


class Cluster:
    """The cluster below Berth."""

    def __init__(self):
        self.name = os.environ["BERTH_INSTANCE"]
        self.address = os.environ["BERTH_ADDRESS"]
        self._bin = pathlib.Path(os.environ["BERTH_BIN"])

    def inside(self, *command: str, stdin: str | None = None) -> str:
        """Runs a program inside the cluster's network and returns what it prints."""
        done = subprocess.run(
            ["nsenter", f"--net=/run/netns/{self.name}", *command],
            input=stdin, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.inside(str(self._bin / "kubectl"), *arguments, stdin=stdin)

    def get(self, *arguments: str):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def exists(self, kind: str, name: str, namespace: str) -> bool:
        return bool(self.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "name"))

    def pods(self, service: str) -> list[dict]:
        """Running pods of one of Berth's services, in a stable order."""
        items = self.get("pods", "-n", NAMESPACE, "-l", f"app.kubernetes.io/name={service}")["items"]
        ready = [
            pod for pod in items
            if "deletionTimestamp" not in pod["metadata"]
            and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        ]
        return sorted(ready, key=lambda pod: pod["metadata"]["name"])

    def kill(self, pod: dict) -> None:
        """Kills a pod's processes at once, without a word to them."""
        self.kubectl("delete", "pod", pod["metadata"]["name"], "-n", NAMESPACE, "--grace-period=0", "--force")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def berth(cluster) -> client.Berth:
    """Berth as callers on this host see it."""
    return client.Berth.at(cluster.address)


@pytest.fixture
def replicas(cluster):
    """replicas(service): a channel to each of its pods."""
    opened = []

    def connect(service: str):
        channels = []
        for pod in cluster.pods(service):
            forwarder = netns.forward(cluster.name, (pod["status"]["podIP"], client.PORTS[service]))
            target = forwarder.__enter__()
            channel = client.channel(target)
            opened.append((forwarder, channel))
            channels.append(channel)
        return channels

    yield connect
    for forwarder, channel in opened:
        channel.close()
        forwarder.__exit__(None, None, None)


@pytest.fixture
def namespace(cluster):
    """A namespace of the test's own, gone afterwards with all that Berth holds for it."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    # Waits: what Berth still has on the load balancer must not show in the next test's comparison.
    cluster.kubectl("delete", "exposures", "--all", "-n", name, "--timeout=90s")
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def echo_chart(tmp_path_factory) -> bytes:
    """The echo example, packaged by Helm."""
    folder = tmp_path_factory.mktemp("chart")
    subprocess.run(
        [os.path.join(os.environ["BERTH_BIN"], "helm"), "package", str(ROOT / "deploy/examples/echo/chart"),
         "--destination", str(folder)], check=True, capture_output=True)
    return next(folder.glob("*.tgz")).read_bytes()


@pytest.fixture
def web(berth, namespace, echo_chart):
    """The echo example, installed as Service "web" of the test's namespace."""
    client.finish(berth.helm.InstallRelease(helm.InstallReleaseRequest(
        namespace=namespace, name="web", chart=release_pb2.ChartSource(archive=echo_chart), wait=True,
        run=client.run_options())))
    return "web"


@pytest.fixture
def short_quarantine(cluster):
    """The pool's quarantine lasts seconds while the test runs, so that tests do not use the pool up."""
    before = cluster.get("portpool", "public", "-n", NAMESPACE)["spec"].get("quarantineSeconds", 600)
    patch = '{"spec": {"quarantineSeconds": %d}}'
    cluster.kubectl("patch", "portpool", "public", "-n", NAMESPACE, "--type=merge", "-p", patch % 2)
    yield
    cluster.kubectl("patch", "portpool", "public", "-n", NAMESPACE, "--type=merge", "-p", patch % before)
