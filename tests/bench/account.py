"""An account with a filesystem of very many nodes, for what is measured in it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from tests.bench import servers
from tests.bench.bench import Bench
from tests.bench.clients import Client
from tests.bench.servers import Pixelhost

ROOT = "/api/filesystem/me"

# Files share the bytes of a few that were really uploaded, so that what refers to them can be checked.
MAKE_DIRECTORIES = """
    INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at, created_by)
    SELECT t.owner_id, t.id, 'directory ' || i, 448, now(), now(), t.owner_id
      FROM nodes t, generate_series(1, $1::integer) i WHERE t.name = $2
"""
MAKE_FILES = """
    WITH b AS (SELECT digest, size_bytes, row_number() OVER () - 1 AS place, count(*) OVER () AS many FROM blobs),
    d AS (
        SELECT d.id, d.owner_id, row_number() OVER (ORDER BY d.id) AS place
          FROM nodes d JOIN nodes t ON t.id = d.parent_id
         WHERE t.name = $3 AND d.blob IS NULL)
    INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                       created_by)
    SELECT d.owner_id, d.id, format($2, i, d.place), b.digest, b.size_bytes, 'text/plain', 420, now(), now(),
           d.owner_id
      FROM d, generate_series(1, $1::integer) i JOIN b ON b.place = i % b.many
"""


@contextlib.contextmanager
def filesystem(bench: Bench) -> Iterator[tuple[Pixelhost, Client]]:
    """A server with some bytes that nodes can refer to, and a client. In the end its counters must be right."""
    with servers.pixelhost(bench.folder) as ours:
        ours.put_all([secrets.token_bytes(256) for _ in range(100)])
        with contextlib.closing(Client(ours.port, ours.key)) as client:
            yield ours, client
        ours.fsck()


def grow(
    ours: Pixelhost, client: Client, directories: int, files: int, file_name: str = "file %s.txt", top: str = "top"
) -> None:
    """Make a directory `top`, directories in it, and as many files in each; its triggers count them.

    In `file_name` stand the numbers of the file and of its directory, as `format` of Postgres takes them.
    """
    client.ask("POST", f"{ROOT}/{top}", action="mkdir")
    ours.sql(MAKE_DIRECTORIES, directories, top)
    ours.sql(MAKE_FILES, files, file_name, top)
    # What Postgres does by itself within a minute of such an inrush.
    ours.sql("VACUUM (ANALYZE) nodes")
    # Meanwhile the server may have hung up on a silent client, which connects anew by itself.
    client.close()
