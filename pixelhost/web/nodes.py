"""The page of a shared directory, and the way to a shared file."""

from urllib.parse import quote

from aiohttp import hdrs, web

from pixelhost.core import nodes, paths
from pixelhost.core.paths import Path
from pixelhost.model import Node
from pixelhost.web import pages
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request) -> web.StreamResponse:
    """GET /d/{path}: what is in a directory; a file itself."""
    site, caller = site_of(request), caller_of(request)
    path = paths.parse(target.path_tail(request, "/d/", "path"))
    place = await nodes.readable(site, caller, path)
    if not place.node.is_directory:
        return web.Response(status=303, headers={hdrs.LOCATION: _content_url(request, path)})
    children = sorted(await nodes.readable_children(site, caller, place), key=_directories_first)
    return pages.answer(
        request,
        "directory.html",
        content_origin=site.settings.content_origin,
        name=place.node.name or path.bucket,
        trail=[(node.name or path.bucket, _page_url(place.path_of(index))) for index, node in enumerate(place.nodes)],
        children=[
            (child, _page_url(path.child(child.name)), _thumbnail_url(path.child(child.name))) for child in children
        ],
        size_bytes=sum(child.size_bytes for child in children),
        page_url=pages.here(request) + _page_url(path),
        zip_url=f"{_content_url(request, path)}?bulk_download",
    )


def _directories_first(node: Node) -> tuple[bool, str]:
    return not node.is_directory, node.name.casefold()


def _page_url(path: Path) -> str:
    return f"/d{quote(str(path))}"


def _thumbnail_url(path: Path) -> str:
    return f"/api/filesystem{quote(str(path))}?thumbnail&width=128&height=128"


def _content_url(request: web.Request, path: Path) -> str:
    return pages.content_url(site_of(request), f"/filesystem{quote(str(path))}")
