"""A client of ClamAV's daemon: the commands VERSION and INSTREAM of clamd(8), over TCP or a Unix socket."""

import asyncio
import re
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
    async with _connected(url) as (reader, writer):
        writer.write(b"zVERSION\0")
        answer = await _answer(reader, CHUNK_SECONDS)
    if not answer.startswith("ClamAV"):
        raise ScannerAway(f"it says {answer!r} instead of its version")
    return answer


async def scan(url: str, pieces: AsyncIterator[bytes]) -> Verdict:
    """What it says of these bytes. Raises ScannerAway, and as `pieces` does."""
    async with _connected(url) as (reader, writer):
        writer.write(b"zINSTREAM\0")
        # It hangs up on what is too large for it, having said so.
        with suppress(ConnectionError):
            async for piece in pieces:
                writer.write(struct.pack(">I", len(piece)) + piece)
                async with asyncio.timeout(CHUNK_SECONDS):
                    await writer.drain()
            writer.write(struct.pack(">I", 0))
        return _verdict(await _answer(reader, VERDICT_SECONDS))


def _verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict("clean")
    if found := FOUND.fullmatch(answer):
        name = "".join(char if char.isprintable() else "?" for char in found[1])
        return Verdict("infected", virus_name=name[:NAME_CHARACTERS_MAX])
    if "size limit exceeded" in answer:
        return Verdict("too_large", reason=answer)
    return Verdict("failed", reason=answer)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    writer = None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if parts.scheme == "unix":
                reader, writer = await asyncio.open_unix_connection(parts.path, limit=ANSWER_BYTES_MAX)
            else:
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=ANSWER_BYTES_MAX)
        yield reader, writer
    except TimeoutError as error:
        raise ScannerAway("it doesn't answer in time") from error
    except ConnectionError as error:
        raise ScannerAway(f"the connection is lost: {error}") from error
    except OSError as error:
        if writer is not None:
            raise
        raise ScannerAway(str(error)) from error
    finally:
        if writer is not None:
            writer.transport.abort()


async def _answer(reader: asyncio.StreamReader, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            answer = await reader.readuntil(b"\0")
    except asyncio.IncompleteReadError as error:
        raise ScannerAway("it hung up without an answer") from error
    except asyncio.LimitOverrunError as error:
        raise ScannerAway("its answer has no end") from error
    return answer[:-1].decode("utf-8", "replace").strip()
