"""Results of a search below a directory."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost.core import nodesearch, paths
from pixelhost.core.nodes import Place
from pixelhost.errors import ApiError
from pixelhost.web import forms, nodepanels, nodepaths
from pixelhost.web.forms import Problems
from pixelhost.wire.dialect import caller_of, site_of

RESULTS_MAX: Final = 500
FIELDS: Final = {"search_term_too_short": "search", "search_term_too_long": "search"}


async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    term = sent.get("search", "").strip()
    found: list[str] = []
    try:
        found = await nodesearch.search(site_of(request), caller_of(request), place.path, term, RESULTS_MAX)
    except ApiError as error:
        if error.kind.code not in FIELDS:
            raise
        problems = forms.problems(error, FIELDS)
    skipped = len(str(place.path)) + 1
    results = [
        (path[skipped:].rpartition("/")[2], path[skipped:].rpartition("/")[0], nodepaths.page(paths.parse(path)))
        for path in found
    ]
    return await nodepanels.answer(
        request, "search", place, sent, problems, term=term, results=results, is_all=len(found) < RESULTS_MAX
    )
