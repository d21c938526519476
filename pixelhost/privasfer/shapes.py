"""Files, messages and what belongs to them, as Privasfer's documents show them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pixelhost.core import mails, transferfiles
from pixelhost.core.inbox import Reading
from pixelhost.model.accounts import Session
from pixelhost.model.transfers import Category, Download, Mail, Party, TransferFile
from pixelhost.site import Site

UNITS: Final = ("B", "KB", "MB", "GB", "TB", "PB")


def time(moment: datetime | None) -> str:
    """In UTC; empty for never."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment is not None else ""


def size(count: int) -> str:
    """43389 is 42.37 KB."""
    unit = 0
    while count >= 1024 ** (unit + 1) and unit < len(UNITS) - 1:
        unit += 1
    return f"{count / 1024**unit:.2f} {UNITS[unit]}" if unit else f"{count} B"


def person(one: Party) -> dict[str, Any]:
    return {
        "name": one.name,
        "initials": _initials(one.name),
        "email": one.email,
        "photo_url": "",
        "timezone": "UTC",
    }


def file(one: TransferFile, *, has_category: bool = False) -> dict[str, Any]:
    shown = {
        "id": str(one.id),
        "filename": transferfiles.stem(one.name),
        "type": one.mime_type,
        "extension": transferfiles.extension(one.name),
        "full_filename": one.name,
        "size": one.size_bytes,
        "formatted_size": size(one.size_bytes),
        "encrypted_size": one.blob.size_bytes,
        "formatted_encrypted_size": size(one.blob.size_bytes),
        "created_by": person(one.owner),
        "created_at": time(one.created_at),
        "disk": "local",
        "trashed": one.is_trashed,
    }
    return shown | ({"category": category(one.category) if one.category else None} if has_category else {})


def category(one: Category) -> dict[str, Any]:
    return {"id": str(one.id), "name": one.name, "created_at": time(one.created_at)}


def sent_mail(
    site: Site, one: Mail, here: str, included: frozenset[str] = frozenset(), files: Sequence[TransferFile] = ()
) -> dict[str, Any]:
    """A message as its sender sees it. `url` is what a recipient without an account opens.

    Of the recipient only the address is told, whoever it belongs to.
    """
    shown = {
        "id": str(one.id),
        "identifier": one.identifier,
        "subject": one.subject,
        "body": mails.body_of(site, one),
        "sender": _sender(one),
        "recipient": person(one.recipient),
        "recipient_email": one.recipient.email,
        "created_at": time(one.created_at),
        "sent_at": time(one.sent_at),
        "status": one.status,
        "opened_at": time(one.opened_at),
        "url": mails.link_of(here, one) if one.link_id is not None else "",
    }
    return shown | _terms(site, one) | _included(one, included, files)


def received_mail(
    site: Site, one: Reading, included: frozenset[str] = frozenset(), files: Sequence[TransferFile] = ()
) -> dict[str, Any]:
    """A message as its recipient sees it. While it is `locked`, its text and its files are not shown."""
    shown = {
        "id": str(one.mail.id),
        "identifier": one.mail.identifier,
        "subject": one.mail.subject,
        "body": one.body,
        "sender": _sender(one.mail),
        "received_at": time(one.mail.created_at),
        "opened": not one.mail.is_unread,
        "locked": one.is_locked,
    }
    return shown | _terms(site, one.mail) | _included(one.mail, included, () if one.is_locked else files)


def download(one: Download, files: Sequence[TransferFile]) -> dict[str, Any]:
    shown = {"id": str(one.id), "files": [file(each) for each in files], "created_at": time(one.created_at)}
    return shown | {"expires_at": time(one.expires_at)}


def token(one: Session) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.app_name,
        "created_at": time(one.created_at),
        "last_used_at": time(one.last_used_at),
    }


def _sender(one: Mail) -> dict[str, Any]:
    return {"name": one.sender.name, "email": one.sender.email}


def _terms(site: Site, one: Mail) -> dict[str, Any]:
    return {
        "expires_at": time(one.expires_at),
        "expired": mails.is_over(site, one) and not one.is_revoked,
        "revoked": one.is_revoked,
        "has_passphrase": one.has_passphrase,
        "max_downloads": one.max_downloads,
        "downloads": one.downloads,
    }


def _included(one: Mail, included: frozenset[str], files: Sequence[TransferFile]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "download" in included:
        shown["download"] = {
            "id": str(one.download_id) if one.download_id is not None else None,
            "created_at": time(one.created_at),
        }
    if "download.files" in included:
        shown["download"]["files"] = [file(each) for each in files]
    if "author" in included:
        shown["author"] = person(one.sender)
    return shown


def _initials(name: str) -> str:
    """Ada Lovelace is Ada L."""
    first, *others = name.split() or [""]
    return " ".join([first, *(f"{other[0]}." for other in others)])
