"""Byte ranges (RFC 9110, section 14) and conditions (section 13), as plain functions of header values."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from itertools import pairwise

RANGES_MAX = 16  # more than a client needs; a request of hundreds is an attack
_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True)
class Extent:
    """Bytes [start, stop) of a content."""

    start: int
    stop: int

    @property
    def count(self) -> int:
        return self.stop - self.start


class Unsatisfiable(Exception):
    """No range of the header lies within the content: 416."""


def parse(header: str | None, size_bytes: int) -> list[Extent]:
    """The satisfiable ranges in the order asked; none for "the whole".

    A header that is malformed or of another unit is ignored, as the RFC says; so is one with too many ranges or with
    overlapping ones. On an empty content every range is ignored. Raises Unsatisfiable.
    """
    if header is None or size_bytes == 0:
        return []
    unit, equals, ranges = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return []
    found = []
    specs = [spec.strip() for spec in ranges.split(",") if spec.strip()]
    if not specs or len(specs) > RANGES_MAX:
        return []
    for spec in specs:
        match = _RANGE.fullmatch(spec)
        if match is None or spec == "-":
            return []
        extent = _extent(match[1], match[2], size_bytes)
        if extent is None:
            return []
        if extent.count > 0:
            found.append(extent)
    if not found:
        raise Unsatisfiable
    return [] if _overlap(found) else found


def _extent(first: str, last: str, size_bytes: int) -> Extent | None:
    """None when malformed; empty when unsatisfiable."""
    if len(first) > 20 or len(last) > 20:
        return Extent(0, 0) if len(first) > 20 else _extent(first, str(10**19), size_bytes)
    if not first:
        return Extent(max(0, size_bytes - int(last)), size_bytes)
    start = int(first)
    if last and int(last) < start:
        return None
    stop = min(int(last) + 1 if last else size_bytes, size_bytes)
    return Extent(start, stop) if start < size_bytes else Extent(0, 0)


def _overlap(extents: list[Extent]) -> bool:
    ordered = sorted(extents, key=lambda extent: extent.start)
    return any(later.start < earlier.stop for earlier, later in pairwise(ordered))


def etag_matches(header: str, etag: str, *, weakly: bool) -> bool:
    """Whether a list of entity tags, or `*`, names `etag`. Strong comparison passes over weak tags."""
    for tag in header.split(","):
        text = tag.strip()
        if text == "*":
            return True
        if text.startswith("W/"):
            if not weakly:
                continue
            text = text[2:]
        if text == f'"{etag}"':
            return True
    return False


def is_not_modified(if_none_match: str | None, if_modified_since: str | None, etag: str, modified_at: datetime) -> bool:
    """Whether the client's copy is current: 304. If-None-Match, where sent, decides alone."""
    if if_none_match is not None:
        return etag_matches(if_none_match, etag, weakly=True)
    since = http_date(if_modified_since)
    return since is not None and modified_at.replace(microsecond=0) <= since


def is_precondition_failed(
    if_match: str | None, if_unmodified_since: str | None, etag: str, modified_at: datetime
) -> bool:
    """Whether the client wants another version than there is: 412."""
    if if_match is not None:
        return not etag_matches(if_match, etag, weakly=False)
    since = http_date(if_unmodified_since)
    return since is not None and modified_at.replace(microsecond=0) > since


def may_resume(if_range: str | None, etag: str, fixed_date: datetime | None) -> bool:
    """Whether a range continues what the client has: only on the very same tag, or the very same date.

    `fixed_date` is None where other bytes may have the same date (RFC 9110, 13.1.5: a weak validator doesn't count).
    """
    if if_range is None:
        return True
    if if_range.strip().startswith(('"', "W/")):
        return if_range.strip() == f'"{etag}"'
    return fixed_date is not None and http_date(if_range) == fixed_date.replace(microsecond=0)


def http_date(text: str | None) -> datetime | None:
    """None for what isn't a date, which the RFC says to ignore."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@lru_cache(1024)
def format_http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
