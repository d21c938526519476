"""Files that are being written, each locked by its writer: a crash frees the lock, so what it left shows.

Everything here blocks, and raises OSError.
"""

import fcntl
import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class Incoming:
    def __init__(self, directory: Path) -> None:
        """Makes the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._name, self._numbers = secrets.token_hex(8), itertools.count()

    def new(self) -> tuple[Path, int]:
        """A new file, locked by this process, to append to and to read."""
        while True:
            path = Path(f"{self._directory}/{self._name}-{next(self._numbers)}")
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever clears leftovers may have been quicker than the lock: then the name is gone, take another.
                if os.fstat(descriptor).st_nlink:
                    return path, descriptor
            except BlockingIOError:
                pass
            except OSError:
                os.close(descriptor)
                path.unlink(missing_ok=True)
                raise
            os.close(descriptor)

    def abandoned(self) -> Iterator[tuple[str, int]]:
        """What no living process has locked: the name, and a descriptor that is open and locked until the next."""
        for path in list(self._directory.iterdir()):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path.name, descriptor
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)

    def clear(self, name: str) -> None:
        """Under the lock: the name may belong to a writer that was about to take it when we looked."""
        with suppress(FileNotFoundError, BlockingIOError):
            descriptor = os.open(self._directory / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (self._directory / name).unlink()
            finally:
                os.close(descriptor)
