"""Paths of the filesystem: a bucket, then names. `me/docs/a.txt`, `abcd1234/photos/cat.jpg`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pixelhost import errors
from pixelhost.errors import ApiError

ME = "me"
NAME_MAX_BYTES = 255
PATH_MAX_BYTES = 4095
LEVELS_MAX = 64


@dataclass(frozen=True)
class Path:
    """`names` are the components below the bucket; none of them is empty, `.` or `..`."""

    bucket: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/" + "/".join((self.bucket, *self.names))

    def child(self, name: str) -> "Path":
        return Path(self.bucket, (*self.names, name))


def parse(text: str) -> Path:
    """Slashes at both ends and doubled ones are ignored. Raises NOT_FOUND, PATH_NOT_FOUND.

    A path with `.`, `..` or NUL in it names nothing: nothing is normalised.
    """
    names = [name for name in text.split("/") if name]
    if not names:
        raise errors.NOT_FOUND()
    if any(name in {".", ".."} or "\0" in name for name in names):
        raise errors.PATH_NOT_FOUND(message="'.' and '..' and names with NUL name nothing here")
    return Path(names[0], tuple(names[1:]))


def size_bytes(names: Sequence[str]) -> int:
    """How long the path of these names from the root down is, as its owner writes it."""
    return len(str(Path(ME, tuple(names))).encode())


def problems(names: Sequence[str]) -> list[ApiError]:
    """Why nothing can be made under these names from the root down, whichever bucket was asked."""
    found = []
    if any(len(name.encode()) > NAME_MAX_BYTES for name in names):
        found.append(errors.NAME_TOO_LONG())
    if size_bytes(names) > PATH_MAX_BYTES:
        found.append(errors.PATH_TOO_LONG())
    if len(names) > LEVELS_MAX:
        found.append(errors.TOO_MANY_NESTED_LEVELS())
    return found
