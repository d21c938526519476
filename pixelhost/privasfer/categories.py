"""Categories of files."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import categories
from pixelhost.privasfer import envelope, sent, shapes
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class CategoryFields:
    name: Annotated[str, Length(1, categories.NAME_MAX)] | None = None


async def listing(request: web.Request) -> web.Response:
    """GET /api/categories"""
    found = await categories.of_caller(site_of(request), caller_of(request))
    return envelope.data([shapes.category(one) for one in found])


async def create(request: web.Request) -> web.Response:
    """POST /api/categories"""
    caller_of(request).require_user()
    name = _name(await sent.read(request, CategoryFields))
    return envelope.data(shapes.category(await categories.create(site_of(request), caller_of(request), name)), 201)


async def show(request: web.Request) -> web.Response:
    """GET /api/categories/{id}"""
    return envelope.data(shapes.category(await categories.own(site_of(request), caller_of(request), _id(request))))


async def change(request: web.Request) -> web.Response:
    """PATCH /api/categories/{id}"""
    site, caller = site_of(request), caller_of(request)
    await categories.own(site, caller, _id(request))
    name = _name(await sent.read(request, CategoryFields))
    return envelope.data(shapes.category(await categories.rename(site, caller, _id(request), name)))


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/categories/{id}"""
    await categories.delete(site_of(request), caller_of(request), _id(request))
    return envelope.nothing()


def _name(wanted: sent.Sent[CategoryFields]) -> str:
    errors.raise_all(wanted.problems)
    name = (wanted.values.name or "").strip()
    if not name:
        raise errors.MISSING_FIELD(field="name")
    return name


def _id(request: web.Request) -> UUID:
    return sent.uuid(request.match_info["id"])
