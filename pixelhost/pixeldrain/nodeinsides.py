"""What is inside of files: of those of a filesystem, sub-APIs of GET /filesystem/{path}, and of /file/{id}/info."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from pixelhost.core import access, gates, insides, nodes, stats
from pixelhost.core.downloads import Stream
from pixelhost.core.gates import Gate
from pixelhost.core.insides import Torrent
from pixelhost.core.paths import Path
from pixelhost.model.files import Blob, File
from pixelhost.model.nodes import Node
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.pixeldrain.files import origin
from pixelhost.wire import content, params, target
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class Member:
    zip_file: str


async def torrent_info(request: web.Request, path: Path) -> web.StreamResponse:
    site = site_of(request)
    node, blob = await _open(request, path)
    return envelope.ok(_torrent(await insides.torrent(site, blob, node.mime_type)))


async def zip_info(request: web.Request, path: Path) -> web.StreamResponse:
    site = site_of(request)
    _, blob = await _open(request, path)
    return envelope.ok(msgspec.Raw(await insides.listing(site, blob)))


async def zip_file(request: web.Request, path: Path) -> web.StreamResponse:
    site, caller, wanted = site_of(request), caller_of(request), params.query(request, Member)
    node, blob = await nodes.readable_file(site, caller, path)
    note = partial(stats.note_node_sent, site, caller, node)
    gate = gates.admit(site, caller, [node], origin(request))
    return await _send_member(request, blob, wanted.zip_file, node.modified_at, note, gate)


async def render_markdown(request: web.Request, path: Path) -> web.StreamResponse:
    site = site_of(request)
    node, blob = await _open(request, path)
    page = await insides.page(site, blob, node.mime_type)
    return web.Response(body=page, content_type="text/html", charset="utf-8", headers=content.SANDBOXED)


async def file_torrent_info(request: web.Request) -> web.StreamResponse:
    """GET /file/{id}/info/torrent."""
    site = site_of(request)
    file = await _open_file(request)
    return envelope.ok(_torrent(await insides.torrent(site, file.blob, file.mime_type)))


async def file_zip_info(request: web.Request) -> web.StreamResponse:
    """GET /file/{id}/info/zip."""
    site = site_of(request)
    file = await _open_file(request)
    return envelope.ok(msgspec.Raw(await insides.listing(site, file.blob)))


async def file_zip_file(request: web.Request) -> web.StreamResponse:
    """GET /file/{id}/info/zip/{path}: to look at, with `?download` to save."""
    site, caller = site_of(request), caller_of(request)
    file = await access.file(site, target.path_segment(request, 2, "id"))
    wanted = target.decoded("/".join(target.raw_path(request).split("/")[6:]), "path")
    note = partial(stats.note_sent, site, caller, file)
    gate = gates.admit(site, caller, [file], origin(request))
    return await _send_member(request, file.blob, wanted, file.uploaded_at, note, gate)


async def _open(request: web.Request, path: Path) -> tuple[Node, Blob]:
    """A file of a filesystem that may be downloaded: looking inside tells as much."""
    site, caller = site_of(request), caller_of(request)
    node, blob = await nodes.readable_file(site, caller, path)
    await gates.refuse(site, caller, node, origin(request))
    return node, blob


async def _open_file(request: web.Request) -> File:
    site, caller = site_of(request), caller_of(request)
    file = await access.file(site, target.path_segment(request, 2, "id"))
    await gates.refuse(site, caller, file, origin(request))
    return file


async def _send_member(
    request: web.Request, blob: Blob, path: str, modified_at: datetime, note: Callable[[int], None], gate: Gate
) -> web.StreamResponse:
    async with insides.member(site_of(request), blob, path, modified_at, note) as found:
        if isinstance(found, Stream):
            return await content.send_stream(request, replace(found, gate=gate))
        is_saved = "download" in params.pairs(target.raw_query(request))
        return await content.send(
            request, replace(found, gate=gate), disposition="attachment" if is_saved else "inline"
        )


def _torrent(found: Torrent) -> dict[str, Any]:
    return {
        "trackers": found.trackers,
        "comment": found.comment,
        "created_by": found.created_by,
        "created_at": shapes.time(found.created_at),
        "info_hash": found.info_hash,
        "files": msgspec.Raw(found.files),
    }
