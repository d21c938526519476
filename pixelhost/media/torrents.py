"""What a torrent file tells: BEP 3 (version 1), BEP 52 (version 2, and both in one), BEP 12 (trackers), BEP 47.

Hostile bytes are checked for their structure by a scanner of our own before they are decoded, as the decoder follows
lengths that are negative, and has no limit to what it makes. Blocking: call in a media worker.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

import bencodepy
import msgspec

from pixelhost.media.archive_members import time_after_epoch
from pixelhost.media.filetree import DEPTH_LIMIT, SIZE_LIMIT_BYTES, FileTree, Root

# The layout of a version 2 torrent takes one level for each directory, and a few around them.
NESTING_LIMIT: Final = DEPTH_LIMIT + 16
VALUES_LIMIT: Final = 2_000_000
TRACKERS_LIMIT: Final = 1_000
TRACKER_LIMIT_BYTES: Final = 2_000
TEXT_LIMIT_CHARACTERS: Final = 10_000
TOKEN: Final = re.compile(rb"i(?:0|-?[1-9][0-9]{0,18})e|(0|[1-9][0-9]{0,9}):|([dl])|(e)")
OUTER_KEYS: Final = frozenset(
    (b"announce", b"announce-list", b"comment", b"comment.utf-8", b"created by", b"creation date")
)
DECODER: Final = bencodepy.Bencode(dict_ordered=False)

Bencoded = Mapping[bytes, object]
Span = tuple[int, int]


class NotATorrent(Exception):
    """The bytes aren't bencoded, or are no dictionary with an `info`."""


class BrokenTorrent(Exception):
    """A torrent that lacks what every torrent has, or has it in a shape that it can't have."""


@dataclass(frozen=True, slots=True)
class Torrent:
    """`trackers` are unique, in their order. Texts are empty where there are none; `created_at` is aware.

    `info_hash` is hexadecimal: SHA-1, or SHA-256 where only version 2 is there. `files` is JSON as it goes to the
    wire, `{"size", "children": {name: {"size"} or {"size", "children"}}}`, for `msgspec.Raw`. The root's only child
    is named as the torrent is.
    """

    trackers: list[str]
    comment: str
    created_by: str
    created_at: datetime | None
    info_hash: str
    files: bytes


def info(file: BinaryIO) -> Torrent:
    """Raises NotATorrent, BrokenTorrent. The whole file is held in memory.

    Padding files and links are left out, and what `FileTree` has no room for.
    """
    data = file.read()
    spans = _spans(data)
    if b"info" not in spans:
        raise NotATorrent("there is no info")
    start, stop = spans[b"info"]
    layout = _dictionary(_value(data, (start, stop)))
    is_first = b"pieces" in layout
    if not is_first and b"file tree" not in layout:
        raise BrokenTorrent("there are no pieces and no tree of files")
    outer = {key: _value(data, span) for key, span in spans.items() if key in OUTER_KEYS}
    digest = hashlib.sha1(usedforsecurity=False) if is_first else hashlib.sha256()
    digest.update(data[start:stop])
    return Torrent(
        trackers=_trackers(outer),
        comment=_text(outer.get(b"comment.utf-8", outer.get(b"comment"))),
        created_by=_text(outer.get(b"created by")),
        created_at=_moment(outer.get(b"creation date")),
        info_hash=digest.hexdigest(),
        files=_files(layout),
    )


def _spans(data: bytes) -> dict[bytes, Span]:
    """Where the values of the outermost dictionary lie.

    `data` must be one dictionary from its first byte to its last, with no key of the outermost twice; inside of it
    values and keys must alternate as well.
    """
    if not data.startswith(b"d"):
        raise NotATorrent("not a bencoded dictionary")
    spans: dict[bytes, Span] = {}
    key, key_stop = b"", 0
    for depth, is_key, start, stop in _values(data):
        if depth > 1:
            continue
        if is_key:
            key, key_stop = data[data.index(b":", start) + 1 : stop], stop
            if key in spans:
                raise BrokenTorrent("a key is there twice")
        elif depth == 1:
            spans[key] = (key_stop, stop)
        elif stop != len(data):
            raise BrokenTorrent("something follows the torrent")
    return spans


def _values(data: bytes) -> Iterator[tuple[int, bool, int, int]]:
    """Depth, whether it is a key of a dictionary, start and stop of everything in `data`, the inner before the outer.

    Start is that of the last token, for a list or a dictionary its end. Stops behind the first whole value.
    """
    # For each open one: whether it is a dictionary, and whether a value of it is due.
    open_ones: list[tuple[bool, bool]] = []
    position = 0
    for _ in range(VALUES_LIMIT):
        token = TOKEN.match(data, position)
        if token is None:
            raise NotATorrent("not bencoded") if not open_ones else BrokenTorrent("damaged or cut off")
        start, position = position, token.end() + int(token[1] or 0)
        if position > len(data):
            raise BrokenTorrent("cut off")
        is_dictionary, is_due = open_ones[-1] if open_ones else (False, False)
        is_key = is_dictionary and not is_due
        if token[3]:
            if not open_ones or is_due:
                raise BrokenTorrent("a key has no value")
            open_ones.pop()
            is_key = False
        elif is_key and token[1] is None:
            raise BrokenTorrent("a key is not a string")
        if token[2]:
            open_ones.append((token[2] == b"d", False))
            if len(open_ones) > NESTING_LIMIT:
                raise BrokenTorrent("too deep")
            continue
        yield len(open_ones), is_key, start, position
        if not open_ones:
            return
        is_dictionary = open_ones[-1][0]
        open_ones[-1] = (is_dictionary, is_key)
    raise BrokenTorrent("too many values")


def _value(data: bytes, span: Span) -> object:
    return DECODER.decode(data[span[0] : span[1]])


def _trackers(outer: Bencoded) -> list[str]:
    """Of all tiers one after the other. Without those that no address can be."""
    tiers = outer.get(b"announce-list")
    found = [outer.get(b"announce")]
    for tier in tiers if isinstance(tiers, list) else []:
        found.extend(tier if isinstance(tier, list) else [tier])
    usable = (url for url in found if isinstance(url, bytes) and 0 < len(url) <= TRACKER_LIMIT_BYTES)
    return list(dict.fromkeys(_text(url) for url in usable))[:TRACKERS_LIMIT]


def _files(layout: Bencoded) -> bytes:
    name = _name(layout.get(b"name.utf-8", layout.get(b"name")))
    tree = FileTree()
    for path, size_bytes in _tree_files(name, layout) if b"file tree" in layout else _listed_files(name, layout):
        if not 0 <= size_bytes <= SIZE_LIMIT_BYTES:
            raise BrokenTorrent("a file has a size that no file can have")
        tree.place("/".join(path), size_bytes, is_directory=False)
    return msgspec.json.encode(Root(tree.root.size, tree.root.children))


def _listed_files(name: str, layout: Bencoded) -> Iterator[tuple[list[str], int]]:
    """Version 1: the only file, or a list."""
    listed = layout.get(b"files")
    if listed is None:
        yield [name], _integer(layout.get(b"length"))
        return
    if not isinstance(listed, list):
        raise BrokenTorrent("the files are not a list")
    for facts in map(_dictionary, listed):
        names = facts.get(b"path.utf-8", facts.get(b"path"))
        if not isinstance(names, list) or not names:
            raise BrokenTorrent("a file has no path")
        if not _is_left_out(facts):
            yield [name, *map(_name, names)], _integer(facts.get(b"length"))


def _tree_files(name: str, layout: Bencoded) -> Iterator[tuple[list[str], int]]:
    """Version 2: directories in dictionaries, each file one that has facts under the empty key."""
    tree = _dictionary(layout[b"file tree"])
    is_single = len(tree) == 1 and all(b"" in _dictionary(node) for node in tree.values())
    waiting: deque[tuple[list[str], Bencoded]] = deque([([] if is_single else [name], tree)])
    while waiting:
        path, directory = waiting.popleft()
        for key, node in directory.items():
            below = _dictionary(node)
            if b"" in below:
                facts = _dictionary(below[b""])
                if not _is_left_out(facts):
                    yield [*path, _name(key)], _integer(facts.get(b"length"))
            else:
                waiting.append(([*path, _name(key)], below))


def _is_left_out(facts: Bencoded) -> bool:
    """BEP 47: padding and symbolic links."""
    attributes = facts.get(b"attr")
    return isinstance(attributes, bytes) and (b"p" in attributes or b"l" in attributes)


def _name(value: object) -> str:
    """One part of a path."""
    if not isinstance(value, bytes):
        raise BrokenTorrent("a name is not a string")
    return value.decode("utf-8", "replace").replace("/", "_") or "_"


def _text(value: object) -> str:
    return value.decode("utf-8", "replace")[:TEXT_LIMIT_CHARACTERS] if isinstance(value, bytes) else ""


def _moment(value: object) -> datetime | None:
    return time_after_epoch(value) if isinstance(value, int) and value > 0 else None


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise BrokenTorrent("a length is not a number")
    return value


def _dictionary(value: object) -> Bencoded:
    if not isinstance(value, dict):
        raise BrokenTorrent("not a dictionary where one should be")
    return value
