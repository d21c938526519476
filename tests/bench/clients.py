"""Clients for few and large requests: curl, a blocking download, and an upload that is made up on the way.

Many and small ones are `load`'s.
"""

from __future__ import annotations

import http
import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.bench import load
from tests.bench.processes import NotMeasuredError, find_program

MIB = 1 << 20
STALL_SECONDS = 60.0
CURL_SECONDS = 120
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Fetched:
    """Times from the sending of the request: to the first byte of the body, and to its last."""

    first_byte_seconds: float
    seconds: float
    body_bytes: int


def put_with_curl(source: Path, url: str, key: str = "") -> tuple[float, str]:
    """`curl -T`: the seconds that it took, and the body of the answer."""
    return _curl(url, key, "--upload-file", str(source))


def post_form_with_curl(source: Path, field: str, url: str, key: str) -> tuple[float, str]:
    """`curl -F`, as `put_with_curl`."""
    return _curl(url, key, "--form", f"{field}=@{source}")


def _curl(url: str, key: str, *arguments: str) -> tuple[float, str]:
    command = [str(find_program("curl", "apt-get install curl")), "--silent", "--show-error"]
    command += ["--max-time", str(CURL_SECONDS), "--write-out", r"\n%{http_code} %{time_total}"]
    if key:
        command += ["--user", f":{key}"]
    done = subprocess.run([*command, *arguments, url], capture_output=True, text=True, check=False)
    body, _, tail = done.stdout.rpartition("\n")
    status, _, seconds = tail.partition(" ")
    if done.returncode or status not in {"200", "201", "204"}:
        raise NotMeasuredError(f"curl {arguments[0]} {url}: {status} {body[-500:]} {done.stderr.strip()}")
    return float(seconds), body


def fetch(port: int, path: str, key: str | None = None) -> Fetched:
    """GET with a blocking socket and one buffer, on a connection of its own."""
    buffer = memoryview(bytearray(MIB))
    with socket.create_connection(("127.0.0.1", port), timeout=STALL_SECONDS) as sock:
        # With a timeout in Python each read would be two system calls.
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(STALL_SECONDS))
        start = time.perf_counter()
        sock.sendall(load.get(path, key))
        head = b""
        while (end := head.find(b"\r\n\r\n")) < 0:
            head += bytes(buffer[: _received(sock, buffer)])
        match = _LENGTH.search(head, 0, end + 2)
        if head[9:12] != b"200" or match is None:
            raise load.RefusedError(head[:2000].decode(errors="replace"))
        body_bytes, got = int(match[1]), len(head) - end - 4
        if not got:
            got = _received(sock, buffer)
        first_byte = time.perf_counter()
        while got < body_bytes:
            got += _received(sock, buffer)
        return Fetched(first_byte - start, time.perf_counter() - start, body_bytes)


def put_made_up(port: int, path: str, key: str, size_bytes: int, stopped: threading.Event) -> str:
    """PUT unpredictable bytes that nobody keeps; the ID of the file, if it has one. Gives up when `stopped` is set.

    `size_bytes` is a multiple of a mebibyte.
    """
    block = bytearray(os.urandom(MIB))
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {load.basic(key)}\r\n"
        f"Content-Length: {size_bytes}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=STALL_SECONDS) as sock:
        sock.sendall(head.encode())
        for _ in range(size_bytes // MIB):
            if stopped.is_set():
                raise NotMeasuredError("interrupted")
            block[:32] = secrets.token_bytes(32)
            sock.sendall(block)
        with sock.makefile("rb") as answer:
            text = answer.read()
    if text[9:12] not in {b"200", b"201"}:
        raise load.RefusedError(text[:2000].decode(errors="replace"))
    return str(json.loads(text.partition(b"\r\n\r\n")[2]).get("id", ""))


class Client:
    """One keep-alive connection with a key, for requests that `load` doesn't make."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STALL_SECONDS)
        self._headers = {"Authorization": load.basic(key)}

    def ask(self, method: str, path: str, body: bytes | None = None, **form: str) -> tuple[float, bytes]:
        """Seconds from the request to the answer's last byte, and its body. Raises RefusedError."""
        headers = dict(self._headers)
        if form:
            body = urlencode(form).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - start
        if answer.status not in {http.HTTPStatus.OK, http.HTTPStatus.CREATED}:
            raise load.RefusedError(f"{method} {path}: {answer.status} {text[:500].decode(errors='replace')}")
        return seconds, text

    def status(self, path: str) -> int:
        """The status of a GET."""
        self._connection.request("GET", path, headers=self._headers)
        with self._connection.getresponse() as answer:
            while answer.read(MIB):
                pass
            return answer.status

    def close(self) -> None:
        self._connection.close()


def _received(sock: socket.socket, buffer: memoryview) -> int:
    count = sock.recv_into(buffer)
    if not count:
        raise load.RefusedError("the server closed the connection in the middle of its answer")
    return count


def _timeval(seconds: float) -> bytes:
    """struct timeval of socket(7)."""
    return int(seconds).to_bytes(8, "little") + bytes(8)
