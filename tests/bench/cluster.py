"""A real etcd and kube-apiserver on 127.0.0.1, without controllers and nodes, and a client for it."""

import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_certificate(stem: pathlib.Path, subject: str) -> None:
    """A key and a certificate that is its own authority."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", f"{stem}.key", "-out", f"{stem}.crt"],
        check=True, capture_output=True)


class Cluster:
    """Running from construction to stop(). Everything lies in `folder`."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path):
        self.folder = folder
        self.children: list[subprocess.Popen] = []
        self.port = free_port()
        make_certificate(folder / "server", "/CN=127.0.0.1")
        make_certificate(folder / "client", "/O=system:masters/CN=bench")
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "clusters": [{"name": "bench", "cluster": {
                "server": f"https://127.0.0.1:{self.port}",
                "certificate-authority": f"{folder}/server.crt"}}],
            "users": [{"name": "bench", "user": {
                "client-certificate": f"{folder}/client.crt",
                "client-key": f"{folder}/client.key"}}]}))
        try:
            self._start(programs)
        except BaseException:
            self.stop()
            raise

    def _start(self, programs: pathlib.Path) -> None:
        client_url, peer_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._run([programs / "etcd", "--name=bench", f"--data-dir={self.folder}/etcd",
                   f"--listen-client-urls={client_url}", f"--advertise-client-urls={client_url}",
                   f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}",
                   f"--initial-cluster=bench={peer_url}", "--unsafe-no-fsync",
                   "--quota-backend-bytes=4294967296", "--log-level=error"])
        self._run([programs / "kube-apiserver", f"--etcd-servers={client_url}",
                   "--bind-address=127.0.0.1", f"--secure-port={self.port}",
                   f"--tls-cert-file={self.folder}/server.crt",
                   f"--tls-private-key-file={self.folder}/server.key",
                   f"--client-ca-file={self.folder}/client.crt",
                   f"--service-account-key-file={self.folder}/server.crt",
                   f"--service-account-signing-key-file={self.folder}/server.key",
                   "--service-account-issuer=https://kubernetes.default.svc",
                   "--service-cluster-ip-range=10.0.0.0/16", "--authorization-mode=RBAC",
                   "--disable-admission-plugins=ServiceAccount"])
        self._wait_until_ready()
        subprocess.run(
            [programs / "kubectl", f"--kubeconfig={self.kubeconfig}", "apply", "--server-side",
             f"--filename={ROOT}/deploy/chart/templates/crds"],
            check=True, capture_output=True)

    def _run(self, command: list) -> None:
        name = pathlib.Path(command[0]).name
        with open(self.folder / f"{name}.log", "w", encoding="utf-8") as log:
            self.children.append(subprocess.Popen(command, stdout=log, stderr=log))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for child in self.children:
                if child.poll() is not None:
                    raise RuntimeError(f"{child.args[0]} ended; its log is in {self.folder}")
            try:
                if self.connect().request("GET", "/readyz")[0] == http.HTTPStatus.OK:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"kube-apiserver does not become ready; its log is in {self.folder}")

    def connect(self) -> "Connection":
        context = ssl.create_default_context(cafile=f"{self.folder}/server.crt")
        context.load_cert_chain(f"{self.folder}/client.crt", f"{self.folder}/client.key")
        return Connection(self.port, context)

    def stop(self) -> None:
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class Connection:
    """One connection to the API server, for one thread."""

    def __init__(self, port: int, context: ssl.SSLContext):
        self._http = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)

    def request(self, method: str, path: str, body: dict | None = None) -> tuple[int, bytes]:
        self._http.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        response = self._http.getresponse()
        return response.status, response.read()

    def create(self, path: str, body: dict) -> None:
        status, answer = self.request("POST", path, body)
        if status not in (http.HTTPStatus.CREATED, http.HTTPStatus.CONFLICT):
            raise RuntimeError(f"create {path}: {status} {answer[:300]!r}")
