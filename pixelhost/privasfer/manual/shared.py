"""What several chapters say."""

from typing import Any, Final

PERSON: Final[dict[str, Any]] = {
    "name": "alice",
    "initials": "alice",
    "email": "alice@example.com",
    "photo_url": "",
    "timezone": "UTC",
}
FILE: Final[dict[str, Any]] = {
    "id": "fad2027a-ac89-4ef4-baab-95b2fb316cf1",
    "filename": "invoice",
    "type": "application/pdf",
    "extension": "pdf",
    "full_filename": "invoice.pdf",
    "size": 43389,
    "formatted_size": "42.37 KB",
    "encrypted_size": 43421,
    "formatted_encrypted_size": "42.40 KB",
    "created_by": PERSON,
    "created_at": "2026-05-08 00:18:03",
    "disk": "local",
    "trashed": False,
}
TERMS: Final[dict[str, Any]] = {
    "expires_at": "2026-06-07 00:18:03",
    "expired": False,
    "revoked": False,
    "has_passphrase": False,
    "max_downloads": 3,
    "downloads": 0,
}
MAIL: Final[dict[str, Any]] = {
    "id": "5f6f4b50-ddd0-46b9-b9f3-8a6ef3395aa3",
    "identifier": "awGj",
    "subject": "Invoice",
    "body": "Here it is",
    "sender": {"name": "alice", "email": "alice@example.com"},
    "recipient": PERSON | {"name": "", "initials": "", "email": "client@example.org"},
    "recipient_email": "client@example.org",
    "created_at": "2026-05-08 00:18:03",
    "sent_at": "2026-05-08 00:18:04",
    "status": "success",
    "opened_at": "",
    "url": "https://files.example.com/m/0b6f9b1c-63a5-4c7e-8f4e-0f1d8f4d2a77",
    **TERMS,
}
RECEIVED: Final[dict[str, Any]] = {
    "id": "5f6f4b50-ddd0-46b9-b9f3-8a6ef3395aa3",
    "identifier": "awGj",
    "subject": "Invoice",
    "body": "Here it is",
    "sender": {"name": "alice", "email": "alice@example.com"},
    "received_at": "2026-05-08 00:18:03",
    "opened": False,
    "locked": False,
    **TERMS,
}
CATEGORY: Final = {
    "id": "7c1d2f8e-31f7-4d0f-9e0b-5b2f1f7f8a10",
    "name": "Invoices",
    "created_at": "2026-05-08 00:18:03",
}

LISTED: Final = {
    "include": "What to show with each, with commas between.",
    "sort": "What to sort by, with commas between; a `-` in front is downwards.",
    "keyword": "What is searched for, in any case.",
    "page": "A page of the list, which then comes with `links` and `meta`; everything where it isn't sent.",
    "per_page": "How many a page has, 15 where only `page` is sent.",
}

GENERAL: Final = """\
Files are encrypted with a key each, which goes when they are deleted. They are sent by messages: to
accounts, in whose inbox they are, and to anybody else by a link. What is sent is JSON or a form, in which
the values of a list are named like `files[]` or `files[0]`; answers hold `data`, times are UTC. What is
wrong is told as `message`, and by field in `errors` with the status 422; the codes of this page are not
in these answers. Every answer tells in `X-RateLimit-Limit` and `X-RateLimit-Remaining` how many requests
your address has a minute and has left of them, and a 429 in `Retry-After` and `X-RateLimit-Reset` when
there are more; where it is about something else, like wrong PINs, its `message` says what there was too
much of."""
