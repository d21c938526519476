"""The nouns of the product: what passes between the database, the product's rules and the dialects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID


class Unset(Enum):
    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Not sent, which differs from sent empty."""


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


@dataclass(frozen=True, slots=True)
class Session:
    """A login or an API key. `key` is the clear key where it is at hand, else None."""

    id: UUID
    user_id: UUID
    app_name: str
    user_agent: str
    created_ip: str
    created_at: datetime
    last_used_at: datetime
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes by their SHA-256 (32 raw bytes). `location` is the store's own name for where they lie."""

    digest: bytes
    size_bytes: int
    crc32: int
    location: str


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
    virus_name: str = ""

    @property
    def size_bytes(self) -> int:
        return self.blob.size_bytes


@dataclass(frozen=True, slots=True)
class ListedFile:
    file: File
    description: str


@dataclass(frozen=True, slots=True)
class FileList:
    id: str
    title: str
    owner_id: UUID | None
    created_at: datetime
    files: tuple[ListedFile, ...]


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

    @property
    def is_directory(self) -> bool:
        return self.blob is None

    @property
    def size_bytes(self) -> int:
        return self.blob.size_bytes if self.blob is not None else 0
