"""Site: one running pixelhost, that is its settings, database, blob store, clock and counters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from pixelhost import keyring
from pixelhost.blobs.contract import BlobStore, StoreError
from pixelhost.blobs.disk import DiskStore
from pixelhost.clock import Clock
from pixelhost.core.counters import Counters
from pixelhost.core.lookup import FileLookup, SessionLookup, session_lookup
from pixelhost.db import connect
from pixelhost.db.changes import Changes
from pixelhost.db.slots import Slots
from pixelhost.keyring import Keyring
from pixelhost.media.workers import MediaPool
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
    files: FileLookup
    sessions: SessionLookup
    changes: Changes
    slots: Slots

    def plan(self, plan_id: str) -> Plan:
        """The plan of an account; the default plan where its own is gone from the plans file."""
        return self.settings.plans.get(plan_id) or self.settings.plans[self.settings.default_plan]


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
    clock = clock or Clock()
    keys = open_keyring(settings)
    store = open_store(settings)
    db = await connect.open_pool(database_url)
    media = MediaPool(MEDIA_WORKERS)
    slots = Slots(database_url)
    changes = Changes(settings.data_dir / "changes", database_url)
    try:
        yield Site(
            settings=settings,
            db=db,
            store=store,
            keyring=keys,
            clock=clock,
            counters=Counters(),
            media=media,
            files=FileLookup(db, changes),
            sessions=session_lookup(db, clock),
            changes=changes,
            slots=slots,
        )
    finally:
        await media.close()
        await slots.close()
        await changes.close()
        await db.close()
        await store.close()
