"""The one stand-in of the suite: a clock that a test can move on."""

from datetime import datetime, timedelta

from pixelhost.clock import Clock


class MovableClock(Clock):
    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def advance(self, **by: float) -> None:
        """By `days`, `hours`, `minutes`, `seconds`, as timedelta takes them."""
        self._ahead += timedelta(**by)

    def reset(self) -> None:
        self._ahead = timedelta()
