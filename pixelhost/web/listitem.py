"""One file of a list, with the same viewers as on its own page, and a strip of those around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import access, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.errors import ApiError
from pixelhost.model.files import File, FileList
from pixelhost.site import Site
from pixelhost.web import filefacts, files, pages, refusals, viewers, views
from pixelhost.web.views import Asked
from pixelhost.wire import dialect, params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Flag

STRIP_AROUND: Final = 20
STRIP_PIECE: Final = 60
"""How many more a script gets at once."""

AHEAD_MAX_BYTES: Final = 8_000_000
PLAYED: Final = frozenset({"video", "audio"})


@dataclass(frozen=True)
class Strip:
    """Some files of the list that follow one another, `first` being the place of the first of them."""

    first: int
    files: Sequence[File]

    @property
    def end(self) -> int:
        return self.first + len(self.files)


@dataclass(frozen=True)
class AskedStrip:
    first: Annotated[int, Between(0, 10_000)]
    embed: Flag = Flag(False)


async def answer(request: web.Request, found: FileList, asked: Asked) -> web.Response:
    """The page of one file of a list that has some. The way to the others is there whatever became of this one."""
    # Files of the list may have gone since the link was made.
    index = min(asked.item or 0, len(found.files))
    file = found.files[index].file if index < len(found.files) else None
    if file is None:
        return _gone(request, found, index, asked, errors.NOT_FOUND())
    if taken_down := gates.taken_down(file):
        return _gone(request, found, index, asked, taken_down)
    site, caller = site_of(request), caller_of(request)
    refusal = await files.refusal_of(request, file)
    facts = await filefacts.of(request, file, refusal, asked)
    if request.method == hdrs.METH_GET:
        stats.note_view(site, caller, file)
    return pages.answer(
        request,
        "list-embed.html" if asked.embed else "list-item.html",
        refusal.status if refusal else 200,
        content_origin=site.settings.content_origin,
        policy=facts.policy,
        **_around(request, found, index),
        playable=playable(site, caller, found) if facts.shown["viewer"] in PLAYED else "",
        description=found.files[index].description,
        **facts.shown,
    )


def _gone(request: web.Request, found: FileList, index: int, asked: Asked, refusal: ApiError) -> web.Response:
    """The same page for what has none of its own any more: nothing is told of the file but what became of it."""
    framed = found.files[min(index, len(found.files) - 1)].file
    return pages.answer(
        request,
        "list-embed.html" if asked.embed else "list-item.html",
        refusal.status,
        policy={"frame-ancestors": views.framers(framed)} if asked.embed else pages.NO_MORE,
        **_around(request, found, index),
        playable="",
        description="",
        file=None,
        info=None,
        tags=(),
        asked=asked,
        viewer="gone",
        refused=refusals.saying(refusal),
        why=refusals.reason(refusal),
    )


def _around(request: web.Request, found: FileList, index: int) -> dict[str, Any]:
    """What the page says of the list."""
    site, caller = site_of(request), caller_of(request)
    return {
        "found": found,
        "can_edit": caller.owns(found.owner_id),
        "index": index,
        "pictures": {to: _picture_url(site, caller, found, to) for to in (index - 1, index + 1)},
        "strip": _strip(found, index - STRIP_AROUND, 2 * STRIP_AROUND + 1),
        "page_url": f"{dialect.here(request)}/l/{found.id}?item={index}",
        "zip_url": pages.content_url(site, f"/list/{found.id}/zip"),
    }


def _picture_url(site: Site, caller: Caller, found: FileList, index: int) -> str:
    """What a script may load ahead of a neighbour; empty where it is no picture, a large one, or costs something."""
    if not 0 <= index < len(found.files):
        return ""
    file = found.files[index].file
    is_picture = viewers.viewer_of(file.mime_type) == "image" and file.size_bytes <= AHEAD_MAX_BYTES
    if not is_picture or file.delete_after_downloads or gates.standing(site, caller, file):
        return ""
    return pages.content_url(site, f"/file/{file.id}")


async def strip(request: web.Request) -> web.Response:
    """GET /l/{id}/strip?first=: a further piece of the strip, for its script."""
    asked = params.query(request, AskedStrip)
    found = await access.file_list(site_of(request), target.path_segment(request, 1, "id"))
    piece = _strip(found, asked.first, STRIP_PIECE)
    return pages.answer(request, "list-strip.html", strip=piece, asked=asked, index=None)


def playable(site: Site, caller: Caller, found: FileList) -> str:
    """Which of its files can be played one after the other: `0-3 7 9-12`."""
    runs: list[list[int]] = []
    for index, listed in enumerate(found.files):
        if not _is_playable(site, caller, listed.file):
            continue
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in runs)


def _is_playable(site: Site, caller: Caller, file: File) -> bool:
    is_kept = not file.delete_after_downloads
    return is_kept and viewers.viewer_of(file.mime_type) in PLAYED and gates.standing(site, caller, file) is None


def _strip(found: FileList, first: int, length: int) -> Strip:
    first = max(0, first)
    return Strip(first, [listed.file for listed in found.files[first : first + length]])
