"""What the viewers need to know of a file, be it one with a page of its own or one of a filesystem."""

from dataclasses import dataclass

from aiohttp import web

from pixelhost.core.nodes import Place
from pixelhost.model.files import Blob, File
from pixelhost.site import Site
from pixelhost.web import nodepaths, pages


@dataclass(frozen=True)
class Viewed:
    """`member_url` is what the path of a file in an archive comes after, and `saving` what comes after that path for
    it to be saved. `thumbnail_url` is empty for what is not to be seen. `is_spent` is what is gone after some
    downloads: it is not spent by looking at its page.
    """

    name: str
    mime_type: str
    blob: Blob
    page_url: str
    rendered_url: str
    thumbnail_url: str
    member_url: str
    saving: str
    is_spent: bool = False

    @property
    def size_bytes(self) -> int:
        return self.blob.size_bytes


def of_file(site: Site, file: File) -> Viewed:
    return Viewed(
        name=file.name,
        mime_type=file.mime_type,
        blob=file.blob,
        page_url=f"/u/{file.id}",
        rendered_url=f"/u/{file.id}/rendered",
        thumbnail_url=f"/api/file/{file.id}/thumbnail",
        member_url=pages.content_url(site, f"/file/{file.id}/info/zip/"),
        saving="?download",
        is_spent=bool(file.delete_after_downloads),
    )


def of_node(request: web.Request, place: Place, blob: Blob) -> Viewed:
    """Of a file of a filesystem, which has these bytes."""
    node, path = place.node, place.path
    return Viewed(
        name=node.name,
        mime_type=node.mime_type,
        blob=blob,
        page_url=nodepaths.page(path),
        rendered_url=nodepaths.page(path, rendered=""),
        thumbnail_url="" if node.abuse_type else f"{nodepaths.api(path)}?thumbnail&width=256&height=256",
        member_url=f"{nodepaths.content(request, place, path)}?zip_file=",
        saving="&download",
    )
