"""Multipart upload forms (RFC 7578), streamed: fields are small, the file passes through, in any order."""

import asyncio

from aiohttp import BodyPartReader, MultipartReader, web

from pixelhost import errors
from pixelhost.wire import body, params

CHUNK_BYTES = 256 << 10
FIELDS_BYTES = 64 << 10

BROKEN = (*body.READING_FAILED, ValueError, RuntimeError, AssertionError, LookupError)


class PartBody:
    """The file of a form, a piece at a time: only its bytes show where it ends, so it can't be poured."""

    expected_bytes = None

    def __init__(self, part: BodyPartReader, stall_seconds: float) -> None:
        self.file_name = part.filename or ""
        self.headers = part.headers
        self._part = part
        self._stall_seconds = stall_seconds

    async def read(self) -> bytes:
        """Raises ERROR_READING_INPUT."""
        try:
            async with asyncio.timeout(self._stall_seconds):
                return await self._part.read_chunk(CHUNK_BYTES)
        except BROKEN as error:
            raise errors.ERROR_READING_INPUT(
                message="The upload was cut off before its end. Nothing was stored"
            ) from error


class UploadForm:
    """Read with `next_file` until that gives None; afterwards `fields` is complete."""

    def __init__(self, request: web.Request, stall_seconds: float) -> None:
        self.fields: dict[str, str] = {}
        self._request = request
        self._stall_seconds = stall_seconds
        self._parts: MultipartReader | None = None
        self._fields_bytes = 0

    async def next_file(self, name: str) -> PartBody | None:
        """The next part called `name`, the fields before it read. None at the end. Raises ERROR_READING_INPUT."""
        try:
            if self._parts is None:
                await body.ask_for_body(self._request)
                self._parts = await self._request.multipart()
            while True:
                async with asyncio.timeout(self._stall_seconds):
                    part = await self._parts.next()
                    if part is None:
                        return None
                    if not isinstance(part, BodyPartReader):
                        raise ValueError("nested multipart")
                    params.refuse_undecodable(part)
                    if part.name == name and (part.filename is not None or name not in self.fields):
                        return PartBody(part, self._stall_seconds)
                    await self._read_field(part)
        except BROKEN as error:
            raise errors.ERROR_READING_INPUT(message="The multipart form is broken. Nothing was stored") from error

    async def _read_field(self, part: BodyPartReader) -> None:
        value = bytearray()
        while chunk := await part.read_chunk():
            self._fields_bytes += len(chunk)
            if self._fields_bytes > FIELDS_BYTES:
                raise errors.ERROR_READING_INPUT(message="The fields of the form are too large")
            value += chunk
        if part.name is not None:
            self.fields.setdefault(part.name, params.text_of(bytes(value), part.name))
