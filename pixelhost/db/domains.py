"""Custom domains: which node is served on a name, and with which certificate."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pixelhost.db import chains, nodes
from pixelhost.db.chains import Chain
from pixelhost.db.connect import Db, Transaction


class Certificate(NamedTuple):
    """PEM, and the key's PEM sealed."""

    name: str
    node_id: int
    owner_id: UUID
    certificate: str
    key_sealed: bytes


async def versions(db: Db) -> dict[str, str]:
    """All names, each with something that changes with its certificate; empty where it has none."""
    rows = await db.fetch(
        """SELECT custom_domain_name,
                  coalesce(md5(custom_domain_cert || encode(custom_domain_key, 'base64')), '') AS version
             FROM nodes WHERE custom_domain_name IS NOT NULL"""
    )
    return {row["custom_domain_name"]: row["version"] for row in rows}


async def certificates(db: Db, names: Sequence[str] | None = None) -> list[Certificate]:
    """Of those of these names that have one, or of all."""
    rows = await db.fetch(
        """SELECT custom_domain_name, id, owner_id, custom_domain_cert, custom_domain_key FROM nodes
            WHERE custom_domain_cert IS NOT NULL AND custom_domain_key IS NOT NULL AND custom_domain_name IS NOT NULL
              AND ($1::text[] IS NULL OR custom_domain_name = ANY($1))""",
        names,
    )
    return [Certificate(*row) for row in rows]


async def certificate_of(db: Db, node_id: int) -> str | None:
    certificate: str | None = await db.fetchval("SELECT custom_domain_cert FROM nodes WHERE id = $1", node_id)
    return certificate


async def walk(db: Db, name: str) -> Chain | None:
    """The node that is served on a name, with what is above it. None where there is none, or it is being deleted."""
    node_id = await nodes.holder_of_domain(db, name)
    return await chains.walk_to(db, node_id) if node_id is not None else None


async def delete(db: Db, name: str) -> bool:
    """Take a name from the node that is served on it, with its certificate. False where it is nobody's."""
    status = await db.execute(
        """UPDATE nodes SET custom_domain_name = NULL, custom_domain_cert = NULL, custom_domain_key = NULL
            WHERE custom_domain_name = $1""",
        name,
    )
    return bool(status == "UPDATE 1")


async def insert_warning(tx: Transaction, node_id: int, expires_at: datetime, days: int) -> bool:
    """False when it was sent before."""
    status = await tx.execute(
        "INSERT INTO certificate_warnings (node_id, expires_at, days) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        node_id,
        expires_at,
        days,
    )
    return bool(status == "INSERT 0 1")


async def forget_warnings(db: Db, expired_before: datetime) -> None:
    await db.execute("DELETE FROM certificate_warnings WHERE expires_at < $1", expired_before)
