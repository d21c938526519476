from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import asyncpg
import pytest

from pixelhost.db import migrate
from pixelhost.db.migrate import SCHEMA_VERSION, SchemaError
from tests.support import postgres

SCHEMA = "CREATE TABLE files (id int); INSERT INTO files VALUES (7);"
WIDER_SCHEMA = "CREATE TABLE files (id int, name text); INSERT INTO files VALUES (7);"
WIDEN = "ALTER TABLE files ADD name text;"

SCHEMA_0001 = Path(__file__).with_name("schema_0001.sql").read_text()
"""The schema of the first version, that databases have which went through the deltas."""

CATALOG = """
SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
              pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
 UNION ALL
SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
 UNION ALL
SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
 UNION ALL
SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
 UNION ALL
SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""

_names = (f"migrate_{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server_url():
    with postgres.server_directory() as directory:
        server = postgres.start_server(directory)
        yield server.url
        server.stop()


@pytest.fixture
async def database(server_url):
    name = next(_names)
    yield await postgres.create_database(server_url, name)
    await postgres.drop_database(server_url, name)


@pytest.fixture
async def db(database):
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
def deltas(tmp_path):
    """An empty directory of deltas."""
    directory = tmp_path / "deltas"
    directory.mkdir()
    return directory


def up_to(connection: asyncpg.Connection, deltas: Path, schema: str = SCHEMA):
    return migrate.migrate(connection, _schema=schema, _deltas=deltas)


async def columns(db) -> list[str]:
    rows = await db.fetch("SELECT attname FROM pg_attribute WHERE attrelid = 'files'::regclass AND attnum > 0")
    return [row["attname"] for row in rows]


async def test_an_empty_database_gets_the_packaged_schema(db):
    assert await migrate.current_version(db) is None
    assert await migrate.migrate(db) == SCHEMA_VERSION
    assert await migrate.current_version(db) == SCHEMA_VERSION


async def test_an_empty_database_gets_the_whole_schema_and_no_delta(db, deltas):
    (deltas / "0002_widen_files.sql").write_text(WIDEN)

    assert await up_to(db, deltas, WIDER_SCHEMA) == 2

    assert await columns(db) == ["id", "name"]
    assert await db.fetchval("SELECT array_agg(version) FROM schema_version") == [2]


async def test_an_older_database_gets_each_delta_in_turn_and_keeps_its_rows(db, deltas):
    await up_to(db, deltas)
    (deltas / "0002_widen_files.sql").write_text(WIDEN)
    (deltas / "0003_name_files.sql").write_text("UPDATE files SET name = 'seven'; SELECT 1;")

    assert await up_to(db, deltas) == 3

    assert [tuple(row) for row in await db.fetch("SELECT * FROM files")] == [(7, "seven")]
    assert await db.fetchval("SELECT array_agg(version ORDER BY version) FROM schema_version") == [1, 2, 3]


async def test_migrating_a_current_database_changes_nothing(db, deltas):
    await up_to(db, deltas)

    assert await up_to(db, deltas) == 1

    assert await db.fetchval("SELECT count(*) FROM schema_version") == 1


async def test_a_newer_database_is_refused_with_both_versions_and_advice(db, deltas):
    (deltas / "0002_widen_files.sql").write_text(WIDEN)
    await up_to(db, deltas, WIDER_SCHEMA)
    (deltas / "0002_widen_files.sql").unlink()

    with pytest.raises(SchemaError, match=r"version 2.*up to 1: install the newer pixelhost.*restore a backup"):
        await up_to(db, deltas)

    assert await migrate.current_version(db) == 2


async def test_a_database_of_something_else_is_refused_and_left_alone(db, deltas):
    await db.execute("CREATE TABLE customers (id int)")

    with pytest.raises(SchemaError, match=r"not empty and not pixelhost's \(it holds customers\)"):
        await up_to(db, deltas)

    assert await migrate.current_version(db) is None
    assert await db.fetchval("SELECT to_regclass('files')") is None


async def test_another_programs_schema_version_table_is_not_taken_for_ours(db, deltas):
    await db.execute("CREATE TABLE schema_version (version int); INSERT INTO schema_version VALUES (1)")

    with pytest.raises(SchemaError, match="not pixelhost's"):
        await up_to(db, deltas)


async def test_the_tables_of_an_extension_do_not_make_a_database_foreign(db, deltas):
    # No extension is sure to be installed that has a relation, so that an installed one adopts one.
    await db.execute("CREATE VIEW statistics AS SELECT 1; ALTER EXTENSION plpgsql ADD VIEW statistics")

    assert await up_to(db, deltas) == 1


async def test_a_packaged_schema_is_found_before_that_of_a_checkout(db, deltas, tmp_path, monkeypatch):
    packaged, checkout = tmp_path / "packaged.sql", tmp_path / "checkout.sql"
    monkeypatch.setattr(migrate, "_SCHEMA_PLACES", (packaged, checkout))
    with pytest.raises(SchemaError, match=r"schema\.sql is missing from this installation"):
        await migrate.migrate(db, _deltas=deltas)
    checkout.write_text(SCHEMA)
    packaged.write_text(WIDER_SCHEMA)

    await migrate.migrate(db, _deltas=deltas)

    assert await columns(db) == ["id", "name"]


async def test_a_failing_schema_leaves_an_empty_database(db, deltas):
    with pytest.raises(asyncpg.PostgresError):
        await up_to(db, deltas, SCHEMA + "CREATE TABLE oops (")

    assert await migrate.current_version(db) is None
    assert await up_to(db, deltas) == 1


async def test_a_failing_delta_leaves_nothing_and_the_ones_before_it_stay(db, deltas):
    await up_to(db, deltas)
    (deltas / "0002_widen_files.sql").write_text(WIDEN)
    (deltas / "0003_bad.sql").write_text("DELETE FROM files; SELECT 1/0;")

    with pytest.raises(SchemaError, match=r"0003_bad\.sql failed.*stays at schema version 2: division by zero"):
        await up_to(db, deltas)

    assert await migrate.current_version(db) == 2
    assert await db.fetchval("SELECT count(*) FROM files") == 1


async def test_a_mended_delta_is_applied_at_the_next_start(db, deltas):
    await up_to(db, deltas)
    (deltas / "0002_widen_files.sql").write_text("ALTER TABLE nothing ADD name text;")
    with pytest.raises(SchemaError):
        await up_to(db, deltas)
    (deltas / "0002_widen_files.sql").write_text(WIDEN)

    assert await up_to(db, deltas) == 2


async def test_two_starts_at_once_install_the_schema_once(database, deltas):
    connections = [await asyncpg.connect(database) for _ in range(4)]

    versions = await asyncio.gather(*(up_to(connection, deltas) for connection in connections))

    assert versions == [1, 1, 1, 1]
    assert await connections[0].fetchval("SELECT count(*) FROM files") == 1
    await asyncio.gather(*(connection.close() for connection in connections))


async def test_two_starts_at_once_apply_a_delta_once(database, deltas):
    connections = [await asyncpg.connect(database) for _ in range(4)]
    await up_to(connections[0], deltas)
    (deltas / "0002_widen_files.sql").write_text(f"SELECT pg_sleep(0.05); {WIDEN}")

    versions = await asyncio.gather(*(up_to(connection, deltas) for connection in connections))

    assert versions == [2, 2, 2, 2]
    await asyncio.gather(*(connection.close() for connection in connections))


@pytest.mark.parametrize("name", ["0003_gap.sql", "0001_first.sql", "2_short.sql", "0002-dash.sql"])
async def test_a_delta_that_breaks_the_row_is_refused(db, deltas, name):
    (deltas / name).write_text(WIDEN)

    with pytest.raises(SchemaError, match="breaks the row of deltas"):
        await up_to(db, deltas)


async def test_an_old_database_after_the_deltas_has_the_schema_of_a_new_one(server_url):
    catalogs = []
    for is_old in (True, False):
        url = await postgres.create_database(server_url, f"catalog_{is_old}".lower())
        connection = await asyncpg.connect(url)
        if is_old:
            await migrate.migrate(connection, _schema=SCHEMA_0001, _deltas=Path("/nonexistent"))
        assert await migrate.migrate(connection) == SCHEMA_VERSION
        catalogs.append(sorted(row[0] for row in await connection.fetch(CATALOG)))
        await connection.close()

    assert catalogs[0] == catalogs[1]
    assert len(catalogs[0]) > 100


async def test_accounts_of_the_first_version_get_their_filesystem(db):
    await migrate.migrate(db, _schema=SCHEMA_0001, _deltas=Path("/nonexistent"))
    await db.execute(
        "INSERT INTO users (name, plan_id, created_at) VALUES ('alice', 'free', now()), ('bob', 'free', now())"
    )

    await migrate.migrate(db)

    assert await db.fetchval("SELECT count(*) FROM nodes WHERE parent_id IS NULL AND name = ''") == 2
