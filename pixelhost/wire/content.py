"""The only place that answers with content: gates, ranges, conditions, disposition, sandbox. `outgoing` pours it out.

After the first body byte a failure cuts the connection; an error is never appended to half a file.
"""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Literal
from urllib.parse import quote

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core.downloads import Content, Part, Stream
from pixelhost.core.gates import Passage, Passing
from pixelhost.core.opendownloads import Left
from pixelhost.wire import dialect, outgoing, pace, ranges
from pixelhost.wire.ranges import Extent

PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""Browsers show no PDF in a sandbox; their viewers run none of a PDF's scripts with the site's rights."""

Disposition = Literal["inline", "attachment"]

ACCEL_PREFIX = "/_blobs/"
CLIENT_LEFT = 499  # as nginx writes it into its log; nobody reads the response

SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"


SANDBOXED = {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}
"""What keeps a browser from running what is sent."""


async def send(
    request: web.Request,
    content: Content,
    *,
    disposition: Disposition = "inline",
    cache_control: str = "no-cache",
) -> web.StreamResponse:
    """Answer a GET or HEAD with `content`, or the part of it that the request asks for.

    Raises errors for 412 and 416 before anything is sent.
    """
    sent = request.headers
    etag, modified_at = content.etag, content.modified_at
    is_head = request.method == hdrs.METH_HEAD
    if is_head and content.gate is not None:
        await content.gate.refuse()
    if ranges.is_precondition_failed(sent.get(hdrs.IF_MATCH), sent.get(hdrs.IF_UNMODIFIED_SINCE), etag, modified_at):
        raise _with_status(errors.NOT_FOUND(message="The version that If-Match asks for is not there any more"), 412)
    if ranges.is_not_modified(sent.get(hdrs.IF_NONE_MATCH), sent.get(hdrs.IF_MODIFIED_SINCE), etag, modified_at):
        return web.Response(status=304, headers=_headers(content, disposition, cache_control))
    extents = _extents(request, content)
    if is_head:
        return _send_head(content, extents, _headers(content, disposition, cache_control))
    wanted_bytes = sum(extent.count for extent in extents) if extents else content.size_bytes
    # By what goes out, not by what was asked for: a range may be ignored.
    is_continuation = len(extents) == 1 and extents[0].start > 0
    async with Passing(content.gate, wanted_bytes, is_continuation=is_continuation) as passing:
        headers = _headers(content, disposition, cache_control)
        if len(extents) > 1:
            return await _send_multiple(request, content, await passing.let_in(), extents, headers)
        extent = extents[0] if extents else Extent(0, content.size_bytes)
        if extents:
            headers[hdrs.CONTENT_RANGE] = _content_range(extent, content)
        status = 206 if extents else 200
        if _is_for_nginx(request, content):
            await passing.let_in()
            return _accelerated(content, extent, headers)
        if extent.count <= outgoing.SMALL_BYTES:
            return await _send_small(request, content, passing, extent, status, headers)
        return await _send_extent(request, content, await passing.let_in(), extent, status, headers)


def _headers(content: Content, disposition: Disposition, cache_control: str) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: _content_type(content.mime_type),
        hdrs.ETAG: f'"{content.etag}"',
        hdrs.LAST_MODIFIED: ranges.format_http_date(content.modified_at),
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CACHE_CONTROL: cache_control,
        hdrs.CONTENT_DISPOSITION: content_disposition(disposition, content.name),
        "Content-Security-Policy": PDF_POLICY if content.mime_type == "application/pdf" else SANDBOX,
        "X-Content-Type-Options": "nosniff",
    }


async def send_bytes(
    request: web.Request, data: bytes, mime_type: str, etag: str, *, cache_control: str
) -> web.StreamResponse:
    """Something made, like a thumbnail: whole or not at all."""
    headers = {hdrs.CONTENT_TYPE: mime_type, hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: cache_control}
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and ranges.etag_matches(known, etag, weakly=True):
        return web.Response(status=304, headers=headers)
    return web.Response(body=data, headers=headers)


async def send_stream(request: web.Request, stream: Stream) -> web.StreamResponse:
    """Bytes of unknown number, as an attachment."""
    if request.method == hdrs.METH_HEAD:
        if stream.gate is not None:
            await stream.gate.refuse()
        return await _send_stream(request, stream, Passage())
    async with Passing(stream.gate, stream.source_bytes) as passing:
        return await _send_stream(request, stream, await passing.let_in())


async def _send_stream(request: web.Request, stream: Stream, passage: Passage) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: stream.mime_type,
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.CONTENT_DISPOSITION: content_disposition("attachment", stream.name),
            "Content-Security-Policy": SANDBOX,
        }
    )
    await response.prepare(request)
    request[dialect.BEGUN] = response
    if request.method != hdrs.METH_HEAD:
        try:
            async for piece in stream.pieces:
                if passage.pace is not None:
                    await passage.pace.turn(len(piece), partial(outgoing.is_gone, request))
                passage.note(len(piece))
                await outgoing.write(response, piece)
            async with outgoing.while_it_reads():
                await response.write_eof()
        except ConnectionError:
            dialect.cut(request)
    return response


def content_disposition(disposition: Disposition, name: str) -> str:
    """RFC 6266: always an ASCII `filename`, and the true name as `filename*` (RFC 8187)."""
    plain = "".join(char if 32 <= ord(char) < 127 and char not in '"\\%' else "_" for char in name)
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _extents(request: web.Request, content: Content) -> list[Extent]:
    if not ranges.may_resume(request.headers.get(hdrs.IF_RANGE), content.etag, content.fixed_date):
        return []
    header = request.headers.get(hdrs.RANGE)
    try:
        return ranges.parse(header, content.size_bytes)
    except ranges.Unsatisfiable:
        error = errors.INTEGER_OUT_OF_RANGE(
            field="Range",
            min_val=0,
            max_val=content.size_bytes - 1,
            val=(header or "").encode("ascii", "replace").decode(),
            message="The Range header asks for bytes that the file does not have",
        )
        raise _with_status(error, 416, {hdrs.CONTENT_RANGE: f"bytes */{content.size_bytes}"}) from None


def _send_head(content: Content, extents: list[Extent], headers: dict[str, str]) -> web.Response:
    if len(extents) > 1:
        made = _Multipart(content, extents, headers[hdrs.CONTENT_TYPE])
        return web.Response(status=206, headers=headers | made.headers)
    extent = extents[0] if extents else Extent(0, content.size_bytes)
    ranged = {hdrs.CONTENT_RANGE: _content_range(extent, content)} if extents else {}
    length = {hdrs.CONTENT_LENGTH: str(extent.count)}
    return web.Response(status=206 if extents else 200, headers=headers | ranged | length)


def _content_range(extent: Extent, content: Content) -> str:
    return f"bytes {extent.start}-{extent.stop - 1}/{content.size_bytes}"


async def _send_small(
    request: web.Request, content: Content, passing: Passing, extent: Extent, status: int, headers: dict[str, str]
) -> web.Response:
    """Head and body in one write. What is in memory is made ready before it is let in: that waits for nothing."""
    if not content.location:
        await passing.let_in()  # a zip waits for its files, what is in one for a worker
    async with aclosing(content.parts(extent.start, extent.stop)) as parts:
        read = [(part, await _made_ready(part, passing)) async for part in parts]
    body = read[0][1] if len(read) == 1 else b"".join(data for _, data in read)
    response = web.Response(body=body, status=status, headers=headers)
    passage = await passing.let_in()
    if passage.pace is not None:
        try:
            await pace.wait(len(body), passage.pace, partial(outgoing.is_gone, request))
        except Left:
            return web.Response(status=CLIENT_LEFT)
    for part, data in read:
        outgoing.note(part, passage, len(data))
    return response


async def _made_ready(part: Part, passing: Passing) -> bytes:
    if isinstance(part, bytes):
        return part
    cached = part.blob.read_cached(part.offset, part.count)
    if cached is not None:
        return cached
    await passing.let_in()
    return await part.blob.read(part.offset, part.count)


async def _send_extent(
    request: web.Request, content: Content, passage: Passage, extent: Extent, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    async with aclosing(_paced(request, content.parts(extent.start, extent.stop), passage)) as parts:
        return await _send_parts(request, parts, passage, status, headers, extent.count)


def _paced(request: web.Request, parts: AsyncGenerator[Part, None], passage: Passage) -> AsyncGenerator[Part, None]:
    return parts if passage.pace is None else pace.held(parts, passage.pace, partial(outgoing.is_gone, request))


async def _with_first(first: Part, parts: AsyncIterator[Part]) -> AsyncGenerator[Part, None]:
    yield first
    async for part in parts:
        yield part


class _Multipart:
    """multipart/byteranges (RFC 9110, 14.6)."""

    def __init__(self, content: Content, extents: list[Extent], content_type: str) -> None:
        boundary = secrets.token_hex(16)
        self._content = content
        self._extents = extents
        self._opened = [
            f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n"
            f"Content-Range: {_content_range(extent, content)}\r\n\r\n".encode()
            for extent in extents
        ]
        self._closed = f"\r\n--{boundary}--\r\n".encode()
        self.size_bytes = sum(len(one) for one in [*self._opened, self._closed]) + sum(one.count for one in extents)
        self.headers = {
            hdrs.CONTENT_TYPE: f"multipart/byteranges; boundary={boundary}",
            hdrs.CONTENT_LENGTH: str(self.size_bytes),
        }

    async def parts(self) -> AsyncGenerator[Part, None]:
        for head, extent in zip(self._opened, self._extents, strict=True):
            async with aclosing(self._content.parts(extent.start, extent.stop)) as parts:
                first = await anext(parts)
                yield head
                yield first
                async for part in parts:
                    yield part
        yield self._closed


async def _send_multiple(
    request: web.Request, content: Content, passage: Passage, extents: list[Extent], headers: dict[str, str]
) -> web.StreamResponse:
    made = _Multipart(content, extents, headers[hdrs.CONTENT_TYPE])
    async with aclosing(_paced(request, made.parts(), passage)) as parts:
        return await _send_parts(request, parts, passage, 206, headers | made.headers, made.size_bytes)


async def _send_parts(
    request: web.Request,
    parts: AsyncIterator[Part],
    passage: Passage,
    status: int,
    headers: dict[str, str],
    size: int,
) -> web.StreamResponse:
    # Before the head, as what refuses to give the first part can still be answered with the refusal.
    try:
        first = await anext(parts)
    except Left:
        return web.Response(status=CLIENT_LEFT)
    response = await _begin(request, status, headers, size)
    async with aclosing(_with_first(first, parts)) as all_parts:
        await outgoing.pour(request, response, all_parts, passage)
    return response


def _is_for_nginx(request: web.Request, content: Content) -> bool:
    """Not with conditions that nginx would judge again, by an entity tag that isn't ours, nor where a limit has to know
    when a download ends, or how fast the others are.
    """
    settings = dialect.site_of(request).settings
    if not settings.accel or outgoing.is_encrypted(request):
        return False  # who asks over TLS of ours doesn't come through nginx
    if not content.location or (content.gate is not None and content.gate.is_counted):
        return False
    return not any(name in request.headers for name in (hdrs.IF_RANGE, hdrs.IF_MATCH, hdrs.IF_UNMODIFIED_SINCE))


def _accelerated(content: Content, extent: Extent, headers: dict[str, str]) -> web.StreamResponse:
    """nginx sends the bytes itself, ranges included, from its internal location; what it was asked is counted."""
    if content.note is not None:
        content.note(extent.count)
    kept = {name: value for name, value in headers.items() if name != hdrs.CONTENT_RANGE}
    return web.Response(headers=kept | {"X-Accel-Redirect": ACCEL_PREFIX + content.location})


async def _begin(request: web.Request, status: int, headers: dict[str, str], size: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = size
    await response.prepare(request)
    request[dialect.BEGUN] = response
    return response


def _content_type(mime_type: str) -> str:
    return f"{mime_type}; charset=utf-8" if mime_type.startswith("text/") else mime_type


def _with_status(error: errors.ApiError, status: int, headers: dict[str, str] | None = None) -> errors.ApiError:
    error.status = status
    error.headers = headers or {}
    return error
