"""The instance's secrets: master keys, from which a key a purpose is derived (HKDF-SHA256, RFC 5869).

What is sealed is sealed with the current one, and opened with any that is known: a new one can be made while earlier
ones still open what they have sealed (`core.keyrotation` seals that anew).
"""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

log = logging.getLogger(__name__)

NONCE_BYTES: Final = 12
MASTER_MIN: Final = 32
"""Characters of a master key."""
API_KEY_PURPOSE: Final = b"api keys"


class KeyringError(Exception):
    """The secret key cannot be read, made or changed; the text says which."""


class KeyFile:
    """Master keys, one a line, the current one first. Only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> tuple[int, int, int]:
        """Another one after every change. Raises KeyringError."""
        try:
            facts = self.path.stat()
        except OSError as error:
            raise self._unusable(error) from error
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

    def read(self) -> list[str]:
        """Raises KeyringError."""
        try:
            found = [line.strip() for line in self.path.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from error
        if not found or any(len(master) < MASTER_MIN for master in found):
            raise KeyringError(
                f"a secret key in {self.path} is shorter than {MASTER_MIN} characters; restore it from a backup"
            )
        return found

    def make(self) -> None:
        """With one key, unless it is there. Raises KeyringError."""
        if self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._written(self.path.with_name(f"{self.path.name}.{os.getpid()}"), [secrets.token_hex(32)])
            try:
                os.link(fresh, self.path)
            except FileExistsError:
                pass
            fresh.unlink()
            _sync_directory(self.path.parent)
        except OSError as error:
            raise self._unusable(error) from error

    def add(self) -> None:
        """A new current key, before those that are there. Not for two at once. Raises KeyringError."""
        self._replace([secrets.token_hex(32), *self.read()])

    def drop_earlier(self) -> None:
        """All but the current key. Not for two at once. Raises KeyringError."""
        self._replace(self.read()[:1])

    def _replace(self, masters: Sequence[str]) -> None:
        """At once, for whoever reads it now or after a power cut. Whose it was it stays."""
        try:
            path = self.path.resolve()
            owner = path.stat()
            fresh = self._written(path.with_name(f"{path.name}.new"), masters, (owner.st_uid, owner.st_gid))
            fresh.rename(path)
            _sync_directory(path.parent)
        except OSError as error:
            raise self._unusable(error) from error

    def _written(self, path: Path, masters: Sequence[str], owner: tuple[int, int] | None = None) -> Path:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, *owner)
            file.writelines(f"{master}\n" for master in masters)
            file.flush()
            os.fsync(descriptor)
        return path

    def _unusable(self, error: OSError | UnicodeDecodeError) -> KeyringError:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        return KeyringError(f"the secret key {self.path} cannot be used: {reason}")


class Keyring:
    def __init__(self, masters: Sequence[str], file: KeyFile | None = None) -> None:
        """`masters` are texts of at least 32 characters, the current one first.

        Those of `file` come before them, and are read again whenever it has changed. Raises KeyringError.
        """
        self.file = file
        self._given = tuple(masters)
        self._stamp: tuple[int, int, int] | None = None
        self._masters: tuple[_Master, ...] = tuple(_Master(text) for text in masters)
        if file is not None:
            self._read(file)

    @property
    def has_earlier(self) -> bool:
        self._refresh()
        return len(self._masters) > 1

    def seal_key(self, key: bytes, bound_to: bytes) -> bytes:
        """Encrypt an API key (AES-256-GCM, random nonce first), bound to its hash."""
        return self.seal(API_KEY_PURPOSE, key, bound_to)

    def open_key(self, sealed: bytes, bound_to: bytes) -> bytes | None:
        """None when it was sealed with a master key that isn't known."""
        return self.open(API_KEY_PURPOSE, sealed, bound_to)

    def seal(self, purpose: bytes, secret: bytes, bound_to: bytes | None = None) -> bytes:
        """Encrypt a secret of a purpose (AES-256-GCM, random nonce first)."""
        self._refresh()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._masters[0].cipher(purpose).encrypt(nonce, secret, bound_to)

    def open(self, purpose: bytes, sealed: bytes, bound_to: bytes | None = None) -> bytes | None:
        """None when it was sealed with a master key that isn't known, or for another purpose."""
        opened = _opened(self._masters, purpose, sealed, bound_to)
        if opened is None and self._refresh():
            return _opened(self._masters, purpose, sealed, bound_to)
        return opened

    def sealed_anew(self, purpose: bytes, sealed: bytes, bound_to: bytes | None = None) -> bytes | None:
        """The same secret sealed with the current master key; just `sealed` where it is. None as `open`."""
        self._refresh()
        if _opened(self._masters[:1], purpose, sealed, bound_to) is not None:
            return sealed
        opened = _opened(self._masters[1:], purpose, sealed, bound_to)
        return self.seal(purpose, opened, bound_to) if opened is not None else None

    def visitor(self, ip: str) -> bytes:
        """A 16-byte keyed hash of an address: tells visitors apart without keeping who they were.

        Another one once the master key has changed: whoever was counted before it is counted as somebody else.
        """
        self._refresh()
        return _visitor(self._masters[0].visitors, ip)

    def _refresh(self) -> bool:
        """Read the file again if it has changed. Whether it had. What can't be read leaves the keys as they are."""
        if self.file is None:
            return False
        try:
            if self.file.stamp() == self._stamp:
                return False
            self._read(self.file)
        except KeyringError as error:
            log.error("%s; the keys known so far are used", error)
            return False
        return True

    def _read(self, file: KeyFile) -> None:
        """Raises KeyringError."""
        stamp = file.stamp()
        known = {master.text: master for master in self._masters}
        texts = dict.fromkeys((*file.read(), *self._given))
        self._masters = tuple(known.get(text) or _Master(text) for text in texts)
        self._stamp = stamp


class _Master:
    """What is derived from a master key."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.visitors = self._derive(b"visitors")
        self._ciphers: dict[bytes, AESGCM] = {}

    def cipher(self, purpose: bytes) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(self._derive(purpose))
        return self._ciphers[purpose]

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=None, info=b"pixelhost " + purpose).derive(self.text.encode())


def _opened(masters: Sequence[_Master], purpose: bytes, sealed: bytes, bound_to: bytes | None) -> bytes | None:
    if len(sealed) < NONCE_BYTES:
        return None
    for master in masters:
        try:
            return master.cipher(purpose).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag:
            continue
    return None


@lru_cache(10_000)
def _visitor(key: bytes, ip: str) -> bytes:
    return hmac.digest(key, ip.encode(), "sha256")[:16]


def key_hash(key: bytes) -> bytes:
    """What an API key is looked up by. Keys are random, so a plain SHA-256 is enough."""
    return hashlib.sha256(key).digest()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
