"""Releases of a realistic size, written as Helm writes them, and a small chart."""

import base64
import concurrent.futures
import gzip
import io
import itertools
import json
import random
import tarfile

from cluster import Cluster

CHARTS = 20
NAMESPACES = 20
WRITERS = 4
WORDS = ("apiVersion kind metadata name labels spec template containers image ports selector "
         "value from env secretKeyRef configMap include toYaml nindent if end with range define "
         "replicas resources limits requests cpu memory probe http path service account").split()


def _yaml_like(dice: random.Random, size: int) -> str:
    lines, length = [], 0
    while length < size:
        line = " " * (2 * dice.randrange(6)) + dice.choice(WORDS) + ": "
        line += " ".join(dice.choice(WORDS) for _ in range(dice.randrange(1, 5)))
        line += f" {dice.getrandbits(40):x}"
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines)


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _chart(number: int, body_kib: int) -> dict:
    """A chart whose releases have bodies of about this size, as stored."""
    dice = random.Random(number)
    # What base64 of gzip leaves of such text, itself as base64 in JSON.
    templates_size = int(body_kib * 1024 * 1.3)
    templates = [{"name": f"templates/{i}.yaml", "data": _encode(_yaml_like(dice, 4096))}
                 for i in range(max(1, templates_size // 4096))]
    return {
        "metadata": {"name": f"chart-{number}", "version": f"1.{number}.0", "apiVersion": "v2",
                     "appVersion": f"2026.{number}", "description": "A chart of the benchmark",
                     "type": "application", "keywords": ["bench"]},
        "lock": None, "templates": templates,
        "values": {"replicas": 1, "image": {"name": "web", "tag": "1"}, "list": list(range(50))},
        "schema": None, "files": [{"name": "README.md", "data": _encode(_yaml_like(dice, 8192))}],
    }


def _manifest(name: str) -> str:
    """Objects of some 8 KiB together."""
    dice = random.Random(name)
    documents = []
    for i in range(8):
        entries = "".join(f"  {dice.choice(WORDS)}-{j}: {dice.getrandbits(64):x}\n"
                          for j in range(30))
        documents.append(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-{i}\n"
                         f"data:\n{entries}")
    return "".join(documents)


def _release(chart: dict, ns: str, name: str, revision: int, status: str) -> dict:
    time = f"2026-10-{1 + revision:02}T10:{len(name) % 60:02}:00.123456789Z"
    return {
        "name": name,
        "info": {"first_deployed": "2026-10-01T10:00:00.123456789Z", "last_deployed": time,
                 "deleted": "", "description": "Upgrade complete", "status": status,
                 "notes": f"{name} is ready.\n" * 20},
        "chart": chart,
        "config": {"replicas": revision, "image": {"tag": str(revision)}},
        "manifest": _manifest(name),
        "version": revision, "namespace": ns,
    }


def _secret(release: dict, status: str) -> dict:
    name, revision = release["name"], release["version"]
    packed = gzip.compress(json.dumps(release, separators=(",", ":")).encode(), 6)
    return {
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": f"sh.helm.release.v1.{name}.v{revision}",
                     "namespace": release["namespace"],
                     "labels": {"owner": "helm", "name": name, "status": status,
                                "version": str(revision), "modifiedAt": "1790000000"}},
        "data": {"release": base64.b64encode(base64.b64encode(packed)).decode()},
    }


def create_releases(cluster: Cluster, releases: int, revisions: int, body_kib: int) -> int:
    """Fills the cluster; answers the mean size of data.release as Helm stored it, in bytes."""
    charts = [_chart(number, body_kib) for number in range(CHARTS)]
    connection = cluster.connect()
    for i in range(NAMESPACES):
        connection.create("/api/v1/namespaces", {"metadata": {"name": f"team-{i:02}"}})

    def write(part: int) -> int:
        writer, size = cluster.connect(), 0
        for i, revision in itertools.product(range(part, releases, WRITERS),
                                             range(1, revisions + 1)):
            status = "deployed" if revision == revisions else "superseded"
            ns = f"team-{i % NAMESPACES:02}"
            secret = _secret(_release(charts[i % CHARTS], ns, f"release-{i:04}", revision, status),
                             status)
            size += len(secret["data"]["release"]) * 3 // 4
            writer.create(f"/api/v1/namespaces/{ns}/secrets", secret)
        return size

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as writers:
        return sum(writers.map(write, range(WRITERS))) // (releases * revisions)


SMALL_CHART = {
    "Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.0.0\nappVersion: '1'\n",
    "values.yaml": "note: none\n",
    "templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {note: "{{ .Values.note }}"}
""",
    "templates/service.yaml": """apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec:
  selector: {app: "{{ .Release.Name }}"}
  ports: [{name: http, port: 80}]
""",
    "templates/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      containers: [{name: main, image: "berth.local/none:1"}]
""",
}


def small_chart() -> bytes:
    """A packaged chart of three objects."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in SMALL_CHART.items():
            entry = tarfile.TarInfo(f"small/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
