"""Accounts: who they are, their keys and terms, and who is kept out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID


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
