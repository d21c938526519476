"""The websocket that tells the figures of a file as they change, and the limits of downloads."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

import msgspec
from aiohttp import web

from pixelhost import errors
from pixelhost.core import filefigures
from pixelhost.core.filefigures import Figures, Limits, Wishes
from pixelhost.wire import websocket
from pixelhost.wire.dialect import caller_of, site_of


class WishedFile(msgspec.Struct):
    file_id: str


class Wish(msgspec.Struct):
    type: Literal["limits", "file_stats"]
    data: WishedFile | None = None


async def file_stats(request: web.Request) -> web.StreamResponse:
    """WS /file_stats: `{"type": "limits"}` and `{"type": "file_stats", "data": {"file_id"}}` are answered, the latter
    again with every change. Who says something else, or names a file that isn't there, is told why and closed.
    """
    wishes = Wishes()

    def heed(text: str) -> None:
        try:
            wish = msgspec.json.decode(text, type=Wish)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise errors.JSON_BODY_PARSE_FAILED() from None
        if wish.type == "limits":
            wishes.ask_limits()
        elif wish.data is not None:
            wishes.follow(wish.data.file_id)
        else:
            raise errors.MISSING_FIELD(field="data")

    told = filefigures.told(site_of(request), caller_of(request), wishes)
    return await websocket.converse(request, _messages(told), heed)


async def _messages(told: AsyncGenerator[Figures | Limits, None]) -> AsyncGenerator[str, None]:
    async with aclosing(told):
        async for one in told:
            yield json.dumps(_limits(one) if isinstance(one, Limits) else _figures(one))


def _figures(found: Figures) -> dict[str, Any]:
    shown = {
        "views": found.views,
        "downloads": found.downloads,
        "bandwidth": found.sent_bytes,
        "bandwidth_paid": found.paid_bytes,
    }
    return {"type": "file_stats", "file_stats": shown}


def _limits(found: Limits) -> dict[str, Any]:
    shown = {
        "server_overload": found.is_overloaded,
        "speed_limit": found.speed,
        "download_limit": found.downloads,
        "download_limit_used": found.downloads_used,
        "transfer_limit": found.transfer_bytes,
        "transfer_limit_used": found.transfer_used_bytes,
    }
    return {"type": "limits", "limits": shown}
