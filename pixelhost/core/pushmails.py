"""Mailing the link of a push, for its owner, to those that it is for. Only where mail goes to a server.

What became of the letters is read from the outbox, which forgets them after a month: before that the event in the
push's log keeps it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from pixelhost import errors
from pixelhost.core import mail, pushes, throttle
from pixelhost.core.callers import Caller
from pixelhost.core.pushnotices import KINDS
from pixelhost.db import pushevents, pushmails
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, PushEvent, Visit
from pixelhost.site import Site

RECIPIENTS_MAX: Final = 5
CALLS_A_MINUTE: Final = 5
MOMENT: Final = "%d %B %Y, %H:%M UTC"
BATCH: Final = 500
LOCALE: Final = re.compile(r"[a-z]{2}(?:-[A-Za-z]{2,4})?", re.ASCII)

TO: Final = "notify_emails_to"
TO_LOCALE: Final = "notify_emails_to_locale"


@dataclass(frozen=True)
class Mailing:
    """`to` is as it was sent, with commas between addresses; `locale` is that of the page that the link opens."""

    to: str
    locale: str = ""

    @property
    def recipients(self) -> list[str]:
        return [address.strip() for address in self.to.split(",")]


def is_available(site: Site) -> bool:
    return bool(site.settings.smtp_url)


def check(site: Site, caller: Caller, mailing: Mailing, *, is_end_to_end: bool) -> User:
    """Whose mail it would be. Raises PUSH_INVALID, or several of it."""
    if not is_available(site):
        raise _invalid(TO, "are not available")
    if caller.account is None:
        raise _invalid(TO, "are for those with an account")
    if is_end_to_end:
        raise _invalid(TO, "would get a link without its key, which this server has never had")
    errors.raise_all(_problems(mailing))
    return caller.account


async def refuse_busy(site: Site, user: User) -> None:
    """Count a mailing. Raises IP_RATE_LIMIT_REACHED."""
    await throttle.refuse_busy_account(site, "push mails", user.id, CALLS_A_MINUTE)


async def send(site: Site, caller: Caller, visit: Visit, push: Push, mailing: Mailing, base_url: str) -> None:
    """Queue a letter to each recipient, and log it. Raises as `check`, PUSH_INVALID for a push that has expired."""
    sender = check(site, caller, mailing, is_end_to_end=push.is_end_to_end)
    if pushes.is_over(site, push):
        raise _invalid(TO, "would get a link to a secret that has expired")
    async with site.db.acquire() as tx, tx.transaction():
        letters = [
            await mail.queue(
                tx,
                site,
                recipient,
                "push_sent",
                here=urlsplit(base_url).hostname or base_url,
                sender=sender.name,
                what=KINDS[push.kind],
                link=link(push, base_url, mailing.locale),
                until=push.expires_at.astimezone(UTC).strftime(MOMENT),
                views=push.expire_after_views,
                has_passphrase=push.passphrase_sealed is not None,
            )
            for recipient in mailing.recipients
        ]
        detail = {
            "recipients": ", ".join(mailing.recipients),
            "locale": mailing.locale,
            "letters": " ".join(str(letter) for letter in letters),
            "status": "queued",
        }
        now = site.clock.now()
        if not await pushevents.add(tx, push.id, "creation_email_send", visit, now, detail=detail):
            raise _invalid(TO, "can't be logged any more: the log of this push is full")
        await pushmails.set_open(tx, push.id)


async def send_of(site: Site, caller: Caller, visit: Visit, token: str, mailing: Mailing, base_url: str) -> None:
    """The same for a push that is there. Raises as `pushes.own`, NOT_FOUND where no mail goes out, as `send`,
    IP_RATE_LIMIT_REACHED.
    """
    if not is_available(site):
        raise errors.NOT_FOUND()
    push = await pushes.own(site, caller, token)
    await refuse_busy(site, check(site, caller, mailing, is_end_to_end=push.is_end_to_end))
    await send(site, caller, visit, push, mailing, base_url)


def link(push: Push, base_url: str, locale: str) -> str:
    step = "/r" if push.has_retrieval_step else ""
    return f"{base_url}/p/{push.token}{step}" + (f"?locale={quote(locale)}" if locale else "")


async def with_outcomes(site: Site, events: Sequence[PushEvent]) -> list[PushEvent]:
    """Events whose mailings tell what has become of them by now."""
    letters = [letter for event in events for letter in _letters(event.detail)]
    states = await pushmails.states(site.db, letters) if letters else {}
    return [
        replace(event, detail=_told(_outcome(event.detail, states))) if "letters" in event.detail else event
        for event in events
    ]


async def note_outcomes(site: Site) -> int:
    """Keep what has become of mailings all of whose letters were sent or given up; of how many."""
    noted = last_id = 0
    while found := await pushmails.open_after(site.db, last_id, BATCH):
        states = await pushmails.states(site.db, [letter for one in found for letter in _letters(one.detail)])
        for one in found:
            if all(letter not in states or states[letter].is_done for letter in _letters(one.detail)):
                kept = {**_outcome(one.detail, states), "letters": ""}
                await pushmails.set_outcome(site.db, one.event_id, kept)
                noted += 1
        last_id = found[-1].event_id
    return noted


def _told(detail: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in detail.items() if name != "letters"}


def _letters(detail: Mapping[str, str]) -> list[UUID]:
    return [UUID(text) for text in detail.get("letters", "").split()]


def _outcome(detail: Mapping[str, str], states: Mapping[UUID, pushmails.LetterState]) -> Mapping[str, str]:
    """With `status`: `queued` while a letter is on its way, `success`, or `failed` where one was given up."""
    found = [states[letter] for letter in _letters(detail) if letter in states]
    if not found:
        return detail
    failed = [one for one in found if one.is_done and one.sent_at is None]
    sent = [one for one in found if one.sent_at is not None]
    status = "queued" if not all(one.is_done for one in found) else "failed" if failed else "success"
    told = {"status": status, "successful_sends": ", ".join(one.recipient for one in sent)}
    if failed:
        told["error_message"] = "; ".join(f"{one.recipient}: {one.last_error}" for one in failed)
    if sent:
        latest = max(one.sent_at for one in sent if one.sent_at).astimezone(UTC)
        told["proceed_at"] = latest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**detail, **told}


def _problems(mailing: Mailing) -> list[ApiError]:
    found = _address_problems(mailing) if mailing.to.strip() else [_invalid(TO, "must be given")]
    if mailing.locale and not LOCALE.fullmatch(mailing.locale):
        found.append(_invalid(TO_LOCALE, "is no language, like en or pt-BR"))
    return found


def _address_problems(mailing: Mailing) -> list[ApiError]:
    recipients = mailing.recipients
    if "" in recipients:
        return [_invalid(TO, "have a comma too many")]
    found = []
    if len(recipients) > RECIPIENTS_MAX:
        found.append(_invalid(TO, f"are more than {RECIPIENTS_MAX} addresses"))
    if len({recipient.lower() for recipient in recipients}) < len(recipients):
        found.append(_invalid(TO, "name an address twice"))
    if not all(_is_address(recipient) for recipient in recipients):
        found.append(_invalid(TO, "hold something that is no e-mail address"))
    return found


def _is_address(text: str) -> bool:
    try:
        mail.address(text)
    except ApiError:
        return False
    return True


def _invalid(field: str, message: str) -> ApiError:
    return errors.PUSH_INVALID(field=field, message=message)
