"""Downloads that plans hold to so many bytes a second."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

from pixelhost.core.downloads import Part, Slice

STEPS_PER_SECOND = 4
SMALLEST_STEP_BYTES = 4096


async def held(parts: AsyncGenerator[Part, None], bytes_per_second: int) -> AsyncGenerator[Part, None]:
    """The same bytes, a quarter of a second's worth at once and the next when the last may have gone."""
    clock = asyncio.get_running_loop().time
    began, given = clock(), 0
    async with aclosing(parts):
        async for part in parts:
            for piece in _pieces(part, max(bytes_per_second // STEPS_PER_SECOND, SMALLEST_STEP_BYTES)):
                await asyncio.sleep(max(0.0, began + given / bytes_per_second - clock()))
                yield piece
                given += _size(piece)


def _pieces(part: Part, longest: int) -> Iterator[Part]:
    for start in range(0, _size(part), longest):
        if isinstance(part, Slice):
            yield replace(part, offset=part.offset + start, count=min(longest, part.count - start))
        else:
            yield part[start : start + longest]


def _size(part: Part) -> int:
    return part.count if isinstance(part, Slice) else len(part)
