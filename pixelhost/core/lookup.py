"""What nearly every request looks up: files by their ID, sessions by their key.

Many asked for at once share a statement. Files that nobody has changed are not asked for again.
"""

from collections.abc import Mapping, Sequence

import asyncpg

from pixelhost.batching import Batcher
from pixelhost.clock import Clock
from pixelhost.db import files, sessions
from pixelhost.db.changes import Changes, Generation
from pixelhost.db.sessions import KeyHolder, KeyUse
from pixelhost.model.files import File

KEPT_MAX = 10_000

SessionLookup = Batcher[KeyUse, KeyHolder]


class FileLookup:
    def __init__(self, db: asyncpg.Pool, changes: Changes) -> None:
        self._db = db
        self._changes = changes
        self._batcher = Batcher(self._fetch)
        self._kept: dict[str, File] = {}
        self._kept_since: Generation = changes.generation

    async def get(self, file_id: str) -> File | None:
        """The file as it is; None when there is none. It may be past its time."""
        if self._kept and self._changes.generation == self._kept_since and self._changes.is_heard:
            kept = self._kept.get(file_id)
            if kept is not None:
                return kept
        return await self._batcher.get(file_id)

    async def _fetch(self, ids: Sequence[str]) -> Mapping[str, File]:
        before = self._changes.generation
        found = {file.id: file for file in await files.by_ids(self._db, ids)}
        if before != self._kept_since or len(self._kept) > KEPT_MAX:
            self._kept.clear()
            self._kept_since = before
        # Read after the number was: if it has changed since, none of this will be used.
        self._kept |= found
        return found


def session_lookup(db: asyncpg.Pool, clock: Clock) -> SessionLookup:
    """Sessions by the hash of the key and the address it is used from."""

    async def fetch(uses: Sequence[KeyUse]) -> Mapping[KeyUse, KeyHolder]:
        return await sessions.by_keys(db, uses, clock.now())

    return Batcher(fetch)
