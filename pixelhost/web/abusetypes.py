"""Types of abuse in words: of what visitors report, and of what is taken down."""

from collections.abc import Mapping
from typing import Final

from pixelhost.core import takedowns
from pixelhost.web.languages import mark

REPORTED: Final[Mapping[str, str]] = {
    "terrorism": mark("Terrorism"),
    "gore": mark("Gore: extreme violence"),
    "child_abuse": mark("Sexual abuse of children"),
    "zoophilia": mark("Sexual abuse of animals"),
    "revenge_porn": mark("Intimate images without consent"),
    "doxing": mark("Doxing: somebody's private data"),
    "malware": mark("Malware"),
}

TAKEN_DOWN: Final[Mapping[str, str]] = {
    **REPORTED,
    "copyright": mark("Violation of copyright"),
    "unknown": mark("Another reason"),
}
assert tuple(TAKEN_DOWN) == takedowns.TYPES
