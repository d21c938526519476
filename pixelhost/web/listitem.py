"""One file of a list, with the same viewers as on its own page, and a strip of those around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import hdrs, web

from pixelhost.core import access, customization, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.model import File, FileList
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import files, languages, opengraph, pages, refusals, viewed, viewers, views
from pixelhost.web.views import Asked
from pixelhost.wire import params, target
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
    """The page of one file of a list that has some."""
    index = asked.item or 0
    if index >= len(found.files):
        # Files of the list have gone since the link was made.
        return pages.see_other(f"/l/{found.id}?{'embed&' if asked.embed else ''}item={len(found.files) - 1}")
    site, caller = site_of(request), caller_of(request)
    file = found.files[index].file
    refusal = await files.refusal_of(request, file)
    shown = viewed.of_file(site, file)
    view = await views.of(site, shown, asked) if refusal is None else None
    if request.method == hdrs.METH_GET and not gates.taken_down(file):
        stats.note_view(site, caller, file)
    here, raw_url = pages.here(request), pages.content_url(site, f"/file/{file.id}")
    chosen = customization.shown(site.plan(file.owner_plan_id), file.owner_terms)
    policy = dict(view.policy) if view else {}
    return pages.answer(
        request,
        "list-embed.html" if asked.embed else "list-item.html",
        content_origin=site.settings.content_origin,
        policy=policy | ({"frame-ancestors": views.framers(file)} if asked.embed else {}),
        found=found,
        can_edit=caller.owns(found.owner_id),
        index=index,
        pictures={to: _picture_url(site, caller, found, to) for to in (index - 1, index + 1)},
        strip=_strip(found, index - STRIP_AROUND, 2 * STRIP_AROUND + 1),
        playable=playable(site, caller, found) if view and view.viewer in PLAYED else "",
        file=file,
        viewed=shown,
        description=found.files[index].description,
        info=pages.embedded(shapes.file_info(site, caller, file)),
        raw_url=raw_url,
        page_url=f"{here}/l/{found.id}?item={index}",
        file_url=f"{here}/u/{file.id}",
        zip_url=pages.content_url(site, f"/list/{found.id}/zip"),
        tags=opengraph.of_file(
            languages.of(request), here, file, raw_url if site.settings.content_origin else here + raw_url
        ),
        asked=asked,
        viewer=view.viewer if view else "refused",
        reason=view.reason if view else "",
        refused=refusals.saying(refusal) if refusal else None,
        has_download_button=refusal is None and "disable_download_button" not in chosen,
        has_share_button="disable_share_button" not in chosen,
        **(view.facts if view else {}),
    )


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
