"""The nouns of the product: what passes between the database, the product's rules and the dialects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal
from uuid import UUID


class Unset(Enum):
    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Not sent, which differs from sent empty."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms an account's files are shown and sent, as it has set them. `branding` is by the API's names."""

    hotlinking_enabled: bool = True
    transfer_cap_bytes: int = 0
    """A month; 0 is that of the plan."""
    skip_file_viewer: bool = False
    embed_domains: str = ""
    """With spaces between them."""
    branding: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaidTransfer:
    """Of an account, in the latest month that had any, which is named by its first day in UTC."""

    month: date | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    name: str
    email: str
    email_verified: bool
    is_admin: bool
    plan_id: str
    is_banned: bool
    file_count: int
    storage_used_bytes: int
    node_count: int
    filesystem_used_bytes: int
    created_at: datetime
    terms: Terms = Terms()
    balance_micro_eur: int = 0


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an account is asked or tells seldom."""

    otp_enabled: bool
    affiliate_user_name: str
    checkout_country: str
    checkout_name: str
    checkout_provider: str


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account with what only administrators see. `goes_at` is None unless its end is planned."""

    user: User
    otp_enabled: bool
    banned_at: datetime | None
    ban_reason: str
    goes_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class AddressBan:
    """`network` may be a single address, then without a length. It holds for ever where `expires_at` is None."""

    network: str
    reason: str
    banned_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a background job. `failure` is empty when it went well."""

    name: str
    begun_at: datetime
    ended_at: datetime
    dealt_with: int
    failure: str


@dataclass(frozen=True, slots=True)
class Session:
    """A login or an API key. `key` is the clear key where it is at hand, else None: of a token it never is."""

    id: UUID
    user_id: UUID
    app_name: str
    user_agent: str
    created_ip: str
    created_at: datetime
    last_used_at: datetime
    is_token: bool = False
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes by their SHA-256 (32 raw bytes). `location` is the store's own name for where they lie.

    `virus_name` is not empty where a scanner has found malware in them.
    """

    digest: bytes
    size_bytes: int
    crc32: int
    location: str
    virus_name: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file with the facts about its owner that reading it depends on."""

    id: str
    name: str
    mime_type: str
    blob: Blob
    owner_id: UUID
    owner_plan_id: str
    uploaded_at: datetime
    kept_at: datetime
    last_viewed_at: datetime
    views: int = 0
    downloads: int = 0
    bandwidth_bytes: int = 0
    bandwidth_paid_bytes: int = 0
    delete_after_date: datetime | None = None
    delete_after_downloads: int = 0
    abuse_type: str = ""
    abuse_reporter: str = ""
    owner_terms: Terms = Terms()
    owner_transfer: PaidTransfer = PaidTransfer()

    @property
    def size_bytes(self) -> int:
        return self.blob.size_bytes

    @property
    def virus_name(self) -> str:
        return self.blob.virus_name


@dataclass(frozen=True, slots=True)
class ListedFile:
    file: File
    description: str


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list without its files."""

    id: str
    title: str
    owner_id: UUID | None
    created_at: datetime
    file_count: int


@dataclass(frozen=True, slots=True)
class FileList:
    id: str
    title: str
    owner_id: UUID | None
    created_at: datetime
    files: tuple[ListedFile, ...]

    @property
    def summary(self) -> ListSummary:
        return ListSummary(self.id, self.title, self.owner_id, self.created_at, len(self.files))


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed from an account without its doing.

    `file_id` of a node is its number, `file_name` its path below the root.
    """

    happened_at: datetime
    event: Literal[
        "file_instance_expired",
        "file_instance_blocked",
        "file_instance_lost",
        "filesystem_node_blocked",
        "filesystem_node_lost",
    ]
    file_id: str
    file_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Takedown:
    """Of a content, by its SHA-256, or of a directory, by its number. `made_by` is empty where that account is gone."""

    id: int
    digest: bytes | None
    node_id: int | None
    type: str
    reporter: str
    note: str
    made_at: datetime
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file, or a node, of an account. `file_id` of a node is its number, `name` its path below the root."""

    is_node: bool
    file_id: str
    name: str
    owner_id: UUID
    owner_name: str


@dataclass(frozen=True, slots=True)
class AbuseReport:
    """What somebody said about a file. `reporter` is an account's name, or empty."""

    type: str
    description: str
    ip: str
    reporter: str
    reported_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class AbuseReporter:
    """`types` are those that it takes down by itself, with a key of the account `user`; both may be empty."""

    id: int
    name: str
    email: str
    user_id: UUID | None
    user: str
    types: Sequence[str]
    created_at: datetime
    last_used_at: datetime | None
    takedowns: int = 0


@dataclass(frozen=True, slots=True)
class Appeal:
    """What the owner of something says against its takedown. `rejected_at` is None while nobody has decided."""

    id: int
    takedown: Takedown
    user_id: UUID
    user: str
    text: str
    made_at: datetime
    rejected_at: datetime | None
    answer: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do with a node and everything below it."""

    owner: bool = False
    read: bool = False
    write: bool = False
    delete: bool = False

    def __or__(self, other: "Rights") -> "Rights":
        return Rights(
            self.owner or other.owner, self.read or other.read, self.write or other.write, self.delete or other.delete
        )


@dataclass(frozen=True, slots=True)
class Permissions:
    """Of a shared node: for whoever has its link, for accounts by their ID, for passwords (sealed)."""

    link: Rights = Rights(read=True)
    users: Mapping[UUID, Rights] = field(default_factory=dict)
    passwords: Mapping[bytes, Rights] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A file or, without a blob, a directory. The root of a filesystem has no parent and an empty name."""

    id: int
    owner_id: UUID
    owner_plan_id: str
    parent_id: int | None
    name: str
    blob: Blob | None
    mime_type: str
    mode: int
    created_at: datetime
    modified_at: datetime
    created_by: UUID | None
    created_by_name: str = ""
    child_count: int = 0
    share_id: str | None = None
    permissions: Permissions = Permissions()
    properties: Mapping[str, str] = field(default_factory=dict)
    logging_enabled_at: datetime | None = None
    log_read_at: datetime | None = None
    abuse_type: str = ""
    abuse_reported_at: datetime | None = None
    custom_domain_name: str | None = None
    downloads: int = 0
    bandwidth_bytes: int = 0
    bandwidth_paid_bytes: int = 0
    owner_terms: Terms = Terms()
    owner_transfer: PaidTransfer = PaidTransfer()

    @property
    def is_directory(self) -> bool:
        return self.blob is None

    @property
    def size_bytes(self) -> int:
        return self.blob.size_bytes if self.blob is not None else 0

    @property
    def virus_name(self) -> str:
        return self.blob.virus_name if self.blob is not None else ""


@dataclass(frozen=True, slots=True)
class Outline:
    """What it takes to list a node among thousands. `share_id`, `permissions`: None where it isn't shared itself."""

    id: int
    name: str
    is_directory: bool
    size_bytes: int
    mime_type: str
    modified_at: datetime
    share_id: str | None
    permissions: Permissions | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """Money on its way to an account, which may be gone. `payment_id` is the gateway's own name for the payment."""

    id: str
    user_id: UUID | None
    created_at: datetime
    amount_micro_eur: int
    vat_micro_eur: int
    country: str
    customer_name: str
    gateway: str
    network: str
    payment_id: str
    checkout_url: str
    status: str

    @property
    def total_cents(self) -> int:
        """What is to be paid, VAT included; a sum between two cents is rounded up."""
        return -(-(self.amount_micro_eur + self.vat_micro_eur) // 10_000)


@dataclass(frozen=True, slots=True)
class DayOfTransactions:
    """What changed a balance within a day of UTC, by kind; charges are negative. `time` is that of the last change."""

    time: datetime
    balance_micro_eur: int
    deposited_micro_eur: int
    subscription_micro_eur: int
    storage_micro_eur: int
    storage_bytes: int
    """The mean of the hours that were charged."""
    bandwidth_micro_eur: int
    bandwidth_bytes: int
    affiliate_micro_eur: int
    affiliate_count: int


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
