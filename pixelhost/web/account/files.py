"""All files of an account: found, sorted, and acted on by the dozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost.core import filepages, lists
from pixelhost.core.filepages import ORDERS, Order, Wanted
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.files import File
from pixelhost.web import forms, languages, pages, sections, wording
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length

PICK: Final = "pick-"
"""Before the ID of a file in the name of its checkbox."""

LENGTHS: Final = (50, 200, 1000)
NAMES_SHOWN: Final = 20
NOTHING_PICKED: Final = mark("Select some files first.")
ALL_GONE: Final = mark("These files are gone already.")

LABELS: Final[Mapping[Order, str]] = {
    "newest": mark("Newest first"),
    "oldest": mark("Oldest first"),
    "name": mark("Name, A to Z"),
    "name_desc": mark("Name, Z to A"),
    "largest": mark("Largest first"),
    "smallest": mark("Smallest first"),
    "downloads": mark("Most downloads"),
    "views": mark("Most views"),
}
assert LABELS.keys() == ORDERS.keys()


@dataclass(frozen=True)
class Look:
    """What of the files is looked at."""

    q: Annotated[str, Length(0, 255)] = ""
    sort: Order = "newest"
    page: Annotated[int, Between(1, 1_000_000)] = 1
    per: Annotated[int, Between(1, LENGTHS[-1])] = LENGTHS[0]


async def show(request: web.Request) -> web.Response:
    """GET /user/filemanager?q=&sort=&page=&per="""
    return await _page(request, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/filemanager: does something with the files that are picked. Deleting asks before."""
    frame.account_of(request)
    sent = await forms.sent(request)
    picked = [name.removeprefix(PICK) for name in sent if name.startswith(PICK)]
    files = await filepages.own(site_of(request), caller_of(request), picked)
    if not files:
        return await _page(request, Problems(others=[ALL_GONE if picked else NOTHING_PICKED], status=400))
    action = ACTIONS.get(sent.get("action", ""), _show_links)
    return await action(request, sent, files)


async def _delete(request: web.Request, sent: Mapping[str, str], files: Sequence[File]) -> web.Response:
    if CONFIRMED in sent:
        await filepages.delete(site_of(request), caller_of(request), [file.id for file in files])
        return pages.see_other(sections.address(request), done="deleted")
    language = languages.of(request)
    say = language.translations.gettext
    size = wording.human_size(language, sum(file.size_bytes for file in files))
    count = wording.counted(language, len(files), "file")
    return frame.ask(
        request,
        Question(
            heading=say(mark("Delete %(files)s?")) % {"files": count},
            texts=[
                say(mark("They have %(size)s together. Their links stop working, and nobody can bring them back."))
                % {"size": size}
            ],
            action=say(mark("Delete")),
            sent=_again("delete", files),
            names=_names(request, files),
        ),
    )


async def _make_list(request: web.Request, sent: Mapping[str, str], files: Sequence[File]) -> web.Response:
    found = forms.NONE
    if "title" in sent:
        title = sent["title"].strip() or lists.DEFAULT_TITLE
        entries = [(file.id, "") for file in files]
        try:
            made = await lists.create(site_of(request), caller_of(request), title, entries, is_anonymous=False)
        except (ApiError, ApiErrors) as error:
            found = problems.of(request, error, {"title_too_long": "title"})
        else:
            return pages.see_other(f"/l/{made}")
    hidden, names = _again("list", files), _names(request, files)
    return frame.answer(
        request,
        "new_list.html",
        found.status,
        hidden=hidden,
        names=names,
        sent=sent,
        problems=found,
        count=len(files),
        title_max=lists.TITLE_MAX,
    )


async def _show_links(request: web.Request, _sent: Mapping[str, str], files: Sequence[File]) -> web.Response:
    here = dialect.here(request)
    return frame.answer(request, "links.html", links=[f"{here}/u/{file.id}" for file in files])


ACTIONS: Final = {"delete": _delete, "list": _make_list, "links": _show_links}


async def _page(request: web.Request, found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    look = sections.look(request, Look)
    wanted = Wanted(name=look.q.strip(), order=look.sort)
    page = await filepages.files(site, account, wanted, look.page, look.per)
    return frame.answer(
        request,
        "files.html",
        found.status,
        problems=found,
        look=look,
        page=page,
        orders=LABELS,
        lengths=LENGTHS,
        pick=PICK,
        thumbnail=lambda file: pages.content_url(site, f"/file/{file.id}/thumbnail?width=64&height=64"),
        to=lambda **changes: sections.address(request, **changes),
        here=dialect.here(request),
        content_origin=site.settings.content_origin or "",
    )


def _again(action: str, files: Sequence[File]) -> dict[str, str]:
    return {"action": action} | {f"{PICK}{file.id}": "true" for file in files}


def _names(request: web.Request, files: Sequence[File]) -> list[str]:
    """Some of them, and how many are left out."""
    names = [wording.honest(file.name) for file in files[:NAMES_SHOWN]]
    left_out = len(files) - len(names)
    if left_out:
        language = languages.of(request)
        more = language.translations.gettext(mark("and %(files)s more"))
        names.append(more % {"files": wording.counted(language, left_out, "file")})
    return names
