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

from pixelhost.db import nodedeletion

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


async def root_of(db, owner: UUID) -> int:
    return await db.fetchval("SELECT id FROM nodes WHERE owner_id = $1 AND parent_id IS NULL", owner)


async def insert_node(
    db, owner: UUID, parent: int | None, name: str, blob: bytes | None = None, **values: object
) -> int:
    row = {"owner_id": owner, "parent_id": parent, "name": name, "mode": 0o700, "created_at": NOW, "modified_at": NOW}
    size = await db.fetchval("SELECT size_bytes FROM blobs WHERE digest = $1", blob) if blob else 0
    return await insert(db, "nodes", "id", **(row | {"blob": blob, "size_bytes": size} | values))


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


async def filesystems(db) -> dict[str, tuple[int, int, int]]:
    """Nodes, bytes in the filesystem and bytes in all by account."""
    rows = await db.fetch("SELECT name, node_count, filesystem_used_bytes, storage_used_bytes FROM users")
    return {row[0]: tuple(row)[1:] for row in rows}


async def children(db) -> dict[str, int]:
    """Counted children by directory."""
    rows = await db.fetch("SELECT name, child_count FROM nodes WHERE blob IS NULL")
    return {row["name"]: row["child_count"] for row in rows}


async def references(db) -> dict[bytes, tuple[int, bool]]:
    """By digest the references, and whether they count as unreferenced."""
    rows = await db.fetch("SELECT digest, refs, unreferenced_since IS NOT NULL AS is_unreferenced FROM blobs")
    return {row["digest"]: (row["refs"], row["is_unreferenced"]) for row in rows}


@pytest.mark.parametrize("table", re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE))
def test_every_table_has_a_comment_above_it(table):
    assert re.search(rf"^-- .+\.\nCREATE TABLE {table} \(", SCHEMA, re.MULTILINE)


@pytest.mark.parametrize("function", re.findall(r"^CREATE FUNCTION (\w+)\(.*RETURNS trigger", SCHEMA, re.MULTILINE))
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


async def test_every_account_has_a_filesystem_with_one_root(db, alice):
    (root,) = await db.fetch("SELECT name, parent_id, blob, created_by FROM nodes WHERE owner_id = $1", alice)
    assert tuple(root) == ("", None, None, alice)
    assert await filesystems(db) == {"alice": (0, 0, 0)}

    await refused(db, asyncpg.UniqueViolationError, insert_node(db, alice, None, ""))


async def test_a_node_is_counted_at_its_owner_its_directory_and_its_bytes(db, alice, bob):
    await insert_blob(db)
    top = await insert_node(db, alice, await root_of(db, alice), "top")
    await insert_node(db, alice, top, "a", DIGEST)
    await insert_node(db, alice, top, "b", DIGEST)
    await insert_node(db, bob, await root_of(db, bob), "c", DIGEST)
    await insert_file(db, alice)

    assert await filesystems(db) == {"alice": (3, 6, 9), "bob": (1, 3, 3)}
    assert await references(db) == {DIGEST: (4, False)}
    assert await db.fetchval("SELECT child_count FROM nodes WHERE id = $1", top) == 2


async def test_deleted_nodes_are_counted_no_more_however_many_go_in_one_statement(db, alice):
    other = await insert_blob(db, b"other")
    await insert_blob(db)
    top = await insert_node(db, alice, await root_of(db, alice), "top")
    for number in range(6):
        await insert_node(db, alice, top, f"{number}", (DIGEST, other)[number % 2])

    await db.execute("DELETE FROM nodes WHERE name <= '4' AND parent_id = $1", top)
    assert await filesystems(db) == {"alice": (2, 5, 5)}
    assert await children(db) == {"": 1, "top": 1}
    assert await references(db) == {DIGEST: (0, True), other: (1, False)}

    await db.execute("DELETE FROM nodes WHERE parent_id IS NOT NULL")
    assert await filesystems(db) == {"alice": (0, 0, 0)}
    assert await children(db) == {"": 0}
    assert await references(db) == {DIGEST: (0, True), other: (0, True)}


async def test_other_bytes_for_a_file_are_counted_instead_of_the_old_ones(db, alice):
    other = await insert_blob(db, b"other")
    await insert_blob(db)
    await insert_node(db, alice, await root_of(db, alice), "a", DIGEST)

    await db.execute("UPDATE nodes SET blob = $1, size_bytes = 5 WHERE name = 'a'", other)
    assert await filesystems(db) == {"alice": (1, 5, 5)}
    assert await references(db) == {DIGEST: (0, True), other: (1, False)}

    await db.execute("UPDATE nodes SET blob = blob, size_bytes = size_bytes WHERE name = 'a'")
    assert await references(db) == {DIGEST: (0, True), other: (1, False)}


async def test_a_move_counts_at_both_directories(db, alice):
    root = await root_of(db, alice)
    one, other = await insert_node(db, alice, root, "one"), await insert_node(db, alice, root, "other")
    moved = await insert_node(db, alice, one, "moved")

    await db.execute("UPDATE nodes SET parent_id = $1 WHERE id = $2", other, moved)
    assert await children(db) == {"": 2, "one": 0, "other": 1, "moved": 0}

    await db.execute("UPDATE nodes SET name = 'renamed' WHERE id = $1", moved)
    assert await children(db) == {"": 2, "one": 0, "other": 1, "renamed": 0}
    assert await filesystems(db) == {"alice": (3, 0, 0)}


async def test_what_is_cut_off_counts_until_it_is_deleted_but_not_at_its_directory(db, alice):
    await insert_blob(db)
    root = await root_of(db, alice)
    top = await insert_node(db, alice, root, "top")
    await insert_node(db, alice, top, "a", DIGEST)
    kept = await insert_node(db, alice, root, "kept")

    await nodedeletion.cut_off(db, root, [top])
    assert await filesystems(db) == {"alice": (3, 3, 3)}
    assert await children(db) == {"": 1, "top": 1, "kept": 0}
    await nodedeletion.cut_off(db, root, [top, kept])
    assert (await children(db))[""] == 0

    await db.execute("DELETE FROM nodes WHERE parent_id IS NOT NULL OR is_cut_off")
    assert await filesystems(db) == {"alice": (0, 0, 0)}
    assert await references(db) == {DIGEST: (0, True)}


async def test_what_is_known_about_a_node_goes_with_it(db, alice):
    await insert_blob(db)
    top = await insert_node(db, alice, await root_of(db, alice), "top")
    node = await insert_node(db, alice, top, "a", DIGEST)
    entry = {"logged_at": NOW, "path": "/a", "action": "create", "type": "file"}
    await insert(db, "node_log", "id", directory_id=top, **entry)
    await insert(db, "node_visitors", "node_id", node_id=node, visitor=b"v")
    await insert(db, "node_usage", "node_id", node_id=node, slot=NOW)

    await db.execute("DELETE FROM nodes WHERE id = ANY($1)", [top, node])

    for table in ("node_log", "node_visitors", "node_usage"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_deleting_an_account_deletes_its_filesystem_and_keeps_what_others_have(db, alice, bob):
    await insert_blob(db)
    top = await insert_node(db, alice, await root_of(db, alice), "top")
    await insert_node(db, alice, top, "a", DIGEST)
    await insert_node(db, bob, await root_of(db, bob), "b", DIGEST, created_by=alice)
    cut_off = await insert_node(db, alice, top, "cut off")
    await db.execute("UPDATE nodes SET parent_id = NULL, is_cut_off = true WHERE id = $1", cut_off)

    await db.execute("DELETE FROM users WHERE id = $1", alice)

    assert await filesystems(db) == {"bob": (1, 3, 3)}
    assert await references(db) == {DIGEST: (1, False)}
    assert await db.fetchval("SELECT count(*) FROM nodes") == 2


async def test_bytes_that_a_node_has_cannot_be_forgotten(db, alice):
    await insert_blob(db)
    await insert_node(db, alice, await root_of(db, alice), "a", DIGEST)

    await refused(db, asyncpg.ForeignKeyViolationError, db.execute("DELETE FROM blobs"))


async def test_a_directory_with_something_in_it_cannot_be_deleted_alone(db, alice):
    top = await insert_node(db, alice, await root_of(db, alice), "top")
    await insert_node(db, alice, top, "a")

    await refused(db, asyncpg.ForeignKeyViolationError, db.execute("DELETE FROM nodes WHERE id = $1", top))


async def test_a_name_stands_once_in_a_directory(db, alice):
    root = await root_of(db, alice)
    top = await insert_node(db, alice, root, "a")
    await insert_node(db, alice, top, "a")
    await insert_node(db, alice, root, "A")

    await refused(db, asyncpg.UniqueViolationError, insert_node(db, alice, root, "a"))
    assert await filesystems(db) == {"alice": (3, 0, 0)}


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"name": "写" * 86},
        {"mode": -1},
        {"mode": 0o10000},
        {"size_bytes": -1},
        {"share_id": "short"},
        {"share_id": "aaaa_aaa"},
    ],
    ids=str,
)
async def test_nodes_that_are_refused(db, alice, values):
    row = {"name": "a"} | values
    refusal = insert_node(db, alice, await root_of(db, alice), **row)

    await refused(db, asyncpg.CheckViolationError, refusal)


@pytest.mark.parametrize("column", ["share_id", "custom_domain_name"])
async def test_one_node_has_an_id_or_a_domain(db, alice, bob, column):
    await insert_node(db, alice, await root_of(db, alice), "a", **{column: "aaaaAAAA"})
    again = insert_node(db, bob, await root_of(db, bob), "b", **{column: "aaaaAAAA"})

    await refused(db, asyncpg.UniqueViolationError, again)
