"""Files of a form that are to be sent to others, sealed while they arrive."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from pixelhost.core import pushfiles, transferfiles
from pixelhost.core.transferfiles import NewFile
from pixelhost.core.uploads import Admission
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.uploadform import PartBody, UploadForm


@dataclass(frozen=True)
class Arrived:
    """`field` is the name of the form's field."""

    field: str
    file: NewFile


def admit(request: web.Request, form: UploadForm) -> Admission:
    """Raises as `pushfiles.admit`."""
    expected_bytes = max((request.content_length or 0) - form.fields_bytes, 0)
    return pushfiles.admit(site_of(request), caller_of(request), expected_bytes)


async def received(
    request: web.Request, form: UploadForm, stack: AsyncExitStack, *names: str, admission: Admission | None = None
) -> list[Arrived]:
    """All files in fields with one of `names`; then `form.fields` is complete. At the end of `stack`, what isn't added
    is dropped. Without `admission`, it is asked for when the first file comes.

    Raises as `admit` and `transferfiles.received`, TRANSFER_INVALID where there are more than FILES_AT_ONCE.
    """
    arrived: list[Arrived] = []
    while part := await form.next_file(*names):
        if not part.file_name:
            await _skip(part)
            continue
        admission = admission or admit(request, form)
        if len(arrived) == transferfiles.FILES_AT_ONCE:
            raise transferfiles.invalid("files", transferfiles.TOO_MANY)
        name = part.file_name.rpartition("/")[2]
        file = await stack.enter_async_context(transferfiles.received(site_of(request), part, name, admission))
        admission = admission.after(file.got.size_bytes)
        arrived.append(Arrived(part.name, file))
    return arrived


async def _skip(part: PartBody) -> None:
    """What a browser sends for a field of files without any."""
    while await part.read():
        pass
