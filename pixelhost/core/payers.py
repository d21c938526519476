"""Who pays for what is sent. Gathered in memory, and written to the meters with the other counters."""

from uuid import uuid4

from pixelhost.core.callers import Caller
from pixelhost.db import meters
from pixelhost.model.files import File
from pixelhost.model.nodes import Node
from pixelhost.site import Site


def note_paid(site: Site, caller: Caller, wanted: File | Node, bytes_sent: int) -> None:
    """Paid transfer: the downloader's, whose plan pays for downloads, else that of the owner, who pays for visitors."""
    payer_id, plan = wanted.owner_id, site.plan(wanted.owner_plan_id)
    if caller.account is not None and site.plan(caller.account.plan_id).is_premium:
        payer_id, plan = caller.account.id, site.plan(caller.account.plan_id)
    if plan.price_per_tb_bandwidth > 0:
        site.counters.add_transfer(payer_id, plan.price_per_tb_bandwidth, bytes_sent)


async def flush(site: Site) -> None:
    """Write what was gathered. What can't be written stays, with its ID, and counts once even if it had been."""
    waiting = site.counters.unwritten_transfer
    if sent := site.counters.take_transfer():
        waiting.append((uuid4(), sent))
    while waiting:
        batch_id, sent = waiting[0]
        await meters.add_transfer(site.db, batch_id, sent, site.clock.now())
        waiting.pop(0)
