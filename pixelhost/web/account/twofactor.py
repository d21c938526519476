"""Two-factor login: set up with an authenticator app, and ended."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from markupsafe import Markup

from pixelhost.core import accounts, secondfactor
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class Proof:
    secret: Annotated[str, Length(0, 200)]
    otp: Annotated[str, Length(0, 20)]


async def show(request: web.Request) -> web.Response:
    """GET /user/two_factor"""
    return await _page(request, "", forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/two_factor: a secret and its code turn it on; the action `disable` turns it off, after a question."""
    frame.account_of(request)
    sent = await forms.sent(request)
    if sent.get("action") == "disable":
        if CONFIRMED not in sent:
            return _ask(request)
        await secondfactor.disable(site_of(request), caller_of(request))
        return pages.see_other(request.path, done="two_factor_off")
    try:
        proof = params.from_text(sent, Proof)
        await secondfactor.enable(site_of(request), caller_of(request), proof.secret, proof.otp)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent.get("secret", ""), problems.of(request, error, {"otp_incorrect": "otp"}))
    return pages.see_other(request.path, done="two_factor_on")


def _ask(request: web.Request) -> web.Response:
    say = languages.of(request).translations.gettext
    return frame.ask(
        request,
        Question(
            heading=say(mark("Turn two-factor login off?")),
            texts=[say(mark("From then on the password alone is enough to log in."))],
            action=say(mark("Turn it off")),
            sent={"action": "disable"},
        ),
    )


async def _page(request: web.Request, secret: str, found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    is_on = (await accounts.settings_of(site, account)).otp_enabled
    enrolment = secondfactor.enrolment(account, secret)
    return frame.answer(
        request,
        "two_factor.html",
        found.status,
        problems=found,
        is_on=is_on,
        enrolment=enrolment,
        qr=Markup(enrolment.qr_svg),  # noqa: S704 - drawn by us, of a text that stands in it nowhere
    )
