"""Forms about a file: for its owner to change and delete it, for visitors to copy and report it. A script shows them in
a dialog on the file's page; without one they are pages of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import access, files, gates, reports
from pixelhost.core.files import Lifetime
from pixelhost.core.reports import AbuseType
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.files import File
from pixelhost.model.unset import UNSET, Unset
from pixelhost.web import abusetypes, forms, pages
from pixelhost.web.forms import NONE, Problems
from pixelhost.web.languages import mark
from pixelhost.wire import params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import AnyCharacter, Between

DOWNLOADS_MAX: Final = 2**31 - 1
MINUTES: Final = "%Y-%m-%dT%H:%M"
NOTHING: Final[Mapping[str, str]] = {}
FIELDS: Final = {**forms.FIELDS, "name_contains_illegal_character": "name"}


@dataclass(frozen=True)
class Change:
    name: Annotated[str, AnyCharacter()]
    delete_after_downloads: Annotated[int, Between(0, DOWNLOADS_MAX)]


@dataclass(frozen=True)
class Report:
    type: AbuseType
    description: str = ""


async def edit(request: web.Request) -> web.Response:
    """GET /u/{id}/edit: its name, when it goes by itself, and its end."""
    return _edit_page(request, await _own(request))


async def save(request: web.Request) -> web.Response:
    """POST /u/{id}/edit."""
    file, sent = await _own(request), await forms.sent(request)
    site, caller = site_of(request), caller_of(request)
    try:
        date = _new_date(file, sent.get("delete_after_date", ""), site.clock.now())
        wanted = params.from_text(_filled(sent), Change)
        name = wanted.name if wanted.name != file.name else UNSET
        await files.change(site, caller, file.id, name=name, date=date, downloads=wanted.delete_after_downloads)
    except (ApiError, ApiErrors) as error:
        return _edit_page(request, file, sent, forms.problems(error, FIELDS))
    return pages.see_other(f"/u/{file.id}", done="saved")


async def ask_deletion(request: web.Request) -> web.Response:
    """GET /u/{id}/delete."""
    return pages.answer(request, "file-delete.html", file=await _own(request))


async def delete(request: web.Request) -> web.Response:
    """POST /u/{id}/delete."""
    file = await _own(request)
    await files.delete(site_of(request), caller_of(request), file.id)
    return pages.see_other("/", done="deleted")


async def grab(request: web.Request) -> web.Response:
    """POST /u/{id}/grab: a copy in one's own account."""
    made = await files.grab(site_of(request), caller_of(request), _file_id(request), None, Lifetime())
    return pages.see_other(f"/u/{made.id}", done="copied")


async def ask_report(request: web.Request) -> web.Response:
    """GET /u/{id}/report."""
    return _report_page(request, await _visible(request))


async def report(request: web.Request) -> web.Response:
    """POST /u/{id}/report."""
    file, sent = await _visible(request), await forms.sent(request)
    try:
        wanted = params.from_text({name: text for name, text in sent.items() if text}, Report)
        await reports.add(site_of(request), caller_of(request), file.id, wanted.type, wanted.description)
    except (ApiError, ApiErrors) as error:
        return _report_page(request, file, sent, forms.problems(error))
    return pages.see_other(f"/u/{file.id}", done="reported")


def _edit_page(
    request: web.Request, file: File, sent: Mapping[str, str] = NOTHING, problems: Problems = NONE
) -> web.Response:
    return pages.answer(
        request,
        "file-edit.html",
        problems.status,
        file=file,
        sent=sent,
        problems=problems,
        date=_shown_date(file),
    )


def _report_page(
    request: web.Request, file: File, sent: Mapping[str, str] = NOTHING, problems: Problems = NONE
) -> web.Response:
    return pages.answer(
        request,
        "file-report.html",
        problems.status,
        file=file,
        sent=sent,
        problems=problems,
        types=abusetypes.REPORTED.items(),
        description_max=reports.DESCRIPTION_MAX,
    )


async def _own(request: web.Request) -> File:
    """Raises AUTHENTICATION_REQUIRED, NOT_FOUND, FORBIDDEN."""
    caller_of(request).require_user()
    return await access.own_file(site_of(request), caller_of(request), _file_id(request))


async def _visible(request: web.Request) -> File:
    """Raises NOT_FOUND, FILE_TAKEN_DOWN."""
    file = await access.file(site_of(request), _file_id(request))
    if refusal := gates.taken_down(file):
        raise refusal
    return file


def _filled(sent: Mapping[str, str]) -> dict[str, str]:
    """A number left empty is none."""
    return dict(sent) | {"delete_after_downloads": sent.get("delete_after_downloads", "").strip() or "0"}


def _shown_date(file: File) -> str:
    date = file.delete_after_date
    return date.astimezone(UTC).strftime(MINUTES) if date else ""


def _new_date(file: File, text: str, now: datetime) -> datetime | Unset | None:
    """UNSET where the field says what it was made with: it shows no seconds. Raises TIME_PARSE_FAILED."""
    if text.strip() == _shown_date(file):
        return UNSET
    date = _date(text)
    if date is not None and date <= now:
        raise errors.TIME_PARSE_FAILED(field="delete_after_date", message=mark("That is in the past"))
    return date


def _date(text: str) -> datetime | None:
    """As a browser sends a date and time, without seconds or with, here in UTC. Raises TIME_PARSE_FAILED."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise errors.TIME_PARSE_FAILED(
            field="delete_after_date", message=mark("A date and time is written like 2030-01-31T12:00")
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _file_id(request: web.Request) -> str:
    return target.path_segment(request, 1, "id")
