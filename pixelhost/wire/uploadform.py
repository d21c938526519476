"""Multipart upload forms (RFC 7578), streamed: fields are small, the file passes through, in any order."""

import re
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.wire import body, params
from pixelhost.wire.multipart import Part, Parts

FIELDS_BYTES: Final = 64 << 10

_NUMBERED: Final = re.compile(r"\[\d+\]\Z", re.ASCII)

BROKEN = (*body.READING_FAILED, ValueError, LookupError)


class PartBody:
    """The file of a form, a piece at a time: only its bytes show where it ends, so it can't be poured."""

    expected_bytes = None

    def __init__(self, part: Part, parts: Parts) -> None:
        self.name = part.name or ""
        self.file_name = part.file_name or ""
        self.headers = part.headers
        self._parts = parts

    async def read(self) -> bytes | memoryview:
        """Raises ERROR_READING_INPUT."""
        try:
            return await self._parts.read()
        except BROKEN as error:
            raise errors.ERROR_READING_INPUT(message=body.CUT_OFF) from error


class UploadForm:
    """Read with `next_file` until that gives None; afterwards `fields` is complete."""

    def __init__(self, request: web.Request, stall_seconds: float, fields_bytes: int = FIELDS_BYTES) -> None:
        """`fields_bytes` is how much all fields may hold together, with their names."""
        self.fields: dict[str, str] = {}
        self.fields_bytes = fields_bytes
        self._content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
        self._body = body.RawBody(request, stall_seconds)
        self._parts: Parts | None = None
        self._fields_bytes_left = fields_bytes

    async def next_file(self, *names: str) -> PartBody | None:
        """The next part with one of these names, the fields before it read. None at the end.

        A name like `files[]` stands for `files[0]` and so on too.
        Raises ERROR_READING_INPUT.
        """
        try:
            if self._parts is None:
                self._parts = Parts(self._content_type, self._body.read)
            while part := await self._parts.next_part():
                if _unnumbered(part.name) in names and (part.file_name is not None or part.name not in self.fields):
                    return PartBody(part, self._parts)
                await self._read_field(part.name, self._parts)
        except BROKEN as error:
            raise errors.ERROR_READING_INPUT(message="The multipart form is broken. Nothing was stored") from error
        return None

    async def _read_field(self, name: str | None, parts: Parts) -> None:
        self._count(len(name or ""))
        value = bytearray()
        while piece := await parts.read():
            self._count(len(piece))
            value += piece
        if name is not None:
            self.fields.setdefault(name, params.text_of(bytes(value), name))

    def _count(self, size: int) -> None:
        self._fields_bytes_left -= size
        if self._fields_bytes_left < 0:
            raise errors.ERROR_READING_INPUT(message="The fields of the form are too large")


def _unnumbered(name: str | None) -> str | None:
    return _NUMBERED.sub("[]", name) if name is not None else None
