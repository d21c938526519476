"""The access log: who asked for what, without what would let its reader in.

A query may hold a passphrase or a login link, the token of a push opens it, and the names of its files are sealed:
none of them is written down whole.
"""

import re
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractAccessLogger

_TOKENS: Final = re.compile(
    r"^((?:/[a-z]{2}(?:-[A-Za-z]{2,4})?)?"
    r"/(?:p|f|r|request|m|api/v2/pushes|api/v2/request_links|api/downloads)/[^/.]{4})[^/.]{4,}(.*)$"
)
_LINKS: Final = re.compile(r"^(/p/[^/]*/files/|/api/(?:downloads/[^/]*|keys)/).*")


class AccessLogger(AbstractAccessLogger):
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """One line a request: address, method, path, status, bytes of the body, seconds, client."""
        self.logger.info(
            '%s "%s %s" %d %d %.3f "%s"',
            request.remote or "-",
            request.method,
            shown_path(request.rel_url.raw_path),
            response.status,
            response.body_length,
            time,
            request.headers.get(hdrs.USER_AGENT, "-").replace('"', "'"),
        )


def shown_path(raw_path: str) -> str:
    """A path with what is secret in it cut short."""
    return _TOKENS.sub(r"\1...\2", _LINKS.sub(r"\1...", raw_path))
