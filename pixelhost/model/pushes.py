"""Secrets that expire, who asked for them, and who looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pixelhost.model.files import Blob

PushKind = Literal["text", "file", "url", "qr"]


@dataclass(frozen=True, slots=True)
class Push:
    """A secret that expires. What is sealed of it takes its key to open, which is gone once it has expired.

    `expire_after_views` counts those of others; `views` are those, and those that came too late.
    """

    id: int
    token: str
    owner_id: UUID | None
    kind: PushKind
    name: str
    note_sealed: bytes | None
    key_sealed: bytes | None
    payload_sealed: bytes | None
    passphrase_sealed: bytes | None
    is_end_to_end: bool
    is_deletable_by_viewer: bool | None
    has_retrieval_step: bool
    expire_after_days: int
    expire_after_views: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    views: int = 0
    events: int = 1
    used_up_at: datetime | None = None
    """When the last view of one with files was taken: they are there for a while after it."""
    expired_at: datetime | None = None
    is_deleted: bool = False
    mails_on_view: bool = False
    mails_on_expiry: bool = False
    request_id: int | None = None

    @property
    def is_expired(self) -> bool:
        return self.expired_at is not None


@dataclass(frozen=True, slots=True)
class PushFile:
    """`size_bytes` is that of what was pushed; `blob` holds it sealed. `id` is 0 before it is stored."""

    name_sealed: bytes
    mime_type: str
    size_bytes: int
    blob: Blob
    id: int = 0


PushEventKind = Literal[
    "creation",
    "view",
    "failed_view",
    "failed_passphrase",
    "owner_view",
    "admin_view",
    "download",
    "edit",
    "expire",
    "expiry",
    "creation_email_send",
]

"""`expire` is somebody's doing; `expiry` is that its time or its views ran out."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who did something to a push, and from where."""

    ip: str
    user_agent: str
    referrer: str


@dataclass(frozen=True, slots=True)
class PushEvent:
    kind: PushEventKind
    visit: Visit
    happened_at: datetime
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A link by which others send secrets to an account, until its time or its number of pushes is over."""

    id: int
    token: str
    owner_id: UUID
    name: str
    message: str
    push_days: int
    pushes_left: int
    created_at: datetime
    expires_at: datetime
    pushes_received: int = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told what happens to an account's pushes.

    `failing_since` is None while messages arrive, `disabled_at` unless nothing has for days. Of the message that was
    made last: when, when it arrived if it did, and what went wrong; None and empty where there is none.
    """

    id: UUID
    user_id: UUID
    url: str
    secret_sealed: bytes
    events: Sequence[str]
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    last_made_at: datetime | None = None
    last_arrived_at: datetime | None = None
    last_error: str = ""
