"""Words that must not lie anywhere in the clear, and the search for them."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from tests.support.running import Running


def word() -> str:
    """That nothing else holds by chance."""
    return f"word{secrets.token_hex(16)}"


def forms_of(text: str) -> Iterator[bytes]:
    """How it might be written down: as it is, in UTF-16, in hexadecimal, in base64 at any offset."""
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield raw.hex().encode()
    for offset in range(3):
        # The first and last letters depend on what stands beside.
        yield base64.b64encode(b"x" * offset + raw)[4:-4]


def found(directory: Path, *texts: str) -> dict[str, set[str]]:
    """Files that hold one of the texts, by text."""
    places: dict[str, set[str]] = {text: set() for text in texts}
    for path in directory.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for text in texts:
            if any(form in data for form in forms_of(text)):
                places[text].add(str(path.relative_to(directory)))
    return places


def checkpoint(server: Running) -> None:
    """What Postgres has in memory is in its files after this."""
    lines = (server.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()

    async def run() -> None:
        connection = await asyncpg.connect(f"postgresql://pixelhost@/pixelhost?host={lines[4]}&port={lines[3]}")
        await connection.execute("CHECKPOINT")
        await connection.close()

    asyncio.run(run())
