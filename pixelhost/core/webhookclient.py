"""Sending one message to a webhook, signed as the Standard Webhooks specification has it (standardwebhooks.com, 1.0).

The connection is made to an address only that was looked at: however a name resolves, and whatever it resolved to
before, the socket itself is refused where the address isn't public. Redirects aren't followed, and of an answer nothing
is read but its head.
"""

import asyncio
import base64
import errno
import hmac
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from aiohttp import (
    AddrInfoType,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from pixelhost import __version__
from pixelhost.core import publicaddresses
from pixelhost.notations import Network

TIMEOUT_SECONDS = 10.0
GONE: Final = 410
NOT_PUBLIC: Final = "its address is not a public one"


class Failed(Exception):
    """It didn't arrive; the text says why. `is_gone`: the receiver wants no more, never."""

    def __init__(self, reason: str, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_gone = is_gone


def signature(secret: bytes, message_id: str, sent_at: datetime, body: str) -> Mapping[str, str]:
    """The headers of a message."""
    seconds = str(int(sent_at.timestamp()))
    signed = hmac.digest(secret, f"{message_id}.{seconds}.{body}".encode(), "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


async def send(url: str, body: str, headers: Mapping[str, str], allowed: Sequence[Network]) -> None:
    """POST it. `allowed` are networks that may be reached although they aren't public. Raises Failed."""
    sent = {"Content-Type": "application/json", "User-Agent": f"pixelhost/{__version__}", **headers}
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            _session(allowed) as session,
            session.post(url, data=body.encode(), headers=sent, allow_redirects=False) as response,
        ):
            status = response.status
            response.close()
    except TimeoutError:
        raise Failed(f"there was no answer within {TIMEOUT_SECONDS:g} s") from None
    except (ClientError, OSError, ValueError) as error:
        raise Failed(_told(error)) from error
    if not 200 <= status < 300:
        raise Failed(f"it answered {status}", is_gone=status == GONE)


async def addresses_of(host: str) -> list[str]:
    """What a name resolves to now; none where there is no such host."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (TimeoutError, OSError, UnicodeError):
        return []
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _session(allowed: Sequence[Network]) -> ClientSession:
    def checked(address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = address
        if not publicaddresses.may_reach(str(sockaddr[0]), allowed):
            raise OSError(errno.EACCES, NOT_PUBLIC)
        return socket.socket(family, kind, protocol)

    connector = TCPConnector(force_close=True, use_dns_cache=False, socket_factory=checked)
    timeout = ClientTimeout(total=TIMEOUT_SECONDS)
    return ClientSession(connector=connector, timeout=timeout, cookie_jar=DummyCookieJar())


def _told(error: Exception) -> str:
    if isinstance(error, ClientConnectorError):
        return error.os_error.strerror or str(error.os_error)
    return str(error) or type(error).__name__
