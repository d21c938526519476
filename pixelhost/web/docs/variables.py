"""The settings of a server, as settings.py has them."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pixelhost import settings
from pixelhost.web.docs import frame


@dataclass(frozen=True)
class Variable:
    name: str
    default: str
    help: str
    is_secret: bool


VARIABLES: Final = [
    Variable(name, default, settings.FIELDS[name].metadata["help"], settings.FIELDS[name].metadata["secret"])
    for name, default in settings.defaults().items()
]


async def show(request: web.Request) -> web.Response:
    """GET /docs/settings"""
    return frame.answer(request, "settings.html", variables=VARIABLES)
