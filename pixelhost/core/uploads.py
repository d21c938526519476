"""Admission: an upload is refused before its first byte where it can be."""

from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core.callers import Caller
from pixelhost.model import User
from pixelhost.plans import NO_LIMIT, Plan
from pixelhost.site import Site


@dataclass(frozen=True)
class Admission:
    """Leave to upload into an account."""

    user: User
    plan: Plan

    def refuse_size(self, size_bytes: int) -> None:
        """Raises FILE_TOO_LARGE, USER_OUT_OF_SPACE. Also asked while bytes arrive whose number wasn't announced."""
        if NO_LIMIT < self.plan.file_size_limit < size_bytes:
            raise errors.FILE_TOO_LARGE()
        if NO_LIMIT < self.plan.storage_space < self.user.storage_used_bytes + size_bytes:
            raise errors.USER_OUT_OF_SPACE()


def admit(site: Site, caller: Caller, expected_bytes: int | None) -> Admission:
    """`expected_bytes` is what the client announced, None if it didn't.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, TOO_MANY_FILES, and as `refuse_size`.
    """
    user = caller.require_user()
    if user.is_banned:
        raise errors.ACCOUNT_BANNED()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    admission = Admission(user, site.plan(user.plan_id))
    refuse_full(admission, expected_bytes or 1)
    return admission


def refuse_full(admission: Admission, size_bytes: int) -> None:
    """Raises TOO_MANY_FILES, and as `refuse_size`."""
    if NO_LIMIT < admission.plan.file_count_limit <= admission.user.file_count:
        raise errors.TOO_MANY_FILES()
    admission.refuse_size(size_bytes)
