"""Downloads held to a speed, by a clock of the test's own."""

import asyncio
import heapq
from collections.abc import AsyncGenerator
from types import SimpleNamespace

import pytest

from pixelhost.core import opendownloads
from pixelhost.core.opendownloads import Left, Pace
from pixelhost.wire import pace

SPEED = 100_000


class Watch:
    """Time passes by sleeping only, and comes to the sleepers in order."""

    def __init__(self) -> None:
        self.now = 100.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, woken))
        while not woken.is_set():
            # Those who are about to sleep shorter come first.
            count = self._count
            for _ in range(50):
                await asyncio.sleep(0)
            if self._count == count and not woken.is_set():
                self._count += 1
                self.now, _, first = heapq.heappop(self._sleepers)
                first.set()


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    clock = SimpleNamespace(get_running_loop=lambda: watch, sleep=watch.sleep)
    monkeypatch.setattr(opendownloads, "asyncio", clock)
    return watch


def stays() -> bool:
    return False


def shared(ours: int = 1, everywhere: int = 1) -> Pace:
    speed = Pace(SPEED)
    speed.ours, speed.everywhere = ours, everywhere
    return speed


async def parts(*sizes: int) -> AsyncGenerator[bytes, None]:
    for size in sizes:
        yield bytes(size)


@pytest.mark.parametrize("sizes", [(400_000,), (1, 399_999), (100_000,) * 4])
async def test_bytes_go_out_at_the_speed_whatever_they_come_in(watch: Watch, sizes):
    sent = 0
    async for part in pace.held(parts(*sizes), shared(), stays):
        sent += len(part)
        allowed = (watch.now - 100) * SPEED
        assert sent <= allowed + 25_000, "no more than a quarter of a second's worth ahead"
        assert sent >= allowed
    assert sent == 400_000
    assert watch.now - 100 == pytest.approx(3.75, abs=0.25)


async def test_who_reads_slowly_is_not_held_up_further(watch: Watch):
    async for _ in pace.held(parts(400_000), shared(), stays):
        watch.now += 1
    assert watch.now - 100 == pytest.approx(16)


async def test_who_has_read_slowly_makes_up_for_a_quarter_of_a_second_only(watch: Watch):
    taken = pace.held(parts(400_000), shared(), stays)
    await anext(taken)
    watch.now += 60
    begun = watch.now
    sent = sum([len(part) async for part in taken])
    assert sent == 375_000
    assert watch.now - begun == pytest.approx((375_000 - 25_000) / SPEED - 0.25, abs=0.26)


async def test_the_downloads_of_an_address_share_its_speed(watch: Watch):
    together = shared(ours=4, everywhere=4)

    async def take() -> float:
        async for _ in pace.held(parts(100_000), together, stays):
            pass
        return watch.now - 100

    ends = await asyncio.gather(*(take() for _ in range(4)))
    assert max(ends) == pytest.approx(4.0, abs=0.1)
    assert min(ends) == pytest.approx(4.0, abs=0.4), "none is preferred"


async def test_who_began_alone_gives_way_to_those_who_come_later(watch: Watch):
    together, got = shared(), [0, 0, 0, 0]

    async def take(number: int, until: float) -> None:
        async for part in pace.held(parts(10_000_000), together, stays):
            got[number] += len(part)
            if number == 0 and together.ours == 1 and watch.now >= 102:
                together.ours = together.everywhere = 4
                others.extend(asyncio.create_task(take(other, until)) for other in (1, 2, 3))
                got[0] = 0
            if watch.now >= until:
                return

    others: list[asyncio.Task[None]] = []
    await take(0, 110)
    await asyncio.gather(*others)
    assert sum(got) == pytest.approx(8 * SPEED, rel=0.1)
    assert max(got) - min(got) <= 0.1 * SPEED * 8


async def test_who_leaves_waits_no_longer_and_leaves_its_time_to_the_others(watch: Watch):
    together = shared(ours=2, everywhere=2)
    await together.turn(10 * SPEED, stays)
    begun = watch.now
    with pytest.raises(Left):
        await together.turn(100 * SPEED, lambda: watch.now >= begun + 1)
    assert watch.now - begun == pytest.approx(1.0, abs=0.25)
    await together.turn(1, stays)
    assert watch.now - begun == pytest.approx(10.0, abs=0.1)


async def test_a_process_gives_its_own_no_more_than_their_part(watch: Watch):
    async for _ in pace.held(parts(100_000), shared(ours=1, everywhere=4), stays):
        pass
    assert watch.now - 100 == pytest.approx(4.0, abs=0.3)


async def test_what_goes_out_at_once_waits_as_long_as_if_it_went_out_by_and_by(watch: Watch):
    await pace.wait(400_000, shared(), stays)
    assert watch.now - 100 == pytest.approx(3.75, abs=0.25)
    with pytest.raises(Left):
        await pace.wait(400_000, shared(), lambda: watch.now >= 105)
