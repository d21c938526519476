"""Long lists, PER_PAGE at a time."""

from dataclasses import dataclass
from typing import Final

PER_PAGE: Final = 50


@dataclass(frozen=True)
class Paging:
    """`number` is 1 for the first, which there always is."""

    number: int
    pages: int

    @property
    def is_beyond(self) -> bool:
        """Whether the list has become shorter than the address of this page says."""
        return self.number > self.pages


def of(number: int, total: int) -> Paging:
    """The page `number` of `total` things."""
    return Paging(number, max(1, -(-total // PER_PAGE)))
