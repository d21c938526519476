"""The accounts of the instance, and the files of one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web

from pixelhost.core import admin, filepages
from pixelhost.core.filepages import Wanted
from pixelhost.site import Site
from pixelhost.web import pages, sections
from pixelhost.web.administration import frame, paging
from pixelhost.web.administration.paging import PER_PAGE, Paging
from pixelhost.wire import target
from pixelhost.wire.dialect import site_of
from pixelhost.wire.params import Between, Length


@dataclass(frozen=True)
class Look:
    """What is looked for, and which page of what was found."""

    q: Annotated[str, Length(0, 254)] = ""
    only: Literal["", "banned"] = ""
    page: Annotated[int, Between(1, 1_000_000)] = 1


async def show(request: web.Request) -> web.Response:
    """GET /admin/users?q=&only=banned&page="""
    frame.admin_of(request)
    site, look = site_of(request), sections.look(request, Look)
    found = await _found(site, look)
    paged = Paging(look.page, 1) if look.only else paging.of(look.page, found.total)
    if paged.is_beyond:
        return pages.see_other(sections.address(request, page=paged.pages))
    return frame.answer(
        request,
        "users.html",
        look=look,
        found=found,
        paged=paged,
        plan_of=lambda account: site.plan(account.plan_id).name,
        to=lambda **changes: sections.address(request, **changes),
    )


async def files(request: web.Request) -> web.Response:
    """GET /admin/users/{user}/files?q=&page="""
    frame.admin_of(request)
    site, look = site_of(request), sections.look(request, Look)
    account = await admin.find(site, target.path_segment(request, 2, "user"))
    page = await filepages.files(site, account, Wanted(name=look.q.strip(), order="newest"), look.page, PER_PAGE)
    return frame.answer(
        request,
        "files.html",
        account=account,
        look=look,
        page=page,
        to=lambda **changes: sections.address(request, **changes),
    )


async def _found(site: Site, look: Look) -> admin.Page:
    """Those who are banned come on one page, the latest first."""
    if look.only == "banned":
        banned = await admin.banned(site)
        return admin.Page(banned, len(banned))
    return await admin.search(site, look.q.strip(), PER_PAGE, (look.page - 1) * PER_PAGE)
