"""Making a push: a form for each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pushes, pushfields, pushpasses
from pixelhost.core.callers import Caller
from pixelhost.core.pushfields import NewPush
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.pushes import Push, PushKind
from pixelhost.site import Site
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.pushes import choices, frame, payloads, sending, sharing
from pixelhost.web.pushes.sending import Sent
from pixelhost.wire import params, security
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length
from pixelhost.wire.visits import visit

FIELDS: Final[Mapping[str, str]] = {"user_out_of_space": "files", "file_too_large": "files"}
NO_FILES: Final = mark("Choose a file first.")


@dataclass(frozen=True)
class Wanted:
    """What the form holds besides its kind. A tick that isn't there was taken away."""

    payload: str = ""
    expire_after_duration: Annotated[int, Between(0, len(pushfields.DURATIONS) - 1)] = choices.DEFAULT_DURATION
    expire_after_views: Annotated[int, Between(pushfields.VIEWS[0], pushfields.VIEWS[-1])] = pushfields.VIEWS_DEFAULT
    passphrase: Annotated[str, Length(0, pushfields.PASSPHRASE_MAX)] = ""
    name: Annotated[str, Length(0, pushfields.NAME_MAX)] = ""
    note: Annotated[str, Length(0, pushfields.NOTE_MAX)] = ""
    retrieval_step: bool = False
    deletable_by_viewer: bool = False
    end_to_end: bool = False
    notify_on_view: bool = False
    notify_on_expiry: bool = False


async def show(request: web.Request) -> web.Response:
    """GET /p/new?tab="""
    site, caller = site_of(request), caller_of(request)
    pushes.pusher(site, caller)
    kind = _kind(site, frame.query(request).get("tab", ""))
    return _page(request, kind, {}, forms.NONE)


async def make(request: web.Request) -> web.Response:
    """POST /p: on to the page with its link."""
    site, caller, draft = site_of(request), caller_of(request), pushes.draft()
    pushes.pusher(site, caller)
    async with sending.sent(request, draft) as sent:
        kind = _kind(site, sent.fields.get("kind", ""))
        try:
            wanted = _wanted(site, kind, sent)
            made = await pushes.create(site, caller, visit(request), draft, wanted, sent.files)
        except (ApiError, ApiErrors) as error:
            return _page(request, kind, sent.fields, problems.of(request, error, FIELDS))
    return _made(request, made)


def _made(request: web.Request, made: Push) -> web.Response:
    site = site_of(request)
    response = pages.see_other(f"/p/{made.token}/preview", done="pushed")
    if made.owner_id is None:
        response.set_cookie(
            sharing.COOKIE,
            pushpasses.to_share(site, made),
            max_age=int(pushpasses.SHARES_FOR.total_seconds()),
            path=f"/p/{made.token}",
            httponly=True,
            samesite="Lax",
            secure=security.is_https(request, site.settings.trusted_proxies),
        )
    return response


def _wanted(site: Site, kind: PushKind, sent: Sent) -> NewPush:
    """Raises what is wrong with the fields, or with the files."""
    if sent.fields.get("kind", kind) != kind:
        raise errors.ENUM_PARSE_FAILED(field="kind", allowed_values=choices.offered(site))
    if sent.problem is not None:
        raise sent.problem
    wanted = params.from_text({name: text for name, text in sent.fields.items() if text or name == "payload"}, Wanted)
    if kind == "file" and not sent.files:
        raise errors.PUSH_INVALID(field="files", message=NO_FILES)
    payload = wanted.payload.strip() if kind == "url" else wanted.payload
    if not wanted.end_to_end:
        payloads.refuse(kind, payload)
    return NewPush(
        kind=kind,
        payload=payload,
        passphrase=wanted.passphrase,
        name=wanted.name.strip(),
        note=wanted.note,
        views=wanted.expire_after_views,
        lifetime=pushfields.DURATIONS[wanted.expire_after_duration],
        is_deletable_by_viewer=None if kind == "url" else wanted.deletable_by_viewer,
        has_retrieval_step=wanted.retrieval_step,
        is_end_to_end=wanted.end_to_end,
        mails_on_view=wanted.notify_on_view,
        mails_on_expiry=wanted.notify_on_expiry,
    )


def _kind(site: Site, text: str) -> PushKind:
    """The first one, where it is none that can be made here."""
    offered = choices.offered(site)
    return text if text in offered else offered[0]


def _page(request: web.Request, kind: PushKind, sent: Mapping[str, str], found: Problems) -> web.Response:
    site = site_of(request)
    return frame.answer(
        request,
        "new.html",
        found.status,
        kind=kind,
        kinds=[(one, choices.KINDS[one]) for one in choices.offered(site)],
        sent=sent,
        problems=found,
        durations=choices.durations(languages.of(request)),
        default_duration=choices.DEFAULT_DURATION,
        fields=pushfields,
        is_refused=kind == "file" and not _may_send_files(caller_of(request)),
    )


def _may_send_files(caller: Caller) -> bool:
    return caller.user is not None
