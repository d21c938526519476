"""The manual of Privasfer's API: a chapter a module."""

from typing import Any, Final

from pixelhost import errors
from pixelhost.errors import ErrorKind
from pixelhost.privasfer import envelope
from pixelhost.privasfer.manual import files, keys, messages
from pixelhost.wire.manual import Manual

REFUSAL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "description": "What went wrong, in words."},
        "errors": {
            "type": "object",
            "description": "With status 422: what is wrong by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
ALIASES: Final = {
    "GET /messages": "as GET /inbox, with folder=sent as GET /mails",
    "POST /messages": "as POST /mails",
    "GET /messages/{id}": "as GET /inbox/{id}, or GET /mails/{id}",
    "PATCH /messages/{id}": "as PATCH /inbox/{id}, or PATCH /mails/{id}",
    "DELETE /messages/{id}": "as DELETE /inbox/{id}, or DELETE /mails/{id}",
}
CHAPTERS: Final = (files.CHAPTER, messages.CHAPTER, keys.CHAPTER)
PATHS: Final = dict.fromkeys(
    [one.path for chapter in CHAPTERS for one in chapter.operations] + [route.partition(" ")[2] for route in ALIASES]
)


def _status(kind: ErrorKind) -> int:
    if kind is errors.JSON_BODY_PARSE_FAILED:
        return 400
    is_about_field = kind in envelope.ABOUT_FILES or "field" in kind.extra
    return 422 if is_about_field and kind.status in envelope.NOT_ACCEPTED else kind.status


MANUAL: Final = Manual(
    CHAPTERS,
    unlisted=ALIASES | {f"OPTIONS {path}": "what pages of other sites may send" for path in PATHS},
    refusal=REFUSAL,
    status_of=_status,
)
