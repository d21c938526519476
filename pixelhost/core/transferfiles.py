"""Files to be sent to others: each sealed with a key of its own while it arrives, which goes when it is deleted."""

import secrets
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from isal import isal_zlib

from pixelhost import errors, ids
from pixelhost.blobs.contract import Piece
from pixelhost.core import intake, pushfiles, storage, transferkeys, zips
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part, Slice
from pixelhost.core.storage import Received, Source
from pixelhost.core.transferkeys import KEY_BYTES, FileKey
from pixelhost.core.uploads import Admission
from pixelhost.core.zips import Entry
from pixelhost.db import blobs, transferfiles, users
from pixelhost.db.connect import ForeignKeyViolation, Transaction
from pixelhost.errors import ApiError
from pixelhost.media import zipstream
from pixelhost.media.mime import mime_type
from pixelhost.model.accounts import User
from pixelhost.model.transfers import Category, FileSort, Party, TransferFile, Trashed
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

NAME_MAX: Final = 255
FILES_AT_ONCE: Final = 100
ANY_ORDER: Final[Sequence[tuple[FileSort, bool]]] = (("created_at", True),)

NAME_REQUIRED: Final = "The {field} needs a name."
NAME_TOO_LONG: Final = f"The name of the {{field}} must not be greater than {NAME_MAX} characters."
NAME_ODD: Final = "The name of the {field} has a character that is not allowed."
TOO_MANY: Final = f"The files must not have more than {FILES_AT_ONCE} items."
NO_SUCH_CATEGORY: Final = "The selected category id is invalid."
"""What is said of mistakes; pages word them otherwise."""


class Summed:
    """Bytes that arrive, with their CRC-32 so far."""

    def __init__(self, source: Source) -> None:
        self.crc32 = 0
        self._source = source

    async def read(self) -> Piece:
        piece = await self._source.read()
        self.crc32 = isal_zlib.crc32(piece, self.crc32)
        return piece


@dataclass(frozen=True)
class NewFile:
    """`got` is sealed with `key`."""

    name: str
    got: Received
    key: bytes
    crc32: int


@dataclass(frozen=True)
class Change:
    """`stem` is the name without its extension, which stays; only what is sent is changed."""

    stem: str | Unset = UNSET
    category_id: UUID | Unset | None = UNSET
    is_trashed: bool | Unset = UNSET


def extension(name: str) -> str:
    """What follows the last dot, in lower case; empty where nothing is before it."""
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem else ""


def stem(name: str) -> str:
    """The name without its extension."""
    return name.rpartition(".")[0] if extension(name) else name


def name_problems(field: str, name: str) -> list[ApiError]:
    """What is wrong with a file's name: TRANSFER_INVALID."""
    if not name.strip():
        return [invalid(field, NAME_REQUIRED.format(field=field))]
    if len(name) > NAME_MAX:
        return [invalid(field, NAME_TOO_LONG.format(field=field))]
    if any(char == "/" or unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return [invalid(field, NAME_ODD.format(field=field))]
    return []


def invalid(field: str, message: str) -> ApiError:
    return errors.TRANSFER_INVALID(field=field, message=message)


@asynccontextmanager
async def received(site: Site, source: Source, name: str, admission: Admission) -> AsyncIterator[NewFile]:
    """Take all of `source`, sealing it. What isn't added within the block is dropped at its end.

    Raises TRANSFER_INVALID, ERROR_READING_INPUT, WRITING, FILE_TOO_LARGE, USER_OUT_OF_SPACE.
    """
    errors.raise_all(name_problems("file", name))
    key, summed = secrets.token_bytes(KEY_BYTES), Summed(source)
    async with storage.received(site, summed, refuse_size=admission.refuse_size, digests={}, key=key) as got:
        yield NewFile(name, got, key, summed.crc32)


async def add(site: Site, caller: Caller, new: Sequence[NewFile], category_id: UUID | None) -> list[TransferFile]:
    """All of them or none, durably.

    Raises TRANSFER_INVALID, USER_OUT_OF_SPACE, FILE_TOO_LARGE, ACCOUNT_BANNED, AUTHENTICATION_FAILED, WRITING.
    """
    owner = caller.require_user()
    category = await _category(site, owner, category_id)
    async with AsyncExitStack() as stack:
        made = [await _placed(site, stack, owner, category, one) for one in new]
        async with site.db.acquire() as tx, tx.transaction():
            await pushfiles.claim_room(site, tx, owner, [pushfiles.NewFile(one.name, one.got) for one in new])
            for file, one in zip(made, new, strict=True):
                await blobs.insert(tx, file.blob, file.created_at)
                with _category_needed():
                    await transferfiles.insert(tx, file)
                await intake.ensure_there(site.store, file.blob.location, one.got.staged)
    return made


async def ids_of(
    site: Site, caller: Caller, keyword: str, trashed: Trashed, order: Sequence[tuple[FileSort, bool]]
) -> list[UUID]:
    """The caller's files. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await transferfiles.ids_of_user(site.db, caller.require_user().id, keyword, trashed, [*order] or ANY_ORDER)


async def some(site: Site, caller: Caller, file_ids: Sequence[UUID]) -> list[TransferFile]:
    """Those that are the caller's, in the order asked."""
    return await transferfiles.by_ids(site.db, caller.require_user().id, file_ids)


async def own(site: Site, caller: Caller, file_id: UUID) -> TransferFile:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    found = await some(site, caller, [file_id])
    if not found:
        raise errors.NOT_FOUND()
    return found[0]


async def change(
    site: Site, caller: Caller, file_id: UUID, wanted: Change, problems: Sequence[ApiError]
) -> TransferFile:
    """`problems` are those that were found with the request before: they are raised with ours.

    Raises as `own`, TRANSFER_INVALID.
    """
    owner, mistakes = caller.require_user(), list(problems)
    async with site.db.acquire() as tx, tx.transaction():
        # The category before the file, as whoever deletes it locks them.
        category = await _claimed_category(tx, owner, wanted.category_id, mistakes)
        found = await transferfiles.claim(tx, owner.id, file_id)
        if found is None:
            raise errors.NOT_FOUND()
        changed = found if category is UNSET else replace(found, category=category)
        if wanted.stem is not UNSET:
            changed = replace(changed, name=_with_extension(wanted.stem, extension(found.name)))
            mistakes += name_problems("filename", changed.name if wanted.stem.strip() else "")
        if wanted.is_trashed is not UNSET:
            changed = replace(changed, is_trashed=wanted.is_trashed)
        errors.raise_all(mistakes)
        await transferfiles.change(tx, changed, site.clock.now())
    return changed


async def delete(site: Site, caller: Caller, file_id: UUID) -> None:
    """Its key goes at once, the bytes after the grace period; messages that hold it lose it.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND.
    """
    owner = caller.require_user()
    async with site.db.acquire() as tx, tx.transaction():
        # Before the file, as whoever sends it does: each would wait for the other.
        await users.claim(tx, owner.id)
        is_deleted = await transferfiles.delete(tx, owner.id, file_id)
    if not is_deleted:
        raise errors.NOT_FOUND()


@asynccontextmanager
async def content(site: Site, files: Sequence[TransferFile], zip_name: str) -> AsyncIterator[Content]:
    """A file as it was uploaded, or several as a zip. Raises NOT_FOUND where there are none."""
    if not files:
        raise errors.NOT_FOUND()
    yield _one(site, files[0]) if len(files) == 1 else await _several(site, files, zip_name)


def _one(site: Site, file: TransferFile) -> Content:
    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        blob = await transferkeys.opened(site, file)
        try:
            yield Slice(blob, start, stop - start, _unnoted)
        finally:
            blob.close()

    return Content(
        name=file.name,
        mime_type=file.mime_type,
        size_bytes=file.size_bytes,
        etag=file.blob.digest.hex(),
        modified_at=file.created_at,
        parts=parts,
    )


async def _several(site: Site, files: Sequence[TransferFile], name: str) -> Content:
    def entries() -> list[Entry]:
        names = zipstream.unique_names(file.name for file in files)
        return [_entry(site, member, file) for member, file in zip(names, files, strict=True)]

    return await zips.laid_out(site, entries, name)


def _entry(site: Site, name: str, file: TransferFile) -> Entry:
    crc32 = transferkeys.key_of(site, file).crc32
    plain = replace(file.blob, size_bytes=file.size_bytes, crc32=crc32)
    return Entry(name, plain, file.created_at, _unnoted, partial(transferkeys.opened, site, file))


def _unnoted(_count: int) -> None:
    """What goes out isn't counted."""


async def _placed(
    site: Site, stack: AsyncExitStack, owner: User, category: Category | None, new: NewFile
) -> TransferFile:
    blob = await stack.enter_async_context(storage.placed(site, new.got))
    return TransferFile(
        id=ids.new_key(),
        owner_id=owner.id,
        # An address that nobody has verified may be somebody else's.
        owner=Party(owner.name, owner.email if owner.email_verified else ""),
        category=category,
        name=new.name,
        mime_type=mime_type(new.name, new.got.head),
        size_bytes=new.got.size_bytes,
        key_sealed=transferkeys.sealed(site, FileKey(new.key, new.crc32)),
        blob=blob,
        created_at=site.clock.now(),
        is_trashed=False,
    )


def _with_extension(wanted: str, end: str) -> str:
    return wanted if not end or wanted.lower().endswith(f".{end}") else f"{wanted}.{end}"


async def _category(site: Site, owner: User, category_id: UUID | None) -> Category | None:
    """Raises TRANSFER_INVALID where the account has none like this."""
    if category_id is None:
        return None
    found = await transferfiles.category(site.db, owner.id, category_id)
    if found is None:
        raise _no_such_category()
    return found


async def _claimed_category(
    tx: Transaction, owner: User, category_id: UUID | Unset | None, mistakes: list[ApiError]
) -> Category | Unset | None:
    """Where the account has none like this, that is added to `mistakes`."""
    if category_id is UNSET or category_id is None:
        return category_id
    found = await transferfiles.claim_category(tx, owner.id, category_id)
    if found is None:
        mistakes.append(_no_such_category())
    return found


def _no_such_category() -> ApiError:
    return invalid("category_id", NO_SUCH_CATEGORY)


@contextmanager
def _category_needed() -> Iterator[None]:
    """A category that has gone since it was looked for is one that isn't there."""
    try:
        yield
    except ForeignKeyViolation as error:
        raise _no_such_category() from error
