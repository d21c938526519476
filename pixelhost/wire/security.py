"""Where a request comes from: the client's address, and whether a browser sent it from another site."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.notations import Network

HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_ip(request: web.BaseRequest, trusted: Sequence[Network]) -> str:
    """The address of the client: the rightmost of X-Forwarded-For that isn't a trusted proxy's, if the peer is one."""
    peer = request.remote or "0.0.0.0"  # noqa: S104 - a name for "unknown", as over a Unix socket
    if not trusted or not _is_trusted(peer, trusted):
        return _plain(peer)
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if _address(hop) is None:
            break
        peer = hop
        if not _is_trusted(hop, trusted):
            break
    return _plain(peer)


def is_https(request: web.BaseRequest, trusted: Sequence[Network]) -> bool:
    if request.secure:
        return True
    forwarded = request.headers.get("X-Forwarded-Proto", "")
    return forwarded.lower() == "https" and bool(trusted) and _is_trusted(request.remote or "", trusted)


def base_url(request: web.BaseRequest, configured: str, trusted: Sequence[Network]) -> str:
    """Where this site is, for links: the configured address, else the one that the request used."""
    return configured or f"{'https' if is_https(request, trusted) else 'http'}://{request.host}"


def host_name(request: web.BaseRequest) -> str:
    """The name that was asked for, in lower case, without a port. Empty where there is no single valid Host header."""
    if len(request.headers.getall(hdrs.HOST, ())) > 1 or not HOST.fullmatch(request.host):
        return ""
    name, _, port = request.host.rpartition(":")
    return (name if name and port.isdigit() else request.host).lower().rstrip(".")


def refuse_odd_host(request: web.BaseRequest) -> None:
    """For links that follow the Host header (RFC 9110, 7.2). Raises ERROR_READING_INPUT where it names no host."""
    if not HOST.fullmatch(request.host):
        raise errors.ERROR_READING_INPUT(message="The Host header does not name a host")


def refuse_other_sites(request: web.BaseRequest) -> None:
    """For writes with what a browser sends by itself: refuse another site's page. Raises REQUEST_ORIGIN_INVALID.

    Every current browser sends Sec-Fetch-Site or Origin with a write; a client without both has no cookie to abuse.
    """
    if request.method in SAFE_METHODS:
        return
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        if fetch_site not in {"same-origin", "none"}:
            raise errors.REQUEST_ORIGIN_INVALID()
        return
    refuse_foreign_origin(request)


def refuse_prefetch(request: web.BaseRequest) -> None:
    """Where looking changes something: refuse what a browser fetches before anybody wants it. Raises PREFETCHED.

    Sec-Purpose is the Fetch standard's header; the others are what browsers sent before it.
    """
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"):
        if request.headers.get(name, "").lower().startswith(("prefetch", "preview", "prerender")):
            raise errors.PREFETCHED()


def refuse_foreign_origin(request: web.BaseRequest) -> None:
    """Raises REQUEST_ORIGIN_INVALID when an Origin header names another host."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and (origin == "null" or _host(origin) != request.host.lower()):
        raise errors.REQUEST_ORIGIN_INVALID()


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(10_000)
def _plain(text: str) -> str:
    """Without an IPv4 address wrapped in an IPv6 one, and without a zone."""
    address = _address(text.partition("%")[0])
    return str(address) if address is not None else text
