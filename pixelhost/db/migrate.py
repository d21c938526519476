"""Bringing a database to the schema that this code expects: all of schema.sql, or what came after.

schema.sql is always the whole current schema. A change to it comes with `deltas/NNNN_name.sql`, which does the same to
a database of the version before; the first delta is 0002. Deltas must not begin or end transactions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import asyncpg

_HERE: Final = Path(__file__).parent
_DELTAS: Final = _HERE / "deltas"
_SCHEMA_PLACES: Final = (_HERE / "schema.sql", _HERE.parents[1] / "schema.sql")
_FIRST_VERSION: Final = 1

_LOCK_KEY: Final = 7_020_659_401_177_821  # any number, but for ever the same


class SchemaError(Exception):
    """The database cannot be brought to the schema of this code; the message says what to do next."""


def _numbered(deltas: Path) -> dict[int, Path]:
    """Files of deltas by the version they lead to."""
    found: dict[int, Path] = {}
    for path in sorted(deltas.glob("*.sql")):
        name = re.fullmatch(r"(\d{4})_\w+\.sql", path.name)
        if name is None or int(name[1]) != _FIRST_VERSION + len(found) + 1:
            raise SchemaError(f"{path} breaks the row of deltas: they are 0002_name.sql, 0003_name.sql and so on")
        found[int(name[1])] = path
    return found


SCHEMA_VERSION: Final[int] = max(_numbered(_DELTAS), default=_FIRST_VERSION)


async def migrate(connection: asyncpg.Connection, *, _schema: str | None = None, _deltas: Path = _DELTAS) -> int:
    """Bring the database to SCHEMA_VERSION, each step whole or not at all; the version that it has now.

    Several at once are safe: they take turns. Raises SchemaError for a newer database, a foreign one, and for a delta
    that fails.
    """
    deltas = _numbered(_deltas)
    newest = max(deltas, default=_FIRST_VERSION)
    while True:
        async with connection.transaction(isolation="read_committed"):
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)
            version = await current_version(connection)
            if version == newest:
                return version
            if version is None:
                await _install(connection, _packaged_schema() if _schema is None else _schema, newest)
            elif version < newest:
                await _apply(connection, deltas[version + 1], version + 1)
            else:
                raise SchemaError(
                    f"the database has schema version {version}, and this pixelhost knows versions up to {newest}: "
                    "install the newer pixelhost that it was last used with, or restore a backup made by this one"
                )


async def current_version(connection: asyncpg.Connection) -> int | None:
    """None when the database holds no schema of ours."""
    # Other programs have a table of that name too, with other columns.
    is_ours = await connection.fetchval(
        """SELECT count(*) = 2 FROM pg_attribute
            WHERE attrelid = to_regclass('schema_version') AND attname IN ('version', 'applied_at')"""
    )
    if not is_ours:
        return None
    version: int | None = await connection.fetchval("SELECT max(version) FROM schema_version")
    return version


async def _install(connection: asyncpg.Connection, schema: str, version: int) -> None:
    foreign = await connection.fetchval(
        """SELECT string_agg(relname, ', ' ORDER BY relname) FROM (
               SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                  AND NOT EXISTS (SELECT 1 FROM pg_depend d  -- tables of an extension
                                   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
                ORDER BY c.relname LIMIT 5) AS foreign_tables"""
    )
    if foreign:
        raise SchemaError(
            f"the database is not empty and not pixelhost's (it holds {foreign}): "
            "set PIXELHOST_DATABASE_URL to an empty database of its own"
        )
    await connection.execute(
        "CREATE TABLE schema_version (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    await connection.execute("COMMENT ON TABLE schema_version IS 'Versions of the schema that this database has had'")
    await connection.execute(schema)
    await _stamp(connection, version)


async def _apply(connection: asyncpg.Connection, delta: Path, version: int) -> None:
    try:
        await connection.execute(_text(delta))
    except asyncpg.PostgresError as error:
        raise SchemaError(
            f"{delta.name} failed and changed nothing, the database stays at schema version {version - 1}: {error}. "
            "Mend what it names and start again, or go back to the pixelhost that ran before"
        ) from error
    await _stamp(connection, version)


async def _stamp(connection: asyncpg.Connection, version: int) -> None:
    await connection.execute("INSERT INTO schema_version (version) VALUES ($1)", version)


def _packaged_schema() -> str:
    """In a wheel beside this module, in a checkout at the top."""
    for path in _SCHEMA_PLACES:
        if path.exists():
            return _text(path)
    raise SchemaError("schema.sql is missing from this installation: install pixelhost again")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
