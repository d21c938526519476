"""Request links: whoever has one sends a secret to the account that made it, and can't read it again.

What is sent becomes a push of the account's own. A link takes a number of them, each under its row's lock.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Final
from urllib.parse import urlsplit

from pixelhost import errors
from pixelhost.core import callers, mail, pushes, pushfields, pushfiles
from pixelhost.core.callers import Caller
from pixelhost.core.pushes import Draft
from pixelhost.core.pushfields import NewPush
from pixelhost.core.pushfiles import NewFile
from pixelhost.core.pushnotices import KINDS
from pixelhost.core.uploads import Admission
from pixelhost.db import bans, pushrequests, users
from pixelhost.db.connect import Transaction
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, PushRequest, Visit
from pixelhost.site import Site

OPEN_MAX: Final = 100
NAME_MAX: Final = 255
MESSAGE_MAX: Final = 2_000
DAYS: Final = range(1, 91)
DAYS_DEFAULT: Final = 7
PUSHES: Final = range(1, 101)
RECEIVED_SHOWN: Final = 100

TOKEN: Final = re.compile(rf"[a-z0-9]{{{pushes.TOKEN_LENGTH}}}", re.ASCII)
VIEWS: Final = pushfields.VIEWS[-1]


@dataclass(frozen=True)
class NewRequest:
    """`name` and `message` are shown to whoever sends; what they send is kept for `push_days`."""

    name: str
    message: str = ""
    push_days: int = DAYS_DEFAULT
    expire_after_days: int = DAYS_DEFAULT
    max_pushes: int = 1


@dataclass(frozen=True)
class Opened:
    """A link that can be sent by. `takes_files`: its owner has room for some."""

    request: PushRequest
    owner: User
    takes_text: bool
    takes_files: bool


async def make(site: Site, caller: Caller, wanted: NewRequest) -> PushRequest:
    """Raises AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCOUNT_BANNED, PUSH_INVALID, or several of it."""
    caller.require_user()
    errors.raise_all(_problems(wanted))
    now = site.clock.now()
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        if await pushrequests.count_open(tx, user.id, now) >= OPEN_MAX:
            raise _invalid("name", message="You have as many open requests as an account may. Close one first.")
        return await pushrequests.insert(
            tx,
            PushRequest(
                id=0,
                token=pushes.new_token(),
                owner_id=user.id,
                name=wanted.name.strip(),
                message=wanted.message,
                push_days=wanted.push_days,
                pushes_left=wanted.max_pushes,
                created_at=now,
                expires_at=now + timedelta(days=wanted.expire_after_days),
            ),
        )


async def of_caller(site: Site, caller: Caller, page: int) -> list[PushRequest]:
    """The newest first. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, PUSH_PAGE_INVALID."""
    return await pushrequests.of_owner(site.db, caller.require_user().id, pushes.skipped(page), pushes.PAGE)


async def received(site: Site, caller: Caller) -> list[tuple[Push, str]]:
    """What came by the caller's requests lately, the newest first, each with the name of its request.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED.
    """
    return await pushrequests.pushes_of(site.db, caller.require_user().id, RECEIVED_SHOWN)


async def find(site: Site, caller: Caller, token: str) -> PushRequest:
    """One of the caller's. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    user = caller.require_user()
    found = await _by_token(site, token)
    if found is None or found.owner_id != user.id:
        raise errors.NOT_FOUND()
    return found


async def close(site: Site, caller: Caller, token: str) -> PushRequest:
    """Nothing can be sent by it any more; what was sent stays. Raises as `find`."""
    found = await find(site, caller, token)
    await pushrequests.close(site.db, found.id, site.clock.now())
    return await find(site, caller, token)


def is_open(site: Site, request: PushRequest) -> bool:
    return request.pushes_left > 0 and request.expires_at > site.clock.now()


async def opened(site: Site, ip: str, token: str) -> Opened:
    """For whoever has the link. Raises PUSH_EXPIRED where it is closed, used up or was never there; IP_BANNED."""
    found = await _by_token(site, token)
    owner = await users.by_id(site.db, found.owner_id) if found is not None and is_open(site, found) else None
    if found is None or owner is None or owner.is_banned:
        raise errors.PUSH_EXPIRED()
    if await bans.is_address_banned(site.db, ip, site.clock.now()):
        raise errors.IP_BANNED()
    kinds = site.settings.push_kinds
    return Opened(found, owner, "text" in kinds, "file" in kinds and _has_room(site, owner))


def admit(site: Site, to: Opened, expected_bytes: int) -> Admission:
    """Before files are received. Raises PUSH_INVALID, FILE_TOO_LARGE, USER_OUT_OF_SPACE."""
    if not to.takes_files:
        raise _invalid("files", message="No files can be sent here.")
    admission = _admission(site, to.owner)
    admission.refuse_space(expected_bytes)
    return admission


async def receive(
    site: Site, visit: Visit, to: Opened, new: Draft, text: str, files: Sequence[NewFile], base_url: str
) -> None:
    """Make a push of what was sent, and tell its owner.

    Raises PUSH_INVALID, or several of it; PUSH_EXPIRED where the link was used up or closed meanwhile;
    USER_OUT_OF_SPACE, FILE_TOO_LARGE, WRITING.
    """
    wanted = NewPush(
        kind="file" if files else "text",
        payload=text,
        name=to.request.name,
        days=to.request.push_days,
        views=VIEWS,
        is_deletable_by_viewer=False,
    )
    errors.raise_all(_content_problems(to, wanted, len(files)))
    made = replace(pushes.sealed_push(site, to.owner, new, wanted), request_id=to.request.id)
    async with pushfiles.placed(site, new.key, files) as sealed, site.db.acquire() as tx, tx.transaction():
        try:
            await pushfiles.claim_room(site, tx, to.owner, files)
        except ApiError as error:
            if error.kind in {errors.AUTHENTICATION_FAILED, errors.ACCOUNT_BANNED}:
                raise errors.PUSH_EXPIRED() from error
            raise
        if not await pushrequests.take(tx, to.request.id, site.clock.now()):
            raise errors.PUSH_EXPIRED()
        pushed = await pushes.insert(tx, made, visit)
        await pushfiles.insert(site, tx, pushed, to.owner, sealed)
        await _tell_owner(site, tx, to, pushed, base_url)


async def _tell_owner(site: Site, tx: Transaction, to: Opened, pushed: Push, base_url: str) -> None:
    if not to.owner.email_verified:
        return
    await mail.queue(
        tx,
        site,
        to.owner.email,
        "push_received",
        here=urlsplit(base_url).hostname or base_url,
        name=to.owner.name,
        what=KINDS[pushed.kind],
        request_name=to.request.name,
        link=f"{base_url}/p/{pushed.token}/preview",
        until=f"{pushed.expires_at.astimezone(UTC):%d %B %Y, %H:%M} UTC",
    )


async def _by_token(site: Site, token: str) -> PushRequest | None:
    return await pushrequests.by_token(site.db, token) if TOKEN.fullmatch(token) else None


def _admission(site: Site, owner: User) -> Admission:
    return Admission(owner, site.plan(owner.plan_id))


def _has_room(site: Site, owner: User) -> bool:
    try:
        _admission(site, owner).refuse_space(1)
    except ApiError:
        return False
    return True


def _problems(wanted: NewRequest) -> list[ApiError]:
    found = []
    if not wanted.name.strip() or len(wanted.name) > NAME_MAX:
        found.append(_invalid("name", message=f"The name has 1 to {NAME_MAX} characters."))
    if len(wanted.message) > MESSAGE_MAX:
        found.append(_invalid("message", message=f"The message may have at most {MESSAGE_MAX} characters."))
    for field, number, allowed in (
        ("push_days", wanted.push_days, DAYS),
        ("expire_after_days", wanted.expire_after_days, DAYS),
        ("max_pushes", wanted.max_pushes, PUSHES),
    ):
        if number not in allowed:
            found.append(_invalid(field, message=f"This is a number from {allowed[0]} to {allowed[-1]}."))
    return found


def _content_problems(to: Opened, wanted: NewPush, file_count: int) -> list[ApiError]:
    if wanted.kind == "text" and not wanted.payload.strip():
        return [_invalid("payload", message="There is nothing to send.")]
    if wanted.payload.strip() and not to.takes_text:
        return [_invalid("payload", message="No text can be sent here.")]
    return pushfields.problems(wanted, file_count)


def _invalid(field: str, *, message: str) -> ApiError:
    return errors.PUSH_INVALID(field=field, message=message)
