"""reCAPTCHA, hCaptcha and Turnstile: their page scripts give a response, which their servers verify, once.

All three answer alike (developers.google.com/recaptcha/docs/verify, docs.hcaptcha.com, developers.cloudflare.com/
turnstile). The visitor's address, which they would take too, isn't sent.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10.0
ANSWER_BYTES_MAX: Final = 64 << 10


@dataclass(frozen=True)
class Provider:
    """`script` is what a page loads, `origins` are what its policy has to allow, `widget` the class of the element."""

    verify_url: str
    script: str
    origins: Sequence[str]
    widget: str


PROVIDERS: Final[Mapping[str, Provider]] = {
    "recaptcha": Provider(
        "https://www.google.com/recaptcha/api/siteverify",
        "https://www.google.com/recaptcha/api.js",
        ("https://www.google.com", "https://www.gstatic.com"),
        "g-recaptcha",
    ),
    "hcaptcha": Provider(
        "https://api.hcaptcha.com/siteverify",
        "https://js.hcaptcha.com/1/api.js",
        ("https://hcaptcha.com", "https://*.hcaptcha.com"),
        "h-captcha",
    ),
    "turnstile": Provider(
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
        "https://challenges.cloudflare.com/turnstile/v0/api.js",
        ("https://challenges.cloudflare.com",),
        "cf-turnstile",
    ),
}


class _Verdict(msgspec.Struct):
    success: bool


class SiteVerify:
    def __init__(self, name: str, secret: str, url: str) -> None:
        """`url` is where to verify instead of at the provider's own server; empty: there."""
        self.name = name
        self._secret = secret
        self._url = url or PROVIDERS[name].verify_url

    def names(self, response: str) -> bytes | None:
        return response.encode()

    async def is_right(self, response: str) -> bool:
        """Not when the provider can't be asked, either."""
        form = {"secret": self._secret, "response": response}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(TIMEOUT_SECONDS)) as session,
                session.post(self._url, data=form, allow_redirects=False) as answer,
            ):
                body = b""
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise ClientPayloadError("the answer has no end")
            return msgspec.json.decode(body, type=_Verdict).success
        except (ClientError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("%s can't tell whether a captcha response is right: %s", self.name, str(error) or type(error))
            return False
