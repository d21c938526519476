"""Secure transfers: files with a key each, and messages that give them to others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pixelhost.model.files import Blob


@dataclass(frozen=True, slots=True)
class Category:
    """What somebody sorts transferred files by."""

    id: UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives, as far as the other side is told. `name` is empty where it isn't told."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class TransferFile:
    """A file to be sent to others; `blob` holds it sealed, `size_bytes` is that of what was uploaded."""

    id: UUID
    owner_id: UUID
    owner: Party
    category: Category | None
    name: str
    mime_type: str
    size_bytes: int
    key_sealed: bytes
    blob: Blob
    created_at: datetime
    is_trashed: bool


FileSort = Literal["name", "size_bytes", "sealed_bytes", "created_at"]

"""What transferred files are sorted by: by names without regard to case."""

Trashed = Literal["with", "without", "only"]

MailSort = Literal["subject", "recipient_email", "sender_email", "created_at", "sent_at"]

"""What messages are sorted by: by texts without regard to case."""

MailBox = Literal["sent", "inbox"]

MailStatus = Literal["queued", "success", "failed"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one recipient, whose name is empty: no sender is told whose an address is.

    `body_sealed` is None once it has ended. `push_token` and `link_id` are of the link that a recipient without an
    account is sent; such a message ends when its push does. `opened_at`, the first time, and `has_passphrase` tell of
    both; `is_unread` is of inboxes only, whose owners may mark what they have read as unread.
    """

    id: UUID
    identifier: str
    sender_id: UUID | None
    sender: Party
    recipient_id: UUID | None
    recipient: Party
    subject: str
    body_sealed: bytes | None
    passphrase_hash: str | None
    has_passphrase: bool
    created_at: datetime
    sent_at: datetime | None
    status: MailStatus
    expires_at: datetime
    opened_at: datetime | None
    is_unread: bool
    ended_at: datetime | None
    is_revoked: bool
    max_downloads: int | None
    downloads: int
    download_id: UUID | None
    push_id: int | None
    push_token: str | None
    link_id: UUID | None


@dataclass(frozen=True, slots=True)
class Download:
    """What keys are made for. `mail_id` is None for files of an account, once; then `expires_at` is not."""

    id: UUID
    mail_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
