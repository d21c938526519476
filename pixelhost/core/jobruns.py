"""What became of background jobs, for administrators to see."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from pixelhost.db import jobruns
from pixelhost.model import JobRun
from pixelhost.site import Site

NOTED_EVERY: Final = timedelta(minutes=1)


class Outcome:
    """`dealt_with` is how many things it dealt with, to be set by whoever runs it."""

    dealt_with = 0


@asynccontextmanager
async def noted(site: Site, name: str) -> AsyncIterator[Outcome]:
    """Note how a run goes. Failures are raised again; of them their type is kept, whose words could tell secrets."""
    begun_at, outcome = site.clock.now(), Outcome()
    try:
        yield outcome
    except Exception as error:
        await _note(site, JobRun(name, begun_at, site.clock.now(), outcome.dealt_with, type(error).__name__))
        raise
    await _note(site, JobRun(name, begun_at, site.clock.now(), outcome.dealt_with, failure=""))


async def _note(site: Site, run: JobRun) -> None:
    await jobruns.note(site.db, run, run.begun_at - NOTED_EVERY)


async def last(site: Site) -> Sequence[JobRun]:
    """By name. A job that never ran isn't there."""
    return await jobruns.all_of_them(site.db)
