"""Uses of fixed windows, counted exactly: those that come at once share a statement, each is told its own number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from pixelhost.batching import Batcher
from pixelhost.db import limits
from pixelhost.db.limits import Window


@dataclass(frozen=True, eq=False)
class Use:
    """One use in several windows. Each is itself: two that look alike are two uses."""

    windows: Sequence[Window]


UseCounter = Batcher[Use, Sequence[int]]


def use_counter(db: asyncpg.Pool) -> UseCounter:
    """Tells the uses so far of each window of a use, itself included, in their order."""

    async def count(uses: Sequence[Use]) -> Mapping[Use, Sequence[int]]:
        together = Counter(window for use in uses for window in use.windows)
        before = {window: after - together[window] for window, after in (await limits.add_uses(db, together)).items()}
        told: dict[Use, Sequence[int]] = {}
        for use in uses:
            for window in use.windows:
                before[window] += 1
            told[use] = [before[window] for window in use.windows]
        return told

    return Batcher(count)
