"""What this process has seen since the last flush: views, bytes sent, keys used. Memory only; `stats` writes it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pixelhost.db.stats import Visit
from pixelhost.model import File

DOWNLOAD_SHARE = 10  # a download counts when a tenth of the file was sent


@dataclass
class _Seen:
    threshold_bytes: int
    has_viewed: bool = False
    bytes_sent: int = 0
    bytes_paid: int = 0


@dataclass
class Counters:
    keys_used: dict[UUID, datetime] = field(default_factory=dict)
    unwritten: list[tuple[UUID, list[Visit]]] = field(default_factory=list)
    _seen: dict[tuple[str, bytes], _Seen] = field(default_factory=dict)

    def add_view(self, file: File, visitor: bytes) -> None:
        self._of(file, visitor).has_viewed = True

    def add_sent(self, file: File, visitor: bytes, bytes_sent: int, *, is_paid: bool) -> None:
        seen = self._of(file, visitor)
        seen.bytes_sent += bytes_sent
        seen.bytes_paid += bytes_sent if is_paid else 0

    def take_visits(self) -> list[Visit]:
        """What was gathered; afterwards nothing is."""
        seen, self._seen = self._seen, {}
        return [
            Visit(file_id, visitor, one.has_viewed, one.bytes_sent, one.bytes_paid, one.threshold_bytes)
            for (file_id, visitor), one in seen.items()
        ]

    def take_keys_used(self) -> dict[UUID, datetime]:
        used, self.keys_used = self.keys_used, {}
        return used

    def _of(self, file: File, visitor: bytes) -> _Seen:
        key = (file.id, visitor)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen(max(1, -(-file.size_bytes // DOWNLOAD_SHARE)))
        return seen
