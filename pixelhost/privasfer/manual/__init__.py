"""The manual of Privasfer's API: a chapter a module."""

from typing import Final

from pixelhost.privasfer.manual import files, keys, messages
from pixelhost.wire.manual import Manual

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

MANUAL: Final = Manual(
    CHAPTERS,
    unlisted=ALIASES | {f"OPTIONS {path}": "what pages of other sites may send" for path in PATHS},
    voice="messages",
)
