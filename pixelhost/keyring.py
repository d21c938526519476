"""The instance's secret: one master key, from which a key a purpose is derived (HKDF-SHA256, RFC 5869)."""

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class KeyringError(Exception):
    """The secret key cannot be read or made; the text names the file."""


class Keyring:
    def __init__(self, master: str) -> None:
        """`master` is the text of PIXELHOST_SECRET_KEY, of at least 32 characters."""
        self._master = master.encode()
        self._api_keys = AESGCM(self._derive(b"api keys"))
        self._visitors = self._derive(b"visitors")
        self._ciphers: dict[bytes, AESGCM] = {}

    def seal_key(self, key: bytes, bound_to: bytes) -> bytes:
        """Encrypt an API key (AES-256-GCM, random nonce first), bound to its hash."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._api_keys.encrypt(nonce, key, bound_to)

    def open_key(self, sealed: bytes, bound_to: bytes) -> bytes | None:
        """None when it was sealed with another master key."""
        try:
            return self._api_keys.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag:
            return None

    def seal(self, purpose: bytes, secret: bytes) -> bytes:
        """Encrypt a secret of a purpose (AES-256-GCM, random nonce first)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, secret, None)

    def open(self, purpose: bytes, sealed: bytes) -> bytes | None:
        """None when it was sealed with another master key, or for another purpose."""
        try:
            return self._cipher(purpose).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except InvalidTag:
            return None

    def signature(self, purpose: bytes, message: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104) with the key of a purpose."""
        return hmac.digest(_derived(self._master, purpose), message, "sha256")

    def visitor(self, ip: str) -> bytes:
        """A 16-byte keyed hash of an address: tells visitors apart without keeping who they were."""
        return _visitor(self._visitors, ip)

    def _cipher(self, purpose: bytes) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(self._derive(purpose))
        return self._ciphers[purpose]

    def _derive(self, purpose: bytes) -> bytes:
        return _derived(self._master, purpose)


@lru_cache(100)
def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"pixelhost " + purpose).derive(master)


@lru_cache(10_000)
def _visitor(key: bytes, ip: str) -> bytes:
    return hmac.digest(key, ip.encode(), "sha256")[:16]


def key_hash(key: bytes) -> bytes:
    """What an API key is looked up by. Keys are random, so a plain SHA-256 is enough."""
    return hashlib.sha256(key).digest()


def read_or_make(path: Path) -> str:
    """The master key in `path`, made with mode 0600 if there is none yet. Raises KeyringError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        fresh.unlink()
        master = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyringError(f"the secret key {path} cannot be used: {error.strerror}") from error
    if len(master) < 32:
        raise KeyringError(f"the secret key in {path} is shorter than 32 characters; restore it from a backup")
    return master
