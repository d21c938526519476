"""What is secret of a push, sealed with the push's own random key, which is sealed with the instance's.

The note is sealed with the instance's key: its owner may read it when the push's key is gone. What a ciphertext stands
for is bound to it, so that none can be passed off as another, of the same push or of another one.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pixelhost import errors
from pixelhost.keyring import NONCE_BYTES
from pixelhost.model.pushes import Push, PushFile
from pixelhost.site import Site

KEY_PURPOSE: Final = b"push keys"
NOTE_PURPOSE: Final = b"push notes"
KEY_BYTES: Final = 32

Field = Literal["payload", "passphrase", "file name"]


@dataclass(frozen=True)
class PushKey:
    """Of one push. `bound_to` is the token of the push."""

    key: bytes
    bound_to: str

    def seal(self, field: Field, text: str) -> bytes:
        """AES-256-GCM, the random nonce first."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, text.encode(), self._bound(field))

    def open(self, field: Field, sealed: bytes) -> str:
        """Raises INTERNAL where the ciphertext isn't of this push's field."""
        try:
            return AESGCM(self.key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound(field)).decode()
        except InvalidTag:
            raise errors.INTERNAL() from None

    def _bound(self, field: Field) -> bytes:
        return f"{field} {self.bound_to}".encode()


def new_key(token: str) -> PushKey:
    return PushKey(secrets.token_bytes(KEY_BYTES), token)


def sealed_key(site: Site, key: PushKey) -> bytes:
    return site.keyring.seal(KEY_PURPOSE, key.key)


def key_of(site: Site, push: Push) -> PushKey | None:
    """None once it has expired. Raises INTERNAL where the instance's key isn't the one it was sealed with."""
    if push.key_sealed is None:
        return None
    key = site.keyring.open(KEY_PURPOSE, push.key_sealed)
    if key is None:
        raise errors.INTERNAL()
    return PushKey(key, push.token)


def sealed_note(site: Site, note: str) -> bytes | None:
    return site.keyring.seal(NOTE_PURPOSE, note.encode()) if note else None


def note_of(site: Site, push: Push) -> str:
    """Empty where there is none, or none that can be opened."""
    opened = site.keyring.open(NOTE_PURPOSE, push.note_sealed) if push.note_sealed is not None else None
    return opened.decode() if opened is not None else ""


def passphrase_of(site: Site, push: Push) -> str | None:
    """Empty where there is none; None once the push has expired."""
    key = key_of(site, push)
    return passphrase(key, push) if key is not None else None


def passphrase(key: PushKey, push: Push) -> str:
    """Empty where there is none."""
    return key.open("passphrase", push.passphrase_sealed) if push.passphrase_sealed is not None else ""


def payload(key: PushKey, push: Push) -> str:
    return key.open("payload", push.payload_sealed) if push.payload_sealed is not None else ""


def file_name(key: PushKey, file: PushFile) -> str:
    return key.open("file name", file.name_sealed)
