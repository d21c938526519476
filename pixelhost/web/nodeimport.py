"""Importing files of the file list into a directory."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accountdata, filesystem
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.model.files import File
from pixelhost.web import nodepanels, nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.wire.dialect import caller_of, site_of

SHOWN_MAX: Final = 200
FILE: Final = "file:"


async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """The newest files whose name has what was searched for in it."""
    term = sent.get("term", "").strip()
    found, is_all = await _found(request, term)
    return await nodepanels.answer(
        request, "import", place, sent, problems, files=found, is_all=is_all, term=term, file_prefix=FILE
    )


async def save(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    file_ids = [name.removeprefix(FILE) for name in sent if name.startswith(FILE)]
    if not file_ids:
        raise errors.MISSING_FIELD(field="pick", message=nodepaths.NOTHING_CHOSEN)
    await filesystem.import_files(site_of(request), caller_of(request), path, file_ids)
    return pages.see_other(nodepaths.page(path), done)


async def _found(request: web.Request, term: str) -> tuple[list[File], bool]:
    """And whether there are no more."""
    user = caller_of(request).require_user()
    found: list[File] = []
    async for page in accountdata.pages_of_files(site_of(request), user.id):
        found += [file for file in page if term.casefold() in file.name.casefold()]
        if len(found) > SHOWN_MAX:
            return found[:SHOWN_MAX], False
    return found, True
