"""How the pages of an account's files look: a theme, images with links, a message, buttons left out."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pixelhost import errors
from pixelhost.core import access, gates, storage
from pixelhost.core.callers import Caller
from pixelhost.db import users
from pixelhost.errors import ApiError
from pixelhost.media.mime import signature
from pixelhost.model.accounts import Terms
from pixelhost.model.files import File
from pixelhost.plans import Plan
from pixelhost.site import Site

IMAGES: Final = ("header_image", "background_image", "footer_image")
LINKS: Final = ("header_link", "footer_link")
TEXTS_MAX: Final[Mapping[str, int]] = {"theme": 50, "affiliate_prompt": 500}
SWITCHES: Final = ("disable_download_button", "disable_share_button")

IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
IMAGE_BYTES_MAX: Final = 10_000_000
LINK_MAX: Final = 1000


def shown(plan: Plan, terms: Terms) -> Mapping[str, str]:
    """What of it is in force; an account that changes to a plan without branding keeps its choice for later."""
    return terms.branding if plan.file_viewer_branding else {}


async def update(site: Site, caller: Caller, wanted: Mapping[str, str]) -> None:
    """Set the fields that `wanted` has; an empty value removes one, and so does a switch that is off.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, FORBIDDEN where the plan has no branding, and for values
    BRANDING_IMAGE_NOT_FOUND, NOT_FOUND, INVALID_FILE_TYPE, FILE_TOO_LARGE, INVALID_LINK, STRING_OUT_OF_RANGE,
    BOOL_PARSE_FAILED.
    """
    user = caller.require_user()
    if not site.plan(user.plan_id).file_viewer_branding:
        raise errors.FORBIDDEN(message="The plan of this account has no branding of its file pages")
    errors.raise_all(list((await problems(site, caller, wanted)).values()))
    kept = {name: value for name, value in wanted.items() if value and (name not in SWITCHES or value == "true")}
    await users.set_branding(site.db, user.id, kept, [name for name in wanted if name not in kept])
    site.changes.note()


async def problems(site: Site, caller: Caller, wanted: Mapping[str, str]) -> dict[str, ApiError]:
    """What is wrong with the values, by field."""
    found = {name: await _problem(site, caller, name, value) for name, value in wanted.items() if value}
    return {name: problem for name, problem in found.items() if problem is not None}


async def image(site: Site, caller: Caller, file: File, name: str) -> File | None:
    """One of the IMAGES for the page of `file`; None where there is none, or it can't be shown to this caller any more.

    One that goes after some downloads isn't spent on decoration.
    """
    image_id = shown(site.plan(file.owner_plan_id), file.owner_terms).get(name)
    found = await site.files.get(image_id) if image_id else None
    if found is None or found.owner_id != file.owner_id or found.delete_after_downloads:
        return None
    return None if access.is_expired(site, found) or gates.standing(site, caller, found) else found


async def _problem(site: Site, caller: Caller, name: str, value: str) -> ApiError | None:
    if name in IMAGES:
        return await _image_problem(site, caller, value)
    if name in LINKS:
        return _link_problem(name, value)
    if name in SWITCHES:
        return None if value in {"true", "false"} else errors.BOOL_PARSE_FAILED(field=name)
    return _length_problem(name, value, TEXTS_MAX[name])


async def _image_problem(site: Site, caller: Caller, file_id: str) -> ApiError | None:
    found = next(iter(await access.some_files(site, [file_id])), None)
    if found is None:
        return errors.BRANDING_IMAGE_NOT_FOUND()
    if not caller.owns(found.owner_id):
        return errors.NOT_FOUND(message="One of the branding images is not a file of your account")
    if found.size_bytes > IMAGE_BYTES_MAX:
        return errors.FILE_TOO_LARGE(message="A branding image has at most 10 MB")
    is_image = found.mime_type in IMAGE_TYPES and signature(await storage.head_of(site, found.blob)) == found.mime_type
    return None if is_image else errors.INVALID_FILE_TYPE(message="A branding image is a JPEG, PNG, GIF or WebP image")


def _link_problem(name: str, value: str) -> ApiError | None:
    try:
        is_link = value.startswith("https://") and value.isprintable() and " " not in value and urlsplit(value).hostname
    except ValueError:
        is_link = None
    return _length_problem(name, value, LINK_MAX) if is_link else errors.INVALID_LINK()


def _length_problem(name: str, value: str, longest: int) -> ApiError | None:
    if len(value) <= longest:
        return None
    return errors.STRING_OUT_OF_RANGE(field=name, min_len=0, max_len=longest, len=len(value))
