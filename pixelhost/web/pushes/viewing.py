"""What is secret, shown to whoever may see it: each time takes a view. And its end, before its time."""

from typing import Any, Final
from urllib.parse import quote

from aiohttp import hdrs, web
from markupsafe import Markup, escape

from pixelhost import errors
from pixelhost.core import pushes, pushfields, pushfiles, pushpasses, qrcodes
from pixelhost.core.pushes import Shown
from pixelhost.core.pushfiles import ShownFile
from pixelhost.errors import ApiError
from pixelhost.model.pushes import Push
from pixelhost.web import languages, pages
from pixelhost.web.languages import mark
from pixelhost.web.pushes import frame, opening
from pixelhost.web.sections import Question
from pixelhost.wire import security
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.visits import visit

LINK_MINUTES: Final = int(pushfiles.LINK_LIVES.total_seconds()) // 60


async def show(request: web.Request) -> web.Response:
    """GET /p/{token}: takes a view. HEAD, and what a browser fetches before anybody wants to see it, don't."""
    security.refuse_prefetch(request)
    frame.refuse_strangers(request)
    token = frame.token_of(request)
    if request.method == hdrs.METH_HEAD:
        return web.Response(content_type="text/html", charset="utf-8", headers=frame.HEADERS)
    site = site_of(request)
    found = await pushes.find(site, token)
    given, kept = frame.query(request).get("passphrase", ""), request.cookies.get(opening.COOKIE, "")
    is_locked = found.passphrase_sealed is not None and not pushes.is_over(site, found)
    if is_locked and not given.strip() and not pushpasses.opens(site, found, kept):
        return opening.to_passphrase(request, found)
    try:
        seen = await pushes.view(site, caller_of(request), visit(request), token, given, kept)
    except ApiError as refusal:
        return opening.refused(request, found, refusal)
    if seen.payload is None:
        raise errors.PUSH_EXPIRED()
    response = _shown(request, seen, seen.payload)
    if kept:
        response.del_cookie(opening.COOKIE, path=f"/p/{token}", httponly=True, samesite="Lax")
    return response


async def ask_expiry(request: web.Request) -> web.Response:
    """GET /p/{token}/expire: whether to."""
    found = await frame.there(request)
    if not _may_expire(request, found):
        raise errors.PUSH_NOT_DELETABLE()
    say = languages.of(request).translations.gettext
    is_owner = caller_of(request).owns(found.owner_id)
    question = Question(
        heading=say(mark("Delete this secret?")),
        texts=[
            say(mark("It goes at once and for good: nobody can see it any more, with or without the link.")),
            *([] if is_owner else [say(mark("To keep it, just close this page."))]),
        ],
        action=say(mark("Delete it")),
        sent={},
    )
    return frame.answer(request, "question.html", push=found, question=question, is_owner=is_owner)


async def expire(request: web.Request) -> web.Response:
    """POST or DELETE /p/{token}/expire"""
    frame.refuse_strangers(request)
    token = frame.token_of(request)
    ended = await pushes.expire(site_of(request), caller_of(request), visit(request), token)
    page = "audit" if caller_of(request).owns(ended.owner_id) else "expire"
    return pages.see_other(f"/p/{token}/{page}", done="push_deleted")


def _shown(request: web.Request, seen: Shown, payload: str) -> web.Response:
    push = seen.push
    if push.kind == "url" and not push.is_end_to_end and pushfields.is_web_address(payload):
        headers = {hdrs.LOCATION: payload, "Referrer-Policy": "no-referrer", **frame.HEADERS}
        return web.Response(status=303, headers=headers)
    is_owner = caller_of(request).owns(push.owner_id)
    return frame.answer(
        request,
        "secret.html",
        push=push,
        payload=_exactly(payload),
        qr=_qr(payload) if push.kind == "qr" and not push.is_end_to_end else None,
        sealed=pages.embedded(_sealed(seen, payload)) if push.is_end_to_end else None,
        files=[(file, file_url(push, file)) for file in seen.files],
        views_left=max(push.expire_after_views - push.views, 0),
        link_minutes=LINK_MINUTES,
        is_owner=is_owner,
        may_expire=_may_expire(request, push) and (is_owner or push.views < push.expire_after_views),
    )


def _may_expire(request: web.Request, push: Push) -> bool:
    return caller_of(request).owns(push.owner_id) or bool(push.is_deletable_by_viewer)


def file_url(push: Push, file: ShownFile) -> str:
    return f"/p/{push.token}/files/{file.link}/{quote(file.name, safe='')}"


def _exactly(text: str) -> Markup:
    """For an element that keeps its line breaks: HTML makes one of each kind of them, but for what is written so."""
    return escape(text).replace("\r", Markup("&#13;"))


def _qr(text: str) -> Markup | None:
    """None where it holds more than a code does."""
    if len(text.encode()) > qrcodes.TEXT_MAX_BYTES:
        return None
    return Markup(qrcodes.scalable(text))  # noqa: S704 - drawn by us: the text is in it as squares only


def _sealed(seen: Shown, payload: str) -> dict[str, Any]:
    """What the script of the page opens with the key that only its address has."""
    files = [{"name": file.name, "size": file.size_bytes, "url": file_url(seen.push, file)} for file in seen.files]
    return {"kind": seen.push.kind, "payload": payload, "files": files}
