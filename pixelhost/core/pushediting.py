"""What an owner changes of a push that hasn't ended. Its kind stays, and all of one that shows a message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from pixelhost import errors
from pixelhost.core import pushes, pushfields, pushfiles, pushsecrets
from pixelhost.core.callers import Caller
from pixelhost.core.pushfields import NewPush
from pixelhost.core.pushfiles import NewFile, ShownFile
from pixelhost.core.pushsecrets import PushKey
from pixelhost.db import mails, pushevents
from pixelhost.db import pushes as rows
from pixelhost.db import pushfiles as file_rows
from pixelhost.db.connect import Transaction
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.pushes import Push, PushFile, Visit
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

T = TypeVar("T")

A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Changes:
    """What stays as it is is UNSET. `days` count from when the push was made; an empty passphrase takes it away.

    `removed` are IDs of files; what isn't a file of the push is ignored.
    """

    name: str | Unset = UNSET
    note: str | Unset = UNSET
    payload: str | Unset = UNSET
    passphrase: str | Unset = UNSET
    days: int | Unset = UNSET
    views: int | Unset = UNSET
    is_deletable_by_viewer: bool | Unset = UNSET
    has_retrieval_step: bool | Unset = UNSET
    mails_on_view: bool | Unset = UNSET
    mails_on_expiry: bool | Unset = UNSET
    removed: Sequence[int] = ()


@dataclass(frozen=True)
class Editable:
    """A push as its owner may change it. `days` and `views` are the ranges from which new ones are taken."""

    push: Push
    note: str
    has_passphrase: bool
    files: Sequence[ShownFile]
    days: range
    views: range


async def editable(site: Site, caller: Caller, token: str) -> Editable:
    """Raises as `pushes.own`; PUSH_OF_MESSAGE, PUSH_EXPIRED where it has ended."""
    found = await _own(site, caller, token)
    if pushes.is_over(site, found):
        raise errors.PUSH_EXPIRED()
    return Editable(
        push=found,
        note=pushsecrets.note_of(site, found),
        has_passphrase=found.passphrase_sealed is not None,
        files=await pushfiles.shown(site, found) if found.kind == "file" else (),
        days=_days(site, found),
        views=_views(found),
    )


async def key(site: Site, caller: Caller, token: str) -> PushKey:
    """What files that are added are sealed with. Raises as `editable`."""
    found = await _own(site, caller, token)
    sealed_with = pushsecrets.key_of(site, found)
    if sealed_with is None:
        raise errors.PUSH_EXPIRED()
    return sealed_with


async def change(
    site: Site, caller: Caller, visit: Visit, token: str, wanted: Changes, added: Sequence[NewFile] = ()
) -> Push:
    """Raises as `editable`; PUSH_INVALID, INTEGER_OUT_OF_RANGE, or several of them; USER_OUT_OF_SPACE,
    FILE_TOO_LARGE, WRITING."""
    found = await _own(site, caller, token)
    sealed_with, owner = await key(site, caller, token), caller.require_user()
    async with pushfiles.placed(site, sealed_with, added) as sealed, site.db.acquire() as tx, tx.transaction():
        claimed = await rows.claim(tx, [found.id])
        if not claimed or pushes.is_over(site, claimed[0]):
            raise errors.PUSH_EXPIRED()
        errors.raise_all(await _problems(site, tx, claimed[0], wanted, added))
        changed = _changed(site, claimed[0], sealed_with, wanted)
        await rows.change(tx, changed)
        await file_rows.delete(tx, changed.id, wanted.removed)
        if added:
            await _add(site, tx, changed, owner, sealed, added)
        await pushevents.add(tx, changed.id, "edit", visit, site.clock.now())
    return changed


async def message_of(site: Site, push: Push) -> UUID | None:
    """The message that a push shows: that is what can be changed then."""
    return await mails.id_of_push(site.db, push.id)


async def _own(site: Site, caller: Caller, token: str) -> Push:
    """Raises as `pushes.own`, PUSH_OF_MESSAGE."""
    found = await pushes.own(site, caller, token)
    if await message_of(site, found) is not None:
        raise errors.PUSH_OF_MESSAGE()
    return found


async def _add(
    site: Site,
    tx: Transaction,
    push: Push,
    owner: User,
    sealed: Sequence[tuple[PushFile, NewFile]],
    added: Sequence[NewFile],
) -> None:
    await pushfiles.claim_room(site, tx, owner, added)
    await pushfiles.insert(site, tx, push, owner, sealed)


async def _problems(
    site: Site, tx: Transaction, push: Push, wanted: Changes, added: Sequence[NewFile]
) -> list[ApiError]:
    kept = [file for file in await file_rows.of_push(tx, push.id) if file.id not in wanted.removed]
    found = pushfields.problems(_as_new(push, wanted), len(kept) + len(added))
    if wanted.removed and not kept and not added:
        found.append(errors.PUSH_INVALID(field="files", message="The last file stays. Delete the push instead."))
    if push.is_end_to_end and (added or wanted.payload is not UNSET):
        field = "files" if added else "payload"
        found.append(
            errors.PUSH_INVALID(field=field, message="What was encrypted before it came can't be changed here.")
        )
    for field, number, allowed in (("days", wanted.days, _days(site, push)), ("views", wanted.views, _views(push))):
        if not isinstance(number, Unset) and number not in allowed:
            least, most = allowed[0], allowed[-1]
            found.append(errors.INTEGER_OUT_OF_RANGE(field=field, min_val=least, max_val=most, val=number))
    return found


def _as_new(push: Push, wanted: Changes) -> NewPush:
    """A push of these texts. What stays is as good as it was."""
    kept = {"url": "https://kept.example", "file": ""}.get(push.kind, "kept")
    return NewPush(
        kind=push.kind,
        payload=_set(kept, wanted.payload),
        passphrase=_set("", wanted.passphrase),
        name=_set("", wanted.name),
        note=_set("", wanted.note),
    )


def _changed(site: Site, push: Push, key: PushKey, wanted: Changes) -> Push:
    changed = replace(
        push,
        updated_at=site.clock.now(),
        name=_set(push.name, wanted.name),
        expire_after_views=_set(push.expire_after_views, wanted.views),
        has_retrieval_step=_set(push.has_retrieval_step, wanted.has_retrieval_step),
        mails_on_view=_set(push.mails_on_view, wanted.mails_on_view),
        mails_on_expiry=_set(push.mails_on_expiry, wanted.mails_on_expiry),
    )
    if push.kind != "url":
        changed = replace(
            changed, is_deletable_by_viewer=_set(push.is_deletable_by_viewer, wanted.is_deletable_by_viewer)
        )
    if not isinstance(wanted.note, Unset):
        changed = replace(changed, note_sealed=pushsecrets.sealed_note(site, wanted.note))
    if not isinstance(wanted.payload, Unset):
        changed = replace(changed, payload_sealed=key.seal("payload", wanted.payload))
    if not isinstance(wanted.passphrase, Unset):
        sealed = key.seal("passphrase", wanted.passphrase) if wanted.passphrase.strip() else None
        changed = replace(changed, passphrase_sealed=sealed)
    if not isinstance(wanted.days, Unset):
        expires_at = push.created_at + wanted.days * A_DAY
        changed = replace(changed, expire_after_days=wanted.days, expires_at=expires_at)
    return changed


def _set(kept: T, wanted: T | Unset) -> T:
    return kept if isinstance(wanted, Unset) else wanted


def _days(site: Site, push: Push) -> range:
    """Counted from when it was made, so that it ends in the future."""
    elapsed = (site.clock.now() - push.created_at) // A_DAY
    return range(elapsed + 1, max(elapsed + 1, pushfields.DAYS[-1]) + 1)


def _views(push: Push) -> range:
    """One more than were taken, at least."""
    return range(push.views + 1, max(push.views + 1, pushfields.VIEWS[-1]) + 1)
