"""Static files: read once at start, and addressed by a hash of them all, so that they may be cached for ever.

The relative imports of a module and the relative URLs of a stylesheet stay within their version.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.web.languages import LANGUAGES

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
A_DAY: Final = "public, max-age=86400"  # for addresses that stay the same when the content changes


@dataclass(frozen=True)
class Asset:
    """`gzipped` is None where compression gains nothing."""

    content_type: str
    data: bytes
    gzipped: bytes | None


def read(folder: Path) -> dict[str, Asset]:
    """The files below `folder` by their relative path. A type that isn't in TYPES is a KeyError."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): _asset(TYPES[path.suffix], path.read_bytes()) for path in files}


def strings() -> dict[str, Asset]:
    """What scripts say in languages other than English: `strings/<tag>.json`."""
    said = {tag: msgspec.json.encode(language.script_strings) for tag, language in LANGUAGES.items()}
    return {f"strings/{tag}.json": _asset(TYPES[".json"], data) for tag, data in said.items()}


def version_of(assets: Mapping[str, Asset]) -> str:
    digest = hashlib.sha256()
    for path, asset in sorted(assets.items()):
        digest.update(f"{path}\0{len(asset.data)}\0".encode())
        digest.update(asset.data)
    return digest.hexdigest()[:16]


def _asset(content_type: str, data: bytes) -> Asset:
    gzipped = gzip.compress(data, mtime=0)
    return Asset(content_type, data, gzipped if len(gzipped) < len(data) else None)


ASSETS: Final = read(FOLDER) | strings()
VERSION: Final = version_of(ASSETS)


def url(path: str) -> str:
    """Where a static file is. One that isn't there is a KeyError."""
    _ = ASSETS[path]
    return f"/static/{VERSION}/{path}"


async def show(request: web.Request) -> web.Response:
    """GET /static/{version}/{path}: a look into a table, so no path leads anywhere else."""
    path = request.match_info["path"]
    if request.match_info["version"] != VERSION or path not in ASSETS:
        raise errors.NOT_FOUND()
    return _answer(request, path, FOR_EVER)


async def favicon(request: web.Request) -> web.Response:
    """For what asks without having read a page."""
    return _answer(request, "favicon.ico", A_DAY)


async def robots(request: web.Request) -> web.Response:
    return _answer(request, "robots.txt", A_DAY)


def accepts_gzip(request: web.BaseRequest) -> bool:
    return "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()


def _answer(request: web.Request, path: str, cache_control: str) -> web.Response:
    asset = ASSETS[path]
    headers = {hdrs.CONTENT_TYPE: asset.content_type, hdrs.CACHE_CONTROL: cache_control}
    if asset.gzipped is None:
        return web.Response(body=asset.data, headers=headers)
    headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if not accepts_gzip(request):
        return web.Response(body=asset.data, headers=headers)
    return web.Response(body=asset.gzipped, headers=headers | {hdrs.CONTENT_ENCODING: "gzip"})
