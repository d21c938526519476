"""What was wrong with a form of transfers, in words for whoever filled it in: those of core are for programs."""

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import categories, inbox, mailfields, mails, pins, transferfiles
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import languages
from pixelhost.web.account import problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark

FIELDS: Final[Mapping[str, str]] = {"user_out_of_space": "files", "file_too_large": "files"}
NAMED: Final[Mapping[str, str]] = {"file": "files", "expires_in_days": ""}
"""Fields of core by their names in forms; empty for what is about the message itself."""

NEEDED: Final = mark("This is needed.")
NO_ADDRESS: Final = mark("“%(address)s” is not an e-mail address.")
NO_FILE: Final = mark("One of the files is in the trash, or isn't there any more. Look at those that are chosen now.")
TOO_MANY_FILES: Final = mark("At most 100 files go together.")

SAID: Final[Mapping[str, str]] = {
    mailfields.RECIPIENTS_REQUIRED: mark("Write at least one address."),
    mailfields.RECIPIENTS_TOO_MANY: mark("At most 50 people are written to at once."),
    mailfields.RECIPIENTS_STRANGE: mark(
        "On this server, messages go only to those who have an account here with a confirmed address."
    ),
    mailfields.SUBJECT_REQUIRED: NEEDED,
    mailfields.SUBJECT_ODD: mark("Write one line, without control characters."),
    mailfields.BODY_REQUIRED: mark("Write something, or add a file."),
    mailfields.BLANKS_ONLY: mark("Write something else than blanks, or leave it empty."),
    mailfields.FILES_GONE: NO_FILE,
    mailfields.FILES_TOO_MANY: TOO_MANY_FILES,
    mailfields.ENDED: mark("The message has ended: nothing of it can be changed."),
    mails.TOO_MANY: mark("At most 500 messages an hour can be sent. Try again later."),
    inbox.REQUIRED: NEEDED,
    inbox.INVALID: mark("This is not the passphrase. After five attempts within a minute, you have to wait."),
    inbox.TOO_MANY: mark("Too many passphrases were tried. Try again in a minute."),
    pins.REQUIRED: NEEDED,
    pins.INVALID: mark("This is not your PIN. After ten wrong ones, you have to wait until the next hour."),
    pins.TOO_MANY: mark("Too many wrong PINs. Try again in an hour."),
    transferfiles.NAME_REQUIRED.format(field="filename"): NEEDED,
    transferfiles.NAME_REQUIRED.format(field="file"): mark("One of the files has no name."),
    transferfiles.NAME_TOO_LONG.format(field="filename"): mark("A name has at most 255 characters, with its ending."),
    transferfiles.NAME_TOO_LONG.format(field="file"): mark(
        "The name of one of the files has more than 255 characters."
    ),
    transferfiles.NAME_ODD.format(field="filename"): mark(
        "The name has a character that is not allowed, like a slash."
    ),
    transferfiles.NAME_ODD.format(field="file"): mark(
        "The name of one of the files has a character that is not allowed."
    ),
    transferfiles.TOO_MANY: TOO_MANY_FILES,
    transferfiles.NO_SUCH_CATEGORY: mark("This category isn't there any more."),
    categories.NAME_TAKEN: mark("There is a category with this name already."),
    categories.TOO_MANY: mark("There are at most 1,000 categories."),
}
"""By what core says. What isn't here is shown in its own words."""


def of(request: web.Request, error: ApiError | ApiErrors, recipients: Sequence[str] = ()) -> Problems:
    """`recipients` are those that `recipients.0` and so on are about."""
    told = error.errors if isinstance(error, ApiErrors) else [error]
    reworded = [_reworded(request, one, recipients) for one in told]
    return problems.of(request, ApiErrors(reworded) if len(reworded) > 1 else reworded[0], FIELDS)


def _reworded(request: web.Request, error: ApiError, recipients: Sequence[str]) -> ApiError:
    if error.kind is not errors.TRANSFER_INVALID:
        if error.message not in SAID:
            return error
        reworded = error.kind(message=SAID[error.message], **error.extra)
        reworded.headers = error.headers
        return reworded
    name, _, place = str(error.extra["field"]).partition(".")
    message = SAID.get(error.message, error.message)
    if name == "recipients" and place:
        say = languages.of(request).translations.gettext
        message = say(NO_ADDRESS) % {"address": recipients[int(place)]}
    elif name == "files" and place:
        message = NO_FILE
    return errors.TRANSFER_INVALID(field=NAMED.get(name, name), message=message)
