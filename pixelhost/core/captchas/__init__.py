"""Captchas: what tells people from programs, where a download asks for it. Each response is good once, on all workers.

It may go on with what it began: who comes from the same network for a later part of the same file, within the hour and
at most so many times.
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
CONTINUATIONS_MAX: Final = 50  # of a download manager with 16 connections, each of which breaks three times
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


async def accept(site: Site, visitor: bytes, subject: str, response: str, *, is_continuation: bool) -> None:
    """Use up a captcha response for what is downloaded. Raises RECPATCHA_FAILED when it is wrong, or was used.

    `is_continuation`: that it asks for one part, which isn't the beginning.
    """
    captcha = configured(site)
    name = captcha.names(response) if captcha is not None and len(response) <= RESPONSE_CHARACTERS_MAX else None
    if captcha is None or name is None:
        raise errors.RECPATCHA_FAILED()
    digest = hashlib.sha256(captcha.name.encode() + b"\0" + name).digest()
    now = site.clock.now()
    if is_continuation:
        since = now - CONTINUED_FOR
        if await captcharesponses.add_continuation(site.db, digest, visitor, subject, since, CONTINUATIONS_MAX):
            return
    if await captcharesponses.is_known(site.db, digest):
        raise errors.RECPATCHA_FAILED()
    if not await captcha.is_right(response):
        raise errors.RECPATCHA_FAILED()
    if not await captcharesponses.insert(site.db, digest, visitor, subject, now):
        raise errors.RECPATCHA_FAILED()
