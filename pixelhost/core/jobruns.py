"""What became of background jobs, for administrators to see."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from pixelhost.db import jobruns
from pixelhost.model.jobs import JobRun
from pixelhost.site import Site

NOTED_EVERY: Final = timedelta(minutes=1)


class Noted:
    """`async with` notes how a run goes. Of what fails its type is kept, whose words could tell secrets.

    `dealt_with` is how many things it dealt with, to be set by whoever runs it.
    """

    dealt_with = 0

    def __init__(self, site: Site, name: str) -> None:
        self._site = site
        self._name = name
        self._begun_at = site.clock.now()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            failure = kind.__name__ if kind else ""
            run = JobRun(self._name, self._begun_at, self._site.clock.now(), self.dealt_with, failure)
            await jobruns.note(self._site.db, run, run.begun_at - NOTED_EVERY)


async def last(site: Site) -> Sequence[JobRun]:
    """By name. A job that never ran isn't there."""
    return await jobruns.all_of_them(site.db)
