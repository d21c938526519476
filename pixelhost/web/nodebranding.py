"""How a directory looks to those it is shared with: the form of its owner."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from pixelhost import errors
from pixelhost.core import filesystem, shares
from pixelhost.core.nodechanges import BRANDING, COLORS, NodeChanges
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.web import nodepanels, nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Raises PERMISSION_DENIED to everybody but the owner."""
    if not place.rights.owner:
        raise errors.PERMISSION_DENIED(message=mark("Only the owner of a filesystem changes how it is shared"))
    return await nodepanels.answer(
        request,
        "branding",
        place,
        sent,
        problems,
        values={name: place.node.properties.get(name, "") for name in BRANDING} | _sent(sent),
        is_enabled=place.node.properties.get("branding_enabled") == "true",
        colors=COLORS,
        images=await _images(request),
    )


async def save(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    wanted = {name: sent.get(name, "").strip() for name in BRANDING}
    await filesystem.update(site_of(request), caller_of(request), path, NodeChanges(branding=wanted))
    return pages.see_other(nodepaths.page(path, branding=""), done)


def _sent(sent: Mapping[str, str]) -> dict[str, str]:
    return {name: sent[name] for name in BRANDING if name in sent}


async def _images(request: web.Request) -> Sequence[tuple[str, str]]:
    """IDs and paths of the shared images to choose from."""
    found = await shares.of_caller(site_of(request), caller_of(request))
    return [
        (share.node.share_id or "", "/".join(share.path.names))
        for share in found
        if share.node.mime_type.startswith("image/")
    ]
