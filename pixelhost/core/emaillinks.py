"""Links sent by e-mail, each good for one use: to log in, to show that an address is one's own, to set a password.

At most one of a purpose is on its way to an account, and few an hour go to an address: nobody's mailbox is flooded.
They lead to pages, whose forms send what the link holds; a link that is only opened, as scanners of mail do, is not
used up.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from pixelhost import ids
from pixelhost.core import mail, ratelimit
from pixelhost.db import emaillinks
from pixelhost.db.connect import Db, Transaction
from pixelhost.db.emaillinks import EmailLink, Purpose
from pixelhost.keyring import key_hash
from pixelhost.model.accounts import User
from pixelhost.site import Site

LIFETIMES: Final[Mapping[Purpose, timedelta]] = {
    "login": timedelta(minutes=15),
    "verify": timedelta(hours=1),
    "reset": timedelta(hours=1),
}
LETTERS: Final[Mapping[Purpose, str]] = {
    "login": "login_link",
    "verify": "verify_email",
    "reset": "password_reset",
}


async def send(
    tx: Transaction, site: Site, user: User, purpose: Purpose, *, to: str, base_url: str, redirect: str = ""
) -> bool:
    """Have a link sent once the transaction commits. False while an earlier one of this purpose is still good, or after
    too many letters to this address.

    `redirect` is where a login leads to; what is no path of this site is left out. Raises INVALID_EMAIL_ADDRESS.
    """
    secret, now = ids.new_key(), site.clock.now()
    lifetime = LIFETIMES[purpose]
    link = EmailLink(user.id, purpose, to)
    if not await ratelimit.may_mail(site, tx, to):
        return False
    if not await emaillinks.insert(tx, link, key_hash(secret.bytes), now, now + lifetime):
        return False
    await ratelimit.note_mail(site, tx, to)
    await mail.queue(
        tx,
        site,
        to,
        LETTERS[purpose],
        here=urlsplit(base_url).hostname or base_url,
        name=user.name,
        email=to,
        link=_url(link, secret, base_url, own_path(redirect)),
        minutes=int(lifetime.total_seconds() // 60),
    )
    return True


async def find(db: Db, site: Site, secret: UUID) -> EmailLink | None:
    return await emaillinks.by_secret(db, key_hash(secret.bytes), site.clock.now())


async def use_up(tx: Transaction, secret: UUID) -> bool:
    """Whether it hadn't been used yet."""
    return await emaillinks.delete(tx, key_hash(secret.bytes))


def own_path(redirect: str) -> str:
    """`redirect` when it is a path of this site, else nothing.

    A browser takes `//host` and `/\\host` for other sites, and drops tabs and line ends before it looks (WHATWG URL,
    4.4). What is percent-encoded stays so, and is a path.
    """
    is_path = redirect.startswith("/") and redirect[1:2] not in {"/", "\\"} and redirect.isprintable()
    return redirect if is_path else ""


def _url(link: EmailLink, secret: UUID, base_url: str, redirect: str) -> str:
    if link.purpose == "reset":
        return f"{base_url}/password_reset_confirm?{urlencode({'key': secret})}"
    values = {"link_login_user_id": str(link.user_id), "link_login_id": str(secret)}
    if redirect:
        values |= {"redirect": redirect}
    return f"{base_url}/login?{urlencode(values, quote_via=quote)}"
