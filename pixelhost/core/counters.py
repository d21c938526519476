"""What this process has seen since the last flush: views, bytes sent, keys used. Memory only; `stats` writes it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pixelhost.db.connect import Transaction
from pixelhost.db.meters import Transfer
from pixelhost.db.nodestats import NodeVisit
from pixelhost.db.stats import Visit
from pixelhost.model.files import File
from pixelhost.model.nodes import Node

DOWNLOAD_SHARE = 10  # a download counts when a tenth of the file was sent

Key = TypeVar("Key")


@dataclass(frozen=True)
class Batch:
    """So many visits, which `add` writes. They count once under this ID, however often that is tried."""

    id: UUID
    size: int
    add: Callable[[Transaction, datetime], Awaitable[None]]


@dataclass
class _Seen:
    threshold_bytes: int
    has_viewed: bool = False
    bytes_sent: int = 0
    bytes_paid: int = 0

    def add_sent(self, bytes_sent: int, *, is_paid: bool) -> None:
        self.bytes_sent += bytes_sent
        self.bytes_paid += bytes_sent if is_paid else 0


@dataclass
class Counters:
    keys_used: dict[UUID, datetime] = field(default_factory=dict)
    unwritten: list[Batch] = field(default_factory=list)
    unwritten_transfer: list[tuple[UUID, Transfer]] = field(default_factory=list)
    _ended: list[int] = field(default_factory=list)
    _files: dict[tuple[str, bytes], _Seen] = field(default_factory=dict)
    _nodes: dict[tuple[int, bytes], _Seen] = field(default_factory=dict)
    _transfer: dict[tuple[UUID, int], int] = field(default_factory=dict)

    def add_view(self, file: File, visitor: bytes) -> None:
        _seen(self._files, (file.id, visitor), file.size_bytes).has_viewed = True

    def add_sent(self, file: File, visitor: bytes, bytes_sent: int, *, is_paid: bool) -> None:
        _seen(self._files, (file.id, visitor), file.size_bytes).add_sent(bytes_sent, is_paid=is_paid)

    def add_node_sent(self, node: Node, visitor: bytes, bytes_sent: int, *, is_paid: bool) -> None:
        _seen(self._nodes, (node.id, visitor), node.size_bytes).add_sent(bytes_sent, is_paid=is_paid)

    def add_ended(self, number: int) -> None:
        """A download of which some file has a rate limit is over, and what it sent was added."""
        self._ended.append(number)

    def take_visits(self) -> tuple[list[Visit], list[NodeVisit], list[int]]:
        """What was gathered of files and of nodes, and the downloads that ended with it; afterwards nothing is."""
        files, self._files = self._files, {}
        nodes, self._nodes = self._nodes, {}
        ended, self._ended = self._ended, []
        return (
            [
                Visit(file_id, visitor, seen.has_viewed, seen.bytes_sent, seen.bytes_paid, seen.threshold_bytes)
                for (file_id, visitor), seen in files.items()
            ],
            [
                NodeVisit(node_id, visitor, seen.bytes_sent, seen.bytes_paid, seen.threshold_bytes)
                for (node_id, visitor), seen in nodes.items()
            ],
            ended,
        )

    def add_transfer(self, payer_id: UUID, price_per_tb: int, bytes_sent: int) -> None:
        key = (payer_id, price_per_tb)
        self._transfer[key] = self._transfer.get(key, 0) + bytes_sent

    def take_transfer(self) -> Transfer:
        """What is to be paid for; afterwards nothing is."""
        sent, self._transfer = self._transfer, {}
        return sent

    def take_keys_used(self) -> dict[UUID, datetime]:
        used, self.keys_used = self.keys_used, {}
        return used


def _seen(visits: dict[Key, _Seen], key: Key, size_bytes: int) -> _Seen:
    seen = visits.get(key)
    if seen is None:
        seen = visits[key] = _Seen(max(1, -(-size_bytes // DOWNLOAD_SHARE)))
    return seen
