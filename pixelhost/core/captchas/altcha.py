"""ALTCHA, whose captcha is a proof of work: no third party, nothing to solve by hand (altcha.org/docs).

The client looks for the number that, after the salt, has the challenge as its SHA-256; it sends back base64 of a JSON
object of the challenge and the number. The server needs to remember nothing but which challenges were solved.
"""

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

import msgspec

from pixelhost.clock import Clock
from pixelhost.keyring import Keyring

ALGORITHM: Final = "SHA-256"
NUMBER_MAX: Final = 500_000  # half of it is tried on average: a second or two in a browser
GOOD_FOR_SECONDS: Final = 1200
SALT_BYTES: Final = 12
PURPOSE: Final = b"altcha challenges"


@dataclass(frozen=True)
class Challenge:
    """`challenge` and `signature` are hexadecimal, `maxnumber` is where the search may end."""

    algorithm: str
    challenge: str
    maxnumber: int
    salt: str
    signature: str


class _Payload(msgspec.Struct):
    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str


class Altcha:
    name: str = "altcha"

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def challenge(self) -> Challenge:
        """A new one. Good for twenty minutes."""
        expires = int(self._clock.now().timestamp()) + GOOD_FOR_SECONDS
        # The delimiter at the end keeps digits of the number from being moved into the time.
        salt = f"{secrets.token_hex(SALT_BYTES)}?expires={expires}&"
        challenge = _hash(salt, secrets.randbelow(NUMBER_MAX + 1))
        return Challenge(ALGORITHM, challenge, NUMBER_MAX, salt, self._signature(challenge))

    def names(self, response: str) -> bytes | None:
        payload = _payload(response)
        return None if payload is None else payload.challenge.encode()

    async def is_right(self, response: str) -> bool:
        payload = _payload(response)
        if payload is None or payload.algorithm != ALGORITHM or not 0 <= payload.number <= NUMBER_MAX:
            return False
        if not hmac.compare_digest(payload.signature.encode(), self._signature(payload.challenge).encode()):
            return False
        if payload.challenge != _hash(payload.salt, payload.number) or not payload.salt.endswith("&"):
            return False
        return _expires(payload.salt) > self._clock.now().timestamp()

    def _signature(self, challenge: str) -> str:
        return self._keyring.signature(PURPOSE, challenge.encode()).hex()


def _payload(response: str) -> _Payload | None:
    try:
        return msgspec.json.decode(b64decode(response, validate=True), type=_Payload)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None


def _hash(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def _expires(salt: str) -> int:
    """In seconds of Unix; 0 where the salt says nothing that makes sense."""
    sent = parse_qs(salt.partition("?")[2]).get("expires", [])
    return int(sent[0]) if len(sent) == 1 and sent[0].isascii() and sent[0].isdigit() and len(sent[0]) < 20 else 0
