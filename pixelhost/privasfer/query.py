"""Lists: what to include, how to sort (as spatie's query builder has it), and pages (as Laravel has them)."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web

from pixelhost import errors
from pixelhost.wire import params, streaming, target
from pixelhost.wire.dialect import here
from pixelhost.wire.params import Between, Length

PER_PAGE: Final = 15
AT_ONCE: Final = 500  # so many are read and written at a time

Keyword = Annotated[str, Length(0, 255)]
Page = Annotated[int, Between(1, 2**31 - 1)]
PerPage = Annotated[int, Between(1, 100)]

Sort = TypeVar("Sort", bound=str)
Shaping = Callable[[Sequence[UUID]], Awaitable[Sequence[Mapping[str, Any]]]]


class Paged(Protocol):
    """Without both, everything is listed."""

    @property
    def page(self) -> int | None: ...

    @property
    def per_page(self) -> int | None: ...


def included(text: str, allowed: Sequence[str]) -> frozenset[str]:
    """What a part of something is included in is included too. Raises TRANSFER_QUERY_INVALID."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in asked if part not in allowed]
    if unknown:
        raise errors.TRANSFER_QUERY_INVALID(
            message=f"Requested include(s) `{', '.join(unknown)}` are not allowed. "
            f"Allowed include(s) are `{', '.join(allowed)}`."
        )
    return frozenset(asked) | {part.partition(".")[0] for part in asked}


def order(text: str, allowed: Mapping[str, Sort]) -> list[tuple[Sort, bool]]:
    """What to sort by, each with whether it is downwards. Raises TRANSFER_QUERY_INVALID."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part.removeprefix("-") for part in asked if part.removeprefix("-") not in allowed]
    if unknown:
        raise errors.TRANSFER_QUERY_INVALID(
            message=f"Requested sort(s) `{', '.join(unknown)}` is not allowed. "
            f"Allowed sort(s) are `{', '.join(allowed)}`."
        )
    by_name = {part.removeprefix("-"): part.startswith("-") for part in reversed(asked)}
    return [(allowed[name], by_name[name]) for name in dict.fromkeys(part.removeprefix("-") for part in asked)]


async def answer(request: web.Request, wanted: Paged, ids: Sequence[UUID], shaped: Shaping) -> web.StreamResponse:
    """All of `ids`, or a page of them, as `shaped` shows them. What has gone meanwhile is left out."""
    closing = "]}"
    if wanted.page is not None or wanted.per_page is not None:
        page, per_page = wanted.page or 1, wanted.per_page or PER_PAGE
        closing = "]," + msgspec.json.encode(_paging(request, page, per_page, len(ids))).decode()[1:]
        ids = ids[(page - 1) * per_page : page * per_page]

    async def pages() -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        for start in range(0, len(ids), AT_ONCE):
            yield await shaped(ids[start : start + AT_ONCE])

    return await streaming.send_json(request, '{"data":[', pages(), closing)


def _paging(request: web.Request, page: int, per_page: int, total: int) -> dict[str, Any]:
    last = max(-(-total // per_page), 1)
    start = (page - 1) * per_page
    is_there = start < total
    path = here(request) + request.path
    kept = {name: value for name, value in params.pairs(target.raw_query(request)).items() if name != "page"}

    def link(number: int) -> str:
        return f"{path}?{urlencode(kept | {'page': number})}"

    return {
        "links": {
            "first": link(1),
            "last": link(last),
            "prev": link(page - 1) if page > 1 else None,
            "next": link(page + 1) if page < last else None,
        },
        "meta": {
            "current_page": page,
            "from": start + 1 if is_there else None,
            "last_page": last,
            "path": path,
            "per_page": per_page,
            "to": min(start + per_page, total) if is_there else None,
            "total": total,
        },
    }
