"""Messages that an account sends: each recipient has one of its own, with files of the sender.

Who has an account with that address, verified and not banned, finds it in the inbox. Anybody else gets the link of a
push, which has the same text, files, passphrase and end: `pushes` shows it, and logs who looked; whatever ends one of
both ends the other. The letter says who sent what subject, never what was said. When a message ends, its text goes, and
nobody is given its files any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import mail, mailfields, passwords, pushes, pushsecrets, ratelimit, throttle, transferfiles
from pixelhost.core.callers import Caller
from pixelhost.core.mailfields import Checked, Edit, NewMail
from pixelhost.core.pushfields import NewPush
from pixelhost.db import limits, mails, pushevents, users
from pixelhost.db import pushes as push_rows
from pixelhost.db import transferfiles as file_rows
from pixelhost.db.connect import ForeignKeyViolation, Transaction
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, Visit
from pixelhost.model.transfers import Mail, MailSort, Party, TransferFile
from pixelhost.model.unset import UNSET
from pixelhost.site import Site

BODY_PURPOSE: Final = b"mail bodies"
IDENTIFIER_LENGTH: Final = 4
RECIPIENTS_AN_HOUR: Final = 500
PUSH_VIEWS: Final = 100
TOO_MANY: Final = f"At most {RECIPIENTS_AN_HOUR} messages an hour can be sent"
ANY_ORDER: Final[Sequence[tuple[MailSort, bool]]] = (("created_at", True),)
ENDED_AT_ONCE: Final = 500


@dataclass(frozen=True)
class _Sending:
    """What is the same for every recipient. `here` is the address of this site."""

    site: Site
    sender: User
    visit: Visit
    wanted: Checked
    passphrase_hash: str | None
    here: str


async def send(
    site: Site, caller: Caller, visit: Visit, wanted: NewMail, problems: Sequence[ApiError], here: str
) -> list[Mail]:
    """One message for each recipient, in order: all of them or none.

    `problems` are those that were found with the request before: they are raised with ours. Raises TRANSFER_INVALID,
    several of it; AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, AUTHENTICATION_FAILED, IP_RATE_LIMIT_REACHED.
    """
    user = caller.require_user()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    checked = await mailfields.checked(site, caller, wanted, problems)
    # Whether anybody has an account or not: it would be seen by how long it takes.
    hashed = await passwords.hashed(wanted.passphrase) if wanted.passphrase else None
    sending = _Sending(site, user, visit, checked, hashed, here)
    try:
        async with site.db.acquire() as tx, tx.transaction():
            # Readers first: deleting an account changes those that it has brought here, and the sender's may be one.
            accounts = await _claim_readers(site, tx, checked.recipients)
            await _claim_sender(site, tx, user, len(checked.recipients))
            # In one order for all: whoever counts the letters of two addresses would wait for the other in a circle.
            in_turn = sorted(checked.recipients, key=str.lower)
            made = {to: await _send_one(tx, sending, to, accounts.get(to)) for to in in_turn}
    except ForeignKeyViolation as error:
        raise transferfiles.invalid("files", mailfields.FILES_GONE) from error
    return await mails.in_box(site.db, "sent", user.id, [made[to] for to in checked.recipients])


async def ids_of(site: Site, caller: Caller, keyword: str, order: Sequence[tuple[MailSort, bool]]) -> list[UUID]:
    """What the caller has sent. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await mails.ids_in_box(site.db, "sent", caller.require_user().id, keyword, [*order] or ANY_ORDER)


async def some(site: Site, caller: Caller, mail_ids: Sequence[UUID]) -> list[Mail]:
    """Those that the caller has sent, in the order asked."""
    return await mails.in_box(site.db, "sent", caller.require_user().id, mail_ids)


async def own(site: Site, caller: Caller, mail_id: UUID) -> Mail:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    found = await some(site, caller, [mail_id])
    if not found:
        raise errors.NOT_FOUND()
    return found[0]


async def files_of(site: Site, found: Sequence[Mail]) -> dict[UUID, list[TransferFile]]:
    """By message."""
    return await file_rows.of_mails(site.db, [one.id for one in found])


def body_of(site: Site, found: Mail) -> str | None:
    """None once it has ended. Raises INTERNAL where the instance's key isn't the one it was sealed with."""
    if found.body_sealed is None or is_over(site, found):
        return None
    opened = site.keyring.open(BODY_PURPOSE, found.body_sealed)
    if opened is None:
        raise errors.INTERNAL()
    return opened.decode()


def is_over(site: Site, found: Mail) -> bool:
    """Whether it has ended, or will when the job comes by."""
    return found.ended_at is not None or found.expires_at <= site.clock.now()


async def change(
    site: Site, caller: Caller, visit: Visit, mail_id: UUID, wanted: Edit, problems: Sequence[ApiError]
) -> Mail:
    """Its text as long as nobody has opened it, when it expires, and whether it is revoked. `problems` as for `send`.

    Raises as `own`, TRANSFER_INVALID.
    """
    found = await own(site, caller, mail_id)
    async with site.db.acquire() as tx, tx.transaction():
        push = await push_rows.claim(tx, [found.push_id]) if found.push_id is not None else []
        now_there = await mails.claim(tx, mail_id)
        if now_there is None:
            raise errors.NOT_FOUND()
        state = mailfields.State(
            is_over=is_over(site, now_there) or any(pushes.is_over(site, one) for one in push),
            is_opened=now_there.opened_at is not None,
            has_files=bool((await file_rows.of_mails(tx, [mail_id]))[mail_id]),
        )
        mistakes = [*problems, *mailfields.edit_problems(wanted, state)]
        errors.raise_all(mistakes)
        if wanted.is_revoked is True:
            await _end(site, tx, visit, now_there)
        elif not state.is_over:
            await _rewrite(site, tx, now_there, wanted, push[0] if push else None)
    return await own(site, caller, mail_id)


async def delete(site: Site, caller: Caller, visit: Visit, mail_id: UUID) -> None:
    """Revoke it, and have it no more. Raises as `own`."""
    found = await own(site, caller, mail_id)
    async with site.db.acquire() as tx, tx.transaction():
        if found.push_id is not None:
            await push_rows.claim(tx, [found.push_id])
        await _end(site, tx, visit, found)
        await mails.delete_from_box(tx, "sent", mail_id)


async def push_of_link(site: Site, link_id: UUID) -> str:
    """The token of the push that a letter's link stands for. Raises NOT_FOUND."""
    found = await mails.by_link(site.db, link_id)
    if found is None or found.push_token is None:
        raise errors.NOT_FOUND()
    return found.push_token


async def end_due(site: Site) -> int:
    """End messages whose time is over, and delete those that neither side has any more. Returns how many."""
    await mails.note_failed_letters(site.db)
    dealt_with = 0
    while True:
        now = site.clock.now()
        async with site.db.acquire() as tx, tx.transaction():
            due = await mails.due(tx, now, ENDED_AT_ONCE)
            await mails.end(tx, due, now, is_revoked=False)
        dealt_with += len(due)
        if len(due) < ENDED_AT_ONCE:
            break
    while count := await mails.delete_forgotten(site.db, ENDED_AT_ONCE):
        dealt_with += count
    return dealt_with


async def _claim_sender(site: Site, tx: Transaction, user: User, count: int) -> None:
    """Lock the account, as it is now, and count what it sends."""
    now_there = await users.claim(tx, user.id)
    if now_there is None:
        raise errors.AUTHENTICATION_FAILED()
    if now_there.is_banned:
        raise errors.ACCOUNT_BANNED()
    now = site.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    if await limits.add_several(tx, "mails", str(user.id), hour, count) > RECIPIENTS_AN_HOUR:
        raise throttle.refusal(hour + timedelta(hours=1), now, TOO_MANY)


async def _claim_readers(site: Site, tx: Transaction, recipients: Sequence[str]) -> dict[str, User]:
    """Those with an inbox that they can read, by address, locked against deletion.

    Raises TRANSFER_INVALID where nobody else is shown anything.
    """
    accounts = await users.claim_by_verified_emails(tx, recipients)
    readers = {to: account for to, account in accounts.items() if not account.is_banned}
    if site.settings.anonymous_pushes == "off" and set(recipients) - readers.keys():
        raise transferfiles.invalid("recipients", mailfields.RECIPIENTS_STRANGE)
    return readers


async def _send_one(tx: Transaction, sending: _Sending, to: str, account: User | None) -> UUID:
    site, wanted = sending.site, sending.wanted
    now = site.clock.now()
    made = Mail(
        id=ids.new_key(),
        identifier=ids.new_text(IDENTIFIER_LENGTH),
        sender_id=sending.sender.id,
        # An address that nobody has verified may be somebody else's.
        sender=Party(sending.sender.name, sending.sender.email if sending.sender.email_verified else ""),
        recipient_id=account.id if account else None,
        recipient=Party("", to),
        subject=wanted.subject,
        body_sealed=site.keyring.seal(BODY_PURPOSE, wanted.body.encode()),
        passphrase_hash=sending.passphrase_hash if account else None,
        has_passphrase=bool(wanted.passphrase),
        created_at=now,
        sent_at=None,
        status="queued",
        expires_at=now + timedelta(days=wanted.days),
        opened_at=None,
        is_unread=True,
        ended_at=None,
        is_revoked=False,
        max_downloads=wanted.max_downloads,
        downloads=0,
        download_id=None,
        push_id=None if account else await _push(tx, sending),
        push_token=None,
        link_id=None if account else ids.new_key(),
    )
    letter_id = await _letter(tx, sending, made)
    file_ids = [file.id for file in wanted.files]
    await mails.insert(tx, made, letter_id, file_ids, is_letter_failed=letter_id is None)
    return made.id


async def _push(tx: Transaction, sending: _Sending) -> int:
    """The ID of a push with the message."""
    site, wanted = sending.site, sending.wanted
    new = NewPush(
        kind="file" if wanted.files else "text",
        payload=wanted.body,
        passphrase=wanted.passphrase,
        name=wanted.subject,
        days=wanted.days,
        views=PUSH_VIEWS,
        is_deletable_by_viewer=False,
    )
    pushed = await pushes.insert(tx, pushes.sealed_push(site, sending.sender, pushes.draft(), new), sending.visit)
    file_ids = [file.id for file in wanted.files]
    await file_rows.give_to_push(tx, pushed.id, file_ids, wanted.max_downloads)
    return pushed.id


async def _letter(tx: Transaction, sending: _Sending, made: Mail) -> UUID | None:
    """The ID of the letter that tells the recipient; None where that address has had its letters of this hour."""
    site, to = sending.site, made.recipient.email
    if not await ratelimit.note_transfer(site, tx, to):
        return None
    return await mail.queue(
        tx,
        site,
        to,
        "transfer",
        here=urlsplit(sending.here).hostname or sending.here,
        sender=made.sender.name,
        address=made.sender.email,
        subject=made.subject,
        file_count=len(sending.wanted.files),
        has_account=made.link_id is None,
        has_passphrase=made.has_passphrase,
        link=link_of(sending.here, made),
        day=f"{made.expires_at:%d %B %Y, %H:%M} UTC",
    )


def link_of(here: str, found: Mail) -> str:
    """Where the recipient reads it."""
    return f"{here}/m/{found.link_id}" if found.link_id is not None else f"{here}/user/inbox/{found.id}"


async def _end(site: Site, tx: Transaction, visit: Visit, found: Mail) -> None:
    """Revoke it. The caller has locked its push."""
    now = site.clock.now()
    if found.push_id is not None:
        ended = await push_rows.expire(tx, [found.push_id], now, is_deleted=True)
        await pushevents.add_ends(tx, [one.id for one in ended], "expire", visit, now)
    await mails.end(tx, [found.id], now, is_revoked=True)


async def _rewrite(site: Site, tx: Transaction, found: Mail, wanted: Edit, push: Push | None) -> None:
    now = site.clock.now()
    subject = found.subject if wanted.subject is UNSET else wanted.subject
    body = None if wanted.body is UNSET else wanted.body
    days = None if wanted.days is UNSET else wanted.days
    expires_at = found.expires_at if days is None else now + timedelta(days=days)
    sealed = found.body_sealed if body is None else site.keyring.seal(BODY_PURPOSE, body.encode())
    await mails.change(tx, replace(found, subject=subject, body_sealed=sealed, expires_at=expires_at))
    key = pushsecrets.key_of(site, push) if push is not None else None
    if push is None or key is None:
        return
    changed = replace(push, name=subject, updated_at=now, expires_at=expires_at)
    if days is not None:
        changed = replace(changed, expire_after_days=days)
    if body is not None:
        changed = replace(changed, payload_sealed=key.seal("payload", body))
    await push_rows.change(tx, changed)
