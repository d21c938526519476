"""The one source of the current time. Tests put a clock of their own in its place."""

from datetime import UTC, datetime


class Clock:
    def now(self) -> datetime:
        """Aware, in UTC, with microseconds: the precision that Postgres keeps."""
        return datetime.now(UTC)
