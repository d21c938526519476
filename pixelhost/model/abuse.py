"""What was reported, taken down, and appealed against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
