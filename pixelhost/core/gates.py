"""What stands between a file and its bytes. Each gate looks at the facts and answers with a refusal, or lets pass.

The owner passes every gate but a takedown. All limits are those of plans, and off in the self-hosted default.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from pixelhost import errors
from pixelhost.core import stats
from pixelhost.core.callers import Caller
from pixelhost.db import limits
from pixelhost.errors import ApiError
from pixelhost.model import File, Node, Terms
from pixelhost.plans import NO_LIMIT, Plan
from pixelhost.site import Site

DOWNLOADS_PER_VIEW = 3
USAGE_WINDOW = timedelta(hours=24)

LIFTED_BY_CAPTCHA = (errors.FILE_RATE_LIMITED, errors.VIRUS_DETECTED, errors.IP_DOWNLOAD_LIMITED)


@dataclass(frozen=True)
class Origin:
    """Where a download was started: the Referer header, the host that was asked, and a captcha response if any."""

    referer: str | None = None
    host: str = ""
    captcha_response: str = ""


def taken_down(file: File) -> ApiError | None:
    return errors.FILE_TAKEN_DOWN(type=file.abuse_type) if file.abuse_type else None


def infected(file: File) -> ApiError | None:
    return errors.VIRUS_DETECTED() if file.virus_name else None


def rate_limited(plan: Plan, file: File) -> ApiError | None:
    """Three times more downloads than views: it is linked to from elsewhere, past its page."""
    if plan.file_rate_limit and file.downloads > DOWNLOADS_PER_VIEW * max(file.views, 1):
        return errors.FILE_RATE_LIMITED()
    return None


def standing(site: Site, caller: Caller, file: File) -> ApiError | None:
    """Why this caller can't download this file, from the file's own facts; None when it can."""
    plan = site.plan(file.owner_plan_id)
    if refusal := taken_down(file):
        return refusal
    if caller.owns(file.owner_id):
        return None
    if refusal := infected(file):
        return refusal
    return None if stats.is_premium(site, caller, file) else rate_limited(plan, file)


async def refuse_node(site: Site, caller: Caller, node: Node, origin: Origin) -> None:
    """Raises what keeps this caller, who may read it, from downloading this file of a filesystem now."""
    if node.abuse_type:
        raise errors.NODE_TAKEN_DOWN(abuse_type=node.abuse_type)
    refusal = await _used_up(site, caller, node, origin)
    if refusal is None:
        return
    if origin.captcha_response and refusal.kind in LIFTED_BY_CAPTCHA:
        raise errors.RECPATCHA_FAILED()
    raise errors.EMBED_NOT_ALLOWED() if refusal.kind is errors.HOTLINK_DETECTED else refusal


async def refuse(site: Site, caller: Caller, file: File, origin: Origin) -> None:
    """Raises what keeps this caller from downloading this file now."""
    refusal = standing(site, caller, file) or await _used_up(site, caller, file, origin)
    if refusal is None:
        return
    if origin.captcha_response and refusal.kind in LIFTED_BY_CAPTCHA:
        # No provider is configured that could tell a right response from a wrong one.
        raise errors.RECPATCHA_FAILED()
    raise refusal


@asynccontextmanager
async def connection_slot(site: Site, caller: Caller, files: Sequence[File | Node]) -> AsyncIterator[None]:
    """One of the connections that the strictest of the owners' plans allows an address at once.

    Raises MAX_CONCURRENT_DOWNLOADS.
    """
    plans = [site.plan(file.owner_plan_id) for file in files if not _is_exempt(site, caller, file)]
    limits_set = {plan.concurrent_downloads_per_ip for plan in plans} - {NO_LIMIT}
    if not limits_set:
        yield
        return
    slot = await site.slots.take(f"download {caller.ip}", min(limits_set))
    if slot is None:
        raise errors.MAX_CONCURRENT_DOWNLOADS()
    try:
        yield
    finally:
        await site.slots.give_back(slot)


def speed_limit(site: Site, caller: Caller, files: Iterable[File | Node]) -> int:
    """Bytes a second, by the strictest of the owners' plans; 0 is no limit."""
    strictest = 0
    for file in files:
        limit = site.plan(file.owner_plan_id).download_speed_limit
        if limit > 0 and not _is_exempt(site, caller, file):
            strictest = min(strictest or limit, limit)
    return strictest


def hotlinked(plan: Plan, terms: Terms, origin: Origin) -> ApiError | None:
    """A Referer of another site than this one and those that the owner names; one that is no URL is refused too."""
    if plan.hotlinking or not origin.referer:
        return None
    try:
        parts = urlsplit(origin.referer)
        _ = parts.port
    except ValueError:
        return errors.INVALID_REFERRER()
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return errors.INVALID_REFERRER()
    if parts.netloc.lower() == origin.host.lower() or _may_embed(terms, parts.hostname or ""):
        return None
    return errors.HOTLINK_DETECTED()


async def _used_up(site: Site, caller: Caller, file: File | Node, origin: Origin) -> ApiError | None:
    """A hotlink, or a daily limit of the plan that this address has reached."""
    plan = site.plan(file.owner_plan_id)
    if _is_exempt(site, caller, file):
        return None
    if refusal := hotlinked(plan, file.owner_terms, origin):
        return refusal
    if plan.downloads_per_ip_per_day == plan.transfer_per_ip_per_day == NO_LIMIT:
        return None
    since = site.clock.now() - USAGE_WINDOW
    downloads, sent_bytes = await limits.usage_since(site.db, site.keyring.visitor(caller.ip), since)
    if NO_LIMIT < plan.downloads_per_ip_per_day <= downloads:
        # A stranger may wait or prove to be a person; an account has a plan to change.
        return errors.IP_DOWNLOAD_LIMITED() if caller.account is None else errors.DOWNLOAD_LIMIT_EXCEEDED()
    if NO_LIMIT < plan.transfer_per_ip_per_day <= sent_bytes:
        return errors.TRANSFER_LIMIT_EXCEEDED()
    return None


def _may_embed(terms: Terms, host: str) -> bool:
    """Whether a site is one of the owner's domains, or below one."""
    return any(f".{host}".endswith(f".{domain}") for domain in terms.embed_domains.split())


def _is_exempt(site: Site, caller: Caller, file: File | Node) -> bool:
    return caller.owns(file.owner_id) or stats.is_premium(site, caller, file)
