"""Text as it is shown on a page: from its beginning, in lines of HTML, with colours where it is code."""

import asyncio
import html
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pixelhost.core import mediacache, storage
from pixelhost.media import highlighting
from pixelhost.media.texts import decoded
from pixelhost.media.workers import MediaError
from pixelhost.model.files import Blob
from pixelhost.site import Site

log = logging.getLogger(__name__)

COLOURING_SECONDS: Final = 5
LINES_MAX: Final = 10_000
"""Each is an element of the page: of half a million empty ones it would be made for seconds, and shown for minutes."""


@dataclass(frozen=True)
class Preview:
    """`lines` are HTML in which the text is escaped, at most LINES_MAX. `language` is what the colours are for, empty
    without any.
    """

    lines: Sequence[str]
    language: str
    is_truncated: bool


async def of_text(site: Site, blob: Blob, name: str, mime_type: str, limit_bytes: int) -> Preview:
    """Of at most so many bytes and lines. Counts nothing, refuses nothing: text without colours is shown as it is."""
    is_truncated = blob.size_bytes > limit_bytes
    language = highlighting.language_of(name, mime_type)
    coloured = await _coloured(site, blob, language, limit_bytes) if language else ""
    if coloured:
        return _preview(coloured, language, is_truncated=is_truncated)
    head = await storage.head_of(site, blob, limit_bytes)
    text = decoded(head, is_truncated=is_truncated).replace("\r\n", "\n").replace("\r", "\n")
    return _preview(html.escape(text, quote=False), "", is_truncated=is_truncated)


def _preview(text: str, language: str, *, is_truncated: bool) -> Preview:
    """A line break at the end begins no line."""
    lines = text.removesuffix("\n").split("\n", LINES_MAX)
    return Preview(lines[:LINES_MAX], language, is_truncated or len(lines) > LINES_MAX)


async def _coloured(site: Site, blob: Blob, language: str, limit_bytes: int) -> str:
    """Empty where there are no colours: a lexer that takes too long, or fails, is as good as none."""
    name = mediacache.name_of(blob, f"{limit_bytes}-{language.replace('/', '_')}.html")
    kept = await mediacache.get(site, name)
    if kept is not None:
        return kept.decode()
    opened = await site.store.open(blob.location)
    try:
        descriptor = opened.fileno()
        if descriptor is None:
            return ""
        async with asyncio.timeout(COLOURING_SECONDS):
            coloured = await site.media.run(highlighting.render, descriptor, language, limit_bytes)
    except TimeoutError:
        coloured = ""  # and so it stays: nobody else waits for these bytes
    except MediaError as error:
        log.warning("colouring %s failed: %s", language, error)
        return ""
    finally:
        opened.close()
    await mediacache.keep(site, name, coloured.encode())
    return coloured
