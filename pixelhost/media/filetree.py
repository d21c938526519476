"""The directories and files that an archive or a torrent holds, under names that are safe and unique."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from pixelhost.media.zipstream import safe_name

NODES_LIMIT: Final = 250_000
DEPTH_LIMIT: Final = 64
PATH_LIMIT_CHARACTERS: Final = 4_096
NAMES_LIMIT_CHARACTERS: Final = 8 << 20
# The sizes of as many nodes as there may be add up to less than 2**63.
SIZE_LIMIT_BYTES: Final = 1 << 44

# No backslash, no control character, no half of a surrogate pair, no drive.
PLAIN: Final = re.compile(r"[^\\:\x00-\x1f\x7f-\x9f\ud800-\udfff]*")
LEFT_OUT: Final = frozenset({"", ".", ".."})
SUFFIX: Final = re.compile(r"(?<=.)((?:\.tar)?\.[^. ]{1,12})$")


class Leaf(msgspec.Struct, gc=False):
    size: int


class Branch(msgspec.Struct):
    """`size` is that of everything below."""

    size: int
    children: "dict[str, Leaf | Branch]"


class Root(msgspec.Struct, omit_defaults=True):
    size: int
    children: dict[str, Leaf | Branch]
    properties: list[str] | None = None


class FileTree:
    """Places files and directories one after the other; where each goes depends only on those before it.

    A name that is taken gets a number, `a (2).txt`, as does one that is a file and should be a directory too. Left
    out is what lies deeper than 64 levels, has a path of more than 4,096 characters, or comes when there are 250,000
    files and directories, or 8 Mi characters in their names: `is_truncated` tells.
    """

    def __init__(self) -> None:
        self.root = Branch(0, {})
        self.is_truncated = False
        self._nodes = 0
        self._characters = 0
        # By the identity of a directory, which lives as long as the tree, and a name in it.
        self._renamed: dict[tuple[int, str], tuple[Branch, str]] = {}
        self._numbers: dict[tuple[int, str], int] = {}

    @property
    def is_full(self) -> bool:
        return self._nodes >= NODES_LIMIT or self._characters >= NAMES_LIMIT_CHARACTERS

    def place(self, name: str, size_bytes: int, *, is_directory: bool) -> list[str] | None:
        """The names from the root down to where it is now; empty for the root itself, None when it is left out.

        `size_bytes` is at most SIZE_LIMIT_BYTES, and 0 for a directory.
        """
        if self.is_full or len(name) > PATH_LIMIT_CHARACTERS:
            self.is_truncated = True
            return None
        names = _components(name, is_directory=is_directory)
        if len(names) > DEPTH_LIMIT:
            self.is_truncated = True
            return None
        placed: list[str] = []
        way = [self.root]
        for directory_name in names if is_directory else names[:-1]:
            found, free = self._branch(way[-1], directory_name)
            way.append(found)
            placed.append(free)
        if not is_directory:
            placed.append(self._add_leaf(way[-1], names[-1], size_bytes))
            for branch in way:
                branch.size += size_bytes
        return placed

    def at(self, names: Sequence[str]) -> Leaf | Branch | None:
        node: Leaf | Branch | None = self.root
        for name in names:
            node = node.children.get(name) if isinstance(node, Branch) else None
        return node

    def _branch(self, above: Branch, name: str) -> tuple[Branch, str]:
        """The directory `name` in `above`, made when there is none, and the name that it has got."""
        found = above.children.get(name)
        if type(found) is Branch:
            return found, name
        if found is None:
            return self._add_branch(above, name), name
        if (id(above), name) not in self._renamed:
            free = self._free(above, name, "")
            self._renamed[id(above), name] = self._add_branch(above, free), free
        return self._renamed[id(above), name]

    def _add_branch(self, above: Branch, name: str) -> Branch:
        branch = Branch(0, {})
        above.children[name] = branch
        self._count(name)
        return branch

    def _add_leaf(self, above: Branch, name: str, size_bytes: int) -> str:
        if name in above.children:
            stem, *suffix = SUFFIX.split(name)
            name = self._free(above, stem, "".join(suffix))
        above.children[name] = Leaf(size_bytes)
        self._count(name)
        return name

    def _free(self, above: Branch, stem: str, suffix: str) -> str:
        key = (id(above), stem + suffix)
        number = self._numbers.get(key, 2)
        while (free := f"{stem} ({number}){suffix}") in above.children:
            number += 1
        self._numbers[key] = number + 1
        return free

    def _count(self, name: str) -> None:
        self._nodes += 1
        self._characters += len(name)


def _components(name: str, *, is_directory: bool) -> list[str]:
    """The names on the way to it, safe; none for the root, `file` for a file that has no name."""
    names = name.removesuffix("/").split("/")
    if PLAIN.fullmatch(name) and LEFT_OUT.isdisjoint(names):
        return names
    if is_directory and LEFT_OUT.issuperset(names):
        return []
    return safe_name(name).removesuffix("/").split("/")
