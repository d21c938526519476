"""Blocking work in threads, cancelled safely."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


async def run(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """What `work` returns or raises. A cancellation waits for it: it may use descriptors that are closed next."""
    working = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
