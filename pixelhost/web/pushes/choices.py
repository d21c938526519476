"""What the forms of pushes offer: kinds, and how long a push lives."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from pixelhost.core import pushfields
from pixelhost.model.pushes import PushKind
from pixelhost.site import Site
from pixelhost.web import wording
from pixelhost.web.languages import Language, mark, plural

MINUTES: Final = plural("%(count)s minute", "%(count)s minutes")
HOURS: Final = plural("%(count)s hour", "%(count)s hours")
DEFAULT_DURATION: Final = pushfields.DURATIONS.index(timedelta(days=pushfields.DAYS_DEFAULT))


KINDS: Final[Mapping[PushKind, str]] = {
    "text": mark("Text"),
    "file": mark("Files"),
    "url": mark("Link"),
    "qr": mark("QR code"),
}


def offered(site: Site) -> list[PushKind]:
    """Those that can be made here, in the order in which they are shown."""
    return [kind for kind in KINDS if kind in site.settings.push_kinds]


def durations(language: Language) -> Sequence[tuple[int, str]]:
    """By number, as the API has them."""
    return [(number, said(language, lasts)) for number, lasts in enumerate(pushfields.DURATIONS)]


def said(language: Language, lasts: timedelta) -> str:
    """`15 minutes`, `6 hours`, `7 days`: in the greatest unit that it is a whole number of."""
    minutes = lasts // timedelta(minutes=1)
    if minutes % (24 * 60) == 0:
        return wording.counted(language, minutes // (24 * 60), "day")
    one, many = HOURS if minutes % 60 == 0 else MINUTES
    count = minutes // 60 if minutes % 60 == 0 else minutes
    return language.translations.ngettext(one, many, count) % {"count": wording.number(language, count)}
