"""What a push may be: its fields, their limits, and what holds where one isn't sent.

The numbers are those of Password Pusher, whose clients rely on them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from pixelhost import errors
from pixelhost.errors import ApiError
from pixelhost.model.pushes import PushKind

DAYS: Final = range(1, 91)
DAYS_DEFAULT: Final = 7
VIEWS: Final = range(1, 101)
VIEWS_DEFAULT: Final = 5
TEXT_MAX: Final = 1 << 20
QR_MAX: Final = 1024
ENCRYPTED_MAX: Final = 6 << 20
"""Of a text that was encrypted before it came: four bytes a character, in base64."""
NAME_MAX: Final = 255
NOTE_MAX: Final = 10_000
PASSPHRASE_MAX: Final = 1_000
FILES_MAX: Final = 10
FILE_NAME_MAX: Final = 255 * 12
"""Of characters when it is percent-encoded, as in a link: 255 of any, 3,060 of base64."""

DURATIONS: Final = (
    *(timedelta(minutes=minutes) for minutes in (15, 30, 45)),
    *(timedelta(hours=hours) for hours in (1, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 3, 4, 5, 6, 7, 14, 21, 30, 60, 90)),
)
"""What `expire_after_duration` 0 to 17 stand for."""


@dataclass(frozen=True)
class NewPush:
    """`lifetime`, where there is one, counts instead of `days`. `is_deletable_by_viewer` is None for URLs."""

    kind: PushKind
    payload: str = ""
    passphrase: str = ""
    name: str = ""
    note: str = ""
    days: int = DAYS_DEFAULT
    views: int = VIEWS_DEFAULT
    lifetime: timedelta | None = None
    is_deletable_by_viewer: bool | None = True
    has_retrieval_step: bool = True
    is_end_to_end: bool = False
    mails_on_view: bool = False
    mails_on_expiry: bool = False

    @property
    def expires_after(self) -> timedelta:
        return self.lifetime or timedelta(days=self.days)

    @property
    def expires_after_days(self) -> int:
        """As clients are told, which count in days: a part of one is one."""
        return -(-self.expires_after // timedelta(days=1))


def problems(wanted: NewPush, file_count: int) -> list[ApiError]:
    """What is wrong with it: PUSH_INVALID, a field each."""
    found = [_payload_problem(wanted)]
    for field, text, longest in (
        ("name", wanted.name, NAME_MAX),
        ("note", wanted.note, NOTE_MAX),
        ("passphrase", wanted.passphrase, PASSPHRASE_MAX),
    ):
        if len(text) > longest:
            found.append(_invalid(field, f"The {field} may have at most {longest} characters."))
        elif "\0" in text:
            found.append(_invalid(field, f"The {field} may not have NUL characters in it."))
    if file_count > FILES_MAX:
        found.append(too_many_files())
    if file_count and wanted.kind != "file":
        found.append(_invalid("files", "Only a push of files takes files."))
    return [problem for problem in found if problem is not None]


def too_many_files() -> ApiError:
    return _invalid("files", f"A push may have at most {FILES_MAX} files.")


def refuse_long_name(file_name: str) -> None:
    """Raises PUSH_INVALID: the name is a part of the link to the file."""
    if len(quote(file_name, safe="")) > FILE_NAME_MAX:
        raise _invalid("files", "The name of a file may have at most 255 characters.")


def _payload_problem(wanted: NewPush) -> ApiError | None:
    payload = wanted.payload
    longest = ENCRYPTED_MAX if wanted.is_end_to_end else QR_MAX if wanted.kind == "qr" else TEXT_MAX
    if wanted.kind != "file" and not payload.strip():
        return _invalid("payload", "There is nothing to push: the payload is empty.")
    if len(payload) > longest:
        return _invalid("payload", f"The payload may have at most {longest} characters.")
    if wanted.kind == "url" and not wanted.is_end_to_end and not is_web_address(payload):
        return _invalid("payload", "The payload must be an HTTP or HTTPS URL.")
    return None


def is_web_address(text: str) -> bool:
    """Whether it is a URL of http or https with a host, without spaces and control characters."""
    if any(char.isspace() or not char.isprintable() for char in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _invalid(field: str, message: str) -> ApiError:
    return errors.PUSH_INVALID(field=field, message=message)
