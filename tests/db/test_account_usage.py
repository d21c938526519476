"""The sums of accounts: made of what a database of an older version has, and kept by triggers from then on."""

import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest

from pixelhost.db import migrate
from tests.db.test_schema import insert, insert_blob, insert_file, insert_user
from tests.support import postgres

SCHEMA_0001 = Path(__file__).with_name("schema_0001.sql").read_text()
DELTAS = Path(migrate.__file__).with_name("deltas")
SLOT = datetime(2024, 2, 29, 23, 50, tzinfo=UTC)


@pytest.fixture
async def old(database_url: str, tmp_path: Path) -> AsyncIterator[asyncpg.Connection]:
    """A database of the version before there were any sums."""
    name = f"account_usage_{os.getpid()}"
    url = await postgres.create_database(database_url, name, "template0")
    shutil.copy(DELTAS / "0002_filesystem.sql", tmp_path)
    connection = await asyncpg.connect(url)
    await migrate.migrate(connection, _schema=SCHEMA_0001, _deltas=Path("/nonexistent"))
    assert await migrate.migrate(connection, _deltas=tmp_path) == 2
    yield connection
    await connection.close()
    await postgres.drop_database(database_url, name)


async def use_file(db: asyncpg.Connection, file_id: str, slot: datetime, paid_bytes: int) -> None:
    await db.execute(
        """INSERT INTO file_usage AS u (file_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
           VALUES ($1, $2, 1, 2, 1000, $3)
           ON CONFLICT (file_id, slot) DO UPDATE SET
               views = u.views + 1, downloads = u.downloads + 2, bandwidth_bytes = u.bandwidth_bytes + 1000,
               bandwidth_paid_bytes = u.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes""",
        file_id,
        slot,
        paid_bytes,
    )


async def test_what_was_used_before_is_summed_up(old: asyncpg.Connection):
    alice, bob = await insert_user(old, "alice"), await insert_user(old, "bob")
    blob = await insert_blob(old)
    for number, owner in enumerate((alice, alice, bob), 1):
        await use_file(old, await insert_file(old, owner, blob, f"aaaaaaa{number}"), SLOT, 10)
    await use_file(old, "aaaaaaa1", SLOT.replace(month=1), 5)
    root = await old.fetchval("SELECT id FROM nodes WHERE owner_id = $1", alice)
    row = {"owner_id": alice, "name": "n", "mode": 0, "created_at": SLOT, "modified_at": SLOT, "blob": blob}
    node = await insert(old, "nodes", "id", **row, parent_id=root)
    moment = SLOT.replace(minute=57)
    await insert(old, "node_usage", "node_id", node_id=node, slot=moment, downloads=3, bandwidth_paid_bytes=7)

    await migrate.migrate(old)

    rows = await old.fetch("SELECT * FROM account_usage ORDER BY user_id = $1, slot", bob)
    assert [tuple(row.values()) for row in rows] == [
        (alice, SLOT.replace(month=1), 1, 2, 1000, 5),
        (alice, SLOT, 2, 7, 2000, 27),
        (bob, SLOT, 1, 2, 1000, 10),
    ]
    latest = await old.fetch("SELECT * FROM account_transfer ORDER BY paid_bytes")
    assert [tuple(row.values()) for row in latest] == [(bob, date(2024, 2, 1), 10), (alice, date(2024, 2, 1), 27)]


async def test_paid_transfer_is_that_of_the_latest_month(old: asyncpg.Connection):
    await migrate.migrate(old)
    await insert_blob(old)
    file_id = await insert_file(old, await insert_user(old))

    async def latest() -> tuple[date, int]:
        return tuple(await old.fetchrow("SELECT month, paid_bytes FROM account_transfer"))

    await use_file(old, file_id, SLOT, 0)
    assert await old.fetchval("SELECT count(*) FROM account_transfer") == 0
    for slot, paid_bytes, expected in (
        (SLOT, 10, (date(2024, 2, 1), 10)),
        (SLOT, 5, (date(2024, 2, 1), 15)),
        (SLOT.replace(month=3), 3, (date(2024, 3, 1), 3)),
        (SLOT, 100, (date(2024, 3, 1), 3)),
    ):
        await use_file(old, file_id, slot, paid_bytes)
        assert await latest() == expected
