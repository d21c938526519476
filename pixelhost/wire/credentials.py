"""How a key travels: Basic password with any user name (RFC 7617), Bearer (RFC 6750), or the login cookie."""

import base64
import binascii
from dataclasses import dataclass

from aiohttp import hdrs, web

COOKIE = "pd_auth_key"


@dataclass(frozen=True)
class Credential:
    key: str
    is_cookie: bool


def sent(request: web.BaseRequest) -> Credential | None:
    """The key of the request; the Authorization header beats the cookie. None when there is none."""
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is not None:
        key = _authorization_key(authorization)
        if key is not None:
            return Credential(key, is_cookie=False)
    cookie = request.cookies.get(COOKIE) if hdrs.COOKIE in request.headers else None
    return Credential(cookie, is_cookie=True) if cookie else None


def _authorization_key(value: str) -> str | None:
    """None for an empty Basic user and password, as clients send where nothing was configured; "" is never valid."""
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return None if not user and not password else password
