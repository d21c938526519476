"""A new master key: what earlier ones have sealed is sealed anew with the current one, while everything goes on.

Each value is replaced by itself, unless somebody has changed it meanwhile; so this may be killed at any time, and begun
again. The earlier keys stay known: for what was being written just then, and for backups.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from pixelhost.core import mails, nodedomains, pushsecrets, secondfactor, sharing, transferkeys, webhooks
from pixelhost.db import permissions, sealed
from pixelhost.db.sealed import Column, Held
from pixelhost.keyring import API_KEY_PURPOSE, Keyring, KeyringError
from pixelhost.site import Site

BATCH: Final = 500
PASSES: Final = 3

Progress = Callable[[str, int], None]
"""Is told what is being dealt with, and how much of it was."""


@dataclass(frozen=True)
class Sealed:
    """Something that is sealed with the instance's key, in the words of a person."""

    what: str
    purpose: bytes
    column: Column


SEALED: Final = (
    Sealed("API keys", API_KEY_PURPOSE, Column("sessions", "key_sealed", "uuid", bound_to="key_sha256")),
    Sealed("second factors", secondfactor.PURPOSE, Column("users", "totp_secret_sealed", "uuid")),
    Sealed("keys of custom domains", nodedomains.KEY_PURPOSE, Column("nodes", "custom_domain_key", "bigint")),
    Sealed("passwords of shares", sharing.PURPOSE, Column("nodes", "permissions", "bigint", kind="jsonb")),
    Sealed("keys of pushes", pushsecrets.KEY_PURPOSE, Column("pushes", "key_sealed", "bigint")),
    Sealed("notes of pushes", pushsecrets.NOTE_PURPOSE, Column("pushes", "note_sealed", "bigint")),
    Sealed("secrets of webhooks", webhooks.SECRET_PURPOSE, Column("webhooks", "secret_sealed", "uuid")),
    Sealed("keys of transferred files", transferkeys.PURPOSE, Column("transfer_files", "key_sealed", "uuid")),
    Sealed("texts of messages", mails.BODY_PURPOSE, Column("mails", "body_sealed", "uuid")),
)

SEALED_OTHERWISE: Final = frozenset(
    {("pushes", "payload_sealed"), ("pushes", "passphrase_sealed"), ("push_files", "name_sealed")}
)
"""With the key of their push: they stay as they are."""


@dataclass
class Tally:
    """How many values the current key opens, how many an earlier one, and by what they are how many none does."""

    current: int = 0
    earlier: int = 0
    unopened: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Row:
    """`anew` is what it should hold; the counts are of the values in it."""

    sealed: Sealed
    held: Held
    anew: bytes | str
    count: int
    earlier: int
    unopened: int


async def rotate(site: Site, progress: Progress) -> list[str]:
    """Make a new key, where the keys are in a file, and seal anew what earlier ones sealed. Returns what to tell.

    Raises KeyringError.
    """
    told = []
    async with sealed.alone(site.db) as is_alone:
        _refuse_beside_another(is_alone=is_alone)
        if site.keyring.file is not None:
            site.keyring.file.add()
            told.append(f"There is a new secret key in {site.keyring.file.path}; running servers use it from now on.")
        elif not site.keyring.has_earlier:
            return _how_to_begin()
        renewed = 0
        for _ in range(PASSES):
            renewed += await _renew(site, progress)
            tally = await _count(site, progress)
            if not tally.earlier:
                break
    return [*told, f"{renewed} values were sealed anew.", *_unopened(tally), *_what_remains(site, tally)]


async def drop_earlier(site: Site, progress: Progress) -> list[str]:
    """Forget all keys but the current one. Returns what to tell. Raises KeyringError where they are needed."""
    async with sealed.alone(site.db) as is_alone:
        _refuse_beside_another(is_alone=is_alone)
        tally = await _count(site, progress)
        if tally.earlier:
            raise KeyringError(
                f"{tally.earlier} values are still sealed with an earlier key. Run pixelhost rotate-key first"
            )
        given = ["PIXELHOST_SECRET_KEY_PREVIOUS is not needed any more: unset it."]
        if site.keyring.file is None:
            return [*_unopened(tally), *given]
        dropped = len(site.keyring.file.read()) - 1
        site.keyring.file.drop_earlier()
    told = [*_unopened(tally), f"{dropped} earlier keys are gone from {site.keyring.file.path}."]
    return told + (given if site.settings.secret_key_previous else [])


async def _renew(site: Site, progress: Progress) -> int:
    """How many values were sealed anew."""
    renewed = 0
    async for row in _rows(site, progress):
        if row.earlier and await sealed.replace(site.db, row.sealed.column, row.held, row.anew):
            renewed += row.earlier
    return renewed


async def _count(site: Site, progress: Progress) -> Tally:
    tally = Tally()
    async for row in _rows(site, progress):
        tally.current += row.count - row.earlier - row.unopened
        tally.earlier += row.earlier
        if row.unopened:
            tally.unopened[row.sealed.what] += row.unopened
    return tally


async def _rows(site: Site, progress: Progress) -> AsyncIterator[_Row]:
    """Whatever is sealed with the instance's keys."""
    for one in SEALED:
        seen = 0
        after: object = None
        while batch := await sealed.batch(site.db, one.column, after, BATCH):
            for held in batch:
                yield _anew(site.keyring, one, held)
            after = batch[-1].id
            seen += len(batch)
            progress(one.what, seen)


def _anew(keyring: Keyring, one: Sealed, held: Held) -> _Row:
    if isinstance(held.value, bytes):
        anew = keyring.sealed_anew(one.purpose, held.value, held.bound_to)
        is_earlier = anew is not None and anew != held.value
        return _Row(one, held, anew or held.value, 1, int(is_earlier), int(anew is None))
    stored = permissions.loaded(held.value)
    found = {value: keyring.sealed_anew(one.purpose, value) for value in stored.passwords}
    earlier = sum(anew is not None and anew != value for value, anew in found.items())
    wanted = replace(stored, passwords={found[value] or value: given for value, given in stored.passwords.items()})
    unopened = sum(anew is None for anew in found.values())
    return _Row(one, held, permissions.stored(wanted), len(found), earlier, unopened)


def _refuse_beside_another(*, is_alone: bool) -> None:
    if not is_alone:
        raise KeyringError("another pixelhost rotate-key is running")


def _how_to_begin() -> list[str]:
    return [
        "The secret key is given by PIXELHOST_SECRET_KEY. To change it:",
        "1. Make a new one: openssl rand -hex 32",
        "2. Set PIXELHOST_SECRET_KEY_PREVIOUS to it on every server and restart: so each opens what others will seal.",
        "3. Exchange the two, so that the new one is PIXELHOST_SECRET_KEY, and restart again.",
        "4. Run pixelhost rotate-key again, with these settings. Nothing was changed this time.",
    ]


def _unopened(tally: Tally) -> list[str]:
    return [
        f"{count} {what} were sealed with a key that is not known. They stay as they are."
        for what, count in tally.unopened.items()
    ]


def _what_remains(site: Site, tally: Tally) -> list[str]:
    if tally.earlier:
        return [f"{tally.earlier} were written with an earlier key meanwhile: run pixelhost rotate-key once more."]
    if site.keyring.file is None:
        return ["Nothing needs PIXELHOST_SECRET_KEY_PREVIOUS any more but backups from before: unset it in a day."]
    return [
        "The earlier keys stay in the file: for uploads that began before, and for backups from before.",
        "When these are over, remove them: pixelhost rotate-key --drop-earlier",
    ]
