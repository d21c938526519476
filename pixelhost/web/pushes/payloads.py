"""What is wrong with the secret itself, in words for whoever typed it."""

from collections.abc import Mapping
from typing import Final

from pixelhost import errors
from pixelhost.core import pushfields
from pixelhost.model.pushes import PushKind
from pixelhost.web.languages import mark

EMPTY: Final[Mapping[PushKind, str]] = {
    "text": mark("Write something first."),
    "url": mark("Write an address first."),
    "qr": mark("Write what the code is to hold first."),
}
NO_ADDRESS: Final = mark("This is not an address of the web: those begin with http:// or https://.")


def refuse(kind: PushKind, payload: str) -> None:
    """Raises PUSH_INVALID, STRING_OUT_OF_RANGE."""
    if not payload.strip() and kind in EMPTY:
        raise errors.PUSH_INVALID(field="payload", message=EMPTY[kind])
    longest = pushfields.QR_MAX if kind == "qr" else pushfields.TEXT_MAX
    if len(payload) > longest:
        raise errors.STRING_OUT_OF_RANGE(field="payload", min_len=0, max_len=longest, len=len(payload))
    if kind == "url" and not pushfields.is_web_address(payload):
        raise errors.PUSH_INVALID(field="payload", message=NO_ADDRESS)
