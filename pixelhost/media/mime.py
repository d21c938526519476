"""Which type a file has, by its name and its first bytes."""

import codecs
import unicodedata
from typing import Final

from pixelhost.media.formats import AMBIGUOUS, CONTAINERS, EXTENSIONS, KINDS, PREFIXES, TYPES, Kind
from pixelhost.media.signatures import signature

__all__ = ["TYPES", "Kind", "extension", "kind", "mime_type", "signature"]

TEXT: Final = "text/plain"
BINARY: Final = "application/octet-stream"
SNIFFED_BYTES: Final = 4096
# Tab, line feed, form feed, carriage return, and the escape of coloured logs.
TEXT_CONTROLS: Final = "\t\n\f\r\x1b"


def mime_type(name: str, head: bytes) -> str:
    """The type of a file called `name` that begins with `head`; of `head` the first 4096 bytes count.

    The extension decides, unless the bytes are certainly another format of the same family (a .png that is a JPEG).
    Bytes alone never make a page: what has no known extension and reads as text is text/plain, whatever it says.
    """
    by_name = EXTENSIONS.get(extension(name))
    by_bytes = signature(head[:SNIFFED_BYTES])
    if by_bytes is not None and (settled := AMBIGUOUS.get((extension(name), by_bytes))):
        return settled
    if by_name is None:
        return by_bytes or (TEXT if _is_text(head[:SNIFFED_BYTES]) else BINARY)
    if by_bytes is not None and _contradicts(by_bytes, by_name):
        return by_bytes
    return by_name


def extension(name: str) -> str:
    """All of a name that tells a type: what follows its last dot, in lower case."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def kind(mime: str) -> Kind:
    """What a viewer or an icon makes of a type. Parameters such as a charset are ignored."""
    bare = mime.partition(";")[0].strip().lower()
    return KINDS.get(bare) or PREFIXES.get(bare.partition("/")[0], "other")


def _contradicts(by_bytes: str, by_name: str) -> bool:
    if by_bytes == by_name or any(by_bytes in types and by_name in types for types in CONTAINERS):
        return False
    family = _family(by_bytes)
    return family is not None and family == _family(by_name)


def _family(mime: str) -> str | None:
    """Kinds within which the bytes are believed over the name; None where they never are."""
    found = kind(mime)
    if found in {"audio", "video"}:
        return "media"
    return found if found in {"image", "archive", "font", "document"} else None


def _is_text(head: bytes) -> bool:
    try:
        # Not final: the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(letter) == "Cc" and letter not in TEXT_CONTROLS for letter in text)
