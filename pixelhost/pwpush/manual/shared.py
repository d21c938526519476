"""What both versions say."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from pixelhost import errors
from pixelhost.core import pushfields
from pixelhost.core.pushes import PASSPHRASES_A_MINUTE
from pixelhost.core.pushfields import DAYS, DAYS_DEFAULT, DURATIONS, VIEWS, VIEWS_DEFAULT
from pixelhost.wire.manual import ReadByName

TOKEN: Final = {"token": "The token of a push."}
PAGE_TEXT: Final = {"page": "From 1 to 200, fifty a page."}
GONE: Final = (errors.PUSH_EXPIRED,)
VIEWING: Final = (
    errors.PUSH_EXPIRED,
    errors.PUSH_PASSPHRASE_INCORRECT,
    errors.PUSH_PASSPHRASE_ATTEMPTS,
    errors.PREFETCHED,
)
MAKING: Final = (
    *(errors.PUSH_PARAMETER_MISSING, errors.PUSH_INVALID, errors.AUTHENTICATION_REQUIRED, errors.ACCOUNT_BANNED),
    *(errors.IP_BANNED, errors.USER_OUT_OF_SPACE, errors.FILE_TOO_LARGE, errors.WRITING),
)

PASSPHRASE: Final = {
    "passphrase": f"Of a push that has one. {PASSPHRASES_A_MINUTE} requests a minute with one are answered, for each "
    "push."
}
FIELDS: Final = {
    "payload": f"What is secret: up to {pushfields.TEXT_MAX:,} characters, of a `qr` {pushfields.QR_MAX:,}; of a "
    "`url` an address of http or https; beside files it may be empty.",
    "expire_after_days": f"{DAYS[0]} to {DAYS[-1]}; anything else is as if it weren't sent.",
    "expire_after_views": f"{VIEWS[0]} to {VIEWS[-1]}; anything else is as if it weren't sent. Whichever comes first "
    "ends the push.",
    "expire_after_duration": f"Instead of days, 0 to {len(DURATIONS) - 1}: 15, 30, 45 minutes; 1, 6, 12 hours; 1 to 7, "
    "14, 21, 30, 60, 90 days.",
    "deletable_by_viewer": "Whether anybody who has the link may end it. A `url` is ended by its owner only.",
    "retrieval_step": "Whether the link leads to a page with a button first, so that a program that follows links "
    "takes no view.",
    "passphrase": f"Without it nobody reads the push: up to {pushfields.PASSPHRASE_MAX:,} characters.",
    "name": f"For your lists: up to {pushfields.NAME_MAX} characters, the only text that is stored in the clear.",
    "note": f"For your own eyes: up to {pushfields.NOTE_MAX:,} characters.",
    "end_to_end": "That the payload and the files were encrypted before they came, as `/docs/end-to-end` says. The "
    "payload may be longer then, and isn't looked at.",
    "notify_on_view": "Whether you are mailed when somebody has taken a view.",
    "notify_on_expiry": "Whether you are mailed when the push has ended.",
}
KIND: Final = {"kind": "Else `file` where files are sent, or `text`."}


@dataclass(frozen=True)
class Page(ReadByName):
    page: int = 1


@dataclass(frozen=True)
class Passphrase(ReadByName):
    passphrase: str = ""


@dataclass(frozen=True)
class Fields(ReadByName):
    """Everything may be sent as text."""

    payload: str = ""
    expire_after_days: int = DAYS_DEFAULT
    expire_after_views: int = VIEWS_DEFAULT
    expire_after_duration: int | None = None
    deletable_by_viewer: bool = True
    retrieval_step: bool = True
    passphrase: str = ""
    name: str = ""
    note: str = ""
    end_to_end: bool = False
    notify_on_view: bool = False
    notify_on_expiry: bool = False


@dataclass(frozen=True)
class AnyKind(Fields):
    kind: Literal["text", "file", "url", "qr"] = "text"


HERE: Final = "https://files.example.com"
_TOKEN: Final = "m4x7q2k9w3z8v1t5bc"  # noqa: S105 - an example

PUSH: Final[dict[str, Any]] = {
    "url_token": _TOKEN,
    "kind": "text",
    "expire_after_days": 7,
    "expire_after_views": 5,
    "days_remaining": 7,
    "views_remaining": 5,
    "views_total": 0,
    "expired": False,
    "expired_on": None,
    "expires_on": None,
    "expires_at": "2026-02-07T12:00:00.000Z",
    "deleted": False,
    "deletable_by_viewer": True,
    "retrieval_step": True,
    "end_to_end": False,
    "passphrase": "",
    "created_at": "2026-01-31T12:00:00.000Z",
    "updated_at": "2026-01-31T12:00:00.000Z",
    "html_url": f"{HERE}/p/{_TOKEN}/r",
    "json_url": f"{HERE}/p/{_TOKEN}/r.json",
}
OWN: Final = PUSH | {"name": "", "note": "", "notify_on_view": False, "notify_on_expiry": False}
MADE: Final = OWN | {"files": []}
SHOWN: Final = PUSH | {"payload": "correct horse battery staple", "files": []}
ENDED: Final = PUSH | {
    "expired": True,
    "deleted": True,
    "passphrase": None,
    "expired_on": "2026-01-31T13:00:00.000Z",
    "expires_on": "2026-01-31T13:00:00.000Z",
}
EXPIRED: Final = OWN | ENDED
EVENT: Final = {
    "ip": "203.0.113.7",
    "user_agent": "curl/8.14.1",
    "referrer": "",
    "kind": "creation",
    "successful": True,
    "created_at": "2026-01-31T12:00:00.000Z",
    "updated_at": "2026-01-31T12:00:00.000Z",
}

MADE_TEXT: Final = "The push. Its `html_url` is what you pass on."
SHOWN_TEXT: Final = (
    "The push with its `payload` and `files`, whose links are good for five minutes and need no key. "
    "`views_remaining` is 0 with the last view. After its end, also 200: `expired` is true, `payload` and "
    "`passphrase` are null, and there are no files."
)
SHOWN_MORE: Final = (
    "Takes a view, which is claimed before anything is sent: of many readers at once no more get it than may. Your own "
    "looks, and those of administrators, don't count, nor do HEAD and what a browser fetches in advance."
)
EVENTS_TEXT: Final = (
    "Fifty rows a page, the oldest first. `kind` is `creation`, `view`, `owner_view`, `admin_view`, `failed_view`, "
    "`failed_passphrase`, `download`, `edit`, `expire`, `expiry` or `creation_email_send`."
)
LISTED_TEXT: Final = "An array of pushes of every kind, the newest first, without payloads."
