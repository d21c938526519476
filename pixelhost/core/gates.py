"""What stands between a file, or a node, and its bytes. Each gate looks at the facts and answers with a refusal, or
lets pass; what addresses have used up is counted by the database as a download begins.

The owner passes every gate but a takedown. All limits are those of plans, and off in the self-hosted default. Nodes
have no views to compare their downloads with, so no file rate limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import Final, TypeGuard
from urllib.parse import urlsplit

from pixelhost import errors
from pixelhost.core import captchas, stats
from pixelhost.core.callers import Caller
from pixelhost.core.opendownloads import Pace
from pixelhost.db.connect import Failure
from pixelhost.db.opendownloads import DOWNLOADS_PER_VIEW, Begun, Download, Ended, Limits, Refusal
from pixelhost.eager import Eager
from pixelhost.errors import ApiError
from pixelhost.model.accounts import Terms
from pixelhost.model.files import File
from pixelhost.model.nodes import Node
from pixelhost.plans import NO_LIMIT, Plan
from pixelhost.site import Site

USAGE_WINDOW = timedelta(hours=24)
ENDING_SECONDS = 0.1

LIFTED_BY_CAPTCHA: Final = frozenset(
    {errors.FILE_RATE_LIMITED, errors.VIRUS_DETECTED, errors.IP_DOWNLOAD_LIMITED, errors.SERVER_OVERLOAD}
)
LIFTED_LIMITS: Final[frozenset[Refusal]] = frozenset({"rate", "downloads", "overload"})
LIFTED_LIMITS_OF_ACCOUNTS: Final = LIFTED_LIMITS - {"downloads"}

SOMETHING_ELSE = "something else"

Wanted = File | Node


@dataclass(frozen=True)
class Origin:
    """Where a download was started: the Referer header, the host that was asked, and a captcha response if any."""

    referer: str | None = None
    host: str = ""
    captcha_response: str = ""


@dataclass
class Passage:
    """A download that was let through, to be told what goes out. `pace` is None where it may be as fast as it can."""

    pace: Pace | None = None
    sent_bytes: int = 0

    def note(self, sent_bytes: int) -> None:
        self.sent_bytes += sent_bytes


@dataclass(frozen=True)
class Gate:
    """What a download passes just before its first byte. `asked_for` is a refusal that only a captcha lifts."""

    site: Site
    caller: Caller
    download: Download
    origin: Origin = field(default_factory=Origin)
    asked_for: ApiError | None = None

    @property
    def is_counted(self) -> bool:
        """Whether some limit has to know when the download ends."""
        return self.download.is_counted

    async def refuse(self) -> None:
        """Raises what a download would be refused with now; uses nothing up, no captcha response either."""
        if self.asked_for is not None:
            raise self.asked_for
        if self.is_counted and (refusal := _said(self.caller, await self.site.open_downloads.trial(self.download))):
            raise refusal

    async def enter(self, size_bytes: int, *, is_continuation: bool) -> Begun | None:
        """None where nobody has to know. Raises what the limits refuse it with, and RECPATCHA_FAILED."""
        if self.is_counted:
            return await self._begin(size_bytes, is_continuation=is_continuation)
        if self.asked_for is not None:
            await self._accept_captcha(is_continuation=is_continuation)
        return None

    async def _begin(self, size_bytes: int, *, is_continuation: bool) -> Begun:
        open_downloads = self.site.open_downloads
        begin = partial(open_downloads.begin, self.download, size_bytes)
        if self.asked_for is None:
            try:
                return await self._passed(begin)
            except ApiError as refusal:
                if refusal.kind not in LIFTED_BY_CAPTCHA or not self.origin.captcha_response:
                    raise
        # What would be refused all the same doesn't use the response up.
        lifted = LIFTED_LIMITS if self.caller.account is None else LIFTED_LIMITS_OF_ACCOUNTS
        await self._passed(partial(open_downloads.trial, self.download, lifted))
        await self._accept_captcha(is_continuation=is_continuation)
        return await self._passed(partial(begin, lifted))

    async def _passed(self, ask: Callable[[], Awaitable[Begun]]) -> Begun:
        """Raises what it is refused with."""
        begun = await ask()
        if begun.refusal == "at_once":
            # Another worker may not have written yet that the download before this one is over.
            await asyncio.sleep(ENDING_SECONDS)
            begun = await ask()
        if refusal := _said(self.caller, begun):
            raise refusal
        return begun

    async def _accept_captcha(self, *, is_continuation: bool) -> None:
        subject = " ".join(self.download.subjects)
        response = self.origin.captcha_response
        await captchas.accept(self.site, self.download.visitor, subject, response, is_continuation=is_continuation)


class Passing:
    """A download of so many bytes, from when it asks to be let in until it is over. What it sends can be made ready
    meanwhile, if that waits for nothing: until it is let in nobody else of this process can ask. `is_continuation`:
    that they are one part, and not the beginning. Without a gate all may pass.
    """

    def __init__(self, gate: Gate | None, size_bytes: int, *, is_continuation: bool = False) -> None:
        self._gate = gate
        self._size_bytes = size_bytes
        self._is_continuation = is_continuation
        self._asked: Eager[Begun | None] | None = None
        self._begun: Begun | None = None
        self._passage = Passage()

    async def __aenter__(self) -> "Passing":
        if self._gate is not None:
            self._asked = Eager(self._gate.enter(self._size_bytes, is_continuation=self._is_continuation))
        return self

    async def let_in(self) -> Passage:
        """To be awaited before the first byte; a second time changes nothing. Raises as `Gate.enter`."""
        if self._gate is None or self._asked is None:
            return self._passage
        asked, self._asked = self._asked, None
        self._begun = await asked
        download = self._gate.download
        if self._begun is not None and download.limits.bytes_per_second:
            self._passage.pace = self._gate.site.open_downloads.join(download.share, self._begun.sharing)
        return self._passage

    async def __aexit__(self, *_: object) -> None:
        # Who failed while it asked doesn't want to know any more what it is refused with.
        with suppress(ApiError, *Failure):
            await self.let_in()
        if self._gate is None or self._begun is None:
            return
        site, download = self._gate.site, self._gate.download
        if self._passage.pace is not None:
            site.open_downloads.leave(download.share)
        is_limited = download.limits.transfer_bytes != NO_LIMIT
        site.open_downloads.end(Ended(self._begun.number, self._passage.sent_bytes if is_limited else 0))
        if download.rated:
            site.counters.add_ended(self._begun.number)


REFUSALS: Final[Mapping[str, Callable[[Caller], ApiError]]] = {
    "rate": lambda _: errors.FILE_RATE_LIMITED(),
    "transfer": lambda _: errors.TRANSFER_LIMIT_EXCEEDED(),
    "overload": lambda _: errors.SERVER_OVERLOAD(),
    "at_once": lambda _: errors.MAX_CONCURRENT_DOWNLOADS(),
    # A stranger may wait or prove to be a person; an account has a plan to change.
    "downloads": lambda caller: (
        errors.IP_DOWNLOAD_LIMITED() if caller.account is None else errors.DOWNLOAD_LIMIT_EXCEEDED()
    ),
}


def is_exempt(site: Site, caller: Caller, wanted: Wanted) -> bool:
    """Whether no limit holds: for the owner, and where somebody pays."""
    return caller.owns(wanted.owner_id) or stats.is_premium(site, caller, wanted)


def taken_down(wanted: Wanted) -> ApiError | None:
    if not wanted.abuse_type:
        return None
    if isinstance(wanted, Node):
        return errors.NODE_TAKEN_DOWN(abuse_type=wanted.abuse_type)
    return errors.FILE_TAKEN_DOWN(type=wanted.abuse_type)


def infected(wanted: Wanted) -> ApiError | None:
    return errors.VIRUS_DETECTED() if wanted.virus_name else None


def rate_limited(site: Site, wanted: Wanted) -> ApiError | None:
    """Three times more downloads than views: it is linked to from elsewhere, past its page. By those that were counted;
    those under way count as well for who is new to the file, as its download begins.
    """
    is_past_its_page = _is_rated(wanted, site) and wanted.downloads > DOWNLOADS_PER_VIEW * max(wanted.views, 1)
    return errors.FILE_RATE_LIMITED() if is_past_its_page else None


def standing(site: Site, caller: Caller, wanted: Wanted) -> ApiError | None:
    """Why this caller can't download this, from its own facts; None when it can."""
    if refusal := taken_down(wanted):
        return refusal
    if caller.owns(wanted.owner_id):
        return None
    if refusal := infected(wanted):
        return refusal
    return None if stats.is_premium(site, caller, wanted) else rate_limited(site, wanted)


async def used_up(site: Site, caller: Caller, files: Sequence[File]) -> Mapping[str, ApiError]:
    """What this caller's address has used up of the limits that hold for these files, by their IDs. At most two
    statements a plan. What is under way at once is a matter of the moment, and left out.
    """
    by_limits: dict[Limits, list[File]] = {}
    for file in files:
        limits = replace(limits_of(site, caller, [file]), at_once=NO_LIMIT, bytes_per_second=0)
        if not is_exempt(site, caller, file) and limits.hold:
            by_limits.setdefault(limits, []).append(file)
    found: dict[str, ApiError] = {}
    for limits, held in by_limits.items():
        download = replace(_download(site, caller, held), limits=limits)
        # Each by itself, as they aren't one download: they stand or fall as any other does that is new to the address.
        begun = await site.open_downloads.trial(replace(download, subjects=[SOMETHING_ELSE], rated=()))
        if refusal := _said(caller, begun):
            is_counted = begun.refusal == "downloads"
            again = await site.open_downloads.known(download, USAGE_WINDOW) if is_counted else set()
            found |= {file.id: refusal for file in held if _subject(file) not in again}
    return found


async def refuse(site: Site, caller: Caller, wanted: Wanted, origin: Origin) -> None:
    """Raises what keeps this caller from downloading this now. Uses nothing up."""
    await admit(site, caller, [wanted], origin).refuse()


def admit(site: Site, caller: Caller, wanted: Sequence[Wanted], origin: Origin) -> Gate:
    """The gate before these. Raises what their own facts and the origin say; the limits are asked at the gate.

    A captcha response that one of them needs is looked at there, too.
    """
    asked_for: ApiError | None = None
    for one in wanted:
        refusal = standing(site, caller, one)
        if refusal is not None and (refusal.kind not in LIFTED_BY_CAPTCHA or not origin.captcha_response):
            raise refusal
        if foreign := _hotlinked(site, caller, one, origin):
            raise foreign
        asked_for = asked_for or refusal
    return Gate(site, caller, _download(site, caller, wanted), origin, asked_for)


def limits_of(site: Site, caller: Caller, wanted: Sequence[Wanted]) -> Limits:
    """By the strictest of the owners' plans, those left out that hold for none of this."""
    return limits_of_plans(site, {one.owner_plan_id for one in wanted if not is_exempt(site, caller, one)})


def limits_of_plans(site: Site, plan_ids: Collection[str]) -> Limits:
    """The strictest of each, for those whom they hold for."""
    return _strictest_of(tuple(site.plan(plan_id) for plan_id in plan_ids), site.settings.downloads_at_once)


@lru_cache(100)
def _strictest_of(plans: tuple[Plan, ...], downloads_at_once: int) -> Limits:
    speeds = {plan.download_speed_limit for plan in plans if plan.download_speed_limit > 0}
    return Limits(
        downloads=_strictest(plan.downloads_per_ip_per_day for plan in plans),
        transfer_bytes=_strictest(plan.transfer_per_ip_per_day for plan in plans),
        at_once=_strictest(plan.concurrent_downloads_per_ip for plan in plans),
        overall=downloads_at_once or NO_LIMIT,
        bytes_per_second=min(speeds, default=0),
    )


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


def _hotlinked(site: Site, caller: Caller, wanted: Wanted, origin: Origin) -> ApiError | None:
    """The same for those whom it concerns; a node says it in other words."""
    if is_exempt(site, caller, wanted):
        return None
    refusal = hotlinked(site.plan(wanted.owner_plan_id), wanted.owner_terms, origin)
    if refusal is not None and refusal.kind is errors.HOTLINK_DETECTED and isinstance(wanted, Node):
        return errors.EMBED_NOT_ALLOWED()
    return refusal


def _said(caller: Caller, begun: Begun) -> ApiError | None:
    return REFUSALS[begun.refusal](caller) if begun.refusal else None


def _download(site: Site, caller: Caller, wanted: Sequence[Wanted]) -> Download:
    held = [one for one in wanted if not is_exempt(site, caller, one)]
    return Download(
        visitor=stats.visitor(site, caller),
        subjects=[_subject(one) for one in held or wanted],
        limits=limits_of_plans(site, {one.owner_plan_id for one in held}),
        is_free=bool(held),
        rated=[one.id for one in held if _is_rated(one, site)],
    )


def _is_rated(wanted: Wanted, site: Site) -> TypeGuard[File]:
    """Nodes have no views to compare their downloads with."""
    return isinstance(wanted, File) and site.plan(wanted.owner_plan_id).file_rate_limit


def _subject(wanted: Wanted) -> str:
    return f"node {wanted.id}" if isinstance(wanted, Node) else f"file {wanted.id}"


def _strictest(limits: Iterable[int]) -> int:
    return min((limit for limit in limits if limit != NO_LIMIT), default=NO_LIMIT)


def _may_embed(terms: Terms, host: str) -> bool:
    """Whether a site is one of the owner's domains, or below one."""
    return any(f".{host}".endswith(f".{domain}") for domain in terms.embed_domains.split())
