"""What use costs, exactly.

Prices are micro-euro a month and terabyte (10^12 bytes). An hour costs its part of the month of UTC that it lies in,
which has 672 to 744 hours. That is seldom a whole number of micro-euro, so it is counted in parts of one: so fine that
every sum is whole. Whole micro-euro are charged, and the parts that are left wait for the next hour. So after any
number of hours an account has paid what they cost together, rounded down once.
"""

import math
from calendar import monthrange
from datetime import datetime
from typing import Final

MICRO_EUR_PER_CENT: Final = 10_000
TERABYTE: Final = 10**12

SHARES_PER_MONTH: Final = math.lcm(*(days * 24 for days in (28, 29, 30, 31)))
"""The least number that the hours of any month divide."""

STORAGE_PARTS: Final = TERABYTE * SHARES_PER_MONTH
TRANSFER_PARTS: Final = TERABYTE
SUBSCRIPTION_PARTS: Final = SHARES_PER_MONTH


def shares_of_hour(start: datetime) -> int:
    """How many of a month's shares an hour of it is. `start` is in UTC."""
    return SHARES_PER_MONTH // (monthrange(start.year, start.month)[1] * 24)


def euros(micro_eur: int) -> str:
    """For people, rounded down to cents: €12.34."""
    cents = abs(micro_eur) // MICRO_EUR_PER_CENT
    return f"{'-' if micro_eur < 0 else ''}€{cents // 100}.{cents % 100:02}"
