"""Captchas: what tells people from programs, where a download asks for it. Each response is good once, on all workers.

It may go on with what it began: who comes from the same address for a later part of the same file, within the hour.
"""

import hashlib
from datetime import timedelta
from typing import Final

from pixelhost import errors
from pixelhost.core.captchas.altcha import Altcha
from pixelhost.core.captchas.contract import Captcha
from pixelhost.core.captchas.siteverify import PROVIDERS, SiteVerify
from pixelhost.db import captcharesponses
from pixelhost.site import Site

RESPONSE_CHARACTERS_MAX: Final = 8192
CONTINUED_FOR: Final = timedelta(hours=1)
KEPT_FOR: Final = timedelta(days=1)


def altcha(site: Site) -> Altcha | None:
    """None where another captcha is set, or none."""
    return Altcha(site.keyring, site.clock) if site.settings.captcha == "altcha" else None


def configured(site: Site) -> Captcha | None:
    """None where there is none, and nothing that asks for one can be had."""
    settings = site.settings
    if settings.captcha in PROVIDERS:
        return SiteVerify(settings.captcha, settings.captcha_secret, settings.captcha_url)
    return altcha(site)


async def accept(site: Site, ip: str, subject: str, response: str, *, is_continuation: bool) -> None:
    """Use up a captcha response for what is downloaded. Raises RECPATCHA_FAILED when it is wrong, or was used."""
    captcha = configured(site)
    name = captcha.names(response) if captcha is not None and len(response) <= RESPONSE_CHARACTERS_MAX else None
    if captcha is None or name is None:
        raise errors.RECPATCHA_FAILED()
    digest = hashlib.sha256(captcha.name.encode() + b"\0" + name).digest()
    visitor, now = site.keyring.visitor(ip), site.clock.now()
    accepted = await captcharesponses.by_digest(site.db, digest)
    if accepted is not None:
        is_the_same = (accepted.visitor, accepted.subject) == (visitor, subject)
        if not (is_continuation and is_the_same and now - accepted.accepted_at < CONTINUED_FOR):
            raise errors.RECPATCHA_FAILED()
        return
    if not await captcha.is_right(response):
        raise errors.RECPATCHA_FAILED()
    if not await captcharesponses.insert(site.db, digest, visitor, subject, now):
        raise errors.RECPATCHA_FAILED()
