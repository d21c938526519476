"""Site: one running pixelhost, that is its settings, database, blob store, clock and counters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from pixelhost import keyring
from pixelhost.blobs.contract import BlobStore, StoreError
from pixelhost.blobs.disk import DiskStore
from pixelhost.clock import Clock
from pixelhost.core.batching import Batcher
from pixelhost.core.counters import Counters
from pixelhost.db import connect, files
from pixelhost.db.slots import Slots
from pixelhost.keyring import Keyring
from pixelhost.media.workers import MediaPool
from pixelhost.model import File
from pixelhost.plans import Plan
from pixelhost.settings import Settings

MEDIA_WORKERS = 2


@dataclass(frozen=True)
class Site:
    settings: Settings
    db: asyncpg.Pool
    store: BlobStore
    keyring: Keyring
    clock: Clock
    counters: Counters
    media: MediaPool
    files: Batcher[str, File]
    slots: Slots

    def plan(self, plan_id: str) -> Plan:
        """The plan of an account; the default plan where its own is gone from the plans file."""
        return self.settings.plans.get(plan_id) or self.settings.plans[self.settings.default_plan]


def _file_lookup(db: asyncpg.Pool) -> Batcher[str, File]:
    async def fetch(ids: Sequence[str]) -> Mapping[str, File]:
        return {file.id: file for file in await files.by_ids(db, ids)}

    return Batcher(fetch)


def open_keyring(settings: Settings) -> Keyring:
    """Raises KeyringError."""
    return Keyring(settings.secret_key or keyring.read_or_make(settings.data_dir / "secret.key"))


def open_store(settings: Settings) -> BlobStore:
    """Raises StoreError."""
    if settings.blobs_dir is None:
        raise StoreError("PIXELHOST_BLOB_STORE: this version keeps blobs on local disks only, not on s3://")
    return DiskStore(settings.blobs_dir)


@asynccontextmanager
async def open_site(settings: Settings, database_url: str, clock: Clock | None = None) -> AsyncIterator[Site]:
    """A Site on a migrated database. Raises DatabaseError, StoreError, KeyringError."""
    keys = open_keyring(settings)
    store = open_store(settings)
    db = await connect.open_pool(database_url)
    media = MediaPool(MEDIA_WORKERS)
    slots = Slots(database_url)
    try:
        yield Site(settings, db, store, keys, clock or Clock(), Counters(), media, _file_lookup(db), slots)
    finally:
        await media.close()
        await slots.close()
        await db.close()
        await store.close()
