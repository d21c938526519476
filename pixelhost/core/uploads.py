"""Admission: an upload is refused before its first byte where it can be."""

from dataclasses import dataclass, replace

from pixelhost import errors
from pixelhost.core import caps
from pixelhost.core.callers import Caller
from pixelhost.model.accounts import User
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
        self.refuse_space(size_bytes)

    def refuse_space(self, size_bytes: int) -> None:
        """Raises USER_OUT_OF_SPACE."""
        if NO_LIMIT < self.plan.storage_space < self.user.storage_used_bytes + size_bytes:
            raise errors.USER_OUT_OF_SPACE()

    def after(self, size_bytes: int) -> "Admission":
        """The same for the next file of a request whose last one has just been added."""
        used = self.user.storage_used_bytes + size_bytes
        return replace(self, user=replace(self.user, storage_used_bytes=used, file_count=self.user.file_count + 1))


@dataclass(frozen=True)
class FilesystemAdmission(Admission):
    """Leave to write into an account's filesystem, where `replaced_bytes` become free."""

    replaced_bytes: int = 0

    def refuse_space(self, size_bytes: int) -> None:
        added = size_bytes - self.replaced_bytes
        super().refuse_space(added)
        if NO_LIMIT < self.plan.filesystem_storage_limit < self.user.filesystem_used_bytes + added:
            raise errors.USER_OUT_OF_SPACE()


def admit(site: Site, caller: Caller, expected_bytes: int | None) -> Admission:
    """`expected_bytes` is what the client announced, None if it didn't.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, TOO_MANY_FILES, and as `refuse_size`.
    """
    user = _uploader(caller)
    admission = Admission(user, site.plan(user.plan_id))
    refuse_full(admission, expected_bytes or 1)
    return admission


async def admit_to_filesystem(
    site: Site, caller: Caller, owner: User, expected_bytes: int | None, replaced_bytes: int
) -> Admission:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, OUT_OF_TRANSFER, PERMISSION_DENIED, and as
    `refuse_size`.
    """
    _uploader(caller)
    admission = filesystem_admission(site, owner, replaced_bytes)
    await caps.refuse_used_up(site, owner)
    admission.refuse_size(expected_bytes or 0)
    return admission


def filesystem_admission(site: Site, owner: User, replaced_bytes: int) -> FilesystemAdmission:
    """By the limits of the owner, whoever writes. Raises PERMISSION_DENIED where the plan has no filesystem."""
    plan = site.plan(owner.plan_id)
    if not plan.filesystem_access:
        raise errors.PERMISSION_DENIED(message="The plan of this account has no filesystem")
    return FilesystemAdmission(owner, plan, replaced_bytes)


def _uploader(caller: Caller) -> User:
    user = caller.require_user()
    if user.is_banned:
        raise errors.ACCOUNT_BANNED()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    return user


def refuse_full(admission: Admission, size_bytes: int) -> None:
    """Raises TOO_MANY_FILES, and as `refuse_size`."""
    if NO_LIMIT < admission.plan.file_count_limit <= admission.user.file_count:
        raise errors.TOO_MANY_FILES()
    admission.refuse_size(size_bytes)
