"""Small helpers that the web site and programs call."""

from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import qrcodes
from pixelhost.wire import params

A_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True)
class Text:
    text: str


async def qr(request: web.Request) -> web.Response:
    """GET /misc/qr?text=: a QR code as SVG."""
    text = params.query(request, Text).text
    length = len(text.encode())
    if not 1 <= length <= qrcodes.TEXT_MAX_BYTES:
        raise errors.STRING_OUT_OF_RANGE(field="text", min_len=1, max_len=qrcodes.TEXT_MAX_BYTES, len=length)
    headers = {
        hdrs.CONTENT_TYPE: "image/svg+xml",
        hdrs.CACHE_CONTROL: A_DAY,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(text=qrcodes.svg(text), headers=headers)
