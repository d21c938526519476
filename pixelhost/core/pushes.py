"""Secrets that expire: push one, view it, end it, and see what happened to it.

A view is claimed under the row's lock before the secret leaves the database, so that no view is given twice. Views of
the owner and of administrators don't count.
"""

import hmac
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from pixelhost import errors
from pixelhost.core import pushfields, pushfiles, pushpasses, pushsecrets
from pixelhost.core.callers import Caller
from pixelhost.core.pushfields import NewPush
from pixelhost.core.pushfiles import NewFile, ShownFile
from pixelhost.core.pushintake import New
from pixelhost.core.pushsecrets import PushKey
from pixelhost.core.ratelimit import network_of
from pixelhost.db import limits, pushes, pushevents
from pixelhost.db.connect import ForeignKeyViolation, Transaction
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, PushEvent, Visit
from pixelhost.site import Site

TOKEN_LENGTH: Final = 18  # 93 bits
TOKEN_ALPHABET: Final = string.ascii_lowercase + string.digits
PAGE: Final = 50
PAGES: Final = range(1, 201)
PASSPHRASES_A_MINUTE: Final = 5
LOGGED_WITHOUT: Final = pushes.EVENTS_MAX // 2
MAX_PURGED: Final = 1000


@dataclass(frozen=True)
class Draft:
    """A push to be: its files are sealed with its key while they arrive."""

    token: str
    key: PushKey


@dataclass(frozen=True)
class Shown:
    """A push with what was secret of it; `payload` and `passphrase` are None where it has expired."""

    push: Push
    payload: str | None
    passphrase: str | None
    files: Sequence[ShownFile] = ()


def draft() -> Draft:
    token = new_token()
    return Draft(token, pushsecrets.new_key(token))


def new_token() -> str:
    """All of its letters from one random number, which is many times faster than one number each."""
    number = secrets.randbelow(len(TOKEN_ALPHABET) ** TOKEN_LENGTH)
    letters = []
    for _ in range(TOKEN_LENGTH):
        number, letter = divmod(number, len(TOKEN_ALPHABET))
        letters.append(TOKEN_ALPHABET[letter])
    return "".join(letters)


def pusher(site: Site, caller: Caller, *, needs_account: bool = False) -> User | None:
    """Who pushes: an account, or nobody where strangers may. To be asked before files are received.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED.
    """
    if caller.user is None and not needs_account and site.settings.anonymous_pushes == "on":
        return None
    user = caller.require_user()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    return user


async def create(
    site: Site, caller: Caller, visit: Visit, new: Draft, wanted: NewPush, files: Sequence[NewFile] = ()
) -> Push:
    """Raises PUSH_INVALID, or several of it; as `pusher`; IP_BANNED to strangers too, USER_OUT_OF_SPACE, WRITING."""
    owner = pusher(site, caller, needs_account=bool(files) or wanted.kind == "file")
    errors.raise_all(pushfields.problems(wanted, len(files)))
    for file in files:
        pushfields.refuse_long_name(file.name)
    made = sealed_push(site, owner, new, wanted)
    if owner is None or not files:
        return await _insert_alone(site, made, visit)
    async with pushfiles.placed(site, new.key, files) as sealed, site.db.acquire() as tx, tx.transaction():
        await pushfiles.claim_room(site, tx, owner, files)
        pushed = await insert(tx, made, visit)
        await pushfiles.insert(site, tx, pushed, owner, sealed)
    return pushed


async def _insert_alone(site: Site, made: Push, visit: Visit) -> Push:
    """Raises IP_BANNED, AUTHENTICATION_FAILED."""
    new = New(made, visit)
    if new.is_small:
        pushed = await site.push_intake.get(new)
    else:
        await _refuse_hoarder(site, made, visit)
        try:
            pushed = await pushes.insert(site.db, made, visit)
        except ForeignKeyViolation:
            pushed = None  # the account is gone
    if pushed is None:
        raise errors.IP_BANNED() if made.owner_id is None else errors.AUTHENTICATION_FAILED()
    return pushed


async def _refuse_hoarder(site: Site, made: Push, visit: Visit) -> None:
    """What is stored for strangers uses nobody's space. Raises IP_RATE_LIMIT_REACHED."""
    allowed = site.settings.anonymous_push_bytes_per_hour
    if made.owner_id is not None or not allowed:
        return
    hour = site.clock.now().replace(minute=0, second=0, microsecond=0)
    size = len(made.payload_sealed or b"")
    if await limits.add_several(site.db, "push bytes", network_of(visit.ip), hour, size) > allowed:
        raise errors.IP_RATE_LIMIT_REACHED(message="Too much was pushed from your IP address. Try again in an hour")


async def insert(tx: Transaction, made: Push, visit: Visit) -> Push:
    """Raises IP_BANNED."""
    pushed = await pushes.insert(tx, made, visit)
    if pushed is None:
        raise errors.IP_BANNED()
    return pushed


async def find(site: Site, token: str) -> Push:
    """Whoever asks: nothing secret may be told of it. Raises PUSH_EXPIRED."""
    found = await pushes.by_token(site.db, token)
    if found is None:
        raise errors.PUSH_EXPIRED()
    return found


async def own(site: Site, caller: Caller, token: str) -> Push:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, PUSH_EXPIRED, PUSH_NOT_YOURS."""
    caller.require_user()
    found = await find(site, token)
    if not caller.owns(found.owner_id):
        raise errors.PUSH_NOT_YOURS()
    return found


async def view(
    site: Site, caller: Caller, visit: Visit, token: str, passphrase: str = "", opening_pass: str = ""
) -> Shown:
    """Take a view of a push. What has expired is shown without what was secret of it.

    `opening_pass` is one of `pushpasses`, instead of the passphrase.
    Raises PUSH_EXPIRED where there is none, PUSH_PASSPHRASE_INCORRECT, PUSH_PASSPHRASE_ATTEMPTS,
    READ_ONLY_MODE_ENABLED.
    """
    await site.runtime.refuse_writing()
    if passphrase.strip():
        await _refuse_guesser(site, token)
    claimed = await _claim(site, caller, visit, token)
    if claimed is None:
        found = await find(site, token)
        if not _has_ended(site, found) and found.passphrase_sealed is not None:
            if not pushpasses.opens(site, found, opening_pass):
                await _check_passphrase(site, visit, found, passphrase)
            claimed = await _claim(site, caller, visit, token, found.passphrase_sealed)
        if claimed is None:
            return Shown(await _came_too_late(site, visit, found), None, None)
    key = pushsecrets.key_of(site, claimed)
    if key is None:
        raise errors.INTERNAL()
    files = await pushfiles.shown(site, claimed) if claimed.kind == "file" else ()
    return Shown(claimed, pushsecrets.payload(key, claimed), pushsecrets.passphrase(key, claimed), files)


def is_over(site: Site, push: Push) -> bool:
    """Whether it has expired, or will when somebody looks."""
    return _has_ended(site, push) or push.events >= pushes.EVENTS_MAX


def _has_ended(site: Site, push: Push) -> bool:
    """Whether there is nothing left to see: with a full log its owner may still look."""
    return push.is_expired or push.expires_at <= site.clock.now() or push.views >= push.expire_after_views


async def check_passphrase(site: Site, visit: Visit, push: Push, passphrase: str) -> None:
    """Of a push that has one. Raises PUSH_PASSPHRASE_INCORRECT, PUSH_PASSPHRASE_ATTEMPTS."""
    if passphrase.strip():
        await _refuse_guesser(site, push.token)
    await _check_passphrase(site, visit, push, passphrase)


async def expire(site: Site, caller: Caller, visit: Visit, token: str) -> Push:
    """End a push: its owner may, and a viewer where it says so. One that has ended stays as it is.

    Raises PUSH_EXPIRED where there is none, PUSH_NOT_DELETABLE.
    """
    found = await find(site, token)
    if not caller.owns(found.owner_id) and not found.is_deletable_by_viewer:
        raise errors.PUSH_NOT_DELETABLE()
    async with site.db.acquire() as tx, tx.transaction():
        await pushes.claim(tx, [found.id])
        ended = await pushes.expire(tx, [found.id], site.clock.now(), is_deleted=True)
        await pushevents.add_ends(tx, [one.id for one in ended], "expire", visit, site.clock.now())
    return ended[0] if ended else await find(site, token)


async def audit(site: Site, caller: Caller, token: str, page: int) -> list[PushEvent]:
    """What happened to the caller's push, the oldest first. Raises as `own`, PUSH_PAGE_INVALID."""
    found = await own(site, caller, token)
    return await pushevents.of_push(site.db, found.id, skipped(page), PAGE)


async def active(site: Site, caller: Caller, page: int) -> list[Push]:
    """The caller's, the newest first. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, PUSH_PAGE_INVALID."""
    return await pushes.active(site.db, caller.require_user().id, skipped(page), PAGE)


async def expired(site: Site, caller: Caller, page: int) -> list[Push]:
    """As `active`."""
    return await pushes.expired(site.db, caller.require_user().id, skipped(page), PAGE)


async def expire_due(site: Site) -> int:
    """End pushes whose time is over, and those with files whose last view was so long ago that links are dead."""
    ended = 0
    while True:
        now = site.clock.now()
        async with site.db.acquire() as tx, tx.transaction():
            due = await pushes.due(tx, now, now - pushfiles.LINK_LIVES, MAX_PURGED)
            # Somebody may have prolonged one since.
            over = [one.id for one in await pushes.claim(tx, due) if is_over(site, one)]
            gone = await pushes.expire(tx, over, now)
            await pushevents.add_ends(tx, [one.id for one in gone], "expiry", pushevents.NOBODY, now)
        ended += len(gone)
        if len(due) < MAX_PURGED:
            return ended


async def purge(site: Site) -> int:
    """Delete what is left of anonymous pushes a day after their end, and of others where a setting says so."""
    now = site.clock.now()
    purged = 0
    while count := await pushes.delete_expired_of_strangers(site.db, now - timedelta(days=1), MAX_PURGED):
        purged += count
    days = site.settings.push_purge_days
    while days and (count := await pushes.delete_expired(site.db, now - timedelta(days=days), MAX_PURGED)):
        purged += count
    return purged


async def _claim(
    site: Site, caller: Caller, visit: Visit, token: str, passphrase_sealed: bytes | None = None
) -> Push | None:
    viewer = caller.account
    return await pushes.claim_view(
        site.db,
        token,
        viewer.id if viewer else None,
        visit,
        site.clock.now(),
        is_admin=viewer is not None and viewer.is_admin,
        passphrase_sealed=passphrase_sealed,
    )


async def _refuse_guesser(site: Site, token: str) -> None:
    window = site.clock.now().replace(second=0, microsecond=0)
    if await limits.add_use(site.db, "push passphrase", token, window) > PASSPHRASES_A_MINUTE:
        refusal = errors.PUSH_PASSPHRASE_ATTEMPTS()
        refusal.headers = {"Retry-After": str(60 - site.clock.now().second)}
        raise refusal


async def _check_passphrase(site: Site, visit: Visit, push: Push, passphrase: str) -> None:
    right = pushsecrets.passphrase_of(site, push) or ""
    if not hmac.compare_digest(right.encode(), passphrase.encode()):
        if passphrase.strip() or await _is_logged_without(site, push):
            await pushevents.add(site.db, push.id, "failed_passphrase", visit, site.clock.now())
        raise errors.PUSH_PASSPHRASE_INCORRECT()


async def _is_logged_without(site: Site, push: Push) -> bool:
    """Whether that somebody came without a passphrase is logged: as often a minute as wrong ones are, and never so
    often that the log is full of it and ends the push, whose reader may be yet to come.
    """
    if push.events >= LOGGED_WITHOUT:
        return False
    window = site.clock.now().replace(second=0, microsecond=0)
    return await limits.add_use(site.db, "push without passphrase", push.token, window) <= PASSPHRASES_A_MINUTE


async def _came_too_late(site: Site, visit: Visit, found: Push) -> Push:
    """Log it, and end the push if nobody has yet; but the links to its files are good for as long as they say."""
    now = site.clock.now()
    async with site.db.acquire() as tx, tx.transaction():
        claimed = await pushes.claim(tx, [found.id])
        if not claimed:
            raise errors.PUSH_EXPIRED()
        if not is_over(site, claimed[0]):
            # Its owner has changed the passphrase between two looks at it.
            raise errors.PUSH_PASSPHRASE_INCORRECT()
        if not _is_downloaded_still(site, claimed[0]):
            ended = await pushes.expire(tx, [found.id], now)
            await pushevents.add_ends(tx, [one.id for one in ended], "expiry", pushevents.NOBODY, now)
        await pushevents.add(tx, found.id, "failed_view", visit, now)
        late = await pushes.add_view_too_late(tx, found.id, now)
    return replace(
        late, expired_at=late.expired_at or now, key_sealed=None, payload_sealed=None, passphrase_sealed=None
    )


def _is_downloaded_still(site: Site, push: Push) -> bool:
    """Whether whoever had the last view of its files may be at them: nobody else sees it any more."""
    now = site.clock.now()
    is_lately = push.used_up_at is not None and now < push.used_up_at + pushfiles.LINK_LIVES
    return push.kind == "file" and is_lately and now < push.expires_at and push.events < pushes.EVENTS_MAX


def sealed_push(site: Site, owner: User | None, new: Draft, wanted: NewPush) -> Push:
    """As it will be stored, by `insert`."""
    now = site.clock.now()
    return Push(
        id=0,
        token=new.token,
        owner_id=owner.id if owner else None,
        kind=wanted.kind,
        name=wanted.name,
        note_sealed=pushsecrets.sealed_note(site, wanted.note),
        key_sealed=pushsecrets.sealed_key(site, new.key),
        payload_sealed=new.key.seal("payload", wanted.payload),
        passphrase_sealed=new.key.seal("passphrase", wanted.passphrase) if wanted.passphrase.strip() else None,
        is_end_to_end=wanted.is_end_to_end,
        is_deletable_by_viewer=wanted.is_deletable_by_viewer,
        has_retrieval_step=wanted.has_retrieval_step,
        expire_after_days=wanted.expires_after_days,
        expire_after_views=wanted.views,
        created_at=now,
        updated_at=now,
        expires_at=now + wanted.expires_after,
        mails_on_view=wanted.mails_on_view and owner is not None,
        mails_on_expiry=wanted.mails_on_expiry and owner is not None,
    )


def skipped(page: int) -> int:
    """How many rows come before a page; the first one stands for those below it."""
    if page > PAGES[-1]:
        raise errors.PUSH_PAGE_INVALID()
    return (max(page, 1) - 1) * PAGE
