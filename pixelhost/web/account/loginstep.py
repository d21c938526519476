"""Between the password and the one-time password: what was sent first waits in the form itself, sealed."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pixelhost.site import Site

PURPOSE: Final = b"login step"
LIFETIME: Final = timedelta(minutes=10)


class Step(msgspec.Struct, frozen=True):
    username: str
    password: str
    begun_at: float


def sealed(site: Site, username: str, password: str) -> str:
    step = Step(username, password, site.clock.now().timestamp())
    return base64.urlsafe_b64encode(site.keyring.seal(PURPOSE, msgspec.json.encode(step))).decode()


def opened(site: Site, text: str) -> Step | None:
    """None when it isn't ours, or its time is over."""
    try:
        plain = site.keyring.open(PURPOSE, base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        return None
    step = msgspec.json.decode(plain, type=Step) if plain else None
    if step is None or site.clock.now() - datetime.fromtimestamp(step.begun_at, UTC) > LIFETIME:
        return None
    return step
