"""What the schema itself keeps true, whatever the code does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

SCHEMA = (Path(__file__).parents[2] / "schema.sql").read_text()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = hashlib.sha256(b"abc").digest()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction that is rolled back when the test ends."""
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def alice(db) -> UUID:
    return await insert_user(db, "alice")


@pytest.fixture
async def bob(db) -> UUID:
    return await insert_user(db, "bob")


async def insert_user(db, name: str = "someone", **values: object) -> UUID:
    return await insert(db, "users", "id", name=name, plan_id="free", created_at=NOW, **values)


async def insert_blob(db, data: bytes = b"abc", **values: object) -> bytes:
    digest = hashlib.sha256(data).digest()
    row = {"digest": digest, "size_bytes": len(data), "crc32": 0, "location": "here", "created_at": NOW}
    return await insert(db, "blobs", "digest", **(row | {"unreferenced_since": NOW} | values))


async def insert_file(db, owner: UUID, blob: bytes = DIGEST, file_id: str = "aaaaAAAA", **values: object) -> str:
    row = {"name": "a.txt", "mime_type": "text/plain", "uploaded_at": NOW, "kept_at": NOW, "last_viewed_at": NOW}
    return await insert(db, "files", "id", **({"id": file_id, "owner_id": owner, "blob": blob} | row | values))


async def insert(db, table: str, key: str, **values: object):
    numbers = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    return await db.fetchval(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({numbers}) RETURNING {key}", *values.values()
    )


async def refused(db, error: type[asyncpg.PostgresError], attempt) -> asyncpg.PostgresError:
    """The refusal of a coroutine; the transaction goes on."""
    with pytest.raises(error) as caught:
        async with db.transaction():
            await attempt
    return caught.value


async def counts(db) -> dict[str, tuple[int, int]]:
    """Files and bytes by account."""
    rows = await db.fetch("SELECT name, file_count, storage_used_bytes FROM users")
    return {row["name"]: (row["file_count"], row["storage_used_bytes"]) for row in rows}


async def references(db) -> dict[bytes, tuple[int, bool]]:
    """By digest the references, and whether they count as unreferenced."""
    rows = await db.fetch("SELECT digest, refs, unreferenced_since IS NOT NULL AS is_unreferenced FROM blobs")
    return {row["digest"]: (row["refs"], row["is_unreferenced"]) for row in rows}


@pytest.mark.parametrize("table", re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE))
def test_every_table_has_a_comment_above_it(table):
    assert re.search(rf"^-- .+\.\nCREATE TABLE {table} \(", SCHEMA, re.MULTILINE)


@pytest.mark.parametrize("function", re.findall(r"^CREATE FUNCTION (\w+)", SCHEMA, re.MULTILINE))
def test_every_trigger_says_why_it_is_there(function):
    assert re.search(rf"^-- .+\.\nCREATE FUNCTION {function}\(", SCHEMA, re.MULTILINE)
    assert f"EXECUTE FUNCTION {function}()" in SCHEMA


async def test_every_foreign_key_can_be_followed_backwards_by_an_index(db):
    """Deleting what is referred to would read the whole table otherwise."""
    without = await db.fetch(
        """SELECT c.conrelid::regclass AS name FROM pg_constraint c
            WHERE c.contype = 'f' AND NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])"""
    )

    assert without == []


async def test_times_have_zones(db):
    wrong = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = "

    assert await db.fetch(wrong + "'timestamp without time zone'") == []


async def test_a_file_is_counted_at_its_bytes_and_at_its_owner(db, alice, bob):
    await insert_blob(db)
    await insert_file(db, alice, file_id="aaaaaaa1")
    await insert_file(db, alice, file_id="aaaaaaa2")
    await insert_file(db, bob, file_id="aaaaaaa3")

    assert await counts(db) == {"alice": (2, 6), "bob": (1, 3)}
    assert await references(db) == {DIGEST: (3, False)}


async def test_a_deleted_file_is_counted_no_more(db, alice):
    await insert_blob(db)
    await insert_file(db, alice, file_id="aaaaaaa1")
    await insert_file(db, alice, file_id="aaaaaaa2")

    await db.execute("DELETE FROM files WHERE id = 'aaaaaaa1'")
    assert await counts(db) == {"alice": (1, 3)}
    assert await references(db) == {DIGEST: (1, False)}

    await db.execute("DELETE FROM files")
    assert await counts(db) == {"alice": (0, 0)}
    assert await references(db) == {DIGEST: (0, True)}


async def test_many_files_in_one_statement_are_each_counted(db, alice):
    other = await insert_blob(db, b"other")
    await insert_blob(db)
    for number in range(6):
        await insert_file(db, alice, (DIGEST, other)[number % 2], f"aaaaaaa{number}")
    assert await references(db) == {DIGEST: (3, False), other: (3, False)}

    await db.execute("DELETE FROM files WHERE id < 'aaaaaaa5'")

    assert await counts(db) == {"alice": (1, 5)}
    assert await references(db) == {DIGEST: (0, True), other: (1, False)}


async def test_deleting_an_account_deletes_what_it_has_and_counts_it(db, alice, bob):
    await insert_blob(db)
    file_id = await insert_file(db, alice, file_id="aaaaaaa1")
    await insert_file(db, bob, file_id="aaaaaaa2")
    await insert(db, "lists", "id", id="llllllll", owner_id=bob, title="", created_at=NOW)
    await insert(db, "list_files", "list_id", list_id="llllllll", position=0, file_id=file_id)
    await insert(
        db, "sessions", "id", user_id=alice, key_sha256=DIGEST, key_sealed=b"", created_at=NOW, last_used_at=NOW
    )
    await insert(db, "file_visitors", "file_id", file_id=file_id, visitor=b"v")
    await insert(db, "file_usage", "file_id", file_id=file_id, slot=NOW)

    await db.execute("DELETE FROM users WHERE id = $1", alice)

    assert await counts(db) == {"bob": (1, 3)}
    assert await references(db) == {DIGEST: (1, False)}
    for table in ("sessions", "list_files", "file_visitors", "file_usage"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await db.fetchval("SELECT count(*) FROM lists") == 1


async def test_a_refused_file_is_not_counted(db, alice):
    await insert_blob(db)
    await insert_file(db, alice)

    await refused(db, asyncpg.UniqueViolationError, insert_file(db, alice))

    assert await counts(db) == {"alice": (1, 3)}
    assert await references(db) == {DIGEST: (1, False)}


@pytest.mark.parametrize("column", ["blob", "owner_id"])
async def test_the_bytes_and_the_owner_of_a_file_never_change(db, alice, bob, column):
    await insert_blob(db)
    value = {"blob": await insert_blob(db, b"other"), "owner_id": bob}[column]
    await insert_file(db, alice)

    error = await refused(db, asyncpg.RaiseError, db.execute(f"UPDATE files SET {column} = $1", value))

    assert "the bytes and the owner of a file never change" in str(error)


async def test_everything_else_of_a_file_may_change(db, alice):
    await insert_blob(db)
    await insert_file(db, alice)

    await db.execute("UPDATE files SET name = 'new', views = 7, blob = blob, owner_id = owner_id")

    assert await counts(db) == {"alice": (1, 3)}


async def test_bytes_that_a_file_has_cannot_be_forgotten(db, alice):
    await insert_blob(db)
    await insert_file(db, alice)

    await refused(db, asyncpg.ForeignKeyViolationError, db.execute("DELETE FROM blobs"))


async def test_a_file_without_bytes_is_refused(db, alice):
    with pytest.raises(asyncpg.PostgresError):
        await insert_file(db, alice, b"\0" * 32)


@pytest.mark.parametrize("name", ["ab", "a" * 33, "a b", "a@b", "", "über", "a/b", "abc\n"])
async def test_names_of_accounts_that_are_refused(db, name):
    await refused(db, asyncpg.CheckViolationError, insert_user(db, name))


@pytest.mark.parametrize("name", ["abc", "A" * 32, "a.b-c_9"])
async def test_names_of_accounts_that_are_taken(db, name):
    await insert_user(db, name)
    await refused(db, asyncpg.UniqueViolationError, insert_user(db, name.swapcase()))


async def test_an_address_belongs_to_one_account_and_none_to_many(db):
    await insert_user(db, "one", email="Me@example.com")
    await insert_user(db, "two")
    await insert_user(db, "three")

    await refused(db, asyncpg.UniqueViolationError, insert_user(db, "four", email="me@EXAMPLE.com"))


@pytest.mark.parametrize(
    "values",
    [
        {"file_id": "short"},
        {"file_id": "aaaa_aaa"},
        {"file_id": "aaaaaaaaa"},
        {"name": ""},
        {"name": "n" * 256},
        {"delete_after_downloads": -1},
    ],
    ids=str,
)
async def test_files_that_are_refused(db, alice, values):
    await insert_blob(db)

    await refused(db, asyncpg.CheckViolationError, insert_file(db, alice, **values))


@pytest.mark.parametrize("name", ["n", "n" * 255, "写" * 255])
async def test_names_of_files_are_counted_in_characters(db, alice, name):
    await insert_blob(db)

    await insert_file(db, alice, name=name)


@pytest.mark.parametrize(
    "values",
    [{"digest": b"short"}, {"size_bytes": -1}, {"crc32": -1}, {"crc32": 1 << 32}, {"refs": -1}],
    ids=str,
)
async def test_bytes_that_are_refused(db, values):
    await refused(db, asyncpg.CheckViolationError, insert_blob(db, **values))


async def test_counts_never_go_below_zero(db, alice):
    for column in ("file_count", "storage_used_bytes"):
        await refused(db, asyncpg.CheckViolationError, db.execute(f"UPDATE users SET {column} = -1"))


async def test_a_title_has_at_most_300_characters(db):
    await insert(db, "lists", "id", id="llllllll", title="t" * 300, created_at=NOW)
    too_long = insert(db, "lists", "id", id="mmmmmmmm", title="t" * 301, created_at=NOW)

    await refused(db, asyncpg.CheckViolationError, too_long)
