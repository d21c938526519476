"""Pushes that are made at once share a statement and its commit: small ones, whose rows are all there is to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from pixelhost.batching import Batcher
from pixelhost.db import pushes
from pixelhost.db.connect import ForeignKeyViolation
from pixelhost.model.pushes import Push, Visit

SMALL_BYTES: Final = 16 << 10  # as many as may share a statement are some megabytes then


@dataclass(frozen=True, eq=False)
class New:
    """A push to be made, and who makes it. Each is itself."""

    push: Push
    visit: Visit

    @property
    def is_small(self) -> bool:
        return len(self.push.payload_sealed or b"") + len(self.push.note_sealed or b"") <= SMALL_BYTES


PushIntake = Batcher[New, Push]


def push_intake(db: asyncpg.Pool) -> PushIntake:
    """Tells each push as it was made; not those of banned strangers, and of accounts that are gone."""

    async def insert(news: Sequence[New]) -> Mapping[New, Push]:
        made = await pushes.insert_all(db, [(new.push, new.visit) for new in news])
        return {new: made[new.push.token] for new in news if new.push.token in made}

    async def insert_those_that_can_be(news: Sequence[New]) -> Mapping[New, Push]:
        try:
            return await insert(news)
        except ForeignKeyViolation:
            # One account is gone: the pushes of others have nothing to do with that.
            if len(news) == 1:
                return {}
            each = [await insert_those_that_can_be([new]) for new in news]
            return {new: push for made in each for new, push in made.items()}

    return Batcher(insert_those_that_can_be)
