"""Pushes as Password Pusher's clients read them: all keys of both versions of its API and of its documents."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from pixelhost.core import pushsecrets
from pixelhost.core.pushes import Shown
from pixelhost.core.pushfiles import ShownFile
from pixelhost.model.pushes import Push, PushEvent
from pixelhost.site import Site

LOCALE: Final = re.compile(r"[a-z]{2}(?:-[A-Za-z]{2,4})?")
FAILED: Final = frozenset({"failed_view", "failed_passphrase"})


def time(moment: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def push(site: Site, one: Push, here: str, locale: str = "") -> dict[str, Any]:
    """What every answer tells of a push. `here` is the address of this site."""
    return _push(site, one, here, locale, pushsecrets.passphrase_of(site, one))


def _push(site: Site, one: Push, here: str, locale: str, passphrase: str | None) -> dict[str, Any]:
    address = f"{here}/p/{one.token}" + ("/r" if one.has_retrieval_step else "")
    query = f"?locale={locale}" if LOCALE.fullmatch(locale) else ""
    ended = time(one.expired_at) if one.expired_at else None
    return {
        "url_token": one.token,
        "kind": one.kind,
        "expire_after_days": one.expire_after_days,
        "expire_after_views": one.expire_after_views,
        "days_remaining": _days_remaining(site, one),
        "views_remaining": max(one.expire_after_views - one.views, 0),
        "views_total": one.views,
        "expired": one.is_expired,
        "expired_on": ended,
        "expires_on": ended,
        "expires_at": time(one.expires_at),
        "deleted": one.is_deleted,
        "deletable_by_viewer": one.is_deletable_by_viewer,
        "retrieval_step": one.has_retrieval_step,
        "end_to_end": one.is_end_to_end,
        "passphrase": passphrase,
        "created_at": time(one.created_at),
        "updated_at": time(one.updated_at),
        "html_url": address + query,
        "json_url": f"{address}.json{query}",
    }


def own(site: Site, one: Push, here: str, locale: str = "") -> dict[str, Any]:
    """With what only its owner is told."""
    notices = {"notify_on_view": one.mails_on_view, "notify_on_expiry": one.mails_on_expiry}
    return push(site, one, here, locale) | {"name": one.name, "note": pushsecrets.note_of(site, one)} | notices


def shown(site: Site, seen: Shown, here: str) -> dict[str, Any]:
    """With what was secret, as far as it is still there."""
    secret = {"payload": seen.payload, "files": [file(one, seen.push, here) for one in seen.files]}
    return _push(site, seen.push, here, "", seen.passphrase) | secret


def file(one: ShownFile, of: Push, here: str) -> dict[str, Any]:
    return {
        "filename": one.name,
        "content_type": one.mime_type,
        "size": one.size_bytes,
        "url": f"{here}/p/{of.token}/files/{one.link}/{quote(one.name, safe='')}",
    }


def event(one: PushEvent) -> dict[str, Any]:
    """A row of the log. `successful` is what old clients ask for."""
    row = {
        "ip": one.visit.ip,
        "user_agent": one.visit.user_agent,
        "referrer": one.visit.referrer,
        "kind": one.kind,
        "successful": one.kind not in FAILED,
        "created_at": time(one.happened_at),
        "updated_at": time(one.happened_at),
    }
    return row | {"notify_by_email": dict(one.detail)} if one.detail else row


def _days_remaining(site: Site, one: Push) -> int:
    return max(one.expire_after_days - (site.clock.now() - one.created_at) // timedelta(days=1), 0)
