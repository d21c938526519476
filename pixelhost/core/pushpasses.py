"""What a browser keeps for a while instead of a passphrase or an account: sealed, so that nobody else can make one.

One opens a push whose passphrase was given just now; the other shows its link to whoever made it without an account.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Final

import msgspec

from pixelhost.keyring import NONCE_BYTES
from pixelhost.model.pushes import Push
from pixelhost.site import Site

OPENS_FOR: Final = timedelta(minutes=3)
SHARES_FOR: Final = timedelta(minutes=10)

_OPENING: Final = b"push passes to open"
_SHARING: Final = b"push passes to share"


class _Pass(msgspec.Struct):
    """`lock` stands for the passphrase as it was: another one makes the pass void."""

    token: str
    lock: str
    good_until: float


def to_open(site: Site, push: Push) -> str:
    """For whoever has given the passphrase: good for OPENS_FOR, while the push has that one."""
    return _sealed(site, _OPENING, _Pass(push.token, _lock(push), _until(site, OPENS_FOR)))


def opens(site: Site, push: Push, text: str) -> bool:
    found = _read(site, _OPENING, text)
    return found is not None and (found.token, found.lock) == (push.token, _lock(push))


def to_share(site: Site, push: Push) -> str:
    """For whoever has made the push: good for SHARES_FOR."""
    return _sealed(site, _SHARING, _Pass(push.token, "", _until(site, SHARES_FOR)))


def shares(site: Site, push: Push, text: str) -> bool:
    found = _read(site, _SHARING, text)
    return found is not None and found.token == push.token


def _until(site: Site, lives: timedelta) -> float:
    return (site.clock.now() + lives).timestamp()


def _lock(push: Push) -> str:
    return hashlib.sha256(push.passphrase_sealed or b"").hexdigest()


def _sealed(site: Site, purpose: bytes, made: _Pass) -> str:
    return base64.urlsafe_b64encode(site.keyring.seal(purpose, msgspec.json.encode(made))).rstrip(b"=").decode()


def _read(site: Site, purpose: bytes, text: str) -> _Pass | None:
    """None for what isn't one of this purpose, or is too old."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    opened = site.keyring.open(purpose, sealed) if len(sealed) > NONCE_BYTES else None
    found = msgspec.json.decode(opened, type=_Pass) if opened is not None else None
    return found if found is not None and found.good_until > site.clock.now().timestamp() else None
