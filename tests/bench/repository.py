"""A repository of charts with a large index, on 127.0.0.1."""

import contextlib
import functools
import hashlib
import http.server
import pathlib
import random
import threading
from collections.abc import Iterator

VERSIONS = 100  # of each chart


def _entry(name: str, version: str, url: str, digest: str) -> str:
    return f"""  - apiVersion: v2
    appVersion: {version}
    created: "2026-10-01T10:00:00.123456789Z"
    description: A chart that stands in the index of the benchmark, among many others
    digest: {digest}
    home: https://charts.invalid/{name}
    keywords:
    - bench
    - {name}
    maintainers:
    - email: {name}@charts.invalid
      name: Maintainers of {name}
    name: {name}
    type: application
    urls:
    - {url}
    version: {version}
"""


def write_repository(folder: pathlib.Path, chart: bytes, mib: float) -> int:
    """Writes an index.yaml of about this size, and the chart small 1.0.0; answers the size."""
    dice = random.Random(1)
    (folder / "small-1.0.0.tgz").write_bytes(chart)
    size, number = 0, 0
    with open(folder / "index.yaml", "w", encoding="utf-8") as index:
        size += index.write("apiVersion: v1\nentries:\n")
        while size < mib * 1024 * 1024:
            name = f"chart-{number:04}"
            number += 1
            size += index.write(f"  {name}:\n")
            for version in (f"1.{minor}.0" for minor in reversed(range(VERSIONS))):
                url = f"https://charts.invalid/{name}-{version}.tgz"
                size += index.write(_entry(name, version, url, f"{dice.getrandbits(256):064x}"))
        size += index.write("  small:\n")
        size += index.write(_entry("small", "1.0.0", "small-1.0.0.tgz",
                                   hashlib.sha256(chart).hexdigest()))
        size += index.write('generated: "2026-10-01T10:00:00Z"\n')
    return size


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def serve(folder: pathlib.Path) -> Iterator[str]:
    """The URL under which the folder's files can be had."""
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
