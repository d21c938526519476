"""The manual of Password Pusher's API, and of what goes beyond it."""

from typing import Final

from pixelhost.pwpush.manual import pushes, requests, version1, webhooks
from pixelhost.wire.manual import Manual

_OF_A_PUSH: Final = (
    *("GET {}/{token}.json", "GET {}/{token}/r.json", "GET {}/{token}/preview.json", "GET {}/{token}/audit.json"),
    *("DELETE {}/{token}.json", "GET {}/active.json", "GET {}/expired.json"),
)
_BY_LETTER: Final = {
    route.replace("{}", f"/{letter}"): f"as {route.replace('{}', '/p')}" for letter in "fr" for route in _OF_A_PUSH
}

MANUAL: Final = Manual(
    (pushes.CHAPTER, version1.CHAPTER, requests.CHAPTER, webhooks.CHAPTER),
    unlisted={
        **_BY_LETTER,
        "OPTIONS /p.json": "what browsers ask before pages of other sites push",
        "GET /p/{token}/r.json": "as GET /p/{token}.json",
        "GET /p/{token}": "as GET /p/{token}.json, for whoever accepts JSON",
        "POST /passwords.json": "as POST /p.json, for the oldest of programs",
        "GET /{locale}/d/active": "as GET /p/active.json, for old programs",
        "GET /{locale}/d/expired": "as GET /p/expired.json, for old programs",
        "GET /d/active.json": "as GET /p/active.json, for old programs",
        "GET /d/expired.json": "as GET /p/expired.json, for old programs",
    },
    voice="words",
)
