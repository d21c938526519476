"""Tokens of the API."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from pixelhost import errors
from pixelhost.core import tokens
from pixelhost.privasfer import envelope, sent, shapes
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class NewToken:
    name: Annotated[str, Length(1, tokens.NAME_MAX)] | None = None


async def listing(request: web.Request) -> web.Response:
    """GET /api/tokens"""
    found = await tokens.of_caller(site_of(request), caller_of(request))
    return envelope.data([shapes.token(one) for one in found])


async def create(request: web.Request) -> web.Response:
    """POST /api/tokens: the token itself is in this answer, and nowhere else."""
    caller_of(request).require_user()
    wanted = await sent.read(request, NewToken)
    errors.raise_all(wanted.problems)
    name = (wanted.values.name or "").strip()
    if not name:
        raise errors.MISSING_FIELD(field="name")
    made, token = await tokens.create(site_of(request), caller_of(request), name)
    return envelope.data(shapes.token(made) | {"token": token}, 201)


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/tokens/{id}"""
    await tokens.revoke(site_of(request), caller_of(request), sent.uuid(request.match_info["id"]))
    return envelope.nothing()
