"""Downloads that plans hold to so many bytes a second, or count."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace

from pixelhost.core.downloads import Part, Slice
from pixelhost.core.gates import Passage
from pixelhost.core.opendownloads import Pace


def held(
    parts: AsyncGenerator[Part, None], passage: Passage, is_gone: Callable[[], bool]
) -> AsyncGenerator[Part, None]:
    """The same bytes, counted; at a limited speed a fraction of a second's worth at once.

    Raises Left when who waits for them `is_gone`.
    """
    return _held(parts, passage, is_gone) if passage.is_counted else parts


async def _held(
    parts: AsyncGenerator[Part, None], passage: Passage, is_gone: Callable[[], bool]
) -> AsyncGenerator[Part, None]:
    async with aclosing(parts):
        async for part in parts:
            counted = _counted(part, passage)
            if passage.pace is None:
                yield counted
                continue
            for piece in _pieces(counted, passage.pace):
                await passage.pace.turn(_size(piece), is_gone)
                yield piece


def _counted(part: Part, passage: Passage) -> Part:
    """What is made on the way counts as it is taken, what comes from a file as it goes out."""
    if isinstance(part, bytes):
        passage.note(len(part))
        return part
    of_part = part.note

    def both(sent_bytes: int) -> None:
        of_part(sent_bytes)
        passage.note(sent_bytes)

    return replace(part, note=both)


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
