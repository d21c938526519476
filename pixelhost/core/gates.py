"""What stands between a file and its bytes. Each gate looks at the facts and answers with a refusal, or lets pass.

The owner passes every gate but a takedown. All limits are those of plans, and off in the self-hosted default.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from pixelhost import errors
from pixelhost.core import stats
from pixelhost.core.callers import Caller
from pixelhost.db import limits
from pixelhost.errors import ApiError
from pixelhost.model import File
from pixelhost.plans import NO_LIMIT, Plan
from pixelhost.site import Site

DOWNLOADS_PER_VIEW = 3
USAGE_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Origin:
    """Where a download was started: the Referer header, and the host that was asked."""

    referer: str | None = None
    host: str = ""


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


async def refuse(site: Site, caller: Caller, file: File, origin: Origin) -> None:
    """Raises what keeps this caller from downloading this file now."""
    if refusal := standing(site, caller, file):
        raise refusal
    if caller.owns(file.owner_id) or stats.is_premium(site, caller, file):
        return
    plan = site.plan(file.owner_plan_id)
    refuse_hotlink(plan, origin)
    await _refuse_used_up(site, caller, plan)


def refuse_hotlink(plan: Plan, origin: Origin) -> None:
    """Raises HOTLINK_DETECTED, or INVALID_REFERRER for a Referer that is no URL."""
    if plan.hotlinking or not origin.referer:
        return
    try:
        parts = urlsplit(origin.referer)
        _ = parts.port
    except ValueError:
        raise errors.INVALID_REFERRER() from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise errors.INVALID_REFERRER()
    if parts.netloc.lower() != origin.host.lower():
        raise errors.HOTLINK_DETECTED()


async def _refuse_used_up(site: Site, caller: Caller, plan: Plan) -> None:
    """Raises IP_DOWNLOAD_LIMITED, TRANSFER_LIMIT_EXCEEDED."""
    if plan.downloads_per_ip_per_day <= NO_LIMIT and plan.transfer_per_ip_per_day <= NO_LIMIT:
        return
    since = site.clock.now() - USAGE_WINDOW
    downloads, sent_bytes = await limits.usage_since(site.db, site.keyring.visitor(caller.ip), since)
    if NO_LIMIT < plan.downloads_per_ip_per_day <= downloads:
        raise errors.IP_DOWNLOAD_LIMITED()
    if NO_LIMIT < plan.transfer_per_ip_per_day <= sent_bytes:
        raise errors.TRANSFER_LIMIT_EXCEEDED()
