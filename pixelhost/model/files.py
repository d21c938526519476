"""Files, lists of them, and the bytes that they share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pixelhost.model.accounts import PaidTransfer, Terms


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
