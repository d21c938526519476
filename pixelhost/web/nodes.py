"""The pages of the filesystem: of directories, of files, and what can be done with either."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from pixelhost import errors
from pixelhost.core import nodelocks, nodes
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import (
    forms,
    listing,
    nodebranding,
    nodedomain,
    nodedropbox,
    nodefigures,
    nodefile,
    nodeforms,
    nodeimport,
    nodelock,
    nodepanels,
    nodepaths,
    nodesearch,
    nodeshare,
    nodetheme,
    refusals,
)
from pixelhost.web.nodeforms import Action
from pixelhost.web.nodepanels import Panel, needing
from pixelhost.wire import body, params, target
from pixelhost.wire.dialect import caller_of, site_of

PANELS: Mapping[str, Panel] = {
    "share": nodeshare.show,
    "unshare": nodeshare.ask,
    "properties": nodepanels.properties,
    "branding": nodebranding.show,
    "domain": nodedomain.show,
    "activity": nodefigures.activity,
    "figures": nodefigures.figures,
    "import": needing(nodeimport.show, "write"),
    "search": nodesearch.show,
    "rename": needing(nodepanels.of_parent(nodepanels.rename), "write"),
    "move": needing(nodepanels.of_parent(nodepanels.move), "write"),
    "delete": needing(nodepanels.of_parent(nodepanels.delete), "delete", "write"),
    "mkdir": needing(nodepanels.mkdir, "write"),
    "upload": needing(nodepanels.upload, "write"),
}
"""What GET /d/{path} shows instead of the node when its query has this name."""

ACTIONS: Mapping[str, Action] = {
    "mkdir": Action(nodeforms.mkdir, nodepanels.mkdir, "made"),
    "rename-now": Action(nodeforms.rename, nodepanels.rename, "renamed"),
    "move-now": Action(nodeforms.move, nodepanels.move, "moved"),
    "delete-now": Action(nodeforms.delete, nodepanels.delete, "deleted"),
    "properties": Action(nodeforms.set_properties, nodepanels.properties, "saved"),
    "logging": Action(nodeforms.set_logging, nodefigures.activity, "saved"),
    "share": Action(nodeshare.save, nodeshare.show, "saved"),
    "unshare": Action(nodeshare.stop, nodeshare.show, "unshared"),
    "branding": Action(nodebranding.save, nodebranding.show, "saved"),
    "domain": Action(nodedomain.save, nodedomain.show, "saved"),
    "undomain": Action(nodedomain.remove, nodedomain.show, "domain_removed"),
    "import": Action(nodeimport.save, nodeimport.show, "imported"),
}

CHOICES: Mapping[str, Panel] = {
    "rename": needing(nodepanels.rename, "write"),
    "move": needing(nodepanels.move, "write"),
    "delete": needing(nodepanels.delete, "delete", "write"),
}
"""What the buttons below a list ask for; each shows a form about the entries that were chosen."""


async def show(request: web.Request) -> web.StreamResponse:
    """GET /d/{path}"""
    site, caller = site_of(request), caller_of(request)
    path = nodepaths.asked(request)
    query = params.pairs(target.raw_query(request))
    if "password" in query and await nodelocks.takes_password(site, path):
        return await nodelock.show(request, path)
    try:
        place = await nodes.readable(site, caller, path)
    except ApiError as refusal:
        if refusal.kind is errors.PERMISSION_DENIED and path.bucket != ME:
            return await nodedropbox.show(request, path, query)
        if refusal.kind is errors.PATH_NOT_FOUND:
            await _show_way_back(request, path)
        raise
    if "theme" in query:
        return nodetheme.show(place)
    panel = next((PANELS[name] for name in query if name in PANELS), None)
    if panel is not None:
        return await panel(request, place, query, forms.NONE)
    blob = place.node.blob
    if blob is not None:
        return await (nodefile.rendered if "rendered" in query else nodefile.show)(request, place, blob)
    return await (listing.entries if "entries" in query else listing.show)(request, place)


async def act(request: web.Request) -> web.StreamResponse:
    """POST /d/{path}: what the field `action` says, or files to be uploaded. For browsers without JavaScript."""
    path = nodepaths.asked(request)
    if body.is_multipart(request):
        brought = Action(nodeforms.upload, nodepanels.upload, "uploaded")
        return await _answered(request, {}, brought, nodedropbox.place)
    sent = await nodeforms.fields(request)
    wanted = sent.get("action", "move" if "browse" in sent else "")
    if wanted == "password":
        return await nodelock.unlock(request, path, sent.get("password", ""))
    if wanted == "lock":
        return await nodelock.lock(request, path)
    if wanted == "download":
        return await nodeforms.download(request, path, sent)
    if wanted in CHOICES:
        return await CHOICES[wanted](request, await _place(request), sent, forms.NONE)
    if wanted not in ACTIONS:
        raise errors.INVALID_ACTION()
    return await _answered(request, sent, ACTIONS[wanted])


async def _place(request: web.Request) -> Place:
    return await nodes.readable(site_of(request), caller_of(request), nodepaths.asked(request))


async def _show_way_back(request: web.Request, path: Path) -> None:
    """On the page that says that there is nothing."""
    place = await nodes.nearest_directory(site_of(request), caller_of(request), path)
    if place is not None:
        name = place.node.name or nodepaths.shown_bucket(request, place.path)
        request[refusals.WAY_BACK] = (name, nodepaths.page(place.path))


async def _answered(
    request: web.Request,
    sent: Mapping[str, str],
    action: Action,
    door: Callable[[web.Request], Awaitable[Place]] = _place,
) -> web.Response:
    """What was done, or the form again with what is wrong with it."""
    try:
        await site_of(request).runtime.refuse_writing()
        return await action.do(request, nodepaths.asked(request), sent, action.done)
    except (ApiError, ApiErrors) as error:
        if error.status >= 500 or error.status == 401:
            raise
        problems = forms.problems(error, nodeforms.FIELDS)
    return await action.panel(request, await door(request), sent, problems)
