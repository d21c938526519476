"""What the work costs without a product around it: one query a request, one row a request, one file and one row an
upload.

Started as a process of its own: `python -m tests.bench.bare info PORT DATABASE_URL` serves until SIGTERM, and so does
`insert` in the place of `info`;
`python -m tests.bench.bare write FOLDER DATABASE_URL COUNT TASKS` says `ready`, waits for a line, writes, says `done`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
from aiohttp import web

FILE_BYTES = 4096
ROWS = 1000

SCHEMA = """
CREATE TABLE bare_file (
    id text PRIMARY KEY, name text NOT NULL, size_bytes bigint NOT NULL, digest bytea NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT now()
)
"""
SELECT = "SELECT id, name, size_bytes, digest, uploaded_at FROM bare_file WHERE id = $1"
INSERT = "INSERT INTO bare_file (id, name, size_bytes, digest) VALUES ($1, $2, $3, $4)"


async def prepare(url: str) -> str:
    """Make the table with some rows; the id of one of them."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(SCHEMA)
        rows = [(secrets.token_hex(4), "file.bin", FILE_BYTES, secrets.token_bytes(32)) for _ in range(ROWS)]
        await connection.executemany(INSERT, rows)
    finally:
        await connection.close()
    return rows[0][0]


async def serve_info(port: int, url: str) -> None:
    """Answer GET /{id} with what one query finds, on a port that others may share."""
    async with asyncpg.create_pool(url, min_size=4, max_size=10) as pool:

        async def get_info(request: web.Request) -> web.Response:
            row = await pool.fetchrow(SELECT, request.match_info["id"])
            if row is None:
                raise web.HTTPNotFound
            return web.json_response(
                {
                    "id": row["id"],
                    "name": row["name"],
                    "size": row["size_bytes"],
                    "hash_sha256": row["digest"].hex(),
                    "date_upload": row["uploaded_at"].isoformat(),
                }
            )

        app = web.Application()
        app.router.add_get("/{id}", get_info)
        await _serve(app, port)


async def serve_insert(port: int, url: str) -> None:
    """Answer POST / with a row of what the JSON of its body says, on a port that others may share."""
    async with asyncpg.create_pool(url, min_size=4, max_size=10) as pool:

        async def post(request: web.Request) -> web.Response:
            sent = await request.json()
            file_id = secrets.token_hex(9)
            await pool.execute(INSERT, file_id, sent["name"], len(sent["name"]), secrets.token_bytes(32))
            return web.json_response({"id": file_id}, status=201)

        app = web.Application()
        app.router.add_post("/", post)
        await _serve(app, port)


async def _serve(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
    await asyncio.Event().wait()


async def write_files(folder: Path, url: str, count: int, tasks: int) -> None:
    """Write `count` files, each under a temporary name, fsynced, renamed, then entered in a row of its own."""
    work = iter(range(count))
    bodies = [secrets.token_bytes(FILE_BYTES) for _ in range(count)]
    with ThreadPoolExecutor(tasks) as threads:
        async with asyncpg.create_pool(url, min_size=tasks, max_size=tasks) as pool:
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            await asyncio.gather(*(_write_some(folder, pool, threads, work, bodies) for _ in range(tasks)))
            print("done", flush=True)


async def _write_some(
    folder: Path, pool: asyncpg.Pool, threads: ThreadPoolExecutor, work: Iterator[int], bodies: list[bytes]
) -> None:
    loop = asyncio.get_running_loop()
    for number in work:
        name = secrets.token_hex(16)
        await loop.run_in_executor(threads, _store, folder, name, bodies[number])
        await pool.execute(INSERT, name, "file.bin", FILE_BYTES, bytes.fromhex(name))


def _store(folder: Path, name: str, body: bytes) -> None:
    temporary = folder / f"{name}.part"
    with temporary.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(folder / name)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["info", port, url]:
            asyncio.run(serve_info(int(port), url))
        case ["insert", port, url]:
            asyncio.run(serve_insert(int(port), url))
        case ["write", folder, url, count, tasks]:
            asyncio.run(write_files(Path(folder), url, int(count), int(tasks)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
