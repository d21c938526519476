"""Files and directories of filesystems, and who may do what with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pixelhost.model.accounts import PaidTransfer, Terms
from pixelhost.model.files import Blob


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
