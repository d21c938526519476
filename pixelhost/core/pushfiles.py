"""Files of pushes: sealed while they arrive, and sent by links that are good for five minutes."""

import base64
import binascii
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from pixelhost import errors
from pixelhost.blobs.contract import OpenBlob
from pixelhost.core import intake, pushsecrets, storage, transferkeys
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part, Slice
from pixelhost.core.pushsecrets import PushKey
from pixelhost.core.storage import Received
from pixelhost.core.uploads import Admission
from pixelhost.db import blobs, mails, pushes, pushevents, pushfiles, users
from pixelhost.db import transferfiles as lentfiles
from pixelhost.db.connect import Transaction
from pixelhost.media.mime import mime_type
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, PushFile, Visit
from pixelhost.site import Site

LINK_LIVES: Final = timedelta(minutes=5)
LINK_PURPOSE: Final = b"push file links"


@dataclass(frozen=True)
class NewFile:
    """`got` is sealed with the push's key."""

    name: str
    got: Received


@dataclass(frozen=True)
class ShownFile:
    """`link` opens it until it is too old, whoever has it. `id` is None for a file that the push doesn't own."""

    id: int | None
    name: str
    mime_type: str
    size_bytes: int
    link: str


class _Link(msgspec.Struct):
    token: str
    file_id: int
    good_until: float
    transfer_id: UUID | None = None
    """Of a file that was lent to the push; then `file_id` is 0."""


@asynccontextmanager
async def placed(site: Site, key: PushKey, files: Sequence[NewFile]) -> AsyncIterator[list[tuple[PushFile, NewFile]]]:
    """Make the bytes readable; the block commits the push that they are of. Raises WRITING."""
    async with AsyncExitStack() as stack:
        sealed = []
        for file in files:
            blob = await stack.enter_async_context(storage.placed(site, file.got))
            kind = mime_type(file.name, file.got.head)
            sealed.append((PushFile(key.seal("file name", file.name), kind, file.got.size_bytes, blob), file))
        yield sealed


async def claim_room(site: Site, tx: Transaction, owner: User, files: Sequence[NewFile]) -> None:
    """Lock the account, as it is now.

    Raises USER_OUT_OF_SPACE, FILE_TOO_LARGE, AUTHENTICATION_FAILED, ACCOUNT_BANNED.
    """
    user = await users.claim(tx, owner.id)
    if user is None:
        raise errors.AUTHENTICATION_FAILED()
    if user.is_banned:
        raise errors.ACCOUNT_BANNED()
    admission = Admission(user, site.plan(user.plan_id))
    for file in files:
        admission.refuse_size(file.got.size_bytes)
        admission = admission.after(file.got.size_bytes)


async def insert(
    site: Site, tx: Transaction, push: Push, owner: User, sealed: Sequence[tuple[PushFile, NewFile]]
) -> None:
    """Within `placed`, the account locked. Raises StoreError."""
    for file, new in sealed:
        await blobs.insert(tx, file.blob, site.clock.now())
        await pushfiles.insert(tx, push.id, owner.id, file)
        await intake.ensure_there(site.store, file.blob.location, new.got.staged)


def admit(site: Site, caller: Caller, expected_bytes: int | None) -> Admission:
    """Before files are received. `expected_bytes` is what the client announced, None if it didn't.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, FILE_TOO_LARGE, USER_OUT_OF_SPACE.
    """
    user = caller.require_user()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    admission = Admission(user, site.plan(user.plan_id))
    admission.refuse_space(expected_bytes or 0)
    return admission


async def shown(site: Site, push: Push) -> Sequence[ShownFile]:
    """The files of a push, with links that work from now on; none of one that has expired."""
    key = pushsecrets.key_of(site, push)
    if key is None:
        return ()
    good_until = (site.clock.now() + LINK_LIVES).timestamp()
    own = [
        ShownFile(
            file.id,
            pushsecrets.file_name(key, file),
            file.mime_type,
            file.size_bytes,
            _link(site, _Link(push.token, file.id, good_until)),
        )
        for file in await pushfiles.of_push(site.db, push.id)
    ]
    lent = [
        ShownFile(
            None,
            file.name,
            file.mime_type,
            file.size_bytes,
            _link(site, _Link(push.token, 0, good_until, file.id)),
        )
        for file in await lentfiles.of_push(site.db, push.id)
    ]
    return [*own, *lent]


@asynccontextmanager
async def to_download(site: Site, visit: Visit, token: str, link: str) -> AsyncIterator[Content]:
    """What a link of a push stands for. What is sent from its beginning is logged; what follows a part isn't.

    Raises PUSH_EXPIRED where the link is too old, or isn't of this push, or the push has expired. So does the first
    part where the push can log no more.
    """
    wanted = _read(site, link)
    push = await pushes.by_token(site.db, token) if token == wanted.token else None
    if push is None or push.expires_at <= site.clock.now() or push.is_expired:
        raise errors.PUSH_EXPIRED()
    given = await (_own(site, push, wanted.file_id) if wanted.transfer_id is None else _lent(site, push, wanted))
    if given is None:
        raise errors.PUSH_EXPIRED()
    is_noted = False
    with closing(given.blob) as blob:

        async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
            nonlocal is_noted
            # Of what is limited any part counts: otherwise all but a first byte could be had again and again.
            if not is_noted and (start == 0 or given.is_limited):
                await _note_begin(site, push, visit, wanted.transfer_id)
                is_noted = True
            yield Slice(blob, start, stop - start, lambda _: None)

        yield Content(
            name=given.name,
            mime_type=given.mime_type,
            size_bytes=blob.size_bytes,
            etag=given.etag,
            modified_at=push.created_at,
            parts=parts,
        )


@dataclass(frozen=True)
class _Given:
    """What a link stands for, opened. Where it `is_limited`, each request for a part of it takes a download."""

    name: str
    mime_type: str
    etag: str
    blob: OpenBlob
    is_limited: bool = False


async def _own(site: Site, push: Push, file_id: int) -> _Given | None:
    key = pushsecrets.key_of(site, push)
    file = next((file for file in await pushfiles.of_push(site.db, push.id) if file.id == file_id), None)
    if key is None or file is None:
        return None
    opened = await storage.open_sealed(site, file.blob, key.key)
    return _Given(pushsecrets.file_name(key, file), file.mime_type, file.blob.digest.hex(), opened)


async def _lent(site: Site, push: Push, wanted: _Link) -> _Given | None:
    file = next((one for one in await lentfiles.of_push(site.db, push.id) if one.id == wanted.transfer_id), None)
    if file is None:
        return None
    is_limited = await lentfiles.is_limited_in_push(site.db, push.id, file.id)
    opened = await transferkeys.opened(site, file)
    return _Given(file.name, file.mime_type, file.blob.digest.hex(), opened, is_limited)


async def _note_begin(site: Site, push: Push, visit: Visit, transfer_id: UUID | None) -> None:
    """Log a download, and take it where they are counted. Raises PUSH_EXPIRED where none is left."""
    async with site.db.acquire() as tx, tx.transaction():
        if not await pushevents.add(tx, push.id, "download", visit, site.clock.now()):
            raise errors.PUSH_EXPIRED()
        if transfer_id is not None:
            if not await lentfiles.claim_of_push(tx, push.id, transfer_id):
                raise errors.PUSH_EXPIRED()
            await mails.count_download_of_push(tx, push.id)


def _link(site: Site, link: _Link) -> str:
    sealed = site.keyring.seal(LINK_PURPOSE, msgspec.json.encode(link))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _read(site: Site, text: str) -> _Link:
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise errors.PUSH_EXPIRED() from None
    opened = site.keyring.open(LINK_PURPOSE, sealed)
    if opened is None:
        raise errors.PUSH_EXPIRED()
    link = msgspec.json.decode(opened, type=_Link)
    if link.good_until <= site.clock.now().timestamp():
        raise errors.PUSH_EXPIRED()
    return link
