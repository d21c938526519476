"""Files of the account that are to be sent: found, uploaded, and sorted by categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import categories, transferfiles
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.transfers import arriving, frame, problems
from pixelhost.web.transfers.frame import Look
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

PLACE: Final = "/user/transfers"
NO_FILES: Final = mark("Choose a file first.")


@dataclass(frozen=True)
class FilesLook(Look):
    trash: bool = False


@dataclass(frozen=True)
class NewCategory:
    name: Annotated[str, Length(1, categories.NAME_MAX)]


@dataclass(frozen=True)
class Chosen:
    category: UUID


async def listing(request: web.Request) -> web.Response:
    """GET /user/transfers/files?q=&trash=&page="""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/transfers/files: files, or one of ACTIONS."""
    sent = await arriving.sent(request)
    try:
        if sent.problem is not None:
            raise sent.problem
        if action := ACTIONS.get(sent.fields.get("action", "")):
            await action(request, sent.fields)
            return pages.see_other(request.path, done="saved")
        if not sent.files:
            raise transferfiles.invalid("files", NO_FILES)
    except (ApiError, ApiErrors) as error:
        if isinstance(error, ApiError) and error.kind is errors.NOT_FOUND:
            raise
        return await _page(request, sent.fields, problems.of(request, error))
    return pages.see_other(request.path, done="uploaded")


async def _add(request: web.Request, sent: Mapping[str, str]) -> None:
    await categories.create(site_of(request), caller_of(request), _name(sent))


async def _rename(request: web.Request, sent: Mapping[str, str]) -> None:
    chosen = params.from_text(sent, Chosen).category
    await categories.rename(site_of(request), caller_of(request), chosen, _name(sent))


async def _remove(request: web.Request, sent: Mapping[str, str]) -> None:
    await categories.delete(site_of(request), caller_of(request), params.from_text(sent, Chosen).category)


ACTIONS: Final = {"add_category": _add, "rename_category": _rename, "delete_category": _remove}


def _name(sent: Mapping[str, str]) -> str:
    """Of a category. Raises what is wrong with it."""
    name = sent.get("name", "").strip()
    if not name:
        raise errors.MISSING_FIELD(field="name")
    return params.from_text({"name": name}, NewCategory).name


async def _page(request: web.Request, sent: Mapping[str, str], told: Problems) -> web.Response:
    site, caller, look = site_of(request), caller_of(request), params.query(request, FilesLook)
    trashed: Final = "only" if look.trash else "without"
    page = frame.page_of(await transferfiles.ids_of(site, caller, look.q, trashed, ()), look.page)
    return frame.listed(
        request,
        PLACE,
        "files.html",
        look,
        page,
        status=told.status,
        files=await transferfiles.some(site, caller, page.ids),
        categories=await categories.of_caller(site, caller),
        name_max=categories.NAME_MAX,
        files_max=transferfiles.FILES_AT_ONCE,
        sent=sent,
        problems=told,
    )
