"""Whether what was read about files may be out of date.

Every change of a file's row raises a number. Processes on one data directory share it in memory, and raise it before
they answer for the change; processes elsewhere hear of it by NOTIFY, some milliseconds later.
"""

import contextlib
import fcntl
import mmap
import os
import struct
from pathlib import Path

import asyncpg

from pixelhost.db.connect import Failure

ANSWER_SECONDS = 2.0
CHANNEL = "pixelhost_files"
_NUMBER = struct.Struct("=Q")

Generation = tuple[int, int]


class Changes:
    def __init__(self, path: Path, url: str) -> None:
        """`path` is made if need be; `listen` connects to `url`."""
        self._url = url
        self._heard = 0
        self._connection: asyncpg.Connection | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _NUMBER.size)
        self._memory = mmap.mmap(self._file, _NUMBER.size)

    @property
    def generation(self) -> Generation:
        """Differs from an earlier one if anything may have changed since."""
        return self._heard, _NUMBER.unpack_from(self._memory)[0]

    @property
    def is_heard(self) -> bool:
        """Whether changes made elsewhere reach us. While they don't, nothing read may be kept."""
        return self._connection is not None and not self._connection.is_closed()

    def note(self) -> None:
        """To be called after a change is committed, before it is answered."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            (number,) = _NUMBER.unpack_from(self._memory)
            _NUMBER.pack_into(self._memory, 0, (number + 1) % 2**64)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    async def listen(self) -> None:
        """Listen for changes made elsewhere; where we do, see that the line isn't dead. Raises as connecting does."""
        if self._connection is not None and self.is_heard:
            try:
                await self._connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
            except (TimeoutError, *Failure):
                self._connection.terminate()
            else:
                return
        connection = await asyncpg.connect(self._url)
        await connection.add_listener(CHANNEL, self._hear)
        self._heard += 1
        self._connection = connection

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*Failure):
                await self._connection.close()
        self._memory.close()
        os.close(self._file)

    def _hear(self, *_: object) -> None:
        self._heard += 1
