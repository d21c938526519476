"""What the sender says the bytes hash to: Content-Digest and Repr-Digest (RFC 9530), Content-MD5 (RFC 1864)."""

import base64
import binascii

from multidict import MultiMapping

from pixelhost import errors

LENGTHS = {"sha-256": 32, "sha-512": 64, "md5": 16}


def sent(headers: MultiMapping[str]) -> dict[str, bytes]:
    """Digests by algorithm; algorithms we don't compute are passed over, as RFC 9530 asks.

    Raises BASE64_PARSE_FAILED for one that is malformed, ERROR_READING_INPUT when two headers contradict each other.
    """
    found: dict[str, bytes] = {}
    for header in ("Content-Digest", "Repr-Digest"):
        for member in ",".join(headers.getall(header, ())).split(","):
            algorithm, equals, value = member.strip().partition("=")
            if equals and algorithm.lower() in LENGTHS:
                _add(found, header, algorithm.lower(), _byte_sequence(header, value))
    if (md5 := headers.get("Content-MD5")) is not None:
        _add(found, "Content-MD5", "md5", md5)
    return found


def _byte_sequence(header: str, value: str) -> str:
    """The base64 between colons of a structured field's byte sequence (RFC 8941, 3.3.5), parameters dropped."""
    inner = value.partition(";")[0].strip()
    if len(inner) < 2 or not inner.startswith(":") or not inner.endswith(":"):
        raise errors.BASE64_PARSE_FAILED(field=header)
    return inner[1:-1]


def _add(found: dict[str, bytes], header: str, algorithm: str, text: str) -> None:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise errors.BASE64_PARSE_FAILED(field=header) from None
    if len(digest) != LENGTHS[algorithm]:
        raise errors.BASE64_PARSE_FAILED(field=header)
    if found.setdefault(algorithm, digest) != digest:
        raise errors.ERROR_READING_INPUT(message=f"The {algorithm} digests in the headers contradict each other")
