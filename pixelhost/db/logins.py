"""What logins are checked against: password hashes, second factors, the addresses that an account is used from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db import users
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.accounts import User


@dataclass(frozen=True, slots=True)
class Credentials:
    user: User
    password_hash: str | None
    totp_secret_sealed: bytes | None
    delete_at: datetime | None
    is_known_address: bool
    """Whether the address it is asked from holds a session of the account."""


# $1 is the address, or an IPv6 network.
COLUMNS = f"""{users.COLUMNS}, u.password_hash, u.totp_secret_sealed, u.delete_at,
    EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND nullif(s.created_ip, '')::inet <<= $1::text::inet)
        AS is_known_address"""


def credentials(row: Row) -> Credentials:
    return Credentials(
        users.user(row), row["password_hash"], row["totp_secret_sealed"], row["delete_at"], row["is_known_address"]
    )


async def by_name(db: Db, name_or_email: str, network: str, now: datetime) -> Credentials | None:
    """By name or e-mail address, without regard to case. None too where the time of the account has run out."""
    row = await db.fetchrow(
        f"""SELECT {COLUMNS} FROM users u
             WHERE (lower(u.name) = lower($2) OR (u.email <> '' AND lower(u.email) = lower($2)))
               AND (u.delete_at IS NULL OR u.delete_at > $3)""",
        network,
        name_or_email,
        now,
    )
    return credentials(row) if row else None


async def claim(tx: Transaction, user_id: UUID, network: str, now: datetime) -> Credentials | None:
    """Lock an account until the transaction ends: nothing that lets anybody in changes meanwhile."""
    row = await tx.fetchrow(
        f"""SELECT {COLUMNS} FROM users u WHERE u.id = $2 AND (u.delete_at IS NULL OR u.delete_at > $3)
               FOR NO KEY UPDATE OF u""",
        network,
        user_id,
        now,
    )
    return credentials(row) if row else None


async def set_password(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    await tx.execute("UPDATE users SET password_hash = $2 WHERE id = $1", user_id, password_hash)


async def set_delete_at(tx: Transaction, user_id: UUID, delete_at: datetime | None) -> None:
    await tx.execute("UPDATE users SET delete_at = $2 WHERE id = $1", user_id, delete_at)


async def end(db: Db, user_id: UUID, now: datetime, ended_at: datetime) -> bool:
    """Have the time of an account end at `ended_at`, if it has by `now`. False where a login has cancelled that."""
    status = await db.execute(
        "UPDATE users SET delete_at = least(delete_at, $3) WHERE id = $1 AND delete_at <= $2", user_id, now, ended_at
    )
    return bool(status == "UPDATE 1")


async def set_totp(db: Db, user_id: UUID, secret_sealed: bytes | None) -> None:
    await db.execute("UPDATE users SET totp_secret_sealed = $2 WHERE id = $1", user_id, secret_sealed)


async def use_totp_step(db: Db, user_id: UUID, step: int) -> bool:
    """False when a code of this step or a later one was used before: of two uses at once one gets True."""
    status = await db.execute("UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2", user_id, step)
    return bool(status == "UPDATE 1")
