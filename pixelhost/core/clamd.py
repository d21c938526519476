"""A client of ClamAV's daemon: the commands VERSION and INSTREAM of clamd(8), over TCP or a Unix socket."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

CONNECT_SECONDS: Final = 10.0
CHUNK_SECONDS: Final = 60.0  # that it may take no more bytes for
VERDICT_SECONDS: Final = 900.0
ANSWER_BYTES_MAX: Final = 4096
NAME_CHARACTERS_MAX: Final = 200
FOUND: Final = re.compile(r"stream: (.+) FOUND", re.DOTALL)
NOT_SEEN: Final = "Heuristics.Limits.Exceeded"
"""What it finds, with AlertExceedsMax, in what is too large for it to look at whole."""

State = Literal["clean", "infected", "too_large", "failed"]


class ScannerAway(Exception):
    """It can't be reached, or went away meanwhile; the text says why."""


@dataclass(frozen=True)
class Verdict:
    """`virus_name` of what is infected, `reason` of what it could not scan."""

    state: State
    virus_name: str = ""
    reason: str = ""


async def version(url: str) -> str:
    """Its own and that of its signatures, as one text. Raises ScannerAway."""
    async with _connected(url) as connection:
        await connection.send(b"zVERSION\0")
        answer = await connection.answer(CHUNK_SECONDS)
    if not answer.startswith("ClamAV"):
        raise ScannerAway(f"it says {answer[:100]!r} instead of its version")
    return answer


async def scan(url: str, pieces: AsyncIterator[bytes]) -> Verdict:
    """What it says of these bytes. Raises ScannerAway, and as `pieces` does."""
    async with _connected(url) as connection:
        # It hangs up on what is too large for it, having said so.
        with suppress(ConnectionError):
            await connection.send(b"zINSTREAM\0")
            async for piece in pieces:
                await connection.send(struct.pack(">I", len(piece)) + piece)
            await connection.send(struct.pack(">I", 0))
        return _verdict(await connection.answer(VERDICT_SECONDS))


def _verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict("clean")
    if found := FOUND.fullmatch(answer):
        if found[1].startswith(NOT_SEEN):
            return Verdict("too_large", reason=answer)
        name = "".join(char if char.isprintable() else "?" for char in found[1])
        return Verdict("infected", virus_name=name[:NAME_CHARACTERS_MAX])
    if "size limit exceeded" in answer:
        return Verdict("too_large", reason=answer)
    return Verdict("failed", reason=answer)


class _Connection:
    """A socket: what was answered before the other side hung up is still there to be read, unlike with a transport."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(CHUNK_SECONDS):
            await self._loop.sock_sendall(self._socket, data)

    async def answer(self, seconds: float) -> str:
        """Up to the NUL that ends it."""
        received = b""
        async with asyncio.timeout(seconds):
            while not received.endswith(b"\0"):
                more = await self._loop.sock_recv(self._socket, ANSWER_BYTES_MAX)
                received += more
                if not more or len(received) > ANSWER_BYTES_MAX:
                    raise ScannerAway("it hung up without an answer" if not more else "its answer has no end")
        return received[:-1].decode("utf-8", "replace").strip()


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[_Connection]:
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    is_local = parts.scheme == "unix"
    try:
        found = [] if is_local else await loop.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
        family, address = (socket.AF_UNIX, parts.path) if is_local else (found[0][0], found[0][4])
        with socket.socket(family, socket.SOCK_STREAM) as connected:
            connected.setblocking(False)
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(connected, address)
            yield _Connection(connected)
    except TimeoutError as error:
        raise ScannerAway("it doesn't answer in time") from error
    except OSError as error:
        raise ScannerAway(str(error)) from error
