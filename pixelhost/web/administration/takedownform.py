"""The fields that ask why something is to be taken down: admin/takedown-fields.html."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from pixelhost.core import takedowns
from pixelhost.web import abusetypes, languages
from pixelhost.web.forms import Problems


def fields(request: web.Request, sent: Mapping[str, str], found: Problems, suggested: str = "") -> dict[str, Any]:
    """What their template needs; `suggested` is the type of abuse that is chosen at first."""
    say = languages.of(request).translations.gettext
    return {
        "choices": [(kind, say(label)) for kind, label in abusetypes.TAKEN_DOWN.items()],
        "suggested": suggested,
        "sent": sent,
        "problems": found,
        "reporter_max": takedowns.REPORTER_MAX,
        "note_max": takedowns.NOTE_MAX,
    }
