"""What differs between the ways to the same pushes: three letters of version 1, and version 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pixelhost.model.pushes import PushKind


@dataclass(frozen=True)
class Skin:
    """`envelopes` are names that the fields of a push may lie in, the documented one first; `events` is what the log
    is called. Where the path decides the kind, it takes an account too.

    `needs_files_for_kind`: an empty array of files doesn't make a push one of files.
    """

    envelopes: Sequence[str]
    events: str
    kind: PushKind | None = None
    needs_files_for_kind: bool = False


V1: Final[Mapping[str, Skin]] = {
    "p": Skin(("password",), "views"),
    "f": Skin(("file_push", "file"), "views", "file"),
    "r": Skin(("url",), "views", "url"),
}
V2: Final = Skin(("push",), "logs", needs_files_for_kind=True)
