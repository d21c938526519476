"""The page in front of a share that is not for everybody: it asks for a password, or for a login."""

from urllib.parse import urlencode

from aiohttp import web

from pixelhost.core import dropboxes, nodelocks
from pixelhost.core.paths import Path
from pixelhost.web import forms, nodepaths, pages, servednode
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import credentials, security
from pixelhost.wire.dialect import caller_of, site_of

WRONG = Problems({"password": mark("This is not the password")}, status=403)
LONGEST = 1000
"""A cookie has at most 4096 bytes."""


async def show(
    request: web.Request, path: Path, problems: Problems = forms.NONE, *, is_closed: bool = False
) -> web.Response:
    """`is_closed` where nothing can be seen without. What was sent already and didn't open it was wrong."""
    site, caller = site_of(request), caller_of(request)
    takes_password = await nodelocks.takes_password(site, path)
    is_dropbox = is_closed and await dropboxes.awaits_account(site, caller, path)
    if is_closed and takes_password and caller.node_password and not (is_dropbox or problems):
        problems = WRONG
    return pages.answer(
        request,
        "nodes/password.html",
        403 if is_closed else problems.status,
        here=nodepaths.page(path),
        takes_password=takes_password,
        is_closed=is_closed,
        is_dropbox=is_dropbox,
        login_url="/login?" + urlencode({"redirect": nodepaths.page(path)})
        if caller.user is None and servednode.bucket() is None
        else None,
        problems=problems,
        sent={},
    )


async def unlock(request: web.Request, path: Path, password: str) -> web.Response:
    """Keeps the password in a cookie for this share only: for its pages, and for the API below it."""
    security.refuse_other_sites(request)
    is_right = len(password) <= LONGEST and await nodelocks.is_right(
        site_of(request), caller_of(request), path, password
    )
    if not is_right:
        return await show(request, path, WRONG, is_closed=True)
    response = pages.see_other(nodepaths.page(path))
    _set(request, response, path, password)
    return response


async def lock(request: web.Request, path: Path) -> web.Response:
    """Forgets the password."""
    security.refuse_other_sites(request)
    response = pages.see_other(nodepaths.page(path))
    _set(request, response, path, "")
    return response


def _set(request: web.Request, response: web.Response, path: Path, password: str) -> None:
    share = Path(path.bucket)
    is_https = security.is_https(request, site_of(request).settings.trusted_proxies)
    for place in (nodepaths.page(share), nodepaths.api(share)):
        # `set_cookie` keeps one cookie of a name, and these two differ in their path.
        response.headers.add("Set-Cookie", credentials.node_cookie(password, place, is_https=is_https))
