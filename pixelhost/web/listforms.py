"""Forms about a list, for its owner: to change it and to delete it. Scripts make more of them; they work without."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost.core import access, lists
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.files import FileList
from pixelhost.web import forms, listorder, pages
from pixelhost.web.forms import NONE, Problems
from pixelhost.web.languages import mark
from pixelhost.web.listorder import Changed
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of

PAGE_ENTRIES: Final = 100
FIELDS: Final[Mapping[str, str]] = {
    "title_too_long": "title",
    "list_file_not_found": "add",
    "too_many_files": "add",
}
MEANWHILE: Final = mark("The list was changed meanwhile, so nothing was saved. This is what it is now.")


async def edit(request: web.Request) -> web.Response:
    """GET /l/{id}/edit?page=: its title, and its files with their order and descriptions."""
    return _edit_page(request, await _own(request))


async def save(request: web.Request) -> web.Response:
    """POST /l/{id}/edit?page="""
    found = await _own(request)
    sent = await forms.sent(request)
    entries = [(listed.file.id, listed.description) for listed in found.files]
    try:
        wanted = listorder.edited(entries, sent)
        added = listorder.linked(sent.get("add", ""))
        wanted += [(file_id, "") for file_id in added]
        title = sent.get("title", found.title)
        await lists.update(site_of(request), caller_of(request), found.id, title, wanted)
    except Changed:
        return _edit_page(request, found, problems=Problems(others=(MEANWHILE,), status=409))
    except (ApiError, ApiErrors) as error:
        return _edit_page(request, found, sent, forms.problems(error, FIELDS))
    return _saved(found.id, sent, page_of(len(wanted) - 1) if added else _page(request))


async def ask_deletion(request: web.Request) -> web.Response:
    """GET /l/{id}/delete."""
    return pages.answer(request, "list-delete.html", found=await _own(request))


async def delete(request: web.Request) -> web.Response:
    """POST /l/{id}/delete. The files stay."""
    found = await _own(request)
    await lists.delete(site_of(request), caller_of(request), found.id)
    return pages.see_other("/user/lists", done="deleted")


def page_of(place: int) -> int:
    """The page, from 1, on which an entry stands."""
    return place // PAGE_ENTRIES + 1


def _saved(list_id: str, sent: Mapping[str, str], page: int) -> web.Response:
    """On to the page again; after a step up or down to where the file is now."""
    for button, step in listorder.STEPS.items():
        text = sent.get(button, "")
        if text.isascii() and text.isdigit():
            to = max(0, int(text) + step)
            return pages.see_other(f"/l/{list_id}/edit?page={page_of(to)}#file-{to}")
    return pages.see_other(f"/l/{list_id}/edit?page={page}", done="saved")


def _edit_page(
    request: web.Request, found: FileList, sent: Mapping[str, str] = pages.NO_MORE, problems: Problems = NONE
) -> web.Response:
    page_count = max(1, page_of(len(found.files) - 1))
    page = min(_page(request), page_count)
    first = (page - 1) * PAGE_ENTRIES
    return pages.answer(
        request,
        "list-edit.html",
        problems.status,
        found=found,
        first=first,
        shown=found.files[first : first + PAGE_ENTRIES],
        page=page,
        page_count=page_count,
        page_entries=PAGE_ENTRIES,
        title_max=lists.TITLE_MAX,
        description_max=lists.DESCRIPTION_MAX,
        sent=sent,
        problems=problems,
    )


async def _own(request: web.Request) -> FileList:
    """Raises AUTHENTICATION_REQUIRED, NOT_FOUND, FORBIDDEN."""
    caller_of(request).require_user()
    return await access.own_list(site_of(request), caller_of(request), target.path_segment(request, 1, "id"))


def _page(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
