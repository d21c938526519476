"""What the forms about nodes do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import filesystem, nodedeletion, nodes, paths, storage, zips
from pixelhost.core.filesystem import NOTHING_ELSE
from pixelhost.core.gates import Origin
from pixelhost.core.nodechanges import NodeChanges
from pixelhost.core.paths import Path
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.unset import UNSET, Unset
from pixelhost.web import nodepanels, nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.web.nodepanels import Panel
from pixelhost.wire import content, params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Mode
from pixelhost.wire.uploadform import UploadForm

FIELDS: Final[Mapping[str, str]] = {
    "node_already_exists": "name",
    "path_not_found": "name",
    "name_too_long": "name",
    "path_too_long": "name",
    "user_not_found": "people",
    "branding_image_not_found": "brand_header_image",
    "invalid_link": "brand_header_link",
    "invalid_domain_name": "custom_domain_name",
    "resource_already_exists": "custom_domain_name",
    "invalid_x509_keypair": "custom_domain_cert",
}
"""Which field a refusal is about that doesn't say it itself."""


Do = Callable[[web.Request, Path, Mapping[str, str], str], Awaitable[web.Response]]
"""Does what was asked for by the fields of a form, and leads back; the last is a key of the notices."""


@dataclass(frozen=True)
class Action:
    """`panel` is the form, which is shown again with what is wrong with it."""

    do: Do
    panel: Panel
    done: str


@dataclass(frozen=True)
class Properties:
    modified: datetime | Unset = UNSET
    created: datetime | Unset = UNSET
    mode: Mode | Unset = UNSET


async def fields(request: web.Request) -> Mapping[str, str]:
    """What a form sent. Raises FILE_TOO_LARGE where more was chosen than a request takes."""
    try:
        return await params.fields(request)
    except ApiError as refusal:
        if refusal.kind is errors.FILE_TOO_LARGE:
            raise errors.FILE_TOO_LARGE(message=nodepaths.TOO_MANY_CHOSEN) from refusal
        raise


async def mkdir(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    goal = nodepaths.child(path, sent.get("name", ""))
    mode = filesystem.DIRECTORY_MODE
    await filesystem.make_directory(site_of(request), caller_of(request), goal, mode, make_parents=False)
    return pages.see_other(nodepaths.page(path), done)


async def upload(request: web.Request, path: Path, _sent: Mapping[str, str], done: str) -> web.Response:
    """Files of a multipart form, as many as there are. Without one of them, MISSING_FIELD."""
    site, caller = site_of(request), caller_of(request)
    form = UploadForm(request, site.settings.upload_stall_seconds)
    count = 0
    while part := await form.next_file("files"):
        name = part.file_name.rpartition("/")[2]
        if not name:
            continue
        goal = nodepaths.child(path, name)
        leave = await filesystem.admit(site, caller, goal, None, NOTHING_ELSE, make_parents=False)
        async with storage.received(site, part, refuse_size=leave.admission.refuse_size, digests={}) as got:
            await filesystem.put(site, caller, goal, got, NOTHING_ELSE, make_parents=False, is_new=leave.is_new)
        count += 1
    if not count:
        raise errors.MISSING_FIELD(field="files")
    return pages.see_other(nodepaths.page(path), done)


async def rename(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    names = nodepaths.picked(sent)
    if len(names) != 1:
        raise errors.MISSING_FIELD(field="pick")
    goal = nodepaths.child(path, sent.get("name", ""))
    site, caller = site_of(request), caller_of(request)
    await filesystem.move(site, caller, path.child(names[0]), goal, NOTHING_ELSE, make_parents=False)
    return pages.see_other(nodepaths.page(path), done)


async def move(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    """Entry by entry: those that can't be moved stay chosen, and the page says why."""
    goal = paths.parse(sent.get("to", ""))
    site, caller = site_of(request), caller_of(request)
    failures = []
    for name in nodepaths.picked(sent):
        try:
            await filesystem.move(site, caller, path.child(name), goal.child(name), NOTHING_ELSE, make_parents=False)
        except ApiError as error:
            failures.append((name, error))
        except ApiErrors as several:
            failures.append((name, several.errors[0]))
    if not failures:
        return pages.see_other(nodepaths.page(path), done)
    left = {name: value for name, value in sent.items() if not name.startswith(nodepaths.PICK)}
    left |= dict.fromkeys(nodepaths.picks(name for name, _ in failures), "yes")
    place = await nodes.readable(site, caller, path)
    status = failures[0][1].status
    reasons = [(name, error.message) for name, error in failures]
    return await nodepanels.move(request, place, left, Problems(status=status), reasons)


async def delete(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    await nodedeletion.delete_children(site_of(request), caller_of(request), path, nodepaths.picked(sent))
    return pages.see_other(nodepaths.page(path), done)


async def download(request: web.Request, path: Path, sent: Mapping[str, str]) -> web.StreamResponse:
    """The chosen entries as a zip."""
    site, caller = site_of(request), caller_of(request)
    names = nodepaths.picked(sent)
    if not names:
        raise errors.MISSING_FIELD(field="pick", message=nodepaths.NOTHING_CHOSEN)
    place = await nodes.readable_directory(site, caller, path)
    # The form is of this site: the page says same-origin only, so there is no other site's to be refused.
    async with zips.of_children(site, caller, place, names, Origin(None, request.host)) as archive:
        return await content.send(request, archive, disposition="attachment")


async def set_properties(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    wanted = params.from_text({name: _with_zone(name, value) for name, value in sent.items() if value}, Properties)
    changes = NodeChanges(created_at=wanted.created, modified_at=wanted.modified, mode=wanted.mode)
    await filesystem.update(site_of(request), caller_of(request), path, changes)
    return pages.see_other(nodepaths.page(path, properties=""), done)


async def set_logging(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    changes = NodeChanges(is_logging=sent.get("logging") == "true")
    await filesystem.update(site_of(request), caller_of(request), path, changes)
    return pages.see_other(nodepaths.page(path, activity=""), done)


def _with_zone(name: str, value: str) -> str:
    """A field of date and time sends no zone; the page says UTC, and asks for seconds."""
    if name not in {"modified", "created"}:
        return value
    return f"{value}:00Z" if value.count(":") == 1 else f"{value}Z"
