"""Value added tax on what is paid: the standard rate of the customer's country in the EU, nothing elsewhere.

Credit pays for electronically supplied services, which are taxed where the customer lives (Directive 2006/112/EC,
article 58).
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from pixelhost.core.prices import MICRO_EUR_PER_CENT

AS_OF: Final = date(2026, 1, 1)

STANDARD_RATES_PERMILLE: Final[Mapping[str, int]] = {
    "AT": 200,
    "BE": 210,
    "BG": 200,
    "CY": 190,
    "CZ": 210,
    "DE": 190,
    "DK": 250,
    "EE": 240,
    "ES": 210,
    "FI": 255,
    "FR": 200,
    "GR": 240,
    "HR": 250,
    "HU": 270,
    "IE": 230,
    "IT": 220,
    "LT": 210,
    "LU": 170,
    "LV": 210,
    "MT": 180,
    "NL": 210,
    "PL": 230,
    "PT": 230,
    "RO": 210,
    "SE": 250,
    "SI": 220,
    "SK": 230,
}
"""Of the 27 member states by their two letters (ISO 3166-1), as they were on AS_OF."""


def on_top_of(amount_micro_eur: int, country: str) -> int:
    """VAT in micro-euro: whole cents, half a cent rounded up."""
    exact_permille = amount_micro_eur * STANDARD_RATES_PERMILLE.get(country, 0)
    cent_permille = MICRO_EUR_PER_CENT * 1000
    return (exact_permille + cent_permille // 2) // cent_permille * MICRO_EUR_PER_CENT
