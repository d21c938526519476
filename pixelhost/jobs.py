"""Background jobs: one table, and the loop that runs them. Each runs on one worker at a time, whatever their number."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pixelhost.core import (
    accounts,
    activity,
    billing,
    captchas,
    delivery,
    domains,
    files,
    gates,
    invoices,
    jobruns,
    mails,
    malware,
    mediacache,
    nodedeletion,
    pushes,
    pushmails,
    pushnotices,
    removals,
    stats,
    storage,
    takedowns,
    transferdownloads,
    webhookdelivery,
)
from pixelhost.db import captcharesponses, limits, opendownloads, outbox
from pixelhost.site import Site

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
LISTEN_SECONDS = 1.0
RETRY_SECONDS = 60.0
BY_HAND = 0.0


@dataclass(frozen=True)
class Job:
    """`run` returns how many things it dealt with. It never runs by itself where the interval is BY_HAND."""

    name: str
    every_seconds: float
    run: Callable[[Site], Awaitable[int]]
    help: str


async def _forget_dead_downloads(site: Site) -> int:
    await opendownloads.forget_dead(site.db)
    return 0


async def _forget_usage(site: Site) -> int:
    now = site.clock.now()
    await limits.delete_before(site.db, now - timedelta(hours=1))
    await opendownloads.delete_before(site.db, now - gates.USAGE_WINDOW)
    await captcharesponses.delete_before(site.db, now - captchas.KEPT_FOR)
    await outbox.delete_before(site.db, now - timedelta(days=30))
    return 0


_ALL = (
    Job("expire", 60, files.delete_due, "delete files whose date, downloads or plan say so"),
    Job("pushes", 60, pushes.expire_due, "end pushes whose time or views are over"),
    Job("purge", 3600, pushes.purge, "delete what is left of pushes that ended long ago"),
    Job("mails", 60, mails.end_due, "end transfers whose time is over, and delete those that nobody has any more"),
    Job("downloads", 600, transferdownloads.delete_due, "forget downloads and keys that are no longer good"),
    Job("notices", 5, pushnotices.tell, "tell owners by mail and webhooks what happened to their pushes"),
    Job("webhooks", 5, webhookdelivery.deliver, "send messages to webhooks; what fails is tried again for 3 days"),
    Job("webhook-messages", 3600, webhookdelivery.forget, "forget what was sent to webhooks a month ago"),
    Job("push-mails", 300, pushmails.note_outcomes, "note what became of mail that was sent about pushes"),
    Job("accounts", 600, accounts.delete_due, "delete accounts a week after their owners asked for it"),
    Job("sweep", 300, storage.sweep, "delete bytes that nothing refers to since the grace period"),
    Job("cut-off", 60, nodedeletion.go_on, "go on with deletions of directories that were interrupted"),
    Job("activity", 600, activity.tidy, "end the logging of directories that nobody reads; delete old entries"),
    Job("removals", 86400, removals.forget, "forget what was removed from accounts two years ago"),
    Job("leftovers", 3600, storage.clear_abandoned, "clear what interrupted uploads left"),
    Job("cache", 3600, mediacache.trim, "keep the cache of thumbnails and listings within its size"),
    Job("open-downloads", 10, _forget_dead_downloads, "forget the downloads of workers that died"),
    Job("scan", 5, malware.scan_due, "have uploads scanned for malware"),
    Job("malware", 10, malware.tell, "tell owners of what came after the malware in it was known"),
    Job("rescan", BY_HAND, malware.rescan, "have everything scanned for malware again"),
    Job("usage", 600, _forget_usage, "forget usage that no limit looks at any more, and mail sent a month ago"),
    Job("charges", 600, billing.charge_due, "charge prepaid accounts for the hours that have ended"),
    Job("invoices", 300, invoices.ask_again, "ask what became of the payments of open invoices"),
    Job("certificates", 3600, domains.warn, "warn owners of custom domains whose certificate ends"),
    Job("takedowns", 10, takedowns.tidy, "tell owners what of theirs was taken down"),
    Job("mail", 5, delivery.deliver, "send mail; what a server postpones is tried again for 3 days"),
)
JOBS = {job.name: job for job in _ALL}
assert len(JOBS) == len(_ALL), "two jobs of one name"


async def run(site: Site, name: str) -> int | None:
    """Run one job now. None when another worker is at it."""
    turn = await site.slots.take(f"job {name}", 1)
    if turn is None:
        return None
    try:
        async with jobruns.Noted(site, name) as noted:
            noted.dealt_with = await JOBS[name].run(site)
        return noted.dealt_with
    finally:
        await site.slots.give_back(turn)


async def run_forever(site: Site) -> None:
    """Every job at its interval, and the flush of this process's counters. Ends when cancelled."""
    if site.settings.test_payments == "on":
        log.warning("PIXELHOST_TEST_PAYMENTS is on: anybody can give themselves credit without paying for it")
    if site.settings.smtp_url and not site.settings.base_url:
        log.warning(
            "PIXELHOST_BASE_URL is not set: links in mail, which log people in, lead to whatever host is asked for"
        )
    async with asyncio.TaskGroup() as group:
        group.create_task(_repeat("listen", LISTEN_SECONDS, lambda: _listen(site)))
        group.create_task(_repeat("flush", FLUSH_SECONDS, lambda: stats.flush(site)))
        for job in (job for job in JOBS.values() if job.every_seconds != BY_HAND):
            group.create_task(_repeat(job.name, job.every_seconds, partial(run, site, job.name)))


async def _listen(site: Site) -> None:
    await site.changes.listen()


async def _repeat(name: str, seconds: float, run_once: Callable[[], Awaitable[int | None]]) -> None:
    while True:
        try:
            if count := await run_once():
                log.debug("job %s: %d", name, count)
        except Exception:
            pause = min(seconds, RETRY_SECONDS)
            log.exception("job %s failed; it is tried again in %g s", name, pause)
        else:
            pause = seconds
        await asyncio.sleep(pause)
