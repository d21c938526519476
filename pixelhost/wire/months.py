"""Months in URLs, like 2024-02."""

import re
from datetime import UTC, datetime

from pixelhost import errors


def parsed(text: str) -> tuple[datetime, datetime]:
    """Its beginning and its end, in UTC. Raises TIME_PARSE_FAILED."""
    match = re.fullmatch(r"(\d{4})-(\d\d)", text, re.ASCII)
    try:
        if match is None:
            raise ValueError("no month")
        start = datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC)
    except ValueError:
        raise errors.TIME_PARSE_FAILED(field="month", message="A month is written like 2024-02") from None
    if (start.year, start.month) == (9999, 12):
        return start, datetime.max.replace(tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
