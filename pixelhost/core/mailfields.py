"""What a message may be: its fields, their limits, and everything that is wrong with them at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core import mail, transferfiles
from pixelhost.core.callers import Caller
from pixelhost.core.transferfiles import invalid
from pixelhost.errors import ApiError
from pixelhost.model.transfers import TransferFile
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

DAYS: Final = range(1, 91)
DAYS_DEFAULT: Final = 30
SUBJECT_MAX: Final = 255
BODY_MAX: Final = 65_536
PASSPHRASE_MAX: Final = 1_000
DOWNLOADS_MAX: Final = 1_000_000
RECIPIENTS_MAX: Final = 50
FILES_MAX: Final = 100

RECIPIENTS_REQUIRED: Final = "The recipients field is required."
RECIPIENTS_TOO_MANY: Final = f"The recipients must not have more than {RECIPIENTS_MAX} items."
RECIPIENTS_STRANGE: Final = "This server shows messages to those who have an account only."
SUBJECT_REQUIRED: Final = "The subject field is required."
SUBJECT_ODD: Final = "The subject must be one line of printable characters."
BODY_REQUIRED: Final = "The body field is required when there are no files."
BLANKS_ONLY: Final = "The passphrase must have other characters than blanks."
FILES_TOO_MANY: Final = f"The files must not have more than {FILES_MAX} items."
FILES_GONE: Final = "The selected files are invalid."
ENDED: Final = "The message has ended."
REVOKED_WITH_MORE: Final = "A message is revoked without other changes."
"""What is said of mistakes; pages word them otherwise."""


@dataclass(frozen=True)
class NewMail:
    """As it was sent, before anything is known to be right."""

    recipients: Sequence[str]
    subject: str | None
    body: str
    file_ids: Sequence[UUID]
    days: int
    max_downloads: int | None
    passphrase: str


@dataclass(frozen=True)
class Checked:
    """`recipients` are addresses, each once."""

    recipients: Sequence[str]
    subject: str
    body: str
    files: Sequence[TransferFile]
    days: int
    max_downloads: int | None
    passphrase: str


@dataclass(frozen=True)
class Edit:
    """Only what is sent is changed. `days` count from now."""

    subject: str | Unset = UNSET
    body: str | Unset = UNSET
    days: int | Unset = UNSET
    is_revoked: bool | Unset = UNSET


@dataclass(frozen=True)
class State:
    """What decides about a message that is there whether it can be changed."""

    is_over: bool
    is_opened: bool
    has_files: bool


async def checked(site: Site, caller: Caller, wanted: NewMail, problems: Sequence[ApiError]) -> Checked:
    """Raises `problems`, and TRANSFER_INVALID for each mistake."""
    files = await transferfiles.some(site, caller, wanted.file_ids[:FILES_MAX])
    mistakes = [*problems, *_recipient_problems(wanted.recipients), *file_problems(wanted.file_ids, files)]
    told = {problem.extra.get("field") for problem in problems}
    if "subject" not in told:
        mistakes += _subject_problems(wanted.subject or "")
    if not told & {"body", "files"}:
        mistakes += _body_problems(wanted.body, has_files=bool(wanted.file_ids))
    if wanted.passphrase and not wanted.passphrase.strip():
        mistakes.append(invalid("passphrase", BLANKS_ONLY))
    errors.raise_all(_without_doubles(mistakes))
    by_address = {address.lower(): address for address in reversed(wanted.recipients)}
    recipients = [one for one in dict.fromkeys(wanted.recipients) if by_address[one.lower()] == one]
    return Checked(
        recipients,
        wanted.subject or "",
        wanted.body,
        files,
        wanted.days,
        wanted.max_downloads,
        wanted.passphrase,
    )


def edit_problems(wanted: Edit, found: State) -> Iterator[ApiError]:
    """What can't be changed of a message as it is, or not like this: nothing that is asked for is passed over."""
    if wanted.is_revoked is True and {wanted.subject, wanted.body, wanted.days} != {UNSET}:
        yield invalid("revoked", REVOKED_WITH_MORE)
    if wanted.is_revoked is False and found.is_over:
        yield invalid("revoked", ENDED)
    for field, value in (("subject", wanted.subject), ("body", wanted.body), ("expires_in_days", wanted.days)):
        if value is UNSET:
            continue
        if found.is_over:
            yield invalid(field, ENDED)
        elif found.is_opened and field != "expires_in_days":
            yield invalid(field, "The message has been opened already.")
    if wanted.subject is not UNSET:
        yield from _subject_problems(wanted.subject)
    if wanted.body is not UNSET:
        yield from _body_problems(wanted.body, has_files=found.has_files)


def _subject_problems(subject: str) -> Iterator[ApiError]:
    if not subject.strip():
        yield invalid("subject", SUBJECT_REQUIRED)
    elif not subject.isprintable():
        yield invalid("subject", SUBJECT_ODD)


def _body_problems(body: str, *, has_files: bool) -> Iterator[ApiError]:
    if not body.strip() and not has_files:
        yield invalid("body", BODY_REQUIRED)


def _recipient_problems(recipients: Sequence[str]) -> Iterator[ApiError]:
    if not recipients:
        yield invalid("recipients", RECIPIENTS_REQUIRED)
    if len(recipients) > RECIPIENTS_MAX:
        yield invalid("recipients", RECIPIENTS_TOO_MANY)
        return
    for place, address in enumerate(recipients):
        try:
            mail.address(address)
        except ApiError:
            field = f"recipients.{place}"
            yield invalid(field, f"The {field} must be a valid email address.")


def file_problems(file_ids: Sequence[UUID], found: Sequence[TransferFile]) -> Iterator[ApiError]:
    """`found` are those of them that there are."""
    if len(file_ids) > FILES_MAX:
        yield invalid("files", FILES_TOO_MANY)
        return
    usable = {file.id for file in found if not file.is_trashed}
    for place, file_id in enumerate(file_ids):
        if file_id not in usable:
            yield invalid(f"files.{place}", f"The selected files.{place} is invalid.")
        elif file_id in file_ids[:place]:
            yield invalid(f"files.{place}", f"The files.{place} field has a duplicate value.")


def _without_doubles(problems: Sequence[ApiError]) -> list[ApiError]:
    """Of those of a field, where it wasn't understood, only that: `recipients` isn't missing then."""
    seen: dict[str, ApiError] = {}
    return [one for one in problems if seen.setdefault(one.extra.get("field", ""), one) is one]
