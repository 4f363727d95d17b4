"""What watchers are told while Helm works: objects, warnings, hooks and their logs."""

import io
import tarfile
import time

import grpc
import pytest

import client
from berth.helm.v1 import helm_service_pb2 as helm, release_pb2
from berth.operation.v1 import object_pb2, operation_pb2
from test_main_job import deploy_request

IMAGE = "localhost/berth/echo:1"

HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: %s
          imagePullPolicy: IfNotPresent
          command: [sh, -c, %r]
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "localhost/there-is-none:1"}]
"""


def package(**templates: str) -> bytes:
    """A chart with these templates."""
    files = {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}
    files |= {f"web/templates/{name}.yaml": text for name, text in templates.items()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def install(berth, namespace, chart, timeout=120, values=()):
    return berth.helm.InstallRelease(helm.InstallReleaseRequest(
        namespace=namespace, name="web", chart=release_pb2.ChartSource(archive=chart), wait=True, values=values,
        run=client.run_options(timeout=timeout)))


def drain(stream):
    """The updates of a stream that ends with an error, each with when it came, and the error."""
    updates = []
    with pytest.raises(grpc.RpcError) as caught:
        for message in stream:
            if message.WhichOneof("event") == "update":
                updates.append((time.monotonic(), message.update))
    return updates, client.failure_of(caught.value)


def hook_story(updates) -> list[str]:
    """The hook's states and the lines of its log, in order."""
    story = []
    for update in updates:
        if update.WhichOneof("detail") == "hook":
            story.append(operation_pb2.HookUpdate.State.Name(update.hook.state))
        elif update.WhichOneof("detail") == "container_line":
            assert update.container_line.container == "main"
            story.append(update.container_line.text)
    return story


def test_a_hook_tells_its_start_its_log_and_its_end(berth, namespace):
    chart = package(hook=HOOK % (IMAGE, "echo the password is hunter22; sleep 2; echo migrated"))
    values = [release_pb2.ValuesSource(yaml="password: hunter22")]
    updates, result = client.finish(install(berth, namespace, chart, values=values))
    assert result.release.status == release_pb2.Release.STATUS_DEPLOYED
    # The Job is gone by then, as its chart asks.
    assert hook_story(updates) == ["STATE_STARTED", "the password is [redacted]", "migrated", "STATE_SUCCEEDED"]


def test_a_hook_that_fails_says_why(berth, namespace):
    chart = package(hook=HOOK % (IMAGE, "echo no such database; exit 3"))
    updates, failure = drain(install(berth, namespace, chart))
    assert hook_story(u for _, u in updates) == ["STATE_STARTED", "no such database", "STATE_FAILED"]
    assert failure.reason == "HELM_FAILED"
    assert f"Job {namespace}/migrate (BackoffLimitExceeded" in failure.text


def test_an_image_that_cannot_be_pulled_is_told_long_before_the_timeout(berth, namespace):
    began = time.monotonic()
    updates, failure = drain(install(berth, namespace, package(web=DEPLOYMENT), timeout=60))

    warnings = [(at - began, u.warning) for at, u in updates if u.WhichOneof("detail") == "warning"]
    at, warning = next((at, w) for at, w in warnings if "ErrImagePull" in w.message)
    assert at < 30, warnings
    assert (warning.object.kind, warning.owner.kind, warning.owner.name) == ("Pod", "Deployment", "web")
    assert warning.object.namespace == namespace
    states = [u.object for _, u in updates if u.WhichOneof("detail") == "object" and u.object.object.kind == "Deployment"]
    assert states[-1].state == object_pb2.ObjectStatus.STATE_PROGRESSING
    assert states[-1].message == "0 of 1 replicas ready"

    assert failure.reason == "RELEASE_NOT_READY"
    assert failure.text.startswith(f"not ready: Deployment {namespace}/web (0 of 1 replicas ready; Failed: ")
    # Of the kubelet's two warnings, whichever came last.
    assert "ErrImagePull" in failure.text or "Failed to pull image" in failure.text or "ImagePullBackOff" in failure.text


def test_a_deploy_passes_on_what_helm_service_tells(berth, namespace, echo_chart):
    updates, _ = client.finish(berth.gateway.Deploy(deploy_request(namespace, echo_chart)))
    objects = [u.object for u in updates if u.WhichOneof("detail") == "object"]
    last = [o for o in objects if o.object.kind == "Deployment"][-1]
    assert (last.state, last.message) == (object_pb2.ObjectStatus.STATE_READY, "1 of 1 replicas ready")

    listed = berth.helm.ListReleaseResources(helm.ListReleaseResourcesRequest(namespace=namespace, name="web"))
    assert listed.revision == 1
    resources = {r.status.object.kind: r.status.state for r in listed.resources}
    assert resources == {kind: object_pb2.ObjectStatus.STATE_READY for kind in ("Service", "Deployment")}
