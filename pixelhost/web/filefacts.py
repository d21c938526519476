"""What a page says of a file besides showing it: the same on its own page and on that of a list it is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from pixelhost.core import customization
from pixelhost.core.callers import Caller
from pixelhost.errors import ApiError
from pixelhost.model.files import File
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import captchas, fileplots, languages, opengraph, pages, refusals, viewed, views
from pixelhost.web.views import Asked
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class Branding:
    """What the owner makes of the page. `theme` is light, dark, or that of the visitor; images are URLs."""

    theme: str
    header_image: str | None
    header_link: str | None
    background_image: str | None
    footer_image: str | None
    footer_link: str | None
    prompt: str | None
    has_download_button: bool
    has_share_button: bool


@dataclass(frozen=True)
class Facts:
    """`shown` is for the templates; `policy` has directives of the page's Content-Security-Policy."""

    shown: Mapping[str, Any]
    policy: Mapping[str, str]


async def of(request: web.Request, file: File, refusal: ApiError | None, asked: Asked) -> Facts:
    """`refusal` is why it can't be had now. Raises as `views.of`."""
    site, caller, language = site_of(request), caller_of(request), languages.of(request)
    of_viewers = viewed.of_file(site, file)
    view = await views.of(site, of_viewers, asked) if refusal is None else None
    captcha = captchas.of(site, refusal, pages.content_url(site, f"/file/{file.id}?download"))
    here, raw_url = dialect.here(request), pages.content_url(site, f"/file/{file.id}")
    shown = {
        "file": file,
        "viewed": of_viewers,
        "is_own": caller.owns(file.owner_id),
        "info": pages.embedded(shapes.file_info(site, caller, file, {file.id: refusal} if refusal else None)),
        "raw_url": raw_url,
        "file_url": f"{here}/u/{file.id}",
        "tags": opengraph.of_file(language, here, file, raw_url if site.settings.content_origin else here + raw_url),
        "asked": asked,
        "viewer": view.viewer if view else "refused",
        "reason": view.reason if view else "",
        "refused": refusals.saying(refusal) if refusal else None,
        "captcha": captcha,
        "virus_name": file.virus_name,
        **(view.facts if view else {}),
        "branding": await _branding(site, caller, file),
        "plots": await fileplots.of_file(site, language, file.id, asked.range),
        "expires_at": _expires_at(site, file),
    }
    policy = dict(view.policy) if view else dict(captcha.policy) if captcha else {}
    return Facts(shown, policy | ({"frame-ancestors": views.framers(file)} if asked.embed else {}))


async def _branding(site: Site, caller: Caller, file: File) -> Branding:
    chosen = customization.shown(site.plan(file.owner_plan_id), file.owner_terms)
    images = {}
    for name in customization.IMAGES:
        image = await customization.image(site, caller, file, name)
        images[name] = pages.content_url(site, f"/file/{image.id}") if image else None
    return Branding(
        theme=chosen.get("theme", "").rpartition("_")[2],
        header_image=images["header_image"],
        header_link=chosen.get("header_link"),
        background_image=images["background_image"],
        footer_image=images["footer_image"],
        footer_link=chosen.get("footer_link"),
        prompt=chosen.get("affiliate_prompt"),
        has_download_button="disable_download_button" not in chosen,
        has_share_button="disable_share_button" not in chosen,
    )


def _expires_at(site: Site, file: File) -> datetime | None:
    """When the owner's plan lets this file go unless it is downloaded; None where it keeps files."""
    days = site.plan(file.owner_plan_id).file_expiry_days
    return file.kept_at + timedelta(days=days) if days > 0 else None
