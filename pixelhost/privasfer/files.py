"""Files: uploaded, listed, changed, deleted, downloaded."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pins, transferfiles
from pixelhost.core.transferfiles import Change
from pixelhost.model.transfers import FileSort, TransferFile, Trashed
from pixelhost.model.unset import UNSET, Unset
from pixelhost.privasfer import envelope, query, sent, shapes
from pixelhost.privasfer.query import Keyword, Page, PerPage
from pixelhost.wire import body, content, params, transferform
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length
from pixelhost.wire.uploadform import UploadForm

INCLUDES: Final = ("category",)
SORTS: Final[dict[str, FileSort]] = {
    "filename_original": "name",
    "size": "size_bytes",
    "encrypted_size": "sealed_bytes",
    "created_at": "created_at",
}
TRASHED: Final[dict[str, Trashed]] = {
    "": "without",
    "false": "without",
    "0": "without",
    "with": "with",
    "only": "only",
    "true": "only",
    "1": "only",
}


@dataclass(frozen=True)
class ListQuery:
    include: str = ""
    sort: str = ""
    keyword: Keyword = ""
    trashed: Literal["", "false", "0", "with", "only", "true", "1"] = ""
    page: Page | None = None
    per_page: PerPage | None = None


@dataclass(frozen=True)
class ShowQuery:
    include: str = ""


@dataclass(frozen=True)
class FileChange:
    filename: Annotated[str, Length(1, 255)] | Unset = UNSET
    category_id: UUID | None = None
    trashed: bool | Unset = UNSET


@dataclass(frozen=True)
class DownloadQuery:
    pinKey: str | None = None  # noqa: N815 - as the API has it


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /api/files"""
    site, caller = site_of(request), caller_of(request)
    caller.require_user()
    wanted = params.query(request, ListQuery)
    has_category = "category" in query.included(wanted.include, INCLUDES)
    order = query.order(wanted.sort, SORTS)
    ids = await transferfiles.ids_of(site, caller, wanted.keyword, TRASHED[wanted.trashed], order)

    async def shaped(some: Any) -> Any:
        return [shapes.file(one, has_category=has_category) for one in await transferfiles.some(site, caller, some)]

    return await query.answer(request, wanted, ids, shaped)


async def create(request: web.Request) -> web.Response:
    """POST /api/files: all files of the form become files of the account, or none does."""
    site, caller = site_of(request), caller_of(request)
    form = UploadForm(request, site.settings.upload_stall_seconds)
    admission = transferform.admit(request, form)
    if not body.is_multipart(request):
        raise errors.MISSING_FIELD(field="file")
    async with AsyncExitStack() as stack:
        arrived = await transferform.received(request, form, stack, "file", "files[]", admission=admission)
        if not arrived:
            raise errors.MISSING_FIELD(field="file")
        category_id = form.fields.get("category_id")
        new = [one.file for one in arrived]
        made = await transferfiles.add(site, caller, new, sent.uuid(category_id) if category_id else None)
    shown = [shapes.file(one) for one in made]
    is_one = [one.field for one in arrived] == ["file"]
    return envelope.data(shown[0] if is_one else shown, 201)


async def show(request: web.Request) -> web.Response:
    """GET /api/files/{id}"""
    found = await _own(request)
    included = query.included(params.query(request, ShowQuery).include, INCLUDES)
    return envelope.data(shapes.file(found, has_category="category" in included))


async def change(request: web.Request) -> web.Response:
    """PATCH /api/files/{id}"""
    caller_of(request).require_user()
    wanted = await sent.read(request, FileChange)
    values, problems = wanted.values, list(wanted.problems)
    if "filename" in wanted.empty:
        problems.append(errors.MISSING_FIELD(field="filename"))
    category_id = None if "category_id" in wanted.empty else values.category_id or UNSET
    changes = Change(values.filename, category_id, values.trashed)
    changed = await transferfiles.change(site_of(request), caller_of(request), _id(request), changes, problems)
    return envelope.data(shapes.file(changed, has_category=True))


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/files/{id}"""
    await transferfiles.delete(site_of(request), caller_of(request), _id(request))
    return envelope.nothing()


async def download(request: web.Request) -> web.StreamResponse:
    """GET /api/files/{id}/download; an account with a PIN sends a temporary key, as for any download."""
    site = site_of(request)
    found = await _own(request)
    pin_key = params.query(request, DownloadQuery).pinKey
    errors.raise_all(await pins.key_problems(site, caller_of(request), pin_key))
    async with transferfiles.content(site, [found], "") as opened:
        return await content.send(request, opened, disposition="attachment", cache_control="private, no-store")


async def _own(request: web.Request) -> TransferFile:
    return await transferfiles.own(site_of(request), caller_of(request), _id(request))


def _id(request: web.Request) -> UUID:
    return sent.uuid(request.match_info["id"])
