"""Counting: views and downloads once per address, every byte that was sent. Gathered in memory, flushed by a job."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import uuid4

from pixelhost.core import caps, payers
from pixelhost.core.callers import Caller
from pixelhost.core.counters import Batch
from pixelhost.core.ratelimit import network_of
from pixelhost.db import nodestats, opendownloads, sessions, stats
from pixelhost.db.connect import Transaction
from pixelhost.db.stats import Visit
from pixelhost.model.files import File
from pixelhost.model.nodes import Node
from pixelhost.site import Site


def visitor(site: Site, caller: Caller) -> bytes:
    """Who counts as one: an IPv4 address, or a network of IPv6, in which one subscriber has them all."""
    return site.keyring.visitor(network_of(caller.ip))


def note_view(site: Site, caller: Caller, file: File) -> None:
    """Somebody looks at the page of a file."""
    site.counters.add_view(file, visitor(site, caller))


def note_sent(site: Site, caller: Caller, file: File, bytes_sent: int) -> None:
    """Bytes of a file went out. They are paid for when either side has a plan that pays."""
    if bytes_sent:
        is_paid = is_premium(site, caller, file)
        site.counters.add_sent(file, visitor(site, caller), bytes_sent, is_paid=is_paid)
        if is_paid:
            payers.note_paid(site, caller, file, bytes_sent)


def note_node_sent(site: Site, caller: Caller, node: Node, bytes_sent: int) -> None:
    """The same for a file of a filesystem."""
    if bytes_sent:
        is_paid = is_premium(site, caller, node)
        site.counters.add_node_sent(node, visitor(site, caller), bytes_sent, is_paid=is_paid)
        if is_paid:
            payers.note_paid(site, caller, node, bytes_sent)


def is_premium(site: Site, caller: Caller, wanted: File | Node) -> bool:
    """Whether the downloader's plan is a paid one, or the owner's pays for its visitors."""
    if caller.account is not None and site.plan(caller.account.plan_id).is_premium:
        return True
    owners = site.plan(wanted.owner_plan_id)
    is_paying = owners.is_premium and owners.hotlinking and wanted.owner_terms.hotlinking_enabled
    return is_paying and not caps.is_used_up(site, wanted)


async def flush(site: Site) -> int:
    """Write what was gathered. Returns how many visits.

    A batch that can't be written stays, with its ID: the next flush tries it again, and it counts once even if it
    was only the answer of the database that got lost. Files and nodes go in transactions of their own, because who
    deletes files locks their rows before the owner's, and who changes nodes after it.
    """
    if keys_used := site.counters.take_keys_used():
        await sessions.set_last_used(site.db, keys_used)
    waiting = site.counters.unwritten
    files_visited, nodes_visited, ended = site.counters.take_visits()
    if files_visited or ended:
        waiting.append(Batch(uuid4(), len(files_visited), partial(_add_files, visits=files_visited, ended=ended)))
    if nodes_visited:
        waiting.append(Batch(uuid4(), len(nodes_visited), partial(nodestats.add, visits=nodes_visited)))
    written = 0
    while waiting:
        batch, now = waiting[0], site.clock.now()
        async with site.db.acquire() as tx, tx.transaction():
            if await stats.begin(tx, batch.id, now):
                await batch.add(tx, now)
        site.changes.note()
        waiting.pop(0)
        written += batch.size
    await payers.flush(site)
    return written


async def _add_files(tx: Transaction, now: datetime, visits: Sequence[Visit], ended: Sequence[int]) -> None:
    if visits:
        await stats.add(tx, now, visits)
    if ended:
        await opendownloads.forget_counted(tx, ended)
