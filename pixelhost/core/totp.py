"""Time-based one-time passwords as authenticator apps make them: RFC 6238 with SHA-1, six digits and steps of 30 s."""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
DIGITS: Final = 6
WINDOW_STEPS: Final = 1  # clocks differ, and people type slowly
SECRET_BYTES: Final = 20
SECRET_BYTES_MIN: Final = 16  # RFC 4226, 4, R6
ISSUER: Final = "Pixelhost"


def new_secret() -> str:
    """A random secret as apps take it, 32 characters of base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def decoded(secret: str) -> bytes | None:
    """The bytes of a secret in base32, with or without padding; None when it is none, or shorter than 128 bits."""
    bare = secret.replace(" ", "").rstrip("=").upper()
    try:
        found = base64.b32decode(bare + "=" * (-len(bare) % 8))
    except ValueError:
        return None
    return found if len(found) >= SECRET_BYTES_MIN else None


def uri(account: str, secret: str) -> str:
    """What a QR code for authenticator apps holds."""
    return (
        f"otpauth://totp/{ISSUER}:{quote(account, safe='')}"
        f"?algorithm=SHA1&digits={DIGITS}&issuer={ISSUER}&period={STEP_SECONDS}&secret={secret}"
    )


def code_of(secret: bytes, step: int) -> str:
    """HOTP (RFC 4226, 5.3) with the step as its counter."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The latest step around now whose code this is; None when it is wrong. Blanks in it don't matter."""
    sent = "".join(code.split()).encode()
    here = step_at(now)
    matching = [
        step
        for step in range(here - WINDOW_STEPS, here + WINDOW_STEPS + 1)
        if hmac.compare_digest(code_of(secret, step).encode(), sent)
    ]
    return max(matching, default=None)
