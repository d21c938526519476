"""What is inside of archives and torrents, as a page shows it: so many rows, directories opened while there is room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec

from pixelhost import errors
from pixelhost.web.languages import mark

ROWS_MAX: Final = 300
LISTING_MAX_BYTES: Final = 6 << 20
"""As JSON: to take more of it apart would keep everybody waiting."""


class Entry(msgspec.Struct):
    """A file, or with children a directory, of which `size` is that of everything below."""

    size: int
    children: "dict[str, Entry] | None" = None
    properties: list[str] | None = None


@dataclass(frozen=True)
class Row:
    """`count` is that of a directory's children, None for files; `children` is None where they aren't on this page."""

    name: str
    path: str
    size_bytes: int
    count: int | None
    children: "Sequence[Row] | None" = None


@dataclass(frozen=True)
class Tree:
    """`trail` are the directories above the one that is shown, names and paths. `next_first` is where the next page
    begins, None on the last one.
    """

    rows: Sequence[Row]
    trail: Sequence[tuple[str, str]]
    at: str
    find: str
    file_count: int
    size_bytes: int
    is_truncated: bool
    next_first: int | None


def tree(listing: bytes, at: str = "", find: str = "", first: int = 0) -> Tree:
    """Of a listing as the API has it: the directory `at`, or everything below it whose name holds `find`.

    Raises PATH_NOT_FOUND, and FILE_TOO_LARGE for what has too many entries for a page.
    """
    if len(listing) > LISTING_MAX_BYTES:
        raise errors.FILE_TOO_LARGE(message=mark("There are too many files in it to show them here"))
    root = msgspec.json.decode(listing, type=Entry)
    steps = [step for step in at.split("/") if step]
    shown = _entry(root, steps)
    prefix = "".join(f"{step}/" for step in steps)
    if find:
        found = islice(_matches(shown, prefix, find.casefold()), first, first + ROWS_MAX + 1)
        rows = [Row(path, path, entry.size, _count(entry)) for path, entry in found]
        has_more = len(rows) > ROWS_MAX
    else:
        children = shown.children or {}
        rows = _rows(dict(islice(_sorted(children), first, first + ROWS_MAX)), prefix, _opened(shown, first))
        has_more = len(children) > first + ROWS_MAX
    return Tree(
        rows=rows[:ROWS_MAX],
        trail=[(step, "/".join(steps[: number + 1])) for number, step in enumerate(steps)],
        at="/".join(steps),
        find=find,
        file_count=sum(1 for _ in _files(root)),
        size_bytes=root.size,
        is_truncated="truncated" in (root.properties or ()),
        next_first=first + ROWS_MAX if has_more else None,
    )


def _entry(root: Entry, steps: Sequence[str]) -> Entry:
    found = root
    for step in steps:
        child = (found.children or {}).get(step)
        if child is None or child.children is None:
            raise errors.PATH_NOT_FOUND()
        found = child
    return found


def _opened(shown: Entry, first: int) -> set[int]:
    """Which directories (by their identity) are on the page with their children: those next to the top, while there
    is room.
    """
    room = ROWS_MAX - min(len(shown.children or {}), ROWS_MAX)
    opened: set[int] = set()
    level = [entry for _, entry in islice(_sorted(shown.children or {}), first, first + ROWS_MAX)]
    while level:
        below: list[Entry] = []
        for entry in level:
            if entry.children is not None and len(entry.children) <= room:
                room -= len(entry.children)
                opened.add(id(entry))
                below += entry.children.values()
        level = below
    return opened


def _rows(children: Mapping[str, Entry], prefix: str, opened: set[int]) -> list[Row]:
    return [
        Row(
            name=name,
            path=prefix + name,
            size_bytes=entry.size,
            count=_count(entry),
            children=_rows(dict(_sorted(entry.children)), f"{prefix}{name}/", opened)
            if entry.children is not None and id(entry) in opened
            else None,
        )
        for name, entry in children.items()
    ]


def _sorted(children: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """Directories first, each by name."""
    return sorted(children.items(), key=lambda pair: (pair[1].children is None, pair[0].casefold()))


def _matches(entry: Entry, prefix: str, folded: str) -> Iterator[tuple[str, Entry]]:
    for name, child in (entry.children or {}).items():
        if folded in name.casefold():
            yield prefix + name, child
        yield from _matches(child, f"{prefix}{name}/", folded)


def _files(entry: Entry) -> Iterator[Entry]:
    for child in (entry.children or {}).values():
        if child.children is None:
            yield child
        else:
            yield from _files(child)


def _count(entry: Entry) -> int | None:
    return None if entry.children is None else len(entry.children)
