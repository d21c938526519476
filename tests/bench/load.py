"""A lean generator of small HTTP/1.1 requests: prepared bytes over keep-alive connections, answers counted, no more.

One thread of the calling process, which has nothing else to do meanwhile. Every answer must carry a Content-Length and
one of the statuses 200 and 201; anything else ends the measurement, because the rate of refusals is worth nothing.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

BUFFER_BYTES = 1 << 20
SILENCE_SECONDS = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class RefusedError(Exception):
    """The server's answer wasn't a success, or was none at all."""


@dataclass(frozen=True)
class Load:
    responses: int
    body_bytes: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.responses / self.seconds


def get(path: str, key: str | None = None, *, forwarded_for: str = "") -> bytes:
    """`forwarded_for` is the address that a proxy tells."""
    return _request("GET", path, key, b"", f"X-Forwarded-For: {forwarded_for}\r\n" if forwarded_for else "")


def put(path: str, key: str, body: bytes) -> bytes:
    return _request("PUT", path, key, body, "Content-Type: application/octet-stream\r\n")


def post_json(path: str, key: str | None, body: bytes) -> bytes:
    return _request("POST", path, key, body, "Content-Type: application/json\r\n")


def post_form(path: str, body: bytes) -> bytes:
    """By a stranger, of what is URL-encoded."""
    return _request("POST", path, None, body, "Content-Type: application/x-www-form-urlencoded\r\n")


def basic(key: str) -> str:
    """The value of an Authorization header: an API key is the password of an empty user name."""
    from base64 import b64encode

    return "Basic " + b64encode(f":{key}".encode()).decode()


def _request(method: str, path: str, key: str | None, body: bytes, extra: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}"
    if key is not None:
        head += f"Authorization: {basic(key)}\r\n"
    if method != "GET":
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def repeat(requests: Sequence[bytes], seconds: float) -> Iterator[bytes]:
    """The requests in turn, again and again, until the time is up."""
    end = time.perf_counter() + seconds
    turns = cycle(requests)
    while time.perf_counter() < end:
        yield next(turns)


def drive(
    port: int, requests: Iterator[bytes], connections: int, keep: Callable[[bytes], object] | None = None
) -> Load:
    """Send all `requests`, each connection taking the next one when its answer is complete; `keep` is given the bodies.

    Raises RefusedError. The time runs from the first request to the last answer; connecting comes before.
    """
    lines = [_Line(port, keep) for _ in range(connections)]
    by_fd = {line.sock.fileno(): line for line in lines}
    poll = select.epoll()
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    responses = body_bytes = busy = 0
    try:
        start = time.perf_counter()
        for line, request in zip(lines, requests, strict=False):
            line.sock.sendall(request)
            busy += 1
        while busy:
            events = poll.poll(SILENCE_SECONDS)
            if not events:
                raise RefusedError(f"no answer for {SILENCE_SECONDS:.0f} s")
            for fd, _ in events:
                line = by_fd[fd]
                length = line.receive(buffer)
                if length is None:
                    continue
                responses += 1
                body_bytes += length
                request = next(requests, b"")
                if request:
                    line.sock.sendall(request)
                else:
                    busy -= 1
        return Load(responses, body_bytes, time.perf_counter() - start)
    finally:
        poll.close()
        for line in lines:
            line.sock.close()


def timed(port: int, requests: Iterable[bytes]) -> list[float]:
    """Send all `requests` over one connection, each after the answer to the last. The seconds until each was answered.

    Raises RefusedError.
    """
    line = _Line(port, None)
    line.sock.settimeout(SILENCE_SECONDS)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    taken = []
    with line.sock:
        for request in requests:
            start = time.perf_counter()
            line.sock.sendall(request)
            while line.receive(buffer) is None:
                pass
            taken.append(time.perf_counter() - start)
    return taken


class _Line:
    """One connection: at most one answer under way."""

    def __init__(self, port: int, keep: Callable[[bytes], object] | None) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._keep = keep
        self._head = b""
        self._body: list[bytes] = []
        self._length = 0
        self._missing = 0

    def receive(self, buffer: memoryview) -> int | None:
        """Read what has arrived; the body's length once the answer is complete."""
        count = self.sock.recv_into(buffer)
        if not count:
            raise RefusedError("the server closed a keep-alive connection")
        if self._missing:
            return self._add(buffer[:count])
        data = self._head + bytes(buffer[:count])
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return None
        self._head = b""
        match = _LENGTH.search(data, 0, end + 2)
        if data[9:12] not in {b"200", b"201"} or match is None:
            raise RefusedError(data[:2000].decode(errors="replace"))
        self._length = self._missing = int(match[1])
        return self._add(memoryview(data)[end + 4 :])

    def _add(self, part: memoryview) -> int | None:
        self._missing -= len(part)
        if self._missing < 0:
            raise RefusedError("more bytes came than Content-Length announced")
        if self._keep is not None:
            self._body.append(bytes(part))
        if self._missing:
            return None
        if self._keep is not None:
            self._keep(b"".join(self._body))
            self._body.clear()
        return self._length
