"""What the forms of transfers send: fields, and files, which become files of the account when all have arrived."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import transferfiles
from pixelhost.errors import ApiError
from pixelhost.model.transfers import TransferFile
from pixelhost.web.transfers import frame
from pixelhost.wire import body, params, transferform
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.uploadform import UploadForm

FORM_BYTES: Final = 1 << 20
"""Of all fields together: a text of the greatest length, percent-encoded, and what files are ticked."""


@dataclass(frozen=True)
class Sent:
    """`problem` is what was wrong with a file: then none was kept, and nothing that came after it was read."""

    fields: Mapping[str, str]
    files: Sequence[TransferFile] = ()
    problem: ApiError | None = None


async def sent(request: web.Request) -> Sent:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, IP_BANNED, ERROR_READING_INPUT, UTF8_STRING_PARSE_FAILED."""
    caller_of(request).require_user()
    if not body.is_multipart(request):
        return Sent(_with_plain_breaks(await _urlencoded(request)))
    form = UploadForm(request, site_of(request).settings.upload_stall_seconds, FORM_BYTES)
    files: Sequence[TransferFile] = ()
    try:
        async with AsyncExitStack() as stack:
            if arrived := await transferform.received(request, form, stack, "files"):
                category_id = frame.uuid(form.fields.get("category_id", ""))
                new = [one.file for one in arrived]
                files = await transferfiles.add(site_of(request), caller_of(request), new, category_id)
    except ApiError as refusal:
        if refusal.kind not in {errors.TRANSFER_INVALID, errors.FILE_TOO_LARGE, errors.USER_OUT_OF_SPACE}:
            raise
        return Sent(_with_plain_breaks(form.fields), problem=refusal)
    return Sent(_with_plain_breaks(form.fields), files)


async def _urlencoded(request: web.Request) -> Mapping[str, str]:
    try:
        return params.pairs((await body.small(request, FORM_BYTES)).decode("utf-8"))
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="body") from None


def _with_plain_breaks(fields: Mapping[str, str]) -> dict[str, str]:
    """As they were typed: a form sends every line break as two characters."""
    return {name: value.replace("\r\n", "\n") for name, value in fields.items()}
