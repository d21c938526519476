"""How others get at an account's files: who pays for their downloads, where files are embedded, and how pages look."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accounts, customization, filepages
from pixelhost.core.accounts import Changes
from pixelhost.core.customization import IMAGE_BYTES_MAX, IMAGE_TYPES, IMAGES, LINKS, SWITCHES, TEXTS_MAX
from pixelhost.core.filepages import Wanted
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.files import File
from pixelhost.site import Site
from pixelhost.web import amounts, forms, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of

GIGABYTE: Final = 10**9
IMAGES_OFFERED: Final = 200
FIELDS: Final[Mapping[str, str]] = {"invalid_domain_name": "embed_domains"}

BRANDING: Final = ("theme", *IMAGES, *LINKS, "affiliate_prompt", *SWITCHES)
THEMES: Final = (
    ("", mark("That of the visitor")),
    ("light", mark("Light")),
    ("dark", mark("Dark")),
)


async def show(request: web.Request) -> web.Response:
    """GET /user/sharing"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/sharing: one of the forms there, told by `action`."""
    frame.account_of(request)
    sent = await forms.sent(request)
    try:
        if sent.get("action") == "branding":
            return await _brand(request, sent)
        await _change(request, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error, FIELDS))
    return pages.see_other(request.path, done="saved")


async def _change(request: web.Request, sent: Mapping[str, str]) -> None:
    wanted = Changes(
        hotlinking_enabled="hotlinking_enabled" in sent,
        skip_file_viewer="skip_file_viewer" in sent,
        embed_domains=sent.get("embed_domains", ""),
        transfer_cap=_bytes(sent.get("transfer_cap", "")),
    )
    await accounts.change(site_of(request), caller_of(request), wanted, [], dialect.here(request))


def _bytes(gigabytes: str) -> int:
    """Raises INTEGER_PARSE_FAILED."""
    try:
        return int(amounts.parsed(gigabytes or "0") * GIGABYTE)
    except ValueError:
        raise errors.INTEGER_PARSE_FAILED(
            field="transfer_cap", message=mark("Write it as a number of gigabytes, like 500 or 1.5.")
        ) from None


async def _brand(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    """The problems are asked for first: they say which field they are about."""
    site, caller = site_of(request), caller_of(request)
    wanted = {name: sent.get(name, "").strip() for name in BRANDING}
    found = await customization.problems(site, caller, wanted)
    if found:
        by_field = {name: problem.message for name, problem in found.items()}
        return await _page(request, sent, Problems(by_field, status=400))
    await customization.update(site, caller, wanted)
    return pages.see_other(request.path, done="saved")


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    plan, branding = site.plan(account.plan_id), dict(account.terms.branding)
    sent_branding = sent.get("action") == "branding"
    if sent_branding:
        branding = {name: sent[name] for name in BRANDING if sent.get(name)}
    return frame.answer(
        request,
        "sharing.html",
        found.status,
        sent=sent,
        problems=found,
        plan=plan,
        terms=account.terms,
        branding=branding,
        sent_terms=bool(sent) and not sent_branding,
        transfer_cap=_gigabytes(account.terms.transfer_cap_bytes),
        images=await _images(site, request, branding) if plan.file_viewer_branding else (),
        image_url=lambda file_id: pages.content_url(site, f"/file/{file_id}"),
        image_base=pages.content_url(site, "/file/"),
        themes=THEMES,
        prompt_max=TEXTS_MAX["affiliate_prompt"],
        content_origin=site.settings.content_origin or "",
    )


def _gigabytes(size_bytes: int) -> str:
    """As it is typed: 1.5; empty for none."""
    return f"{(Decimal(size_bytes) / GIGABYTE).normalize():f}" if size_bytes else ""


async def _images(site: Site, request: web.Request, branding: Mapping[str, str]) -> Sequence[File]:
    """The newest that may be used, and those that are in use."""
    wanted = Wanted(kinds=sorted(IMAGE_TYPES), size_max_bytes=IMAGE_BYTES_MAX)
    newest = await filepages.files(site, frame.account_of(request), wanted, 1, IMAGES_OFFERED)
    known = {file.id for file in newest.found}
    used = [branding[name] for name in IMAGES if name in branding and branding[name] not in known]
    return [*await filepages.own(site, caller_of(request), list(dict.fromkeys(used))), *newest.found]
