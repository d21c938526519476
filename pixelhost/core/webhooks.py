"""Webhooks: addresses of an account that are told what happens to its pushes. `webhookdelivery` sends the messages.

The secret that messages are signed with is shown when it is made, and never again.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from pixelhost import errors
from pixelhost.core import callers, publicaddresses, pushfields, throttle, webhookclient
from pixelhost.core.callers import Caller
from pixelhost.db import webhooks
from pixelhost.errors import ApiError
from pixelhost.model.pushes import Webhook
from pixelhost.site import Site

VIEWED: Final = "push.viewed"
EXPIRED: Final = "push.expired"
EVENTS: Final = (VIEWED, EXPIRED)
TEST: Final = "webhook.test"

MAX_PER_ACCOUNT: Final = 10
URL_MAX: Final = 2_000
TESTS_A_MINUTE: Final = 10

SECRET_PURPOSE: Final = b"webhook secrets"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what the specification puts before secrets
SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class NewWebhook:
    url: str
    events: Sequence[str] = EVENTS


@dataclass(frozen=True)
class Made:
    """`secret` is what its messages are signed with, as it is given to whoever checks them."""

    webhook: Webhook
    secret: str


async def make(site: Site, caller: Caller, wanted: NewWebhook) -> Made:
    """Raises AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCOUNT_BANNED, PUSH_INVALID, or several of it."""
    caller.require_user()
    errors.raise_all(_problems(wanted))
    await _refuse_unreachable(site, wanted.url)
    secret, now = secrets.token_bytes(SECRET_BYTES), site.clock.now()
    events = [event for event in EVENTS if event in wanted.events]
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        if await webhooks.count(tx, user.id) >= MAX_PER_ACCOUNT:
            raise _invalid("url", message="You have as many webhooks as an account may. Delete one first.")
        made = await webhooks.insert(tx, user.id, wanted.url, _sealed(site, secret), events, now)
    return Made(made, shown_secret(secret))


async def of_caller(site: Site, caller: Caller) -> list[Webhook]:
    """The oldest first. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await webhooks.of_user(site.db, caller.require_user().id)


async def find(site: Site, caller: Caller, webhook_id: UUID) -> Webhook:
    """One of the caller's. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    found = await webhooks.by_id(site.db, caller.require_user().id, webhook_id)
    if found is None:
        raise errors.NOT_FOUND()
    return found


async def delete(site: Site, caller: Caller, webhook_id: UUID) -> None:
    """With the messages that are on their way to it. Raises as `find`."""
    if not await webhooks.delete(site.db, caller.require_user().id, webhook_id):
        raise errors.NOT_FOUND()


async def rotate(site: Site, caller: Caller, webhook_id: UUID) -> Made:
    """Give it a new secret, with which all is signed from now on that hasn't arrived yet. Raises as `find`."""
    secret = secrets.token_bytes(SECRET_BYTES)
    if not await webhooks.set_secret(site.db, caller.require_user().id, webhook_id, _sealed(site, secret)):
        raise errors.NOT_FOUND()
    return Made(await find(site, caller, webhook_id), shown_secret(secret))


async def test(site: Site, caller: Caller, webhook_id: UUID) -> Webhook:
    """Have a message sent to it that says nothing. One that was disabled is enabled by that.

    Raises as `find`, IP_RATE_LIMIT_REACHED.
    """
    found = await find(site, caller, webhook_id)
    await throttle.refuse_busy_account(site, "webhook tests", found.user_id, TESTS_A_MINUTE)
    now = site.clock.now()
    body = msgspec.json.encode({"type": TEST, "timestamp": now, "data": {}}).decode()
    async with site.db.acquire() as tx, tx.transaction():
        await webhooks.set_enabled(tx, found.id)
        await webhooks.add_message(tx, found.id, body, now)
    return await find(site, caller, webhook_id)


def shown_secret(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def secret_of(site: Site, sealed: bytes) -> bytes | None:
    """None where the instance's key isn't the one it was sealed with."""
    return site.keyring.open(SECRET_PURPOSE, sealed)


def _sealed(site: Site, secret: bytes) -> bytes:
    return site.keyring.seal(SECRET_PURPOSE, secret)


def _problems(wanted: NewWebhook) -> list[ApiError]:
    found = []
    if len(wanted.url) > URL_MAX:
        found.append(_invalid("url", message=f"The URL may have at most {URL_MAX} characters."))
    elif not pushfields.is_web_address(wanted.url):
        found.append(_invalid("url", message="This must be an HTTP or HTTPS URL."))
    elif "@" in urlsplit(wanted.url).netloc:
        found.append(_invalid("url", message="The URL may not hold a user name or a password."))
    unknown = [event for event in wanted.events if event not in EVENTS]
    if unknown or not wanted.events:
        found.append(_invalid("events", message="Choose push.viewed, push.expired, or both."))
    return found


async def _refuse_unreachable(site: Site, url: str) -> None:
    """Before the first message: whoever mistypes an address is told. Each message's connection is looked at again."""
    found = await webhookclient.addresses_of(urlsplit(url).hostname or "")
    if not found:
        raise _invalid("url", message="There is no such host.")
    if not any(publicaddresses.may_reach(address, site.settings.webhook_networks) for address in found):
        raise _invalid("url", message="This host has no public address, so this server may not connect to it.")


def _invalid(field: str, *, message: str) -> ApiError:
    return errors.PUSH_INVALID(field=field, message=message)
