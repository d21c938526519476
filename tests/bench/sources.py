"""Large files to upload."""

import os
import secrets
from pathlib import Path

PIECE_BYTES = 1 << 24


def fill(source: Path, size_bytes: int) -> None:
    """`size_bytes` is a multiple of 16 MiB."""
    piece = os.urandom(PIECE_BYTES)
    with source.open("wb", buffering=0) as file:
        for _ in range(size_bytes // PIECE_BYTES):
            file.write(piece)


def stamp(source: Path) -> None:
    """Other bytes than before, because equal ones are stored once."""
    with source.open("r+b") as file:
        file.write(secrets.token_bytes(64))
