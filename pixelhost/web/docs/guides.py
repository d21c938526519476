"""Pages to read: what there is, programs that work with it, running a server."""

from pathlib import Path
from typing import Final

from aiohttp import web

from pixelhost.web import sharex
from pixelhost.web.docs import frame
from pixelhost.wire import dialect

_HERE: Final = Path(__file__).parent
_DEPLOY_PLACES: Final = (_HERE / "deploy", _HERE.parents[2] / "deploy")


def deployed(name: str) -> str:
    """A file of deploy/, which is installed with the package."""
    return next(folder / name for folder in _DEPLOY_PLACES if (folder / name).exists()).read_text(encoding="utf-8")


UNIT: Final = deployed("pixelhost.service")
NGINX: Final = deployed("nginx.conf")
DECRYPTING: Final = (_HERE / "decrypt.py").read_text(encoding="utf-8")


async def index(request: web.Request) -> web.Response:
    """GET /docs"""
    return frame.answer(request, "index.html")


async def clients(request: web.Request) -> web.Response:
    """GET /docs/clients"""
    return frame.answer(request, "clients.html", sharex_url=sharex.path_at(dialect.here(request)))


async def end_to_end(request: web.Request) -> web.Response:
    """GET /docs/end-to-end"""
    return frame.answer(request, "end-to-end.html", program=DECRYPTING)


async def deploying(request: web.Request) -> web.Response:
    """GET /docs/deploying"""
    return frame.answer(request, "deploying.html", unit=UNIT, nginx=NGINX)
