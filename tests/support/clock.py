"""The one stand-in of the suite: a clock that a test can move on."""

from datetime import datetime, timedelta

from pixelhost.clock import Clock


class MovableClock(Clock):
    def __init__(self) -> None:
        self._ahead = timedelta()
        self._held: datetime | None = None

    def now(self) -> datetime:
        return (self._held or super().now()) + self._ahead

    def hold(self) -> None:
        """From now on it moves by `advance` only."""
        self._held = super().now()

    def advance(self, **by: float) -> None:
        """By `days`, `hours`, `minutes`, `seconds`, as timedelta takes them."""
        self._ahead += timedelta(**by)

    def reset(self) -> None:
        self._ahead = timedelta()
        self._held = None
