"""API keys, tokens and logins of an account: which there are, a new one, and ending them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import apikeys, programs, tokens
from pixelhost.core import login as logins
from pixelhost.core.login import APP_NAME_MAX
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.accounts import Session
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import dialect, params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

TOO_MANY_TOKENS: Final = mark("There are at most 1,000 tokens. Revoke one that nothing uses any more.")


@dataclass(frozen=True)
class NewKey:
    app_name: Annotated[str, Length(0, APP_NAME_MAX)] = ""


@dataclass(frozen=True)
class NewToken:
    token_name: Annotated[str, Length(1, tokens.NAME_MAX)]


@dataclass(frozen=True)
class Revoked:
    revoke: UUID


async def show(request: web.Request) -> web.Response:
    """GET /user/api_keys; with `made`, the ID of a session, its key stands above the others."""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/api_keys: `revoke` ends one, the action `revoke_others` all but this browser's, `make_token` makes a
    token, which is on the page that answers; else a key is made.
    """
    frame.account_of(request)
    sent = await forms.sent(request)
    try:
        if "revoke" in sent:
            await apikeys.revoke(site_of(request), caller_of(request), params.from_text(sent, Revoked).revoke)
            return pages.see_other(request.path, done="key_revoked")
        if sent.get("action") == "revoke_others":
            return await _revoke_others(request, sent)
        if sent.get("action") == "make_token":
            return await _page(request, {}, forms.NONE, await _make_token(request, sent))
        made = await make(request, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))
    return pages.see_other(f"{request.path}?made={made.id}")


async def make(request: web.Request, sent: Mapping[str, str]) -> Session:
    """Raises what is wrong with the name."""
    wanted = params.from_text(sent, NewKey)
    return await logins.another_session(site_of(request), caller_of(request), wanted.app_name.strip())


async def made_of(request: web.Request) -> Session | None:
    """The key that the address names as made just now, if it is one of the account."""
    wanted = request.query.get("made", "")
    found = await logins.sessions_of(site_of(request), frame.account_of(request)) if wanted else []
    return next((one for one in found if str(one.id) == wanted and one.key is not None), None)


def program_of(session: Session) -> str:
    """What a key is for: the name it was given, or the browser that logged in with it, in short."""
    return session.app_name or programs.name_of(session.user_agent) or session.user_agent.partition(" ")[0]


async def _make_token(request: web.Request, sent: Mapping[str, str]) -> tuple[Session, str]:
    """Raises what is wrong with the name."""
    if not sent.get("token_name", "").strip():
        raise errors.MISSING_FIELD(field="token_name")
    name = params.from_text(sent, NewToken).token_name.strip()
    try:
        return await tokens.create(site_of(request), caller_of(request), name)
    except ApiError as refusal:
        if refusal.kind is not errors.TRANSFER_INVALID:
            raise
        raise errors.TRANSFER_INVALID(field="token_name", message=TOO_MANY_TOKENS) from None


async def _revoke_others(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    if CONFIRMED in sent:
        await apikeys.revoke_others(site_of(request), caller_of(request))
        return pages.see_other(request.path, done="keys_revoked")
    say = languages.of(request).translations.gettext
    return frame.ask(
        request,
        Question(
            heading=say(mark("Revoke all other keys?")),
            texts=[say(mark("All other browsers are logged out, and programs with a key need a new one."))],
            action=say(mark("Revoke them")),
            sent={"action": "revoke_others"},
        ),
    )


async def _page(
    request: web.Request, sent: Mapping[str, str], found: Problems, token: tuple[Session, str] | None = None
) -> web.Response:
    account, caller = frame.account_of(request), caller_of(request)
    sessions = await logins.sessions_of(site_of(request), account)
    response = frame.answer(
        request,
        "keys.html",
        found.status,
        sent=sent,
        problems=found,
        made=await made_of(request),
        sessions=sorted(sessions, key=lambda one: one.last_used_at, reverse=True),
        own_id=caller.require_session().id,
        program_of=program_of,
        name_max=APP_NAME_MAX,
        token=token,
        token_name_max=tokens.NAME_MAX,
        here=dialect.here(request),
    )
    if token is not None:
        response.headers["Cache-Control"] = "no-store"
    return response
