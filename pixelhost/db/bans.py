"""Who is banned: addresses, and accounts. `limits.add_ban` bans an address."""

from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db
from pixelhost.model.accounts import AddressBan


async def of_addresses(db: Db) -> list[AddressBan]:
    """Newest first, those that have ended too."""
    rows = await db.fetch(
        """SELECT abbrev(network::inet) AS network, reason, banned_at, expires_at FROM ip_bans
            ORDER BY banned_at DESC, network"""
    )
    return [AddressBan(**row) for row in rows]


async def is_address_banned(db: Db, ip: str, now: datetime) -> bool:
    """By itself or by a network that it is in."""
    return bool(
        await db.fetchval(
            """SELECT EXISTS (SELECT FROM ip_bans WHERE network >>= $1::text::inet
                                 AND (expires_at IS NULL OR expires_at > $2))""",
            ip,
            now,
        )
    )


async def delete_address(db: Db, network: str) -> bool:
    """Whether it was banned."""
    row = await db.fetchrow("DELETE FROM ip_bans WHERE network = $1::text::cidr RETURNING 1", network)
    return row is not None


async def set_banned(db: Db, user_id: UUID, reason: str, now: datetime) -> None:
    """A ban that is in force keeps its time."""
    await db.execute(
        "UPDATE users SET banned_at = coalesce(banned_at, $3), ban_reason = $2 WHERE id = $1", user_id, reason, now
    )


async def set_unbanned(db: Db, user_id: UUID) -> None:
    await db.execute("UPDATE users SET banned_at = NULL, ban_reason = '' WHERE id = $1", user_id)
