"""How a key travels: X-User-Token beside X-User-Email, as Password Pusher's clients have it; as the password of Basic
with any user name (RFC 7617); as Bearer (RFC 6750); or in the login cookie. The first of them counts.
"""

import base64
import binascii
from dataclasses import dataclass
from http.cookies import SimpleCookie
from uuid import UUID

from aiohttp import hdrs, web

from pixelhost import ids

COOKIE = "pd_auth_key"
COOKIE_SECONDS = 365 * 24 * 3600
EMAIL_HEADER = "X-User-Email"
OF_USER_HEADER = "X-User-Token"  # alone it is no credential, but a mistake to be told of
NODE_HEADER = "X-Node-Password"
NODE_COOKIE = "pd_node_password"


@dataclass(frozen=True)
class Credential:
    key: str
    is_cookie: bool

    @property
    def is_node_password(self) -> bool:
        """Whether it has not the shape of a key, so that for a shared node it can only be a password."""
        if self.is_cookie or ids.is_token(self.key):
            return False
        try:
            UUID(self.key)
        except ValueError:
            return True
        return False


def sent(request: web.BaseRequest) -> Credential | None:
    """The key of the request. None when there is none."""
    token = request.headers.get(OF_USER_HEADER)
    if token is not None:
        return Credential(text(token) if EMAIL_HEADER in request.headers else "", is_cookie=False)
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is not None:
        key = _authorization_key(authorization)
        if key is not None:
            return Credential(key, is_cookie=False)
    cookie = request.cookies.get(COOKIE) if hdrs.COOKIE in request.headers else None
    return Credential(cookie, is_cookie=True) if cookie else None


def keep(response: web.StreamResponse, key: str, *, is_https: bool) -> None:
    """Log the browser in: from now on it sends this key by itself."""
    response.set_cookie(COOKIE, key, max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Lax", secure=is_https)


def forget(response: web.StreamResponse) -> None:
    """Log the browser out."""
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax")


def node_cookie(password: str, path: str, *, is_https: bool) -> str:
    """The value of a Set-Cookie header: a share's password is sent with requests below `path`. Empty forgets it."""
    cookie: SimpleCookie = SimpleCookie({NODE_COOKIE: password})
    kept = cookie[NODE_COOKIE]
    kept["path"], kept["samesite"] = path, "Lax"
    kept["httponly"], kept["secure"] = True, is_https
    if not password:
        kept["max-age"] = "0"
    return kept.OutputString()


def node_password(request: web.BaseRequest) -> str:
    """The password of a shared node: a header, or the cookie that the page of the share keeps it in."""
    return text(request.headers.get(NODE_HEADER, "")) or text(request.cookies.get(NODE_COOKIE, ""))


def text(value: str) -> str:
    """A header's bytes as the UTF-8 that clients send, where they are."""
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError:
        return value.encode("utf-8", "replace").decode("utf-8")


def _authorization_key(value: str) -> str | None:
    """None for an empty Basic user and password, as clients send where nothing was configured; "" is never valid.

    Of any other scheme, or of none, the last word counts, as Password Pusher has it.
    """
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return text(rest)
    if scheme.lower() != "basic":
        return text(rest or scheme).rpartition(" ")[2]
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return None if not user and not password else password
