"""Abuse: what was reported, what was taken down, and who may do that. For administrators, in part for reporters."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from aiohttp import web

from pixelhost.core import appeals, blocking, reporters, reportqueue, takedowns
from pixelhost.core.reportqueue import Reported, Status
from pixelhost.model.abuse import AbuseReporter, Appeal, Copy, Takedown
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length

PAGE_MAX = 1000
SPAN = timedelta(days=28)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
ANONYMOUS = "Anonymous"
EMAIL_MAX = 254


@dataclass(frozen=True)
class WhichReports:
    status: Status = "pending"
    start: datetime | None = None
    end: datetime | None = None
    limit: Annotated[int, Between(1, PAGE_MAX)] = 100
    offset: Annotated[int, Between(0, 2**31)] = 0


@dataclass(frozen=True)
class Verdict:
    action: Literal["grant", "reject"]
    type: str = ""
    reporter: Annotated[str, Length(1, takedowns.REPORTER_MAX)] = ANONYMOUS
    note: Annotated[str, Length(0, takedowns.NOTE_MAX)] = ""


@dataclass(frozen=True)
class Block:
    text: str
    type: str
    reporter: Annotated[str, Length(1, takedowns.REPORTER_MAX)] = ANONYMOUS
    note: Annotated[str, Length(0, takedowns.NOTE_MAX)] = ""


@dataclass(frozen=True)
class WhichTakedowns:
    type: str = ""
    sha256: Annotated[str, Length(0, takedowns.DIGEST_LENGTH)] = ""
    limit: Annotated[int, Between(1, PAGE_MAX)] = 100
    offset: Annotated[int, Between(0, 2**31)] = 0


@dataclass(frozen=True)
class NewReporter:
    """`types` have commas between them."""

    name: Annotated[str, Length(1, reporters.NAME_MAX)]
    from_address: Annotated[str, Length(0, EMAIL_MAX)] = ""
    user: str = ""
    types: str = ""


@dataclass(frozen=True)
class Decision:
    action: Literal["grant", "reject"]
    answer: Annotated[str, Length(0, appeals.ANSWER_MAX)] = ""


@dataclass(frozen=True)
class NewAppeal:
    text: Annotated[str, Length(1, appeals.TEXT_MAX)]


async def reports(request: web.Request) -> web.Response:
    """GET /admin/abuse_report?status=&start=&end=: by file, those that most have reported first."""
    caller_of(request).require_admin()
    site, wanted = site_of(request), params.query(request, WhichReports)
    end = wanted.end or site.clock.now() + timedelta(seconds=1)
    # What waits for a decision is shown however old it is.
    start = wanted.start or (EARLIEST if wanted.status == "pending" else end - SPAN)
    queue = await reportqueue.waiting(site, wanted.status, start, end, wanted.limit, wanted.offset)
    return envelope.ok([_reported(request, one) for one in queue.files])


async def report(request: web.Request) -> web.Response:
    """GET /admin/abuse_report/{id}: with the copies of the file and its takedown, if any."""
    caller_of(request).require_admin()
    facts = await reportqueue.facts(site_of(request), _file_id(request))
    takedown = facts.takedown
    more = {"copies": [_copy(one) for one in facts.copies], "takedown": _takedown(takedown) if takedown else None}
    return envelope.ok(_reported(request, facts.reported) | more)


async def decide(request: web.Request) -> web.Response:
    """POST /admin/abuse_report/{id}: `grant` takes the file down, with all that have its content; `reject` doesn't."""
    caller = caller_of(request)
    caller.require_admin()
    site, file_id, wanted = site_of(request), _file_id(request), await params.form(request, Verdict)
    if wanted.action == "grant":
        kind = wanted.type or (await reportqueue.one(site, file_id)).type
        await reportqueue.grant(site, caller, file_id, kind, wanted.reporter, wanted.note)
    else:
        await reportqueue.reject(site, caller, file_id)
    return envelope.done()


async def block_files(request: web.Request) -> web.Response:
    """POST /admin/block_files: takes down all that `text` names."""
    site = site_of(request)
    by = await blocking.authority(site, caller_of(request))
    wanted = await params.form(request, Block)
    blocked = await blocking.block(site, by, wanted.text, wanted.type, wanted.reporter, wanted.note)
    return envelope.success(
        {
            "files_blocked": blocked.files,
            "nodes_blocked": blocked.nodes,
            "sha256_blocked": blocked.digests,
            "not_found": blocked.unknown,
        }
    )


async def list_takedowns(request: web.Request) -> web.Response:
    """GET /admin/takedown?type=&sha256=: `{takedowns, total}`, the latest first."""
    caller_of(request).require_admin()
    wanted = params.query(request, WhichTakedowns)
    found, total = await takedowns.search(site_of(request), wanted.type, wanted.sha256, wanted.limit, wanted.offset)
    return envelope.ok({"takedowns": [_takedown(one) for one in found], "total": total})


async def takedown(request: web.Request) -> web.Response:
    """GET /admin/takedown/{id}: with what it took down, at most 1,000 things."""
    caller_of(request).require_admin()
    found, copies = await takedowns.one(site_of(request), _number(request))
    return envelope.ok(_takedown(found) | {"copies": [_copy(one) for one in copies]})


async def lift(request: web.Request) -> web.Response:
    """DELETE /admin/takedown/{id}: everything that it took down is back."""
    caller_of(request).require_admin()
    await takedowns.lift(site_of(request), caller_of(request), _number(request))
    return envelope.done()


async def list_reporters(request: web.Request) -> web.Response:
    """GET /admin/abuse_reporter, by name."""
    caller_of(request).require_admin()
    return envelope.ok([_reporter(one) for one in await reporters.everyone(site_of(request))])


async def save_reporter(request: web.Request) -> web.Response:
    """POST /admin/abuse_reporter: a new one, or the one of this name changed."""
    caller_of(request).require_admin()
    wanted = await params.form(request, NewReporter)
    types = [kind.strip() for kind in wanted.types.split(",") if kind.strip()]
    await reporters.save(site_of(request), caller_of(request), wanted.name, wanted.from_address, wanted.user, types)
    return envelope.done()


async def delete_reporter(request: web.Request) -> web.Response:
    """DELETE /admin/abuse_reporter/{name}"""
    caller_of(request).require_admin()
    await reporters.delete(site_of(request), caller_of(request), target.path_segment(request, 3, "name"))
    return envelope.done()


async def list_appeals(request: web.Request) -> web.Response:
    """GET /admin/abuse_appeal: those that wait for a decision, the oldest first."""
    caller_of(request).require_admin()
    found = await appeals.undecided(site_of(request))
    return envelope.ok([_appeal(one) | {"takedown": _takedown(one.takedown)} for one in found])


async def decide_appeal(request: web.Request) -> web.Response:
    """POST /admin/abuse_appeal/{id}: `grant` lifts the takedown for all, `reject` leaves it."""
    caller = caller_of(request)
    caller.require_admin()
    site, number, wanted = site_of(request), _number(request), await params.form(request, Decision)
    if wanted.action == "grant":
        await appeals.grant(site, caller, number)
    else:
        await appeals.reject(site, caller, number, wanted.answer)
    return envelope.done()


async def case(request: web.Request) -> web.Response:
    """GET /user/takedown/{id}: what of the caller's was taken down, why, and what they said against it."""
    caller_of(request).require_user()
    found = await appeals.case(site_of(request), caller_of(request), _number(request))
    shown = _takedown(found.takedown)
    return envelope.ok(
        {name: shown[name] for name in ("id", "type", "reporter", "time")}
        | {
            "copies": [_copy(one) for one in found.things],
            "appeal": _appeal(found.appeal) if found.appeal is not None else None,
        }
    )


async def appeal(request: web.Request) -> web.Response:
    """POST /user/takedown/{id}: appeal against it, once."""
    caller_of(request).require_user()
    wanted = await params.form(request, NewAppeal)
    await appeals.add(site_of(request), caller_of(request), _number(request), wanted.text)
    return envelope.created()


def _file_id(request: web.Request) -> str:
    return target.path_segment(request, 3, "id")


def _number(request: web.Request) -> int:
    return target.path_number(request, 3, "id")


def _reported(request: web.Request, found: Reported) -> dict[str, Any]:
    return {
        "id": found.file.id,
        "file": shapes.file_info(site_of(request), caller_of(request), found.file),
        "type": found.type,
        "status": found.status,
        "first_report_time": shapes.time(found.reports[0].reported_at if found.reports else None),
        "reports": [
            {
                "type": one.type,
                "description": one.description,
                "ip_address": one.ip,
                "user": one.reporter,
                "time": shapes.time(one.reported_at),
                "status": one.status,
            }
            for one in found.reports
        ],
    }


def _takedown(found: Takedown) -> dict[str, Any]:
    """`sha256` is empty where a directory was taken down."""
    return {
        "id": found.id,
        "sha256": found.digest.hex() if found.digest is not None else "",
        "type": found.type,
        "reporter": found.reporter,
        "note": found.note,
        "time": shapes.time(found.made_at),
        "user": found.made_by,
    }


def _copy(one: Copy) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "node" if one.is_node else "file"}
    return shown | {"id": one.file_id, "name": one.name, "user_id": str(one.owner_id), "user": one.owner_name}


def _reporter(one: AbuseReporter) -> dict[str, Any]:
    told = asdict(one)
    return {name: told[name] for name in ("name", "user", "types")} | {
        "from_address": one.email,
        "files_blocked": one.takedowns,
        "created": shapes.time(one.created_at),
        "last_used": shapes.time(one.last_used_at),
    }


def _appeal(one: Appeal) -> dict[str, Any]:
    return {
        "id": one.id,
        "user_id": str(one.user_id),
        "user": one.user,
        "text": one.text,
        "time": shapes.time(one.made_at),
        "status": "pending" if one.rejected_at is None else "rejected",
        "answer": one.answer,
    }
