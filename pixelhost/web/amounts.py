"""Amounts as people write them: digits, and at most one point or comma. No exponents: 1e999999 would take minutes."""

import re
from decimal import Decimal
from typing import Final

_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,9})?", re.ASCII)


def parsed(text: str) -> Decimal:
    """Raises ValueError."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not an amount")
    return Decimal(text.strip().replace(",", "."))
