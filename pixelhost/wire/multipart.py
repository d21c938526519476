"""The parts of a multipart body (RFC 2046, 5.1.1; for forms RFC 7578), as they come.

The delimiter of two parts is searched in pieces as large as they arrive; only what may be its beginning is held back.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import content_disposition_filename, hdrs, parse_content_disposition
from aiohttp.helpers import parse_mimetype
from aiohttp.http import HeadersParser
from multidict import CIMultiDictProxy

from pixelhost import errors

BOUNDARY_MAX: Final = 70  # RFC 2046, 5.1.1
HEADERS_BYTES: Final = 16 << 10
"""Of one part, at most."""
PADDING_BYTES: Final = 1 << 10
"""Blanks after a delimiter, at most."""


class Part:
    """`name` and `file_name` are None where the part doesn't say. Content-Transfer-Encoding is left as it is."""

    def __init__(self, headers: CIMultiDictProxy[str]) -> None:
        """Raises UTF8_STRING_PARSE_FAILED for a name that isn't UTF-8: aiohttp lets its bytes pass as surrogates."""
        _, found = parse_content_disposition(headers.get(hdrs.CONTENT_DISPOSITION))
        self.headers = headers
        self.name = _text(content_disposition_filename(found, "name"))
        self.file_name = _text(content_disposition_filename(found, "filename"))


class Parts:
    """Of a body that is read once: `next_part` and then `read`, until the first gives None.

    Both raise ValueError for what is no multipart body, also where it ends too early, and whatever `read_body` does.
    """

    def __init__(self, content_type: str, read_body: Callable[[], Awaitable[bytes]]) -> None:
        """`read_body` gives the next piece, of any size, empty at the end."""
        self._read_body = read_body
        self._delimiter = b"\r\n--" + _boundary(content_type)
        self._data = b"\r\n"  # as if before a first line: a delimiter may stand there
        self._at = 0
        self._is_at_delimiter = False
        self._is_closed = False

    async def next_part(self) -> Part | None:
        """What wasn't read of the part before is passed over. None after the last."""
        while not self._is_closed and await self.read():
            pass
        if self._is_closed or await self._is_close_delimiter():
            self._is_closed = True
            return None
        return Part(await self._headers())

    async def read(self) -> bytes | memoryview:
        """What comes next of the part, empty at its end."""
        while not self._is_at_delimiter:
            data, at = self._data, self._at
            end = data.find(self._delimiter, at)
            self._is_at_delimiter = end >= 0
            self._at = end if end >= 0 else self._safe_end()
            if self._at > at:
                return memoryview(data)[at : self._at]
            if not self._is_at_delimiter:
                await self._more()
        return b""

    def _safe_end(self) -> int:
        """Up to where the data holds nothing that a delimiter may begin with."""
        possible = self._data.find(b"\r", max(self._at, len(self._data) - len(self._delimiter) + 1))
        return possible if possible >= 0 else len(self._data)

    async def _is_close_delimiter(self) -> bool:
        """Pass the delimiter, up to the end of its line. After the last part there needn't be one."""
        self._at += len(self._delimiter)
        self._is_at_delimiter = False
        while (end := self._data.find(b"\r\n", self._at)) < 0:
            if len(self._data) - self._at > PADDING_BYTES + len(b"\r"):
                raise ValueError("an endless delimiter")
            if not await self._has_more():
                end = len(self._data)
                break
        rest = self._data[self._at : end]
        is_close = rest.startswith(b"--")
        if rest.removeprefix(b"--").strip(b" \t") or len(rest) > PADDING_BYTES:
            raise ValueError("a delimiter with something behind it")
        if not is_close and end == len(self._data):
            raise ValueError("a delimiter without a part")
        self._at = end
        return is_close

    async def _headers(self) -> CIMultiDictProxy[str]:
        """From the line break before them up to the one before the content."""
        limit = HEADERS_BYTES + len(b"\r\n\r\n\r\n")
        while (end := self._data.find(b"\r\n\r\n", self._at, self._at + limit)) < 0:
            if len(self._data) - self._at >= limit:
                raise ValueError("endless headers")
            await self._more()
        lines = self._data[self._at + 2 : end + 2].split(b"\r\n")
        headers, _ = HeadersParser(max_field_size=HEADERS_BYTES).parse_headers(lines)
        if headers.get(hdrs.CONTENT_TYPE, "").lower().startswith("multipart/"):
            raise ValueError("a multipart body within another")
        self._at = end + 2
        await self._pass_line_break()
        return headers

    async def _pass_line_break(self) -> None:
        """To the content, unless that line break belongs to a delimiter: then there is none."""
        while len(self._data) - self._at < len(self._delimiter):
            await self._more()
        if not self._data.startswith(self._delimiter, self._at):
            self._at += 2

    async def _more(self) -> None:
        if not await self._has_more():
            raise ValueError("cut off")

    async def _has_more(self) -> bool:
        piece = await self._read_body()
        self._data = self._data[self._at :] + piece if self._at < len(self._data) else piece
        self._at = 0
        return bool(piece)


def _boundary(content_type: str) -> bytes:
    boundary = parse_mimetype(content_type).parameters.get("boundary", "")
    if not 0 < len(boundary) <= BOUNDARY_MAX:
        raise ValueError("no usable boundary")
    return boundary.encode()


def _text(name: str | None) -> str | None:
    if name is not None and not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            raise errors.UTF8_STRING_PARSE_FAILED(field="name") from None
    return name
