"""Waiting for what nobody announces, as long as a slow machine may take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pixelhost.site import Site

SECONDS = 120.0

T = TypeVar("T")


async def until(is_so: Callable[[], Awaitable[T]]) -> T:
    """What is answered as soon as it is something. Raises TimeoutError after two minutes."""
    async with asyncio.timeout(SECONDS):
        while not (found := await is_so()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def until_nothing_comes_in(site: Site) -> None:
    """Until no upload is being written."""

    async def is_quiet() -> bool:
        return not list(site.store.incoming.iterdir())

    await until(is_quiet)
