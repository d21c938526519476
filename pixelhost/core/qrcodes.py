"""QR codes (ISO/IEC 18004), as SVG."""

import io
from typing import Final

import segno

TEXT_MAX_BYTES: Final = 2_000
"""With error correction M the largest code holds 2,331 bytes."""


def svg(text: str) -> str:
    """With the margin of four modules that scanners need; dark on light wherever it is shown."""
    return _drawn(text, omitsize=False)


def scalable(text: str) -> str:
    """The same for a page, which gives it its size."""
    return _drawn(text, omitsize=True)


def _drawn(text: str, *, omitsize: bool) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, border=4, scale=4, light="#fff", dark="#000", omitsize=omitsize
    )
    return drawn.getvalue().decode().strip()
