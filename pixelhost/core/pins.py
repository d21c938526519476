"""PINs: with one, an account's downloads take a temporary key, which the PIN is exchanged for.

Whoever guesses has the account's key already, so attempts count by account, wherever they come from: ten an hour, and
one that is right begins anew. They are counted before they are looked at, so that many at once are no more than ten.
"""

from datetime import datetime, timedelta
from typing import Final

from pixelhost import errors, ids
from pixelhost.core import callers, passwords, throttle
from pixelhost.core.callers import Caller
from pixelhost.core.transferfiles import invalid
from pixelhost.db import limits, transferdownloads
from pixelhost.errors import ApiError
from pixelhost.keyring import key_hash
from pixelhost.model.accounts import User
from pixelhost.site import Site

PIN_MIN, PIN_MAX = 4, 32
KEY_LENGTH: Final = 32
KEY_LIVES: Final = timedelta(hours=1)
WRONG_PINS: Final = 10
ACTION: Final = "pin"

REQUIRED: Final = "The current pin field is required."
INVALID: Final = "Invalid PIN."
TOO_MANY: Final = "Too many wrong PINs. Try again in an hour"


async def set_pin(site: Site, caller: Caller, pin: str, current: str | None) -> None:
    """Raises TRANSFER_INVALID where the current one is missing or wrong, IP_RATE_LIMIT_REACHED, as `callers.claim`."""
    user = caller.require_user()
    hashed = await transferdownloads.pin_hash(site.db, user.id)
    if hashed is not None:
        if current is None:
            raise invalid("current_pin", REQUIRED)
        await _check(site, user, hashed, "current_pin", current)
    new = await passwords.hashed(pin)
    async with site.db.acquire() as tx, tx.transaction():
        await callers.claim(tx, caller)
        if await transferdownloads.pin_hash(tx, user.id) != hashed:
            raise invalid("current_pin", INVALID)
        await transferdownloads.set_pin_hash(tx, user.id, new)


async def remove(site: Site, caller: Caller, current: str) -> None:
    """From now on downloads take none. Raises as `set_pin`."""
    user = caller.require_user()
    hashed = await transferdownloads.pin_hash(site.db, user.id)
    if hashed is None:
        return
    await _check(site, user, hashed, "current_pin", current)
    async with site.db.acquire() as tx, tx.transaction():
        await callers.claim(tx, caller)
        if await transferdownloads.pin_hash(tx, user.id) != hashed:
            raise invalid("current_pin", INVALID)
        await transferdownloads.set_pin_hash(tx, user.id, None)


async def has_pin(site: Site, caller: Caller) -> bool:
    return await transferdownloads.pin_hash(site.db, caller.require_user().id) is not None


async def exchange(site: Site, caller: Caller, pin: str) -> tuple[str, datetime]:
    """A temporary key, and until when it is good. Raises TRANSFER_INVALID, IP_RATE_LIMIT_REACHED."""
    user = caller.require_user()
    hashed = await transferdownloads.pin_hash(site.db, user.id)
    if hashed is None:
        raise invalid("pin", "There is no PIN yet. Set one with PUT /api/pin.")
    await _check(site, user, hashed, "pin", pin)
    key, expires_at = ids.new_text(KEY_LENGTH), site.clock.now() + KEY_LIVES
    key_sha256 = key_hash(key.encode("utf-8", "surrogatepass"))
    # Another PIN may have been set since: what the former one is exchanged for would be good for an hour.
    if not await transferdownloads.insert_temporary_key(site.db, user.id, hashed, key_sha256, expires_at):
        raise invalid("pin", INVALID)
    return key, expires_at


async def forget(site: Site, caller: Caller, key: str) -> None:
    """End a temporary key. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    user = caller.require_user()
    if not await transferdownloads.delete_temporary_key(
        site.db, user.id, key_hash(key.encode("utf-8", "surrogatepass")), site.clock.now()
    ):
        raise errors.NOT_FOUND()


async def key_problems(site: Site, caller: Caller, key: str | None) -> list[ApiError]:
    """What is wrong with the temporary key that is sent to download: nothing where the account has no PIN."""
    user = caller.require_user()
    if await transferdownloads.pin_hash(site.db, user.id) is None:
        return []
    if key is None:
        return [invalid("pinKey", "The pin key field is required.")]
    hashed = key_hash(key.encode("utf-8", "surrogatepass"))
    if not await transferdownloads.is_temporary_key(site.db, user.id, hashed, site.clock.now()):
        return [invalid("pinKey", "Pin key does not exists")]
    return []


async def _check(site: Site, user: User, hashed: str, field: str, pin: str) -> None:
    now = site.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    if await limits.add_use(site.db, ACTION, str(user.id), hour) > WRONG_PINS:
        raise throttle.refusal(hour + timedelta(hours=1), now, TOO_MANY)
    if not await passwords.is_right(hashed, pin):
        raise invalid(field, INVALID)
    await limits.forget(site.db, ACTION, str(user.id))
