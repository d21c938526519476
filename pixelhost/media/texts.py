"""Bytes as text."""

import codecs
from typing import Final

BYTE_ORDER_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(head: bytes, *, is_truncated: bool) -> str:
    """UTF-8, or UTF-16 by its byte order mark; what is neither is replaced. A character cut in two is left out."""
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8-sig")
    return codecs.getincrementaldecoder(encoding)("replace").decode(head, final=not is_truncated)
