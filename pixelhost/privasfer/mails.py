"""Messages that the caller sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import web

from pixelhost.core import mailfields, mails
from pixelhost.core.mailfields import Edit, NewMail
from pixelhost.core.transferfiles import invalid
from pixelhost.errors import ApiError
from pixelhost.model.transfers import Mail, MailSort
from pixelhost.model.unset import UNSET, Unset
from pixelhost.privasfer import envelope, query, sent, shapes
from pixelhost.privasfer.query import Keyword, Page, PerPage
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, here, site_of
from pixelhost.wire.params import Between, Length
from pixelhost.wire.visits import visit

INCLUDES: Final = ("download", "download.files", "author")
SORTS: Final[dict[str, MailSort]] = {
    "subject": "subject",
    "recipient_email": "recipient_email",
    "created_at": "created_at",
    "sent_at": "sent_at",
}

Subject = Annotated[str, Length(1, mailfields.SUBJECT_MAX)]
Body = Annotated[str, Length(0, mailfields.BODY_MAX)]
Days = Annotated[int, Between(mailfields.DAYS[0], mailfields.DAYS[-1])]


@dataclass(frozen=True)
class ListQuery:
    include: str = ""
    sort: str = ""
    keyword: Keyword = ""
    page: Page | None = None
    per_page: PerPage | None = None


@dataclass(frozen=True)
class ShowQuery:
    include: str = ""


@dataclass(frozen=True)
class MailFields:
    recipients: list[str] | None = None
    recipient_email: str | None = None
    subject: Subject | None = None
    body: Body = ""
    files: list[str] | None = None
    expires_in_days: Days = mailfields.DAYS_DEFAULT
    max_downloads: Annotated[int, Between(1, mailfields.DOWNLOADS_MAX)] | None = None
    passphrase: Annotated[str, Length(1, mailfields.PASSPHRASE_MAX)] = ""


@dataclass(frozen=True)
class MailChange:
    subject: Subject | Unset = UNSET
    body: Body | Unset = UNSET
    expires_in_days: Days | Unset = UNSET
    revoked: bool | Unset = UNSET


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /api/mails"""
    caller = caller_of(request)
    caller.require_user()
    wanted = params.query(request, ListQuery)
    included = query.included(wanted.include, INCLUDES)
    ids = await mails.ids_of(site_of(request), caller, wanted.keyword, query.order(wanted.sort, SORTS))

    async def shaped(some: Any) -> Any:
        return await _shown(request, await mails.some(site_of(request), caller, some), included)

    return await query.answer(request, wanted, ids, shaped)


async def create(request: web.Request) -> web.Response:
    """POST /api/mails: one message, or a list of one for each of several recipients."""
    caller_of(request).require_user()
    fields = await sent.read(request, MailFields)
    values = fields.values
    recipients = [*(values.recipients or []), *([values.recipient_email] if values.recipient_email else [])]
    new = NewMail(
        recipients=[address.strip() for address in recipients],
        subject=values.subject.strip() if values.subject is not None else None,
        body=values.body,
        file_ids=sent.uuids(values.files or []),
        days=values.expires_in_days,
        max_downloads=values.max_downloads,
        passphrase=values.passphrase,
    )
    site, caller = site_of(request), caller_of(request)
    made = await mails.send(site, caller, visit(request), new, fields.problems, here(request))
    shown = await _shown(request, made, frozenset({"download", "download.files"}))
    return envelope.data(shown if len(shown) > 1 else shown[0], 201)


async def show(request: web.Request) -> web.Response:
    """GET /api/mails/{id}"""
    found = await mails.own(site_of(request), caller_of(request), mail_id(request))
    included = query.included(params.query(request, ShowQuery).include, INCLUDES)
    return envelope.data((await _shown(request, [found], included))[0])


async def change(request: web.Request) -> web.Response:
    """PATCH /api/mails/{id}"""
    caller_of(request).require_user()
    return await change_to(request, await sent.read(request, MailChange))


async def change_to(request: web.Request, wanted: sent.Sent[MailChange]) -> web.Response:
    values = wanted.values
    problems: list[ApiError] = list(wanted.problems)
    if "subject" in wanted.empty:
        problems.append(invalid("subject", "The subject field is required."))
    body = "" if "body" in wanted.empty else values.body
    subject = UNSET if values.subject is UNSET else values.subject.strip()
    edit = Edit(subject, body, values.expires_in_days, values.revoked)
    changed = await mails.change(site_of(request), caller_of(request), visit(request), mail_id(request), edit, problems)
    return envelope.data((await _shown(request, [changed], frozenset()))[0])


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/mails/{id}"""
    await mails.delete(site_of(request), caller_of(request), visit(request), mail_id(request))
    return envelope.nothing()


def mail_id(request: web.Request) -> UUID:
    return sent.uuid(request.match_info["id"])


async def _shown(request: web.Request, found: Sequence[Mail], included: frozenset[str]) -> list[dict[str, Any]]:
    site = site_of(request)
    files = await mails.files_of(site, found) if "download.files" in included else {}
    return [shapes.sent_mail(site, one, here(request), included, files.get(one.id, ())) for one in found]
