"""Keys of files that are sent to others, sealed with the instance's key.

The CRC-32 of the content is kept with the key, so that several files are laid out as a zip of known length; in the
clear it would tell of short contents.
"""

from dataclasses import dataclass
from typing import Final

from pixelhost import errors
from pixelhost.blobs.contract import OpenBlob
from pixelhost.core import storage
from pixelhost.model.transfers import TransferFile
from pixelhost.site import Site

PURPOSE: Final = b"transfer keys"
KEY_BYTES: Final = 32


@dataclass(frozen=True)
class FileKey:
    """`crc32` is that of the content."""

    key: bytes
    crc32: int


def sealed(site: Site, key: FileKey) -> bytes:
    return site.keyring.seal(PURPOSE, key.key + key.crc32.to_bytes(4, "big"))


def key_of(site: Site, file: TransferFile) -> FileKey:
    """Raises INTERNAL where the instance's key isn't the one it was sealed with."""
    found = site.keyring.open(PURPOSE, file.key_sealed)
    if found is None:
        raise errors.INTERNAL()
    return FileKey(found[:KEY_BYTES], int.from_bytes(found[KEY_BYTES:], "big"))


async def opened(site: Site, file: TransferFile) -> OpenBlob:
    """Raises as `key_of` and `storage.open_sealed`."""
    return await storage.open_sealed(site, file.blob, key_of(site, file).key)
