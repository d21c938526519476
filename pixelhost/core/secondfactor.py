"""The second factor of an account: a secret that it shares with an authenticator app, sealed by the keyring."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core import callers, qrcodes, totp
from pixelhost.core.callers import Caller
from pixelhost.db import logins
from pixelhost.db.connect import Db
from pixelhost.model.accounts import User
from pixelhost.site import Site

PURPOSE: Final = b"totp"


@dataclass(frozen=True)
class Enrolment:
    """A secret that nobody has yet, and what an authenticator app takes it from. `qr_svg` is the URI as an SVG."""

    secret: str
    uri: str
    qr_svg: str


def enrolment(user: User, secret: str = "") -> Enrolment:
    """With a new secret, or with one that was given out before; what can't be one is replaced."""
    secret = secret if totp.decoded(secret) else totp.new_secret()
    uri = totp.uri(user.name, secret)
    return Enrolment(secret, uri, qrcodes.svg(uri))


async def enable(site: Site, caller: Caller, secret: str, code: str) -> None:
    """From now on logins need a code, each counting once, this one included.

    Raises OTP_INCORRECT, and as `callers.claim`.
    """
    decoded = totp.decoded(secret)
    step = totp.step_of(decoded, code, site.clock.now()) if decoded else None
    if decoded is None or step is None:
        raise errors.OTP_INCORRECT(message="The one-time password does not match the secret")
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        await logins.set_totp(tx, user.id, site.keyring.seal(PURPOSE, decoded))
        await logins.use_totp_step(tx, user.id, step)


async def disable(site: Site, caller: Caller) -> None:
    """Raises as `callers.claim`."""
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        await logins.set_totp(tx, user.id, None)


async def spend(db: Db, site: Site, user_id: UUID, secret_sealed: bytes, code: str) -> bool:
    """Whether the code is right and was not used yet; now it is. Of two uses at once one gets True."""
    secret = site.keyring.open(PURPOSE, secret_sealed)
    step = totp.step_of(secret, code, site.clock.now()) if secret is not None else None
    return step is not None and await logins.use_totp_step(db, user_id, step)
