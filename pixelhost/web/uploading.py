"""Uploading by a plain form, for browsers without JavaScript: one file or several, and what they are good for then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from pixelhost import errors
from pixelhost.core import access, files, lists, storage, uploads
from pixelhost.core.files import Lifetime
from pixelhost.core.uploads import Admission
from pixelhost.errors import ApiError, ApiErrors, ErrorKind
from pixelhost.model.files import File
from pixelhost.web import forms, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import body, dialect, params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.uploadform import PartBody, UploadForm

FILES_IN_ADDRESS_MAX: Final = 100
FORM_BYTES: Final = 128 << 10
"""Of a form: what isn't in its files, at most."""

LAST_KINDS: Final = (errors.TOO_MANY_FILES, errors.USER_OUT_OF_SPACE, errors.FILE_TOO_LARGE, errors.ERROR_READING_INPUT)
"""After these the rest of a form isn't read: it would be refused too, or can't be."""

SAID: Final[Mapping[ErrorKind, str]] = {
    errors.NO_FILE: mark("It is empty, and an empty file can't be uploaded"),
    errors.STRING_OUT_OF_RANGE: mark("Its name is longer than 255 characters"),
    errors.NAME_CONTAINS_ILLEGAL_CHARACTER: mark("Its name has characters in it that are not allowed"),
}
"""About one file of several. What isn't here is said in the registry's own words."""


@dataclass(frozen=True)
class Refused:
    """A file that was not taken. `message` is translated when it is shown; both empty for no file at all."""

    name: str
    message: str


@dataclass
class Outcome:
    added: list[File] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True)
class Uploaded:
    """IDs with commas between them."""

    files: str = ""


@dataclass(frozen=True)
class NewList:
    title: str = lists.DEFAULT_TITLE


async def receive(request: web.Request) -> web.Response:
    """POST /upload: the files of a form, streamed one after the other. On to the page of the file, or to all links."""
    site, caller = site_of(request), caller_of(request)
    if caller.user is None:
        return pages.see_other("/login?" + urlencode({"redirect": "/"}))
    admission = uploads.admit(site, caller, 1)
    admission.refuse_space(_least_bytes(request))
    if not body.is_multipart(request):
        raise errors.NO_FILE()
    outcome = await _received(request, admission)
    if outcome.refused or not 0 < len(outcome.added) <= FILES_IN_ADDRESS_MAX:
        return _page(request, outcome)
    if len(outcome.added) == 1:
        return pages.see_other(f"/u/{outcome.added[0].id}")
    return pages.see_other("/upload?" + urlencode({"files": _joined(outcome.added)}, safe=","))


async def show(request: web.Request) -> web.Response:
    """GET /upload: the links of what was uploaded just now."""
    ids = params.query(request, Uploaded).files.split(",")
    found = await access.some_files(site_of(request), ids)
    return _page(request, Outcome(found)) if found else pages.see_other("/")


async def make_list(request: web.Request) -> web.Response:
    """POST /upload/list: a list of them."""
    site, caller = site_of(request), caller_of(request)
    sent = await forms.sent(request)
    ids = [file_id for file_id in sent.get("files", "").split(",") if file_id]
    try:
        wanted = params.from_text(sent, NewList)
        made = await lists.create(site, caller, wanted.title, [(one, "") for one in ids], is_anonymous=False)
    except (ApiError, ApiErrors) as error:
        found = Outcome(await access.some_files(site, ids))
        problems = forms.problems(error, {"title_too_long": "title"})
        return _page(request, found, title=sent.get("title", ""), problems=problems)
    return pages.see_other(f"/l/{made}")


async def _received(request: web.Request, admission: Admission) -> Outcome:
    outcome = Outcome()
    form = UploadForm(request, site_of(request).settings.upload_stall_seconds)
    name = ""
    try:
        while part := await form.next_file("file"):
            name = part.file_name.rpartition("/")[2]
            try:
                made = await _added(request, admission, name, part)
                outcome.added.append(made)
                admission = admission.after(made.size_bytes)
            except ApiError as error:
                if name or error.kind is not errors.NO_FILE:
                    outcome.refused.append(Refused(name, SAID.get(error.kind, error.message)))
                if error.kind in LAST_KINDS:
                    break
    except ApiError as error:
        outcome.refused.append(Refused("", error.message))
    if not outcome.added and not outcome.refused:
        outcome.refused.append(Refused("", mark("Choose a file first")))
    return outcome


async def _added(request: web.Request, admission: Admission, name: str, part: PartBody) -> File:
    """Raises what is wrong with the file first; NO_FILE for a field that was left empty, which comes without a name."""
    site = site_of(request)
    uploads.refuse_full(admission, 1)
    for problem in files.name_problems(name) if name else []:
        raise problem
    async with storage.received(site, part, refuse_size=admission.refuse_size, digests={}) as got:
        return await files.add(site, admission, name, got, Lifetime())


def _page(request: web.Request, outcome: Outcome, *, title: str = "", problems: Problems = forms.NONE) -> web.Response:
    return pages.answer(
        request,
        "uploaded.html",
        problems.status if problems else 200 if outcome.added else 422,
        here=dialect.here(request),
        files=outcome.added,
        refused=outcome.refused,
        joined=_joined(outcome.added),
        sent={"title": title},
        problems=problems,
    )


def _joined(added: Sequence[File]) -> str:
    return ",".join(file.id for file in added)


def _least_bytes(request: web.Request) -> int:
    """How many bytes the files of a form have at least: what is announced, less what the rest of it may take."""
    return max(0, (request.content_length or 0) - FORM_BYTES)
