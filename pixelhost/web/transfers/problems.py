"""What was wrong with a form of transfers, in words for whoever filled it in: those of core are for programs."""

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from pixelhost import errors
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

SAID: Final[Mapping[str, str]] = {
    "The recipients field is required.": mark("Write at least one address."),
    "The recipients must not have more than 50 items.": mark("At most 50 people are written to at once."),
    "The subject field is required.": NEEDED,
    "The subject must be one line of printable characters.": mark("Write one line, without control characters."),
    "The body field is required when there are no files.": mark("Write something, or add a file."),
    "This server shows messages to those who have an account only.": mark(
        "On this server, messages go only to those who have an account here with a confirmed address."
    ),
    "The selected files are invalid.": NO_FILE,
    "The files must not have more than 100 items.": mark("At most 100 files go together."),
    "The message has ended.": mark("The message has ended: nothing of it can be changed."),
    "The passphrase field is required.": NEEDED,
    "Invalid passphrase.": mark("This is not the passphrase. After five attempts within a minute, you have to wait."),
    "Invalid PIN.": mark("This is not your PIN. After ten wrong ones, you have to wait until the next hour."),
    "The current pin field is required.": NEEDED,
    "Too many passphrases were tried. Try again in a minute": mark(
        "Too many passphrases were tried. Try again in a minute."
    ),
    "Too many wrong PINs. Try again in an hour": mark("Too many wrong PINs. Try again in an hour."),
    "At most 500 messages an hour can be sent": mark("At most 500 messages an hour can be sent. Try again later."),
    "This message was revoked by its sender.": mark("This message was revoked by its sender."),
    "This message has expired.": mark("This message has expired."),
    "The files of this message were downloaded as often as its sender allows.": mark(
        "The files of this message were downloaded as often as its sender allows."
    ),
    "The filename needs a name.": NEEDED,
    "The file needs a name.": mark("One of the files has no name."),
    "The name of the filename must not be greater than 255 characters.": mark(
        "A name has at most 255 characters, with its ending."
    ),
    "The name of the file must not be greater than 255 characters.": mark(
        "The name of one of the files has more than 255 characters."
    ),
    "The name of the filename has a character that is not allowed.": mark(
        "The name has a character that is not allowed, like a slash."
    ),
    "The name of the file has a character that is not allowed.": mark(
        "The name of one of the files has a character that is not allowed."
    ),
    "The name has already been taken.": mark("There is a category with this name already."),
    "There are at most 1000 categories.": mark("There are at most 1,000 categories."),
    "The selected category id is invalid.": mark("This category isn't there any more."),
}
"""By what core says. What isn't here is shown in its own words."""


def of(request: web.Request, error: ApiError | ApiErrors, recipients: Sequence[str] = ()) -> Problems:
    """`recipients` are those that `recipients.0` and so on are about."""
    told = error.errors if isinstance(error, ApiErrors) else [error]
    reworded = [_reworded(request, one, recipients) for one in told]
    return problems.of(request, ApiErrors(reworded) if len(reworded) > 1 else reworded[0], FIELDS)


def _reworded(request: web.Request, error: ApiError, recipients: Sequence[str]) -> ApiError:
    if error.kind is not errors.TRANSFER_INVALID:
        return error.kind(message=SAID[error.message], **error.extra) if error.message in SAID else error
    name, _, place = str(error.extra["field"]).partition(".")
    message = SAID.get(error.message, error.message)
    if name == "recipients" and place:
        say = languages.of(request).translations.gettext
        message = say(NO_ADDRESS) % {"address": recipients[int(place)]}
    elif name == "files" and place:
        message = NO_FILE
    return errors.TRANSFER_INVALID(field=NAMED.get(name, name), message=message)
