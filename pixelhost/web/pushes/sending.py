"""What the forms of pushes send: fields, and files that are sealed with the push's key while they arrive."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pushes, pushfields, pushfiles
from pixelhost.core.pusharrivals import FORM_BYTES, Arrivals
from pixelhost.core.pushes import Draft
from pixelhost.core.pushfiles import NewFile
from pixelhost.errors import ApiError
from pixelhost.web.languages import mark
from pixelhost.wire import body, params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.uploadform import PartBody, UploadForm

TOO_MANY: Final = mark("At most ten files go together.")


@dataclass(frozen=True)
class Sent:
    """`problem` is what was wrong with a file; nothing that came after it was read."""

    fields: Mapping[str, str]
    files: Sequence[NewFile] = ()
    problem: ApiError | None = None


@dataclass(frozen=True)
class _Files:
    """Those of one form. `count` is how many the push has already."""

    request: web.Request
    arrivals: Arrivals
    count: int

    async def take(self, part: PartBody) -> None:
        """Raises what is wrong with the file, or with its sender."""
        if not part.file_name:
            # What a browser sends for a field of files without any.
            while await part.read():
                pass
            return
        pushes.pusher(site_of(self.request), caller_of(self.request), needs_account=True)
        if self.count + len(self.arrivals.files) == pushfields.FILES_MAX:
            raise errors.PUSH_INVALID(field="files", message=TOO_MANY)
        await self.arrivals.take(part.file_name, part)


@asynccontextmanager
async def sent(request: web.Request, draft: Draft, files_before: int = 0) -> AsyncIterator[Sent]:
    """At the end of the block, files that have not become a push's are dropped.

    Raises ERROR_READING_INPUT, UTF8_STRING_PARSE_FAILED; AUTHENTICATION_REQUIRED for a stranger's file.
    """
    async with AsyncExitStack() as stack:
        if body.is_multipart(request):
            admit = partial(pushfiles.admit, site_of(request), caller_of(request))
            arrivals = Arrivals(
                site_of(request), draft.key, stack, admit, body_bytes=request.content_length, count=files_before
            )
            yield await _multipart(request, _Files(request, arrivals, files_before))
        else:
            yield Sent(_with_plain_breaks(await _urlencoded(request)))


async def _multipart(request: web.Request, files: _Files) -> Sent:
    form = UploadForm(request, site_of(request).settings.upload_stall_seconds, FORM_BYTES)
    problem: ApiError | None = None
    while part := await form.next_file("files"):
        try:
            await files.take(part)
        except ApiError as refusal:
            if refusal.kind is errors.AUTHENTICATION_REQUIRED:
                raise
            problem = refusal
            break
    return Sent(_with_plain_breaks(form.fields), files.arrivals.files, problem)


async def _urlencoded(request: web.Request) -> Mapping[str, str]:
    try:
        return params.pairs((await body.small(request, FORM_BYTES)).decode("utf-8"))
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="body") from None


def _with_plain_breaks(fields: Mapping[str, str]) -> dict[str, str]:
    """As they were typed: a form sends every line break as two characters, which would spoil a key or a script."""
    return {name: value.replace("\r\n", "\n") for name, value in fields.items()}
