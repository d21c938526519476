"""Files that are on the disk when they are said to be. Everything here blocks, and raises OSError."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from pixelhost.blobs.contract import Piece

IOV_MAX = os.sysconf("SC_IOV_MAX")
ROOM_TO_KEEP_BYTES = 64 << 20  # a disk filled to the brim takes Postgres down with it


def write_all(descriptor: int, pieces: Sequence[Piece]) -> None:
    """Gathered writes, as many as it takes: writev may write less than asked."""
    waiting = [memoryview(piece) for piece in pieces if len(piece)]
    while waiting:
        written = os.writev(descriptor, waiting[:IOV_MAX])
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = 0
        while done < len(waiting) and written >= len(waiting[done]):
            written -= len(waiting[done])
            done += 1
        del waiting[:done]
        if written:
            waiting[0] = waiting[0][written:]


def check_room(descriptor: int) -> None:
    """Raises OSError before the disk is full."""
    room = os.fstatvfs(descriptor)
    if room.f_bavail * room.f_frsize < ROOM_TO_KEEP_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def link_again(source: Path, target: Path) -> None:
    """As os.link, replacing what is there, by another name: two uploads of the same bytes may be here at once."""
    spare = source.with_name(source.name + "-again")
    os.link(source, spare)
    spare.rename(target)
    # Of two names for the same file rename leaves both.
    spare.unlink(missing_ok=True)


def make_directory(directory: Path) -> None:
    """With its parents, each made durable in the one above."""
    try:
        directory.mkdir(exist_ok=True)
    except FileNotFoundError:
        make_directory(directory.parent)
        directory.mkdir(exist_ok=True)
    # Also where it was there: whoever made it just now may not have come to this.
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_in_memory(directory: Path) -> bool:
    """Whether this is a tmpfs, which does not answer RWF_NOWAIT although nothing there ever waits."""
    device = directory.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(line.split()[2] == name and " - tmpfs " in line for line in mounts.splitlines())
