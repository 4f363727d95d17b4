"""Connections and datagrams from this process into the cluster's network namespace."""

import contextlib
import ctypes
import os
import socket
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _inside(namespace: str, work):
    """What work() returns inside the namespace. A socket stays in the namespace it was made in, and a thread may
    leave its process's, so a thread of its own does the work."""
    result: list = []

    def run() -> None:
        try:
            with open(f"/run/netns/{namespace}", "rb") as handle:
                if _libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            result.append(work())
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def connect(namespace: str, address: tuple[str, int]) -> socket.socket:
    """A TCP connection made inside the namespace."""
    connection = _inside(namespace, lambda: socket.create_connection(address, timeout=5))
    connection.settimeout(None)
    return connection


def datagram(namespace: str, address: tuple[str, int], payload: bytes) -> bytes:
    """The answer to a UDP datagram; empty if none comes within a second."""
    with _inside(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.settimeout(1)
        try:
            udp.connect(address)
            udp.send(payload)
            return udp.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            return b""


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def forward(namespace: str, address: tuple[str, int]):
    """Yields "127.0.0.1:port", which leads to the address inside the namespace."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = connect(namespace, address)
                except OSError:
                    client.close()
                    continue
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
