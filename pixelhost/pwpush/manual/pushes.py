"""Pushes, in version 2 of Password Pusher's API."""

from dataclasses import dataclass

from pixelhost import __version__, errors
from pixelhost.pwpush.manual import mails
from pixelhost.pwpush.manual.shared import (
    ENDED,
    EVENT,
    EVENTS_TEXT,
    EXPIRED,
    FIELDS,
    GONE,
    HERE,
    KIND,
    LISTED_TEXT,
    MADE,
    MADE_TEXT,
    MAKING,
    OWN,
    PAGE_TEXT,
    PASSPHRASE,
    PUSH,
    SHOWN,
    SHOWN_MORE,
    SHOWN_TEXT,
    TOKEN,
    VIEWING,
    AnyKind,
    Page,
    Passphrase,
)
from pixelhost.wire.manual import BYTES, Chapter, Operation

FEATURES = {
    "anonymous_access": True,
    "api_token_authentication": True,
    "accounts": {"enabled": False},
    "pushes": {
        "enabled": True,
        "email_auto_dispatch": True,
        "file_attachments": {"enabled": True, "requires_authentication": True},
        "url_pushes": {"enabled": True},
        "qr_code_pushes": {"enabled": True},
        "end_to_end_encryption": {"enabled": True},
    },
    "requests": {"enabled": False},
}
PATH_OF_FILE = {
    "link": "What the file's `url` has here.",
    "name": "For people: any.",
}


@dataclass(frozen=True)
class Fields(AnyKind):
    notify_emails_to: str = ""
    notify_emails_to_locale: str = ""


CHAPTER = Chapter(
    "pushes",
    "Pushes",
    (
        Operation(
            "GET /v2/version",
            "What this server has",
            "Also with a key that isn't good.",
            who="anyone",
            returns="The versions, and which features there are.",
            answer={
                "application_version": __version__,
                "api_version": "2.1",
                "edition": "oss",
                "features": FEATURES,
            },
            curl="curl {here}/api/v2/version",
        ),
        Operation(
            "POST /v2/pushes",
            "Push a secret",
            "As JSON, URL-encoded, or as a multipart form, which alone can have files: they are sealed while they "
            "arrive. Files take a key, the rest doesn't.",
            who="anyone",
            envelope="push",
            json=(Fields,),
            explained=FIELDS | KIND | mails.EXPLAINED,
            files={"push[files][]": "Up to 10, of any size that your plan allows. Names of up to 255 characters."},
            status=201,
            returns=MADE_TEXT,
            answer=MADE,
            refuses=MAKING,
            curl="""curl -u :$KEY {here}/api/v2/pushes -H 'Content-Type: application/json' """
            """-d '{"push": {"payload": "correct horse battery staple", "expire_after_views": 1}}'""",
        ),
        Operation(
            "GET /v2/pushes/{token}",
            "Read a push",
            SHOWN_MORE,
            who="anyone",
            query=(Passphrase,),
            explained=TOKEN | PASSPHRASE,
            returns=SHOWN_TEXT,
            answer=SHOWN,
            refuses=VIEWING,
            curl="curl {here}/api/v2/pushes/$PUSH",
        ),
        Operation(
            "GET /p/{token}/files/{link}/{name}",
            "Download a file of a push",
            "The address is the `url` of one of the `files`. With byte ranges. Whoever begins is in the log of the "
            "push.",
            who="anyone",
            base="",
            explained=TOKEN | PATH_OF_FILE,
            media_type=BYTES,
            returns="The file.",
            refuses=(errors.PUSH_EXPIRED,),
            curl="""curl -O "$(curl {here}/api/v2/pushes/$SENT | sed -n 's/.*"url":"\\([^"]*\\)".*/\\1/p')\"""",
        ),
        Operation(
            "GET /v2/pushes/{token}/preview",
            "The link of a push",
            "Takes no view.",
            who="anyone",
            explained=TOKEN,
            returns="What to pass on.",
            answer={"url": f"{HERE}/p/{PUSH['url_token']}/r"},
            refuses=GONE,
            curl="curl {here}/api/v2/pushes/$PUSH/preview",
        ),
        Operation(
            "GET /v2/pushes/{token}/audit",
            "What happened to a push",
            query=(Page,),
            explained=TOKEN | PAGE_TEXT,
            returns=EVENTS_TEXT,
            answer={"logs": [EVENT]},
            refuses=(*GONE, errors.PUSH_NOT_YOURS, errors.PUSH_PAGE_INVALID),
            curl="curl -u :$KEY {here}/api/v2/pushes/$PUSH/audit",
        ),
        Operation(
            "DELETE /v2/pushes/{token}",
            "End a push",
            "What was secret is gone at once. Its owner may, and anybody where the push is `deletable_by_viewer`.",
            who="anyone",
            explained=TOKEN,
            returns="The push. One that had ended already stays as it was.",
            answer=ENDED,
            refuses=(*GONE, errors.PUSH_NOT_DELETABLE),
            curl="curl -X DELETE -u :$KEY {here}/api/v2/pushes/$PUSH",
        ),
        Operation(
            "GET /v2/pushes/active",
            "Your pushes",
            query=(Page,),
            explained=PAGE_TEXT,
            returns=LISTED_TEXT,
            answer=[OWN],
            refuses=(errors.PUSH_PAGE_INVALID,),
            curl="curl -u :$KEY {here}/api/v2/pushes/active",
        ),
        Operation(
            "GET /v2/pushes/expired",
            "Your pushes that have ended",
            query=(Page,),
            explained=PAGE_TEXT,
            returns=LISTED_TEXT,
            answer=[EXPIRED],
            refuses=(errors.PUSH_PAGE_INVALID,),
            curl="curl -u :$KEY {here}/api/v2/pushes/expired",
        ),
        mails.OPERATION,
    ),
    "Secrets that expire by views and by days: a text, files, a web address, or a QR code. This is Password Pusher's "
    "API, so its programs work here, with an API key as the token. Paths may end in `.json`. A refusal is "
    '`{"error": "..."}`; what is wrong with fields comes with 422, as `{"payload": ["..."]}`. A key that isn\'t good '
    "is "
    "refused also where none is needed. An address that asks too often is answered 429, with a `Retry-After`. Beyond "
    "the original there are `end_to_end`, `notify_on_view`, `notify_on_expiry`, durations, `size` and links of files, "
    "webhooks and request links.",
)
