"""List methods."""

from dataclasses import dataclass

from aiohttp import web

from pixelhost.core import access, gates, lists, thumbnails, zips
from pixelhost.core.lists import DEFAULT_TITLE, Entry
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.pixeldrain.files import THUMBNAIL_CACHE, ThumbnailSize, origin
from pixelhost.wire import content, params, target
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class ListEntry:
    id: str
    description: str = ""


@dataclass(frozen=True)
class NewList:
    title: str = DEFAULT_TITLE
    anonymous: bool = False
    files: tuple[ListEntry, ...] = ()


@dataclass(frozen=True)
class ListChange:
    title: str | Unset = UNSET
    files: tuple[ListEntry, ...] | Unset = UNSET


async def create(request: web.Request) -> web.Response:
    caller = caller_of(request)
    caller.require_user()
    wanted = await params.json(request, NewList)
    list_id = await lists.create(
        site_of(request), caller, wanted.title, _entries(wanted.files), is_anonymous=wanted.anonymous
    )
    return envelope.success({"id": list_id}, 201)


async def show(request: web.Request) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    found = await access.file_list(site, target.path_segment(request, 2, "id"))
    used_up = await gates.used_up(site, caller, [listed.file for listed in found.files])
    return envelope.ok(shapes.file_list(site, caller, found, used_up))


async def update(request: web.Request) -> web.Response:
    """PUT /list/{id}: title and files, what isn't sent stays."""
    caller = caller_of(request)
    caller.require_user()
    wanted = await params.json(request, ListChange)
    entries = wanted.files if wanted.files is UNSET else _entries(wanted.files)
    await lists.update(site_of(request), caller, target.path_segment(request, 2, "id"), wanted.title, entries)
    return envelope.done()


async def delete(request: web.Request) -> web.Response:
    await lists.delete(site_of(request), caller_of(request), target.path_segment(request, 2, "id"))
    return envelope.done()


async def download(request: web.Request) -> web.StreamResponse:
    list_id = target.path_segment(request, 2, "id")
    async with zips.of_list(site_of(request), caller_of(request), list_id, origin(request)) as archive:
        return await content.send(request, archive, disposition="attachment")


async def thumbnail(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    size = params.query(request, ThumbnailSize)
    found = await access.file_list(site, target.path_segment(request, 2, "id"))
    made = await thumbnails.of_list(site, found, size.width, size.height)
    return await content.send_bytes(request, made.png, "image/png", made.etag, cache_control=THUMBNAIL_CACHE)


def _entries(files: tuple[ListEntry, ...]) -> list[Entry]:
    return [(entry.id, entry.description) for entry in files]
