"""The lists of an account."""

from typing import Final

from aiohttp import web

from pixelhost.core import access, filepages, lists
from pixelhost.errors import ApiError
from pixelhost.web import forms, languages, pages, sections, wording
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire.dialect import caller_of, site_of

LENGTH: Final = 100


async def show(request: web.Request) -> web.Response:
    """GET /user/lists?page="""
    return await _page(request, forms.NONE)


async def delete(request: web.Request) -> web.Response:
    """POST /user/lists: deletes a list, after a question."""
    frame.account_of(request)
    sent = await forms.sent(request)
    list_id = sent.get("delete", "")
    site = site_of(request)
    try:
        if CONFIRMED in sent:
            await lists.delete(site, caller_of(request), list_id)
            return pages.see_other(sections.address(request), done="deleted")
        found = await access.own_list(site, caller_of(request), list_id)
    except ApiError as error:
        return await _page(request, problems.of(request, error))
    say = languages.of(request).translations.gettext
    return frame.ask(
        request,
        Question(
            heading=say(mark("Delete the list “%(title)s”?")) % {"title": wording.honest(found.title)},
            texts=[say(mark("Its link stops working. The files in it stay."))],
            action=say(mark("Delete")),
            sent={"delete": list_id},
        ),
    )


async def _page(request: web.Request, found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    number = request.query.get("page", "1")
    page = await filepages.lists(site, account, int(number) if number.isdecimal() and len(number) < 9 else 1, LENGTH)
    return frame.answer(
        request,
        "lists.html",
        found.status,
        problems=found,
        page=page,
        to=lambda **changes: sections.address(request, **changes),
    )
