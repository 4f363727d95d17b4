"""Measures helm-service beside the helm program, on one real API server, in one run.

Ends with 0 whatever the figures are: they depend on the machine and what else it does. Only what
breaks is an error.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import grpc

from berth.helm.v1 import chart_service_pb2 as chart_pb
from berth.helm.v1 import chart_service_pb2_grpc, helm_service_pb2_grpc, release_pb2
from berth.helm.v1 import helm_service_pb2 as helm_pb
from berth.operation.v1 import operation_service_pb2 as operation_pb
from berth.operation.v1 import operation_service_pb2_grpc, run_options_pb2
from cluster import ROOT, Cluster
from releases import create_releases, small_chart
from repository import serve, write_repository

MIB = 1024 * 1024
START_TIMEOUT = 120
WATCHED = 4  # operations that run while they are watched


@dataclasses.dataclass
class Row:
    """A line of the table."""

    what: str
    service: str
    helm: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


class HelmService:
    """The helm-service of this build, as a child process."""

    def __init__(self, helm: pathlib.Path, cluster: Cluster):
        self._log = cluster.folder / f"helm-service-{uuid.uuid4().hex[:8]}.log"
        self.started = time.monotonic()
        with open(self._log, "w", encoding="utf-8") as log:
            self._child = subprocess.Popen(
                [ROOT / "build/default/helm-service/helm-service", "--listen=127.0.0.1:0",
                 "--metrics_listen=", "--log.format=json",
                 f"--kube.kubeconfig={cluster.kubeconfig}", "--kube.namespace=berth",
                 f"--helm.binary={helm}", f"--helm.work_directory={cluster.folder}/work",
                 "--charts.allow_plain_http=true"],
                stdout=log, stderr=log)
        try:
            port = self._wait_for_port()
        except BaseException:
            self.stop()
            raise
        self.ready = time.monotonic()
        self.target = f"127.0.0.1:{port}"
        self._channel = grpc.insecure_channel(
            self.target, options=[("grpc.max_receive_message_length", -1)])
        self.stub = helm_service_pb2_grpc.HelmServiceStub(self._channel)
        self.charts = chart_service_pb2_grpc.ChartServiceStub(self._channel)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(self._channel)

    def _wait_for_port(self) -> int:
        while time.monotonic() < self.started + START_TIMEOUT and self._child.poll() is None:
            for line in self._log.read_text(encoding="utf-8").splitlines():
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("message") == "ready":
                    return event["port"]
            time.sleep(0.002)
        raise RuntimeError(f"helm-service did not start:\n{self._log.read_text()}")

    def _status(self, key: str) -> int:
        """A line of /proc/PID/status."""
        for line in pathlib.Path(f"/proc/{self._child.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1])
        raise RuntimeError(f"no {key}")

    def memory(self, key: str) -> float:
        """In MiB."""
        return self._status(key) / 1024

    def threads(self) -> int:
        return self._status("Threads")

    def stop(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Helm:
    """The helm program, with warm caches after its first call."""

    def __init__(self, program: pathlib.Path, cluster: Cluster):
        self._program = program
        home = cluster.folder / "home"
        home.mkdir()
        self._environment = {"HOME": str(home), "KUBECONFIG": str(cluster.kubeconfig),
                             "PATH": "/usr/bin:/bin"}
        self.name = "helm " + self._output("version", "--template={{.Version}}")

    def _output(self, *arguments: str) -> str:
        return subprocess.run([self._program, *arguments], env=self._environment, check=True,
                              capture_output=True, text=True).stdout

    def run(self, *arguments: str) -> tuple[float, float]:
        """Seconds and peak memory in MiB."""
        start = time.monotonic()
        child = subprocess.Popen([self._program, *arguments], env=self._environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stderr.close()
        if child.returncode != 0:
            raise RuntimeError(f"helm {' '.join(arguments)}: {errors.decode()}")
        return time.monotonic() - start, usage.ru_maxrss / 1024


def run_options() -> run_options_pb2.RunOptions:
    options = run_options_pb2.RunOptions(request_id=uuid.uuid4().hex)
    options.timeout.FromSeconds(300)
    return options


def drain(stream) -> None:
    """Reads an operation's stream to its end; an error of the operation is raised."""
    for _ in stream:
        pass


def timed(call) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


def median(call, times: int) -> float:
    call()  # warms what can be warmed
    return statistics.median(timed(call) for _ in range(times))


def duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


class Bench:
    """All measurements; each adds rows."""

    def __init__(self, arguments: argparse.Namespace, cluster: Cluster):
        self._cluster = cluster
        self._arguments = arguments
        self._program = pathlib.Path(arguments.helm).resolve()
        self.helm = Helm(self._program, cluster)
        self.rows: list[Row] = []
        self._chart = small_chart()
        self._chart_file = cluster.folder / "small-1.0.0.tgz"
        self._chart_file.write_bytes(self._chart)

    def _compare(self, what: str, service: float, helm: float, limit: float | None = None) -> None:
        self.rows.append(Row(what, duration(service), duration(helm), f"{helm / service:.1f} x",
                             f"< {duration(limit)}" if limit else "",
                             service < limit if limit else None))

    def _at_most(self, what: str, value: float, limit: float, text) -> None:
        self.rows.append(Row(what, text(value), goal=f"<= {text(limit)}", met=value <= limit))

    def start(self) -> HelmService:
        """Starts the service with all releases there, and waits until it knows their charts."""
        service = HelmService(self._program, self._cluster)
        known = 0
        watch = service.stub.WatchReleases(helm_pb.WatchReleasesRequest())
        for response in watch:
            known += sum(bool(release.chart_name) for release in response.snapshot.releases)
            if response.snapshot.complete:
                break
        complete = time.monotonic()
        watch.cancel()
        if known != self._arguments.releases:
            raise RuntimeError(f"{known} of {self._arguments.releases} releases have a chart")
        secrets = self._arguments.releases * self._arguments.revisions
        self._at_most(f"ready with {secrets} Secrets", service.ready - service.started, 1.0,
                      duration)
        self._at_most("chart names complete", complete - service.started, 10.0, duration)
        return service

    def memory(self, service: HelmService, when: str) -> None:
        self._at_most(f"anonymous memory {when}", service.memory("RssAnon"), 45,
                      lambda mib: f"{mib:.1f} MiB")

    def reads(self, service: HelmService) -> None:
        stub, count = service.stub, self._arguments.releases

        def page_of_50():
            stub.ListReleases(helm_pb.ListReleasesRequest(page_size=50))

        def everything():
            token, seen = "", 0
            while True:
                page = stub.ListReleases(
                    helm_pb.ListReleasesRequest(page_size=500, page_token=token))
                seen += len(page.releases)
                token = page.next_page_token
                if not token:
                    break
            if seen != count:
                raise RuntimeError(f"{seen} releases instead of {count}")

        listed = [self.helm.run("list", "--all-namespaces", f"--max={count + 1}")
                  for _ in range(self._arguments.lists)]
        seconds = statistics.median(taken for taken, _ in listed)
        self._compare("list: a page of 50", median(page_of_50, 100), seconds, 0.005)
        self._compare(f"list: all {count} (pages of 500)", median(everything, 30), seconds, 0.050)
        peak = max(memory for _, memory in listed)
        service_peak = service.memory("VmHWM")
        self.rows.append(Row("  peak memory (resident, with files)", f"{service_peak:.0f} MiB",
                             f"{peak:.0f} MiB", f"{peak / service_peak:.1f} x"))
        ns, name = "team-07", "release-0007"
        get = helm_pb.GetReleaseRequest(namespace=ns, name=name)
        history = helm_pb.ListReleaseRevisionsRequest(namespace=ns, name=name)
        values = helm_pb.GetReleaseValuesRequest(namespace=ns, name=name, kind="KIND_COMPUTED")
        manifest = helm_pb.GetReleaseManifestRequest(namespace=ns, name=name)
        release = (f"--namespace={ns}", name)
        for what, call, command, limit in (
            ("get", lambda: stub.GetRelease(get), ("status",), 0.005),
            ("history", lambda: stub.ListReleaseRevisions(history), ("history",), 0.005),
            ("values, computed", lambda: stub.GetReleaseValues(values),
             ("get", "values", "--all"), None),
            ("manifest", lambda: stub.GetReleaseManifest(manifest), ("get", "manifest"), None),
        ):
            self._compare(what, median(call, 100),
                          median(lambda c=command: self.helm.run(*c, *release), 7), limit)

    def mutations(self, service: HelmService) -> None:
        ns, pairs = "pairs", self._arguments.pairs
        self._cluster.connect().create("/api/v1/namespaces", {"metadata": {"name": ns}})
        taken: dict[str, tuple[list[float], list[float]]] = {}

        def both(what: str, ours, theirs) -> None:
            lists = taken.setdefault(what, ([], []))
            # In turns, so that neither always goes first.
            order = ((ours, 0), (theirs, 1)) if len(lists[0]) % 2 == 0 else ((theirs, 1), (ours, 0))
            for call, side in order:
                lists[side].append(timed(call))

        for i in range(pairs + 1):
            a, b = f"ours-{i}", f"helms-{i}"
            both("install",
                 lambda: self._install(service, ns, a),
                 lambda: self.helm.run("install", b, str(self._chart_file), f"--namespace={ns}"))
            both("upgrade",
                 lambda: drain(service.stub.UpgradeRelease(helm_pb.UpgradeReleaseRequest(
                     namespace=ns, name=a, chart=release_pb2.ChartSource(archive=self._chart),
                     values=[release_pb2.ValuesSource(yaml="note: more")], run=run_options()))),
                 lambda: self.helm.run("upgrade", b, str(self._chart_file), f"--namespace={ns}",
                                       "--set=note=more"))
            both("uninstall",
                 lambda: drain(service.stub.UninstallRelease(helm_pb.UninstallReleaseRequest(
                     namespace=ns, name=a, run=run_options()))),
                 lambda: self.helm.run("uninstall", b, f"--namespace={ns}"))
        for what, (ours, theirs) in taken.items():
            # The first pair warmed the caches.
            service_time, helm_time = statistics.median(ours[1:]), statistics.median(theirs[1:])
            above = statistics.median(a - b for a, b in zip(ours[1:], theirs[1:]))
            self.rows.append(Row(f"{what} (median of {pairs} pairs)", duration(service_time),
                                 duration(helm_time), f"{above * 1000:+.0f} ms", "<= +40 ms",
                                 above <= 0.040))

    def _install(self, service: HelmService, ns: str, name: str,
                 chart: release_pb2.ChartSource | None = None) -> None:
        drain(service.stub.InstallRelease(helm_pb.InstallReleaseRequest(
            namespace=ns, name=name, run=run_options(),
            chart=chart or release_pb2.ChartSource(archive=self._chart))))

    def large_index(self, service: HelmService) -> None:
        """Installs a chart that is found by a large index, which both have read before."""
        ns, folder = "indexed", self._cluster.folder / "repository"
        folder.mkdir()
        size = write_repository(folder, self._chart, self._arguments.index_mib)
        self._cluster.connect().create("/api/v1/namespaces", {"metadata": {"name": ns}})
        chart = release_pb2.ChartSource(repository=release_pb2.RepositoryChart(
            repository="large", chart="small", version="1.0.0"))
        with serve(folder) as url:
            service.charts.CreateChartRepository(
                chart_pb.CreateChartRepositoryRequest(name="large", url=url))
            service.charts.RefreshChartRepository(
                chart_pb.RefreshChartRepositoryRequest(name="large"))
            self.helm.run("repo", "add", "large", url)
            ours, theirs = [], []
            for i in range(self._arguments.index_pairs):
                ours.append(timed(lambda: self._install(service, ns, f"ours-{i}", chart)))  # noqa: B023
                theirs.append(timed(lambda: self.helm.run(
                    "install", f"helms-{i}", "large/small", "--version=1.0.0",  # noqa: B023
                    f"--namespace={ns}")))
        helm_time = statistics.median(theirs)
        self._compare(f"install by an index of {size / MIB:.0f} MiB", statistics.median(ours),
                      helm_time, helm_time / 2)

    def watches(self, service: HelmService) -> None:
        """Watches operations that run: their charts wait for pods, which never come here."""
        ns, count = "watched", self._arguments.watches
        self._cluster.connect().create("/api/v1/namespaces", {"metadata": {"name": ns}})
        running = []
        for i in range(WATCHED):
            run = run_options()
            run.detach = True
            accepted = next(service.stub.InstallRelease(helm_pb.InstallReleaseRequest(
                namespace=ns, name=f"web-{i}", wait=True, run=run,
                chart=release_pb2.ChartSource(archive=self._chart))))
            running.append(accepted.update.operation)
        get = helm_pb.GetReleaseRequest(namespace="team-07", name="release-0007")
        alone = median(lambda: service.stub.GetRelease(get), 200)
        with subprocess.Popen(
                [sys.executable, ROOT / "tests/bench/watchers.py", service.target, str(count),
                 *running],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watchers:
            if watchers.stdout.readline() != "open\n":
                raise RuntimeError("the watches did not open")
            threads = service.threads()
            beside = median(lambda: service.stub.GetRelease(get), 200)
            watchers.stdin.close()
        self._at_most(f"threads with {count} watches", threads, 63, str)
        self.rows.append(Row(f"get beside them ({duration(alone)} alone)", duration(beside),
                             ratio=f"{beside / alone:.2f} x", goal="<= 1.50 x",
                             met=beside / alone <= 1.5))
        for operation in running:
            service.operations.CancelOperation(operation_pb.CancelOperationRequest(name=operation))
        for operation in running:
            drain(service.operations.WatchOperation(
                operation_pb.WatchOperationRequest(name=operation)))

    def parallel_installs(self, service: HelmService) -> None:
        count, parallel = 20, 4
        connection = self._cluster.connect()
        rates = {}
        for side, install in (
            ("ours", lambda ns, name: self._install(service, ns, name)),
            ("helms", lambda ns, name: self.helm.run("install", name, str(self._chart_file),
                                                     f"--namespace={ns}")),
        ):
            ns = f"parallel-{side}"
            connection.create("/api/v1/namespaces", {"metadata": {"name": ns}})
            with concurrent.futures.ThreadPoolExecutor(parallel) as callers:
                start = time.monotonic()
                list(callers.map(lambda i: install(ns, f"web-{i}"), range(count)))  # noqa: B023
                rates[side] = count / (time.monotonic() - start)
        self.rows.append(Row(f"{count} installs, {parallel} in parallel",
                             f"{rates['ours']:.1f}/s", f"{rates['helms']:.1f}/s",
                             f"{rates['ours'] / rates['helms']:.2f} x"))

    def print_table(self) -> None:
        marks = {None: "", True: "yes", False: "no"}
        lines = [("", "helm-service", self.helm.name, "ratio", "goal", "met")]
        lines += [(row.what, row.service, row.helm, row.ratio, row.goal, marks[row.met])
                  for row in self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            cells = [line[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
            print("  ".join(cells).rstrip())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    programs = pathlib.Path(os.environ["BERTH_BIN"])
    parser.add_argument("--helm", default=programs / "helm", help="the helm program")
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--revisions", type=int, default=3, help="of each release")
    parser.add_argument("--body-kib", type=int, default=100,
                        help="size of a release as stored, about")
    parser.add_argument("--lists", type=int, default=2, help="how often helm lists everything")
    parser.add_argument("--pairs", type=int, default=30, help="installs, upgrades, uninstalls")
    parser.add_argument("--index-mib", type=float, default=20, help="size of a repository's index")
    parser.add_argument("--index-pairs", type=int, default=7, help="installs by that index")
    parser.add_argument("--watches", type=int, default=2000, help="streams that are open at once")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    arguments = parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-bench-")))
        say("Starting etcd and kube-apiserver")
        cluster = Cluster(pathlib.Path(os.environ["BERTH_BIN"]), folder)
        stack.callback(cluster.stop)
        cluster.connect().create("/api/v1/namespaces", {"metadata": {"name": "berth"}})
        say(f"Creating {arguments.releases} releases of {arguments.revisions} revisions")
        size = create_releases(cluster, arguments.releases, arguments.revisions,
                               arguments.body_kib)
        bench = Bench(arguments, cluster)
        say("Starting helm-service")
        service = bench.start()
        stack.callback(service.stop)
        bench.memory(service, "with all that cached")
        say("Reading")
        bench.reads(service)
        bench.memory(service, "after reads")
        say("Installing, upgrading, uninstalling")
        bench.mutations(service)
        bench.parallel_installs(service)
        say("Installing by a large index")
        bench.large_index(service)
        say(f"Opening {arguments.watches} watches")
        bench.watches(service)
        load = os.getloadavg()[0]
        print(f"\n{arguments.releases} releases of {arguments.revisions} revisions, "
              f"{size / 1024:.0f} KiB each as stored; {os.cpu_count()} cores, load {load:.1f}\n")
        bench.print_table()


if __name__ == "__main__":
    main()
