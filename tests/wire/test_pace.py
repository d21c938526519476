"""Downloads held to a speed, by a clock of the test's own."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace

import pytest

from pixelhost.wire import pace


class Watch:
    """Time passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(pace, "asyncio", SimpleNamespace(get_running_loop=lambda: watch, sleep=watch.sleep))
    return watch


async def parts(*sizes: int) -> AsyncGenerator[bytes, None]:
    for size in sizes:
        yield bytes(size)


@pytest.mark.parametrize("sizes", [(400_000,), (1, 399_999), (100_000,) * 4])
async def test_bytes_go_out_at_the_speed_whatever_they_come_in(watch: Watch, sizes):
    sent = 0
    async for part in pace.held(parts(*sizes), 100_000):
        sent += len(part)
        allowed = (watch.now - 100) * 100_000
        assert sent <= allowed + 25_000, "no more than a quarter of a second's worth ahead"
        assert sent >= allowed
    assert sent == 400_000
    assert watch.now - 100 == pytest.approx(3.75, abs=0.25)


async def test_who_reads_slowly_is_not_held_up_further(watch: Watch):
    async for _ in pace.held(parts(400_000), 100_000):
        watch.now += 1
    assert watch.now - 100 == pytest.approx(16)
