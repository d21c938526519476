"""Filesystem methods: reading with its sub-APIs, writing, the actions of POST, deleting."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from pixelhost import errors
from pixelhost.core import downloads, filesystem, nodedeletion, nodes, paths, storage, thumbnails, zips
from pixelhost.core.nodechanges import BRANDING, NodeChanges
from pixelhost.core.paths import Path
from pixelhost.model.nodes import Rights
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import envelope, nodefigures, nodeinsides, shapes
from pixelhost.pixeldrain.files import THUMBNAIL_CACHE, ThumbnailSize, origin
from pixelhost.wire import body, content, credentials, digests, params, target
from pixelhost.wire.body import RawBody
from pixelhost.wire.content import Disposition
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import AnyCharacter, Flag, Mode

PREFIX = "/api/filesystem/"


class SentRights(msgspec.Struct):
    """A permissions object. `owner` can't be given away."""

    owner: bool = False
    read: bool = False
    write: bool = False
    delete: bool = False

    def rights(self) -> Rights:
        return Rights(read=self.read, write=self.write, delete=self.delete)


@dataclass(frozen=True)
class NodeFields:
    """What can be set on a node."""

    created: datetime | Unset = UNSET
    modified: datetime | Unset = UNSET
    mode: Mode | Unset = UNSET
    shared: bool | Unset = UNSET
    logging_enabled: bool | Unset = UNSET
    link_permissions: SentRights | Unset = UNSET
    user_permissions: dict[str, SentRights] | Unset = UNSET
    password_permissions: dict[str, SentRights] | Unset = UNSET
    custom_domain_name: str | Unset = UNSET
    custom_domain_cert: str | Unset = UNSET
    custom_domain_key: str | Unset = UNSET


@dataclass(frozen=True)
class MakingParents:
    make_parents: Flag = Flag(False)


@dataclass(frozen=True)
class NewDirectory:
    mode: Mode = Mode(filesystem.DIRECTORY_MODE)


@dataclass(frozen=True)
class Move(MakingParents):
    target: Annotated[str, AnyCharacter()] = ""


@dataclass(frozen=True)
class Import:
    files: list[str]


@dataclass(frozen=True)
class Deletion:
    recursive: Flag = Flag(False)


async def buckets(request: web.Request) -> web.Response:
    """GET /filesystem: the roots of the caller's filesystems."""
    _refuse_no_key(request)
    site, caller = site_of(request), caller_of(request)
    return envelope.ok([await shapes.node(site, await nodes.root(site, caller))])


async def get(request: web.Request) -> web.StreamResponse:
    """GET /filesystem/{path}: what the first sub-API named in the query answers, else content or a directory."""
    path = _path(request)
    flags = params.pairs(target.raw_query(request))
    sub_api = next((SUB_APIS[name] for name in flags if name in SUB_APIS), read)
    return await sub_api(request, path)


async def read(request: web.Request, path: Path) -> web.StreamResponse:
    return await _send(request, path, "inline")


async def attach(request: web.Request, path: Path) -> web.StreamResponse:
    return await _send(request, path, "attachment")


async def stat(request: web.Request, path: Path) -> web.StreamResponse:
    site, caller = site_of(request), caller_of(request)
    place = await nodes.readable(site, caller, path)
    return envelope.ok(await shapes.node_stat(site, caller, place, await nodes.readable_children(site, caller, place)))


async def thumbnail(request: web.Request, path: Path) -> web.StreamResponse:
    size = params.query(request, ThumbnailSize)
    place = await nodes.readable(site_of(request), caller_of(request), path)
    made = await thumbnails.of_node(site_of(request), place.node, size.width, size.height)
    return await content.send_bytes(request, made.png, "image/png", made.etag, cache_control=THUMBNAIL_CACHE)


async def bulk_download(request: web.Request, path: Path) -> web.StreamResponse:
    site, caller = site_of(request), caller_of(request)
    place = await nodes.readable(site, caller, path)
    async with zips.of_directory(site, caller, place, origin(request)) as archive:
        return await content.send(request, archive, disposition="attachment")


SubApi = Callable[[web.Request, Path], Awaitable[web.StreamResponse]]

SUB_APIS: Mapping[str, SubApi] = {
    "attach": attach,
    "stat": stat,
    "thumbnail": thumbnail,
    "bulk_download": bulk_download,
    "search": nodefigures.search,
    "torrent_info": nodeinsides.torrent_info,
    "zip_info": nodeinsides.zip_info,
    "zip_file": nodeinsides.zip_file,
    "render_markdown": nodeinsides.render_markdown,
    "download_stats": nodefigures.download_stats,
    "timeseries": nodefigures.timeseries,
    "change_log": nodefigures.change_log,
}


async def put(request: web.Request) -> web.Response:
    """PUT /filesystem/{path}: the raw bytes of a file. What can be refused is refused before they are read."""
    site, caller, path = site_of(request), caller_of(request), _path(request)
    if body.is_multipart(request):
        raise errors.INVALID_CONTENT_TYPE()
    query = params.pairs(target.raw_query(request))
    changes, parents = _changes(query), params.from_text(query, MakingParents)
    wanted_digests = digests.sent(request.headers)
    source = RawBody(request, site.settings.upload_stall_seconds)
    size = source.expected_bytes
    leave = await filesystem.admit(site, caller, path, size, changes, make_parents=parents.make_parents)
    async with storage.received(
        site, source, refuse_size=leave.admission.refuse_size, digests=wanted_digests, expected_bytes=size or 0
    ) as got:
        place = await filesystem.put(
            site, caller, path, got, changes, make_parents=parents.make_parents, is_new=leave.is_new
        )
    return envelope.ok(await shapes.node(site, place))


async def post(request: web.Request) -> web.Response:
    """POST /filesystem/{path}: what the field `action` says."""
    path = _path(request)
    sent = await params.fields(request)
    if "action" not in sent:
        raise errors.MISSING_FIELD(field="action")
    if sent["action"] not in ACTIONS:
        raise errors.INVALID_ACTION()
    return await ACTIONS[sent["action"]](request, path, sent)


async def mkdir(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.Response:
    mode = params.from_text(sent, NewDirectory).mode
    await filesystem.make_directory(site_of(request), caller_of(request), path, mode, make_parents=False)
    return envelope.created()


async def mkdirall(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.Response:
    mode = params.from_text(sent, NewDirectory).mode
    await filesystem.make_directory(site_of(request), caller_of(request), path, mode, make_parents=True)
    return envelope.created()


async def rename(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.Response:
    wanted, changes = params.from_text(sent, Move), _changes(sent)
    if not wanted.target:
        raise errors.MISSING_FIELD(field="target")
    goal = paths.parse(wanted.target)
    site, caller = site_of(request), caller_of(request)
    place = await filesystem.move(site, caller, path, goal, changes, make_parents=wanted.make_parents)
    return envelope.ok(await shapes.node(site, place))


async def update(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.Response:
    site = site_of(request)
    place = await filesystem.update(site, caller_of(request), path, _changes(sent))
    return envelope.ok(await shapes.node(site, place))


async def import_files(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.Response:
    wanted = params.from_text(sent, Import)
    await filesystem.import_files(site_of(request), caller_of(request), path, list(dict.fromkeys(wanted.files)))
    return envelope.created()


Action = Callable[[web.Request, Path, Mapping[str, str]], Awaitable[web.Response]]

ACTIONS: Mapping[str, Action] = {
    "mkdir": mkdir,
    "mkdirall": mkdirall,
    "rename": rename,
    "update": update,
    "import": import_files,
}


async def delete(request: web.Request) -> web.Response:
    wanted = params.query(request, Deletion)
    await nodedeletion.delete(site_of(request), caller_of(request), _path(request), recursive=wanted.recursive)
    return envelope.done()


def _path(request: web.Request) -> Path:
    path = paths.parse(target.path_tail(request, PREFIX, "path"))
    if path.bucket == paths.ME:
        _refuse_no_key(request)
    return path


def _refuse_no_key(request: web.Request) -> None:
    """One's own filesystem has no passwords: what was sent as a key must be one. Raises AUTHENTICATION_FAILED."""
    credential = credentials.sent(request)
    if credential is not None and credential.is_node_password:
        raise errors.AUTHENTICATION_FAILED()


async def _send(request: web.Request, path: Path, disposition: Disposition) -> web.StreamResponse:
    site, caller = site_of(request), caller_of(request)
    place = await nodes.readable(site, caller, path)
    if place.node.is_directory:
        return envelope.ok(
            await shapes.node_stat(site, caller, place, await nodes.readable_children(site, caller, place))
        )
    async with downloads.of_node(site, caller, place, origin(request)) as found:
        return await content.send(request, found, disposition=disposition)


def _changes(sent: Mapping[str, str]) -> NodeChanges:
    wanted = params.from_text(sent, NodeFields)
    return NodeChanges(
        created_at=wanted.created,
        modified_at=wanted.modified,
        mode=wanted.mode,
        is_shared=wanted.shared,
        is_logging=wanted.logging_enabled,
        link_permissions=wanted.link_permissions
        if wanted.link_permissions is UNSET
        else wanted.link_permissions.rights(),
        user_permissions=_rights(wanted.user_permissions),
        password_permissions=_rights(wanted.password_permissions),
        custom_domain_name=wanted.custom_domain_name,
        custom_domain_cert=wanted.custom_domain_cert,
        custom_domain_key=wanted.custom_domain_key,
        branding={name: sent[name] for name in BRANDING if name in sent},
    )


def _rights(sent: dict[str, SentRights] | Unset) -> dict[str, Rights] | Unset:
    return sent if sent is UNSET else {name: given.rights() for name, given in sent.items()}
