"""Admission: an upload is refused before its first byte where it can be."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core.callers import Caller
from pixelhost.model import User
from pixelhost.plans import NO_LIMIT, Plan
from pixelhost.site import Site


@dataclass(frozen=True)
class Admission:
    """Leave to upload: into whose account, and at most how many bytes (-1 = no limit)."""

    user: User
    plan: Plan
    limit_bytes: int


def admit(site: Site, caller: Caller, expected_bytes: int | None) -> Admission:
    """`expected_bytes` is what the client announced, None if it didn't.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, FILE_TOO_LARGE, USER_OUT_OF_SPACE, TOO_MANY_FILES.
    """
    user = caller.require_user()
    if user.is_banned:
        raise errors.ACCOUNT_BANNED()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    plan = site.plan(user.plan_id)
    size = expected_bytes or 0
    if 0 <= plan.file_size_limit < size:
        raise errors.FILE_TOO_LARGE()
    refuse_full(user, plan, size)
    return Admission(user, plan, plan.file_size_limit)


def refuse_full(user: User, plan: Plan, size_bytes: int) -> None:
    """Raises TOO_MANY_FILES, USER_OUT_OF_SPACE."""
    if NO_LIMIT < plan.file_count_limit <= user.file_count:
        raise errors.TOO_MANY_FILES()
    if NO_LIMIT < plan.storage_space < user.storage_used_bytes + max(size_bytes, 1):
        raise errors.USER_OUT_OF_SPACE()
