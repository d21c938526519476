"""What a viewer shows of a file: the facts its template needs, and what the page must allow for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from pixelhost import errors
from pixelhost.core import insides, lists, previews
from pixelhost.errors import ApiError
from pixelhost.model.files import File
from pixelhost.site import Site
from pixelhost.web import trees, viewers
from pixelhost.web.fileplots import Range
from pixelhost.web.viewed import Viewed
from pixelhost.web.viewers import Viewer
from pixelhost.wire.params import Between, Flag

PREVIEW_BYTES: Final = 48 << 10
WHOLE_BYTES: Final = 512 << 10
RENDERED_BYTES: Final = 96 << 10
"""Markdown above this is shown as text first: rendered, its page would be a large one."""


@dataclass(frozen=True)
class Asked:
    """What the address of a file's page may ask for beyond the file."""

    embed: Flag = Flag(False)
    whole: Flag = Flag(False)
    source: Flag = Flag(False)
    range: Range = ""
    at: str = ""
    find: str = ""
    first: Annotated[int, Between(0, 250_000)] = 0
    item: Annotated[int, Between(0, lists.FILES_MAX)] | None = None
    """On the page of a list: which of its files, 0 for the first."""

    @property
    def kept(self) -> str:
        """What a link to another part of the same viewer begins its query with."""
        return ("embed&" if self.embed else "") + (f"item={self.item}&" if self.item is not None else "")


@dataclass(frozen=True)
class View:
    """`viewer` names the template; `reason` says why a file is not shown by the viewer of its type."""

    viewer: Viewer
    facts: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


async def of(site: Site, file: Viewed, asked: Asked) -> View:
    """Raises PATH_NOT_FOUND where something is asked for that isn't in an archive."""
    if file.is_spent:
        return View("other")
    viewer = viewers.viewer_of(file.mime_type)
    if viewer == "markdown" and (asked.source or asked.whole or file.size_bytes > RENDERED_BYTES):
        viewer = "text"
    try:
        return await SHOWN[viewer](site, file, asked) if viewer in SHOWN else View(viewer)
    except ApiError as error:
        if error.kind is errors.PATH_NOT_FOUND:
            raise
        return View("other", reason=error.message)


async def _text(site: Site, file: Viewed, asked: Asked) -> View:
    limit_bytes = WHOLE_BYTES if asked.whole else PREVIEW_BYTES
    preview = await previews.of_text(site, file.blob, file.name, file.mime_type, limit_bytes)
    return View(
        "text",
        {
            "preview": preview,
            "lines": [Markup(line) for line in preview.lines],  # noqa: S704 - escaped by who made them
            "may_show_more": preview.is_truncated and not asked.whole,
            "is_markdown": viewers.viewer_of(file.mime_type) == "markdown"
            and file.size_bytes <= insides.MARKDOWN_MAX_BYTES,
        },
    )


async def _markdown(_site: Site, _file: Viewed, _asked: Asked) -> View:
    return View("markdown", policy={"frame-src": "'self'"})


async def _pdf(site: Site, _file: Viewed, _asked: Asked) -> View:
    return View("pdf", policy={"frame-src": content_source(site)})


async def _archive(site: Site, file: Viewed, asked: Asked) -> View:
    tree = trees.tree(await insides.listing(site, file.blob), asked.at, asked.find, asked.first)
    return View("archive", {"tree": tree})


async def _torrent(site: Site, file: Viewed, asked: Asked) -> View:
    found = await insides.torrent(site, file.blob, file.mime_type)
    tree = trees.tree(found.files, asked.at, asked.find, asked.first)
    named = tree if not tree.at and not tree.find else trees.tree(found.files)
    name = named.rows[0].name if named.rows else ""
    return View("torrent", {"tree": tree, "torrent": found, "magnet": magnet(found.info_hash, name, found.trackers)})


SHOWN: Final = {"text": _text, "markdown": _markdown, "pdf": _pdf, "archive": _archive, "torrent": _torrent}
"""The viewers that need to know more than the address of the bytes."""


def content_source(site: Site) -> str:
    """For a Content-Security-Policy: where uploaded bytes are."""
    parts = urlsplit(site.settings.content_origin)
    return f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"


def framers(file: File) -> str:
    """For a Content-Security-Policy: who may show the page of a file in a frame: the owner's domains, and those below
    them, and this site itself.
    """
    hosts = [host for domain in file.owner_terms.embed_domains.split() for host in (domain, f"*.{domain}")]
    return " ".join(["'self'", *(f"{scheme}://{host}:*" for host in hosts for scheme in ("https", "http"))])


def magnet(info_hash: str, name: str, trackers: list[str]) -> str:
    """BEP 9; a SHA-256, of version 2 alone, is a multihash (BEP 52)."""
    topic = f"urn:btih:{info_hash}" if len(info_hash) == 40 else f"urn:btmh:1220{info_hash}"
    named = f"&dn={quote(name, safe='')}" if name else ""
    return f"magnet:?xt={topic}{named}" + "".join(f"&tr={quote(tracker, safe='')}" for tracker in trackers)
