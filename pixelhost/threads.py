"""Work that comes to its end even when the one who waits for it is cancelled."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


async def run(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """What blocking `work` returns or raises. A cancellation waits for it: it may use descriptors that go next."""
    return await to_the_end(asyncio.get_running_loop().run_in_executor(threads, work))


async def to_the_end(working: asyncio.Future[T]) -> T:
    """What a future or task comes to. A cancellation is raised when it has."""
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
