"""What was not sent, where that differs from sent empty."""

from enum import Enum
from typing import Final


class Unset(Enum):
    UNSET = "unset"


UNSET: Final = Unset.UNSET

"""Not sent, which differs from sent empty."""
