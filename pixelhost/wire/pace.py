"""Downloads that plans hold to so many bytes a second."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace

from pixelhost.core.downloads import Part, Slice
from pixelhost.core.opendownloads import Pace


async def held(
    parts: AsyncGenerator[Part, None], pace: Pace, is_gone: Callable[[], bool]
) -> AsyncGenerator[Part, None]:
    """The same bytes, a fraction of a second's worth at once. Raises Left when who waits for them `is_gone`."""
    async with aclosing(parts):
        async for part in parts:
            for piece in _pieces(part, pace):
                await pace.turn(_size(piece), is_gone)
                yield piece


async def wait(size_bytes: int, pace: Pace, is_gone: Callable[[], bool]) -> None:
    """Until so many bytes may go out at once. Raises Left."""
    while size_bytes > 0:
        step_bytes = min(pace.step_bytes, size_bytes)
        await pace.turn(step_bytes, is_gone)
        size_bytes -= step_bytes


def _pieces(part: Part, pace: Pace) -> Iterator[Part]:
    """Each as long as may be by then: others come and go."""
    start = 0
    while start < _size(part):
        longest = pace.step_bytes
        if isinstance(part, Slice):
            yield replace(part, offset=part.offset + start, count=min(longest, part.count - start))
        else:
            yield part[start : start + longest]
        start += longest


def _size(part: Part) -> int:
    return part.count if isinstance(part, Slice) else len(part)
