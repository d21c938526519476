"""Writing a message: to whom, with which files, and for how long. On to the page that says what went to whom."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from pixelhost.core import mailfields, mails, transferfiles
from pixelhost.core.mailfields import NewMail
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.transfers import TransferFile
from pixelhost.web import forms, pages
from pixelhost.web.forms import Problems
from pixelhost.web.transfers import arriving, frame, problems
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, here, site_of
from pixelhost.wire.params import Between, Length
from pixelhost.wire.visits import visit

PLACE: Final = "/user/transfers"
TICK: Final = "file-"
"""Before the ID of a file in the name of its checkbox."""

OFFERED: Final = 25
"""So many of the latest files can be ticked; others are chosen on the page of files."""

_BETWEEN: Final = re.compile(r"[,;\n]")


@dataclass(frozen=True)
class Wanted:
    """What the form holds besides addresses and files."""

    subject: Annotated[str, Length(0, mailfields.SUBJECT_MAX)] = ""
    body: Annotated[str, Length(0, mailfields.BODY_MAX)] = ""
    days: Annotated[int, Between(mailfields.DAYS[0], mailfields.DAYS[-1])] = mailfields.DAYS_DEFAULT
    max_downloads: Annotated[int, Between(1, mailfields.DOWNLOADS_MAX)] | None = None
    passphrase: Annotated[str, Length(0, mailfields.PASSPHRASE_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    """GET /user/transfers/new?file=: with files, each as often as it is named, that are ticked already."""
    caller_of(request).require_user()
    given = request.query.getall("file", [])[: mailfields.FILES_MAX]
    return await _page(request, {}, forms.NONE, [one for text in given if (one := frame.uuid(text))])


async def send(request: web.Request) -> web.Response:
    """POST /user/transfers/new"""
    sent = await arriving.sent(request)
    names = [name.removeprefix(TICK) for name in sent.fields if name.startswith(TICK)]
    ticked = [one for name in names if (one := frame.uuid(name))] + [file.id for file in sent.files]
    recipients = [one.strip() for one in _BETWEEN.split(sent.fields.get("recipients", "")) if one.strip()]
    try:
        if sent.problem is not None:
            raise sent.problem
        wanted = _wanted(sent.fields, recipients, ticked)
        made = await mails.send(site_of(request), caller_of(request), visit(request), wanted, (), here(request))
    except (ApiError, ApiErrors) as error:
        told = problems.of(request, error, recipients)
        # Files that have arrived stay: nobody sends them again because of a mistyped address.
        return await _page(request, sent.fields, told, ticked, are_kept=bool(sent.files))
    return pages.see_other(f"{PLACE}/made?" + urlencode({"ids": ",".join(str(one.id) for one in made)}), done="sent")


def _wanted(fields: Mapping[str, str], recipients: Sequence[str], file_ids: Sequence[UUID]) -> NewMail:
    """Raises what is wrong with the fields."""
    wanted = params.from_text({name: text for name, text in fields.items() if text}, Wanted)
    return NewMail(
        recipients=recipients,
        subject=wanted.subject.strip(),
        body=wanted.body,
        file_ids=file_ids,
        days=wanted.days,
        max_downloads=wanted.max_downloads,
        passphrase=wanted.passphrase,
    )


async def _page(
    request: web.Request, sent: Mapping[str, str], told: Problems, ticked: Sequence[UUID], *, are_kept: bool = False
) -> web.Response:
    files, chosen = await _offered(request, ticked)
    return frame.answer(
        request,
        PLACE,
        "new.html",
        told.status,
        sent=sent,
        problems=told,
        files=files,
        chosen=chosen,
        tick=TICK,
        are_kept=are_kept,
        fields=mailfields,
    )


async def _offered(request: web.Request, ticked: Sequence[UUID]) -> tuple[list[TransferFile], set[UUID]]:
    """Files to be ticked: those that are, and the latest of all others."""
    site, caller = site_of(request), caller_of(request)
    chosen = [one for one in await transferfiles.some(site, caller, ticked) if not one.is_trashed]
    ids = {one.id for one in chosen}
    latest = await transferfiles.ids_of(site, caller, "", "without", ())
    others = [one for one in latest if one not in ids][:OFFERED]
    return [*chosen, *await transferfiles.some(site, caller, others)], ids
