"""Group commit: files that come into an account while a transaction runs share the next one.

The account's row is locked by whoever adds to it, so its uploads would queue up for that lock one by one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from pixelhost import threads
from pixelhost.batching import Batcher
from pixelhost.blobs.contract import BlobMissing, BlobStore, Staged
from pixelhost.db import files
from pixelhost.model.files import File


@dataclass(frozen=True)
class Account:
    """Whose files they become, and how many bytes and files it may have, -1 being no limit."""

    id: UUID
    storage_limit: int
    count_limit: int


@dataclass(frozen=True, eq=False)
class _Arrival:
    file: File
    staged: Staged | None


class Intake:
    def __init__(self, db: asyncpg.Pool, store: BlobStore) -> None:
        self._db = db
        self._store = store
        self._groups: dict[Account, Batcher[_Arrival, bool]] = {}

    async def add(self, account: Account, file: File, staged: Staged | None) -> bool:
        """Commit the row of a file whose bytes were placed from `staged`, or were there before when that is None.

        False when the account has no room for it, is gone or banned, or the ID is taken. Raises BlobMissing when
        bytes that were there before have gone, StoreError.
        """
        arrival = _Arrival(file, staged)
        if staged is None:
            return (await self._commit(account, [arrival]))[arrival]
        group = self._groups.get(account)
        if group is None:
            group = self._groups[account] = Batcher(lambda arrivals: self._commit(account, arrivals))
        try:
            # Whoever is cancelled drops the staged bytes next, which may be needed until the commit.
            return bool(await threads.to_the_end(asyncio.ensure_future(group.get(arrival))))
        finally:
            if group.is_idle:
                self._groups.pop(account, None)

    async def _commit(self, account: Account, arrivals: Sequence[_Arrival]) -> Mapping[_Arrival, bool]:
        async with self._db.acquire() as tx, tx.transaction():
            entered = await files.insert_within(
                tx,
                account.id,
                [arrival.file for arrival in arrivals],
                storage_limit=account.storage_limit,
                count_limit=account.count_limit,
            )
            for arrival in arrivals:
                if arrival.file.id in entered:
                    await ensure_there(self._store, arrival.file.blob.location, arrival.staged)
        return {arrival: arrival.file.id in entered for arrival in arrivals}


async def ensure_there(store: BlobStore, location: str, staged: Staged | None) -> None:
    """Look for placed bytes again, now that their blob's row is locked, and place them again if they are gone.

    Between the two a sweep may have taken them; until the transaction ends it can't. Raises BlobMissing when there is
    nothing to place them from, StoreError.
    """
    try:
        (await store.open(location)).close()
    except BlobMissing:
        if staged is None:
            raise
        await store.place(staged)
