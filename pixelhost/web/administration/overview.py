"""How the instance is doing: figures as they are, plots over time, disk space, and the background jobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web
from markupsafe import Markup

from pixelhost import __version__
from pixelhost.core import admin, instance, jobruns
from pixelhost.core.timeseries import TimeSeries
from pixelhost.web import languages, wording
from pixelhost.web.account.dashboard import RANGES, USUAL, plot, span_of
from pixelhost.web.administration import frame
from pixelhost.web.languages import Language, mark
from pixelhost.wire.dialect import site_of

BYTES: Final = frozenset({"bandwidth", "transfer_paid", "uploaded"})
PLOTTED: Final[Mapping[str, str]] = {
    "bandwidth": mark("Transfer"),
    "transfer_paid": mark("Premium transfer"),
    "downloads": mark("Downloads"),
    "views": mark("Views"),
    "uploads": mark("Uploads"),
    "uploaded": mark("Uploaded"),
    "registrations": mark("New accounts"),
}


@dataclass(frozen=True)
class Tile:
    """A figure, and what else there is to say about it."""

    label: str
    figure: str
    note: str = ""
    path: str = ""


async def show(request: web.Request) -> web.Response:
    """GET /admin?range=day|week|month|year"""
    frame.admin_of(request)
    site, language = site_of(request), languages.of(request)
    chosen = request.query.get("range", USUAL)
    chosen = chosen if chosen in RANGES else USUAL
    found = await instance.series(site, span_of(RANGES[chosen], site.clock.now()))
    return frame.answer(
        request,
        "overview.html",
        tiles=await _tiles(request, language),
        disk=await instance.disk(site),
        plots=_plots(language, found),
        ranges={name: one.label for name, one in RANGES.items()},
        chosen=chosen,
        runs=await jobruns.last(site),
        version=__version__,
    )


async def _tiles(request: web.Request, language: Language) -> Sequence[Tile]:
    found = await admin.figures(site_of(request))
    say = language.translations.gettext
    count, size = partial(wording.number, language), partial(wording.human_size, language)
    banned = say(mark("%(count)s of them banned")) % {"count": count(found.users_banned)}
    sessions = say(mark("%(count)s keys and logins")) % {"count": count(found.sessions)}
    stored = say(mark("%(size)s on disk: the same content is kept once")) % {
        "size": size(found.blob_storage_used_bytes)
    }
    return [
        Tile(mark("Accounts"), count(found.users), f"{banned} · {sessions}", "/admin/users"),
        Tile(mark("Files"), count(found.files)),
        Tile(mark("Filesystem entries"), count(found.filesystem_nodes)),
        Tile(mark("Lists"), count(found.lists)),
        Tile(mark("Stored"), size(found.storage_used_bytes), stored),
        Tile(mark("Database"), size(found.database_size_bytes)),
        Tile(mark("Mail that waits"), count(found.mail_waiting)),
    ]


def _plots(language: Language, found: Mapping[str, TimeSeries]) -> Sequence[Markup]:
    bytes_shown: Callable[[int], str] = partial(wording.human_size, language)
    counts_shown: Callable[[int], str] = partial(wording.number, language)
    return [
        plot(language, label, found[name], bytes_shown if name in BYTES else counts_shown)
        for name, label in PLOTTED.items()
    ]
