"""File methods."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import access, downloads, files, gates, reports, storage, thumbnails, uploads, zips
from pixelhost.core.files import Lifetime
from pixelhost.core.gates import Origin
from pixelhost.core.reports import AbuseType
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import body, content, digests, params, security, target
from pixelhost.wire.body import RawBody
from pixelhost.wire.content import Disposition
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import AnyCharacter, Between
from pixelhost.wire.uploadform import UploadForm

THUMBNAIL_CACHE = "public, max-age=86400"
FORM_BYTES = 128 << 10
DOWNLOADS_MAX = 2**31 - 1


@dataclass(frozen=True)
class UploadFields:
    """What may go with an upload, in the query or in the form."""

    name: Annotated[str, AnyCharacter()] | None = None
    grab_file: str | None = None
    delete_after_date: datetime | None = None
    delete_after_downloads: Annotated[int, Between(0, DOWNLOADS_MAX)] = 0

    @property
    def lifetime(self) -> Lifetime:
        return Lifetime(_date(self.delete_after_date), self.delete_after_downloads)


@dataclass(frozen=True)
class Change:
    action: Literal["rename", "update"]
    name: Annotated[str, AnyCharacter()] = ""
    delete_after_date: datetime | Unset = UNSET
    delete_after_downloads: Annotated[int, Between(0, DOWNLOADS_MAX)] | Unset = UNSET


@dataclass(frozen=True)
class Report:
    type: AbuseType
    description: str = ""


@dataclass(frozen=True)
class ThumbnailSize:
    width: int = 256
    height: int = 256


async def upload(request: web.Request) -> web.Response:
    """PUT /file/{name}: the raw bytes of a file. Everything that can be refused is refused before they are read."""
    site, caller = site_of(request), caller_of(request)
    caller.require_user()
    if body.is_multipart(request):
        raise errors.INVALID_CONTENT_TYPE()
    name = target.path_tail(request, "/api/file/", "name") if target.raw_path(request) != "/api/file" else ""
    errors.raise_all(files.name_problems(name))
    wanted = params.query(request, UploadFields)
    wanted_digests = digests.sent(request.headers)
    source = RawBody(request, site.settings.upload_stall_seconds)
    if source.expected_bytes == 0:
        raise errors.NO_FILE()
    admission = uploads.admit(site, caller, source.expected_bytes)
    async with storage.received(
        site,
        source,
        refuse_size=admission.refuse_size,
        digests=wanted_digests,
        expected_bytes=source.expected_bytes or 0,
    ) as got:
        made = await files.add(site, admission, name, got, wanted.lifetime)
    return envelope.ok(shapes.file_info(site, caller, made), 201)


async def upload_form(request: web.Request) -> web.Response:
    """POST /file: a multipart form with the file, or `grab_file` with the ID of somebody's. Fields in any order."""
    site, caller = site_of(request), caller_of(request)
    admission = uploads.admit(site, caller, _least_bytes(request))
    if not body.is_multipart(request):
        return await _grab(request, await params.fields(request))
    form = UploadForm(request, site.settings.upload_stall_seconds)
    part = await form.next_file("file")
    if part is None:
        return await _grab(request, form.fields)
    wanted_digests = digests.sent(part.headers)
    async with storage.received(site, part, refuse_size=admission.refuse_size, digests=wanted_digests) as got:
        if await form.next_file("file") is not None:
            raise errors.ERROR_READING_INPUT(message="Send one file with each request. Nothing was stored")
        fields = params.from_text(params.pairs(target.raw_query(request)) | form.fields, UploadFields)
        name = fields.name or part.file_name.rpartition("/")[2]
        errors.raise_all(files.name_problems(name))
        made = await files.add(site, admission, name, got, fields.lifetime)
    return envelope.success({"id": made.id}, 201)


async def _grab(request: web.Request, fields: dict[str, str]) -> web.Response:
    wanted = params.from_text(fields, UploadFields)
    if wanted.grab_file is None:
        raise errors.NO_FILE()
    if wanted.name is not None:
        errors.raise_all(files.name_problems(wanted.name))
    made = await files.grab(site_of(request), caller_of(request), wanted.grab_file, wanted.name, wanted.lifetime)
    return envelope.success({"id": made.id}, 201)


async def download(request: web.Request) -> web.StreamResponse:
    """GET /file/{id}: the bytes; several IDs with commas between them: a zip."""
    site, caller = site_of(request), caller_of(request)
    file_id = target.path_segment(request, 2, "id")
    flags = params.pairs(target.raw_query(request))
    disposition: Disposition = "attachment" if "download" in flags else "inline"
    if "," in file_id:
        async with zips.of_files(site, caller, _ids(file_id), origin(request)) as archive:
            return await content.send(request, archive, disposition="attachment")
    async with downloads.of_file(site, caller, file_id, origin(request)) as found:
        return await content.send(request, found, disposition=disposition)


async def info(request: web.Request) -> web.Response:
    """GET /file/{id}/info: one object, or for several IDs an array of those that exist."""
    site, caller = site_of(request), caller_of(request)
    file_id = target.path_segment(request, 2, "id")
    if "," not in file_id:
        file = await access.file(site, file_id)
        return envelope.ok(shapes.file_info(site, caller, file, await gates.used_up(site, caller, [file])))
    ids = _ids(file_id)
    if len(ids) > zips.FILES_MAX:
        raise errors.STRING_OUT_OF_RANGE(field="id", min_len=1, max_len=zips.FILES_MAX, len=len(ids))
    found = await access.some_files(site, ids)
    if not found:
        raise errors.NOT_FOUND()
    used_up = await gates.used_up(site, caller, found)
    return envelope.ok([shapes.file_info(site, caller, file, used_up) for file in found])


async def thumbnail(request: web.Request) -> web.StreamResponse:
    size = params.query(request, ThumbnailSize)
    made = await thumbnails.of_file(site_of(request), target.path_segment(request, 2, "id"), size.width, size.height)
    return await content.send_bytes(request, made.png, "image/png", made.etag, cache_control=THUMBNAIL_CACHE)


async def change(request: web.Request) -> web.Response:
    """POST /file/{id}: rename, or change when the file goes by itself."""
    site, caller = site_of(request), caller_of(request)
    file_id = target.path_segment(request, 2, "id")
    wanted = await params.form(request, Change)
    if wanted.action == "rename":
        await files.change(site, caller, file_id, name=wanted.name)
    else:
        date = wanted.delete_after_date if wanted.delete_after_date is UNSET else _date(wanted.delete_after_date)
        await files.change(site, caller, file_id, date=date, downloads=wanted.delete_after_downloads)
    return envelope.done()


async def delete(request: web.Request) -> web.Response:
    await files.delete(site_of(request), caller_of(request), target.path_segment(request, 2, "id"))
    return envelope.done()


async def report_abuse(request: web.Request) -> web.Response:
    """POST /file/{id}/report_abuse: by anybody, though not by a page of another site in a visitor's name."""
    security.refuse_other_sites(request)
    wanted = await params.form(request, Report)
    file_id = target.path_segment(request, 2, "id")
    await reports.add(site_of(request), caller_of(request), file_id, wanted.type, wanted.description)
    return envelope.done()


def origin(request: web.Request) -> Origin:
    captcha_response = params.pairs(target.raw_query(request)).get("recaptcha_response", "")
    return Origin(request.headers.get(hdrs.REFERER), request.host, captcha_response)


def _least_bytes(request: web.Request) -> int | None:
    """How many bytes the file of a form has at least: what is announced, less what the rest of the form may take."""
    announced = request.content_length if body.is_multipart(request) else None
    return max(0, announced - FORM_BYTES) if announced is not None else None


def _date(moment: datetime | None) -> datetime | None:
    """The zero time of the answers, sent back, is still no date."""
    return None if moment is None or moment.year == 1 else moment


def _ids(text: str) -> list[str]:
    return [file_id for file_id in text.split(",") if file_id]
