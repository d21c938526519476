"""Site: one running pixelhost, that is its settings, database, blob store, clock and counters."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from pixelhost.blobs.contract import BlobStore, StoreError
from pixelhost.blobs.disk import DiskStore
from pixelhost.clock import Clock
from pixelhost.core.counters import Counters
from pixelhost.core.intake import Intake
from pixelhost.core.lookup import FileLookup, SessionLookup, session_lookup
from pixelhost.core.pushintake import PushIntake, push_intake
from pixelhost.core.runtime import Runtime
from pixelhost.core.usecounts import UseCounter, use_counter
from pixelhost.db import connect
from pixelhost.db.changes import Changes
from pixelhost.db.news import News
from pixelhost.db.slots import Slots
from pixelhost.keyring import KeyFile, Keyring
from pixelhost.media.workers import MediaPool
from pixelhost.plans import UNPAID, Plan
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
    intake: Intake
    sessions: SessionLookup
    changes: Changes
    news: News
    slots: Slots
    runtime: Runtime
    uses: UseCounter
    push_intake: PushIntake

    def plan(self, plan_id: str) -> Plan:
        """The plan of an account; the default plan where its own is gone from the plans file."""
        known = self.settings.plans
        return known.get(plan_id) or (UNPAID if plan_id == UNPAID.id else known[self.settings.default_plan])


def open_keyring(settings: Settings) -> Keyring:
    """Raises KeyringError."""
    if settings.secret_key:
        return Keyring([settings.secret_key, *settings.secret_key_previous])
    file = KeyFile(settings.data_dir / "secret.key")
    file.make()
    return Keyring(settings.secret_key_previous, file)


def open_store(settings: Settings) -> BlobStore:
    """Raises StoreError."""
    return DiskStore(settings.blobs_dir)


@asynccontextmanager
async def open_site(settings: Settings, database_url: str, clock: Clock | None = None) -> AsyncIterator[Site]:
    """A Site on a migrated database. Raises DatabaseError, StoreError, KeyringError."""
    clock = clock or Clock()
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{settings.data_dir} cannot be made: {error.strerror}") from error
    async with AsyncExitStack() as closing:
        keys = open_keyring(settings)
        store = open_store(settings)
        closing.push_async_callback(store.close)
        db = await connect.open_pool(database_url)
        closing.push_async_callback(db.close)
        changes = Changes(settings.data_dir / "changes", database_url)
        closing.push_async_callback(changes.close)
        slots = Slots(database_url)
        closing.push_async_callback(slots.close)
        media = MediaPool(MEDIA_WORKERS)
        closing.push_async_callback(media.close)
        yield Site(
            settings=settings,
            db=db,
            store=store,
            keyring=keys,
            clock=clock,
            counters=Counters(),
            media=media,
            files=FileLookup(db, changes),
            intake=Intake(db, store),
            sessions=session_lookup(db, clock),
            changes=changes,
            news=News(database_url),
            slots=slots,
            runtime=Runtime(db, changes),
            uses=use_counter(db),
            push_intake=push_intake(db),
        )
