"""Bytes encrypted at rest, around any store: what it keeps, hashes and lists is the ciphertext.

    16 bytes        a random salt
    65,552 bytes    chunk 0: 65,536 bytes of content by AES-256-GCM, and their tag of 16 bytes
    ...             the last chunk holds 1 to 65,536 bytes, none only where the content is empty

The key of a blob is HKDF-SHA256 (RFC 5869) of the caller's key and the salt. A chunk's nonce is its number, 11 bytes,
big-endian, and a byte that is 1 in the last chunk, else 0. So chunks can be read in any order, but none left out,
moved, doubled or cut off: the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár 2015, "Online Authenticated-
Encryption and its Nonce-Reuse Misuse-Resistance"), as the payload of age has it (age-encryption.org/v1).
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pixelhost import threads
from pixelhost.blobs.contract import Checksums, OpenBlob, Piece, Staged, StoreError

SALT_BYTES: Final = 16
CHUNK_BYTES: Final = 64 << 10
TAG_BYTES: Final = 16
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES
INFO: Final = b"pixelhost sealed blob 1"

AT_ONCE_BYTES: Final = CHUNK_BYTES
"""So much is encrypted or decrypted in less time than a visit to a thread takes."""

_threads = ThreadPoolExecutor(4, thread_name_prefix="seal")


class Tampered(StoreError):
    """The bytes are not what was sealed, or it was with another key."""


def sealed_bytes(plain_bytes: int) -> int:
    """How many bytes so much content takes."""
    return SALT_BYTES + plain_bytes + TAG_BYTES * _chunks(plain_bytes)


class Sealing:
    """Encrypts what is written to `inner`, whose checksums are those of the ciphertext.

    `plain_checksums` are of the content, where `also` names any to be checked by their RFC 9530 names.
    """

    def __init__(self, inner: Staged, key: bytes, also: Sequence[str] = ()) -> None:
        """`key` is of 32 random bytes."""
        self.inner = inner
        self.checksums = inner.checksums
        self.plain_bytes = 0
        self.plain_checksums = Checksums([name for name in also if name != "sha-256"]) if also else None
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher = _cipher(key, salt)
        self._head = salt
        self._held = b""
        self._number = 0
        self._rooms = (bytearray(), bytearray())
        self._writing: asyncio.Task[None] | None = None

    async def write(self, pieces: Sequence[Piece]) -> None:
        """What `inner` makes of it is told by the next call: it hashes and writes while more is encrypted."""
        sealed = await threads.run(_threads, lambda: self._sealed(pieces, is_end=False))
        await self._written()
        self._writing = asyncio.create_task(self.inner.write([sealed]))

    async def direct(self) -> int | None:
        return None

    async def appended(self, count: int) -> None:
        raise AssertionError(f"{count} bytes appended past the encryption")

    async def finish(self, pieces: Sequence[Piece] = ()) -> None:
        if len(self._held) + sum(len(piece) for piece in pieces) <= AT_ONCE_BYTES:
            last = self._sealed(pieces, is_end=True)
        else:
            last = await threads.run(_threads, lambda: self._sealed(pieces, is_end=True))
        await self._written()
        await self.inner.finish([last])

    async def discard(self) -> None:
        try:
            with suppress(StoreError):
                await self._written()
        finally:
            await self.inner.discard()

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await threads.to_the_end(writing)

    def _sealed(self, pieces: Sequence[Piece], *, is_end: bool) -> memoryview:
        """The ciphertext of the pieces, good until the call after the next. What may be the last chunk is held back."""
        if self.plain_checksums is not None:
            for piece in pieces:
                self.plain_checksums.update(piece)
        self.plain_bytes += sum(len(piece) for piece in pieces)
        chunks = list(_cut_up((self._held, *pieces))) or [b""]
        self._held = b"" if is_end else bytes(chunks.pop())
        room = self._room(SALT_BYTES + len(chunks) * SEALED_CHUNK_BYTES)
        room[: len(self._head)] = self._head
        end, self._head = len(self._head), b""
        for index, chunk in enumerate(chunks, 1):
            nonce = _nonce(self._number, is_last=is_end and index == len(chunks))
            start, end = end, end + len(chunk) + TAG_BYTES
            room[start:end] = self._cipher.encrypt(nonce, chunk, None)
            self._number += 1
        return room[:end]

    def _room(self, size: int) -> memoryview:
        """Two take turns: large memory that is asked for anew each time costs more than what is done in it."""
        self._rooms = self._rooms[::-1]
        if len(self._rooms[0]) < size:
            self._rooms = bytearray(size), self._rooms[1]
        return memoryview(self._rooms[0])


class Unsealed:
    """The content of a sealed blob, in any order. Closes with it the blob it reads."""

    def __init__(self, inner: OpenBlob, key: bytes, salt: bytes) -> None:
        """`salt` is what the blob begins with: `unsealed` reads it. Raises Tampered for an impossible size."""
        sealed_chunks_bytes = inner.size_bytes - SALT_BYTES
        self._inner = inner
        self._chunks = -(-sealed_chunks_bytes // SEALED_CHUNK_BYTES)
        self.size_bytes = sealed_chunks_bytes - TAG_BYTES * self._chunks
        if self.size_bytes < 0 or sealed_bytes(self.size_bytes) != inner.size_bytes:
            raise Tampered(f"nothing sealed is {inner.size_bytes} bytes long")
        self._cipher = _cipher(key, salt)

    async def check_end(self) -> None:
        """Whether the last chunk is the one that was sealed as such, so that the size is true. Raises as `read`."""
        offset = (self._chunks - 1) * CHUNK_BYTES
        if self.read_cached(offset, self.size_bytes - offset) is None:
            await self._open(self._chunks - 1, self._chunks)

    def fileno(self) -> int | None:
        return None

    def read_cached(self, offset: int, count: int) -> bytes | None:
        first, stop = _reach(offset, count)
        if not 0 < count <= AT_ONCE_BYTES or offset + count > self.size_bytes:
            return None
        start, size = self._extent(first, stop)
        data = self._inner.read_cached(start, size)
        try:
            return _cut(self._opened(first, data), first, offset, count) if data is not None else None
        except Tampered:
            return None  # it is for `read` to say so

    async def read(self, offset: int, count: int) -> bytes:
        """Raises Tampered, StoreError."""
        if offset + count > self.size_bytes:
            raise StoreError(f"{count} bytes wanted at {offset}, of {self.size_bytes}")
        if count == 0:
            return b""
        first, stop = _reach(offset, count)
        return _cut(await self._open(first, stop), first, offset, count)

    def close(self) -> None:
        self._inner.close()

    async def _open(self, first: int, stop: int) -> bytes:
        data = await self._inner.read(*self._extent(first, stop))
        return await threads.run(_threads, lambda: self._opened(first, data))

    def _opened(self, first: int, data: bytes) -> bytes:
        """The content of chunks, whole ones, from the number `first` on."""
        out = []
        view = memoryview(data)
        for number, start in enumerate(range(0, len(data), SEALED_CHUNK_BYTES), first):
            nonce = _nonce(number, is_last=number == self._chunks - 1)
            try:
                out.append(self._cipher.decrypt(nonce, view[start : start + SEALED_CHUNK_BYTES], None))
            except InvalidTag:
                raise Tampered(f"chunk {number} of {self._chunks} is not what was sealed with this key") from None
        return out[0] if len(out) == 1 else b"".join(out)

    def _extent(self, first: int, stop: int) -> tuple[int, int]:
        """Where the sealed chunks [first, stop) begin, and how many bytes they are."""
        start = SALT_BYTES + first * SEALED_CHUNK_BYTES
        return start, min(SALT_BYTES + stop * SEALED_CHUNK_BYTES, self._inner.size_bytes) - start


async def unsealed(inner: OpenBlob, key: bytes) -> Unsealed:
    """The content of a blob that was sealed with `key`, its size authenticated.

    Raises Tampered, StoreError; then `inner` is still the caller's to close.
    """
    if inner.size_bytes < SALT_BYTES:
        raise Tampered(f"nothing sealed is {inner.size_bytes} bytes long")
    salt = inner.read_cached(0, SALT_BYTES)
    opened = Unsealed(inner, key, salt if salt is not None else await inner.read(0, SALT_BYTES))
    await opened.check_end()
    return opened


def _chunks(plain_bytes: int) -> int:
    return max(1, -(-plain_bytes // CHUNK_BYTES))


def _cut_up(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same bytes in whole chunks; the last may be shorter, but isn't empty."""
    begun = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        if begun:
            missing = CHUNK_BYTES - len(begun)
            begun += view[:missing]
            view = view[missing:]
            if len(begun) < CHUNK_BYTES:
                continue
            yield begun
        end = len(view) - len(view) % CHUNK_BYTES
        for start in range(0, end, CHUNK_BYTES):
            yield view[start : start + CHUNK_BYTES]
        begun = bytearray(view[end:])
    if begun:
        yield begun


def _reach(offset: int, count: int) -> tuple[int, int]:
    """The numbers of the first chunk of an extent, and of the one after its last."""
    return offset // CHUNK_BYTES, -(-(offset + count) // CHUNK_BYTES)


def _cut(content: bytes, first: int, offset: int, count: int) -> bytes:
    start = offset - first * CHUNK_BYTES
    return content[start : start + count]


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=salt, info=INFO).derive(key))
