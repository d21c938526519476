"""Downloads by address: whoever may have the files makes a key, and whoever has the key fetches them once.

A key is good for a minute, for one request: it is used up when the first byte is about to go out, so that neither a
HEAD nor a range that isn't there costs it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import inbox, mailfields, mails, pins, transferfiles
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part
from pixelhost.core.transferfiles import invalid
from pixelhost.db import mails as mail_rows
from pixelhost.db import transferdownloads as rows
from pixelhost.db import transferfiles as file_rows
from pixelhost.db.connect import ForeignKeyViolation
from pixelhost.errors import ApiError
from pixelhost.keyring import key_hash
from pixelhost.model.transfers import Download, Mail, TransferFile
from pixelhost.site import Site

LIVES: Final = timedelta(seconds=60)
KEY_LENGTH: Final = 32
ZIP_NAME: Final = "files.zip"


async def create(
    site: Site, caller: Caller, file_ids: Sequence[UUID], problems: Sequence[ApiError]
) -> tuple[Download, list[TransferFile]]:
    """For a minute, and one download of the caller's files. `problems` were found with the request before.

    Raises TRANSFER_INVALID, several of it; AUTHENTICATION_REQUIRED, ACCOUNT_BANNED.
    """
    user = caller.require_user()
    files = await transferfiles.some(site, caller, file_ids[: mailfields.FILES_MAX])
    mistakes = [*problems, *mailfields.file_problems(file_ids, files)]
    if not file_ids and not problems:
        mistakes.append(invalid("files", "The files field is required."))
    errors.raise_all(mistakes)
    now = site.clock.now()
    try:
        async with site.db.acquire() as tx, tx.transaction():
            made = await rows.insert(tx, user.id, file_ids, now, now + LIVES)
    except ForeignKeyViolation as error:
        raise invalid("files", mailfields.FILES_GONE) from error
    return made, files


async def make_key(site: Site, caller: Caller, download_id: UUID, pin_key: str | None, passphrase: str | None) -> str:
    """A key for a download of the caller's, or of a message in their inbox.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND, TRANSFER_ENDED, IP_RATE_LIMIT_REACHED, TRANSFER_INVALID.
    """
    user = caller.require_user()
    found = await rows.of_user(site.db, user.id, download_id, site.clock.now())
    if found is None:
        raise errors.NOT_FOUND()
    mistakes = await pins.key_problems(site, caller, pin_key)
    if found.mail_id is not None:
        message = await inbox.find(site, caller, found.mail_id)
        refuse_ended(site, message)
        mistakes += await inbox.passphrase_problems(site, message, passphrase)
    errors.raise_all(mistakes)
    key, lives_until = ids.new_text(KEY_LENGTH), site.clock.now() + LIVES
    try:
        await rows.insert_key(site.db, download_id, _hashed(key), lives_until)
    except ForeignKeyViolation as error:
        raise errors.NOT_FOUND() from error
    return key


def refuse_ended(site: Site, message: Mail) -> None:
    """Raises TRANSFER_ENDED, which says why."""
    if message.is_revoked:
        raise errors.TRANSFER_ENDED(message="This message was revoked by its sender.")
    if mails.is_over(site, message):
        raise errors.TRANSFER_ENDED(message="This message has expired.")
    if message.max_downloads is not None and message.downloads >= message.max_downloads:
        raise errors.TRANSFER_ENDED(message="The files of this message were downloaded as often as its sender allows.")


@asynccontextmanager
async def opened(site: Site, download_id: UUID, key: str, only: UUID | None = None) -> AsyncIterator[Content]:
    """What a key stands for, or `only` one file of it. Its first part takes the download.

    Raises NOT_FOUND whatever is wrong, also when the first part is asked for.
    """
    hashed = _hashed(key)
    found = await rows.by_key(site.db, download_id, hashed, site.clock.now())
    if found is None or not await _is_given(site, found):
        raise errors.NOT_FOUND()
    files = [one for one in await file_rows.of_download(site.db, download_id) if only in {None, one.id}]
    async with transferfiles.content(site, files, ZIP_NAME) as content:
        is_taken = False

        async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
            nonlocal is_taken
            if not is_taken:
                await _take(site, found, hashed)
                is_taken = True
            async with aclosing(content.parts(start, stop)) as inner:
                async for part in inner:
                    yield part

        yield replace(content, parts=parts)


async def delete_due(site: Site) -> int:
    """Forget downloads and keys that are no longer good. Returns how many."""
    return await rows.delete_before(site.db, site.clock.now())


async def _is_given(site: Site, found: Download) -> bool:
    """Whether its message, where it has one, still gives its files."""
    if found.mail_id is None:
        return True
    message = await mail_rows.by_id(site.db, found.mail_id)
    try:
        if message is not None:
            refuse_ended(site, message)
    except ApiError:
        return False
    return message is not None


async def _take(site: Site, found: Download, hashed: bytes) -> None:
    """Raises NOT_FOUND where somebody else was quicker."""
    await site.runtime.refuse_writing()
    now = site.clock.now()
    if found.mail_id is None:
        if not await rows.use_up(site.db, found.id, hashed, now):
            raise errors.NOT_FOUND()
        return
    async with site.db.acquire() as tx, tx.transaction():
        # The message before the key: whoever ends it locks them in this order too.
        if not await mail_rows.count_download(tx, found.mail_id, now) or not await rows.use_key(tx, hashed, now):
            raise errors.NOT_FOUND()


def _hashed(key: str) -> bytes:
    return key_hash(key.encode("utf-8", "surrogatepass"))
