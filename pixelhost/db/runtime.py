"""Settings that administrators change while it runs."""

from pixelhost.db.connect import Db


async def values(db: Db) -> dict[str, str]:
    """Those that were set."""
    return {row["key"]: row["value"] for row in await db.fetch("SELECT key, value FROM globals")}


async def set_value(db: Db, key: str, value: str) -> None:
    await db.execute(
        """INSERT INTO globals (key, value) VALUES ($1, $2)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
        key,
        value,
    )
