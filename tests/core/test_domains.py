"""What a process knows about custom domains, and how it stops listening for more."""

import asyncio
from dataclasses import replace

import pytest

from pixelhost.core.domains import NEWS, Domains
from pixelhost.db import news
from pixelhost.site import Site
from tests.support.people import Person

STOP_SECONDS = 30
DOMAIN = "files.example.com"
BASE_URL = "https://pixelhost.example"


@pytest.mark.parametrize("steps", range(5))
async def test_who_stops_at_the_very_moment_that_a_domain_changes_does_stop(site: Site, alice: Person, steps: int):
    await alice.write("/me/a.txt")
    await alice.update("/me/a.txt", custom_domain_name=DOMAIN)
    known = Domains(replace(site, settings=replace(site.settings, tls_listen=("127.0.0.1", 0), base_url=BASE_URL)))
    async with site.news.followed(NEWS) as changed:
        await changed.wait()
        changed.clear()
        following = asyncio.create_task(known.follow())
        while not known.has(DOMAIN):  # noqa: ASYNC110 - it tells nobody that it rests
            await asyncio.sleep(0.01)
        async with site.db.acquire() as tx, tx.transaction():
            await news.tell(tx, NEWS)
        await changed.wait()
        for _ in range(steps):
            await asyncio.sleep(0)
        following.cancel()
        stopped, _ = await asyncio.wait([following], timeout=STOP_SECONDS)
    assert stopped
    assert following.cancelled()
