"""Coroutines that begin before they are awaited."""

import asyncio

import pytest

from pixelhost.eager import Eager


class Steps:
    """A coroutine that waits twice, and what has become of it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        loop = asyncio.get_running_loop()
        self.first, self.second = loop.create_future(), loop.create_future()

    async def run(self) -> str:
        self.done.append("begun")
        try:
            first = await self.first
            self.done.append("first")
            return first + await self.second
        except asyncio.CancelledError:
            self.done.append("cancelled")
            raise


async def test_it_begins_before_it_is_awaited_and_ends_when_it_is():
    steps = Steps()
    eager = Eager(steps.run())
    assert steps.done == ["begun"]
    steps.first.set_result("a")
    await asyncio.sleep(0)
    assert steps.done == ["begun"], "nobody awaits it"
    asyncio.get_running_loop().call_later(0.01, steps.second.set_result, "b")
    assert await eager == "ab"


async def fail(*, waits: bool) -> None:
    if waits:
        await asyncio.sleep(0)
    raise LookupError("gone")


async def test_what_it_raises_when_it_has_waited_is_raised_to_whom_awaits_it():
    eager = Eager(fail(waits=True))
    with pytest.raises(LookupError, match="gone"):
        await eager


async def test_what_it_raises_before_it_waits_is_raised_at_once():
    with pytest.raises(LookupError, match="gone"):
        Eager(fail(waits=False))


async def test_what_waits_for_nothing_ends_at_once():
    async def five() -> int:
        return 5

    assert await Eager(five()) == 5


async def test_it_is_cancelled_with_whom_awaits_it():
    steps = Steps()

    async def wait() -> str:
        return await Eager(steps.run())

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps.done == ["begun", "cancelled"]


async def test_its_time_limit_holds():
    async def slow() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await Eager(slow())
