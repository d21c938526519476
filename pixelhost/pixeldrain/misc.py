"""Small helpers that the web site and programs call."""

from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import captchas, qrcodes
from pixelhost.pixeldrain import envelope
from pixelhost.wire import params
from pixelhost.wire.dialect import site_of

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


async def captcha(request: web.Request) -> web.Response:
    """GET /misc/recaptcha: the key that a page shows the captcha with; empty where that takes none."""
    return envelope.ok({"site_key": site_of(request).settings.captcha_site_key})


async def altcha(request: web.Request) -> web.Response:
    """GET /misc/altcha: a challenge, as ALTCHA's own widget takes it. Raises INVALID_ENDPOINT where it isn't used."""
    captcha = captchas.altcha(site_of(request))
    if captcha is None:
        raise errors.INVALID_ENDPOINT(message="This server uses no ALTCHA")
    response = envelope.ok(asdict(captcha.challenge()))
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response
