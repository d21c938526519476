"""Downloads: what keys are made for, those keys, and what they stand for."""

from dataclasses import dataclass

from aiohttp import web

from pixelhost import errors
from pixelhost.core import transferdownloads
from pixelhost.privasfer import envelope, sent, shapes
from pixelhost.wire import content
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class NewDownload:
    files: list[str] | None = None


@dataclass(frozen=True)
class NewKey:
    pinKey: str | None = None  # noqa: N815 - as the API has it
    passphrase: str | None = None


async def create(request: web.Request) -> web.Response:
    """POST /api/downloads"""
    caller_of(request).require_user()
    wanted = await sent.read(request, NewDownload)
    ids = sent.uuids(wanted.values.files or [])
    made, files = await transferdownloads.create(site_of(request), caller_of(request), ids, wanted.problems)
    return envelope.data(shapes.download(made, files), 201)


async def make_key(request: web.Request) -> web.Response:
    """POST /api/downloads/{id}/keys"""
    caller_of(request).require_user()
    wanted = await sent.read(request, NewKey)
    errors.raise_all(wanted.problems)
    download_id = sent.uuid(request.match_info["id"])
    values = wanted.values
    key = await transferdownloads.make_key(
        site_of(request), caller_of(request), download_id, values.pinKey, values.passphrase
    )
    return envelope.data({"key": key}, 201)


async def fetch(request: web.Request) -> web.StreamResponse:
    """GET /api/downloads/{id}/{key}: whoever has the address."""
    download_id, key = sent.uuid(request.match_info["id"]), request.match_info["key"]
    async with transferdownloads.opened(site_of(request), download_id, key) as found:
        return await content.send(request, found, disposition="attachment", cache_control="private, no-store")
