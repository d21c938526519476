"""Answers too long to be held in memory: JSON and CSV, a page of rows at a time.

A failure before the first page is answered as any other; after it the connection is cut, so that nobody takes a part
for the whole.
"""

import csv
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from operator import itemgetter
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from pixelhost.wire import content, dialect

Pages = AsyncGenerator[Sequence[Mapping[str, Any]], None]

_encode = msgspec.json.Encoder().encode
_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n")


async def send_json(request: web.Request, opening: str, pages: Pages, closing: str) -> web.StreamResponse:
    """`opening` and `closing` stand around the array's elements: `{"files":[` and `]}`."""
    return await _send(request, {hdrs.CONTENT_TYPE: "application/json"}, _json(opening, pages, closing))


async def send_csv(request: web.Request, name: str, header: Sequence[str], pages: Pages) -> web.StreamResponse:
    """RFC 4180 in UTF-8: a header, then of every row what is named there. `name` is that of the spreadsheet."""
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: "text/csv; charset=utf-8; header=present",
        hdrs.CONTENT_DISPOSITION: content.content_disposition("attachment", name),
    }
    return await _send(request, headers, _csv(header, pages))


async def _send(
    request: web.Request, headers: dict[str, str], pieces: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={hdrs.CACHE_CONTROL: "private, no-store"} | headers)
    async with aclosing(pieces):
        if request.method == hdrs.METH_HEAD:
            await response.prepare(request)
            return response
        first = await anext(pieces)
        await response.prepare(request)
        request[dialect.BEGUN] = response
        try:
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:
            dialect.cut(request)  # the client went away
    return response


async def _json(opening: str, pages: Pages, closing: str) -> AsyncGenerator[bytes, None]:
    before = opening.encode()
    async with aclosing(pages):
        async for page in pages:
            if page:
                yield before + _encode(page)[1:-1]
                before = b","
    yield (b"" if before == b"," else before) + closing.encode()


async def _csv(header: Sequence[str], pages: Pages) -> AsyncGenerator[bytes, None]:
    picked = itemgetter(*header)
    async with aclosing(pages):
        before = _rows([header])
        async for page in pages:
            yield before + _rows([[_cell(value) for value in picked(row)] for row in page])
            before = b""
        yield before


def _rows(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """What a spreadsheet would take for a formula becomes a text by a quote, as OWASP's page on CSV injection says."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _FORMULA_STARTS else value
    return ("false", "true")[value] if isinstance(value, bool) else value
