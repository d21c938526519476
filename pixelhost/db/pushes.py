"""Pushes: made in one statement, and each view of one claimed in one, under its row's lock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.pushes import Push, Visit

EVENTS_MAX: Final = 2000

_COLUMNS: Final = (
    *("id", "token", "owner_id", "request_id", "kind", "name", "note_sealed", "key_sealed", "payload_sealed"),
    *("passphrase_sealed", "is_end_to_end", "is_deletable_by_viewer", "has_retrieval_step", "expire_after_days"),
    *("expire_after_views", "views", "events", "mails_on_view", "mails_on_expiry", "created_at", "updated_at"),
    *("used_up_at", "expires_at", "expired_at", "is_deleted"),
)
COLUMNS: Final = ", ".join(f"p.{name}" for name in _COLUMNS)

_NEW: Final = (
    *("token", "owner_id", "request_id", "kind", "name", "note_sealed", "key_sealed", "payload_sealed"),
    *("passphrase_sealed", "is_end_to_end", "is_deletable_by_viewer", "has_retrieval_step", "expire_after_days"),
    *("expire_after_views", "mails_on_view", "mails_on_expiry", "created_at", "expires_at"),
)
_NEW_TYPES: Final = (
    "$1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], "
    "$10::bool[], $11::bool[], $12::bool[], $13::int[], $14::int[], $15::bool[], $16::bool[], $17::timestamptz[], "
    "$18::timestamptz[], $19::text[], $20::text[], $21::text[]"
)

WATCHED: Final = "EXISTS (SELECT FROM webhooks w WHERE w.user_id = p.owner_id AND w.disabled_at IS NULL)"
WIPED: Final = "key_sealed = NULL, payload_sealed = NULL, passphrase_sealed = NULL"


def push(row: Row) -> Push:
    return Push(**{name: row[name] for name in _COLUMNS})


async def insert(db: Db, new: Push, visit: Visit) -> Push | None:
    """Insert a push and what is logged of its creation. None when it is anonymous and its address is banned."""
    return (await insert_all(db, [(new, visit)])).get(new.token)


async def insert_all(db: Db, news: Sequence[tuple[Push, Visit]]) -> dict[str, Push]:
    """Several at once, by token: those that were inserted, as `insert` has it."""
    rows = await db.fetch(
        f"""WITH new AS (
                SELECT * FROM unnest({_NEW_TYPES}) WITH ORDINALITY
                              AS t ({", ".join(_NEW)}, ip, user_agent, referrer, number)
            ), p AS (
                INSERT INTO pushes ({", ".join(_NEW)}, updated_at)
                SELECT {", ".join(_NEW)}, created_at FROM new
                 WHERE owner_id IS NOT NULL
                    OR NOT EXISTS (SELECT FROM ip_bans n WHERE n.network >>= new.ip::inet
                                      AND (n.expires_at IS NULL OR n.expires_at > new.created_at))
                 ORDER BY number
                RETURNING id, token
            ), logged AS (
                INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at)
                SELECT p.id, 'creation', new.ip, new.user_agent, new.referrer, new.created_at
                  FROM p JOIN new USING (token) ORDER BY p.id
            )
            SELECT id, token FROM p""",
        *([getattr(new, name) for new, _ in news] for name in _NEW),
        [visit.ip for _, visit in news],
        [visit.user_agent for _, visit in news],
        [visit.referrer for _, visit in news],
    )
    ids = {row["token"]: row["id"] for row in rows}
    return {new.token: replace(new, id=ids[new.token]) for new, _ in news if new.token in ids}


async def by_token(db: Db, token: str) -> Push | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM pushes p WHERE token = $1", token)
    return push(row) if row else None


async def claim(tx: Transaction, push_ids: Sequence[int]) -> list[Push]:
    """Lock pushes, and before them their owners' accounts, as deleting an account does: those of them that exist."""
    await tx.execute(
        """SELECT FROM users WHERE id IN (SELECT owner_id FROM pushes WHERE id = ANY($1))
            ORDER BY id FOR NO KEY UPDATE""",
        push_ids,
    )
    rows = await tx.fetch(f"SELECT {COLUMNS} FROM pushes p WHERE id = ANY($1) ORDER BY id FOR UPDATE", push_ids)
    return [push(row) for row in rows]


async def claim_view(
    db: Db,
    token: str,
    viewer_id: UUID | None,
    visit: Visit,
    now: datetime,
    *,
    is_admin: bool,
    passphrase_sealed: bytes | None = None,
) -> Push | None:
    """Take one view, and log it. Returns the push with its secrets, otherwise as it is after that.

    `passphrase_sealed` is the passphrase that was given, as the push has it. None when there is no such push, or it has
    no view left to give, or its passphrase is another, or isn't none as here. The last view of a push without files
    ends it. Views of administrators and of the owner are logged, and don't count.
    """
    row = await db.fetchrow(
        f"""WITH found AS (
                SELECT * FROM pushes p
                 WHERE token = $1 AND expired_at IS NULL AND expires_at > $2 AND views < expire_after_views
                   AND passphrase_sealed IS NOT DISTINCT FROM $3
                   FOR UPDATE
            ), claimed AS (
                SELECT *, CASE WHEN $4 THEN 'admin_view' WHEN owner_id = $5 THEN 'owner_view' ELSE 'view' END AS event
                  FROM found
            ), p AS (
                SELECT *, event = 'view' AS counts,
                       event = 'view' AND kind <> 'file' AND views + 1 >= expire_after_views AS is_last
                  FROM claimed WHERE event <> 'view' OR events < {EVENTS_MAX}
            ), logged AS (
                INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at, is_notice_due)
                SELECT id, event, $6, $7, $8, $2, counts AND (mails_on_view OR {WATCHED})
                  FROM p WHERE events < {EVENTS_MAX}
                 UNION ALL
                SELECT id, 'expiry', '', '', '', $2, mails_on_expiry OR {WATCHED} FROM p WHERE is_last
            ), updated AS (
                UPDATE pushes u
                   SET views = p.views + p.counts::int, events = least(p.events + 1, {EVENTS_MAX}), updated_at = $2,
                       used_up_at = CASE WHEN p.counts AND p.views + 1 >= p.expire_after_views THEN $2
                                         ELSE u.used_up_at END,
                       expired_at = CASE WHEN p.is_last THEN $2 END,
                       key_sealed = CASE WHEN NOT p.is_last THEN p.key_sealed END,
                       payload_sealed = CASE WHEN NOT p.is_last THEN p.payload_sealed END,
                       passphrase_sealed = CASE WHEN NOT p.is_last THEN p.passphrase_sealed END
                  FROM p WHERE u.id = p.id
            )
            SELECT {COLUMNS}, counts FROM p""",
        token,
        now,
        passphrase_sealed,
        is_admin,
        viewer_id,
        visit.ip,
        visit.user_agent,
        visit.referrer,
    )
    return push({**row, "views": row["views"] + row["counts"], "updated_at": now}) if row else None


async def add_view_too_late(tx: Transaction, push_id: int, now: datetime) -> Push:
    """Count that somebody came after the end. The caller has locked the push."""
    row = await tx.fetchrow(
        f"UPDATE pushes p SET views = views + 1, updated_at = $2 WHERE id = $1 RETURNING {COLUMNS}", push_id, now
    )
    return push(row)


async def expire(tx: Transaction, push_ids: Sequence[int], now: datetime, *, is_deleted: bool = False) -> list[Push]:
    """End pushes that haven't ended: their keys go, and with them all that was sealed, and their files' rows.

    The caller has locked them, and the accounts of those with files. Returns them as they are now.
    """
    rows = await tx.fetch(
        f"""UPDATE pushes p SET expired_at = $2, updated_at = $2, is_deleted = $3, {WIPED}
             WHERE id = ANY($1) AND expired_at IS NULL RETURNING {COLUMNS}""",
        push_ids,
        now,
        is_deleted,
    )
    ended = [row["id"] for row in rows]
    await tx.execute("DELETE FROM push_files WHERE push_id = ANY($1)", ended)
    await tx.execute("DELETE FROM push_transfer_files WHERE push_id = ANY($1)", ended)
    return [push(row) for row in rows]


async def due(db: Db, now: datetime, used_up_before: datetime, limit: int) -> list[int]:
    """Pushes whose time is over, or whose last view was taken before `used_up_before`."""
    rows = await db.fetch(
        """(SELECT id FROM pushes WHERE expired_at IS NULL AND expires_at <= $1 LIMIT $3)
           UNION
           (SELECT id FROM pushes
             WHERE expired_at IS NULL AND views >= expire_after_views AND used_up_at <= $2 LIMIT $3)
           ORDER BY id LIMIT $3""",
        now,
        used_up_before,
        limit,
    )
    return [row["id"] for row in rows]


async def delete_expired(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete what is left of pushes that ended. Returns how many."""
    status: str = await db.execute(
        "DELETE FROM pushes WHERE id = ANY(ARRAY(SELECT id FROM pushes WHERE expired_at <= $1 LIMIT $2))",
        expired_before,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def delete_expired_of_strangers(db: Db, expired_before: datetime, limit: int) -> int:
    """The same of those that nobody owns."""
    status: str = await db.execute(
        """DELETE FROM pushes WHERE id = ANY(ARRAY(
               SELECT id FROM pushes WHERE expired_at <= $1 AND owner_id IS NULL LIMIT $2))""",
        expired_before,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def active(db: Db, owner_id: UUID, skip: int, limit: int) -> list[Push]:
    """The newest first. Some may be past their time."""
    return await _of_owner(db, "expired_at IS NULL", owner_id, skip, limit)


async def expired(db: Db, owner_id: UUID, skip: int, limit: int) -> list[Push]:
    """The newest first."""
    return await _of_owner(db, "expired_at IS NOT NULL", owner_id, skip, limit)


async def _of_owner(db: Db, condition: str, owner_id: UUID, skip: int, limit: int) -> list[Push]:
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM pushes p WHERE owner_id = $1 AND {condition} ORDER BY id DESC OFFSET $2 LIMIT $3",
        owner_id,
        skip,
        limit,
    )
    return [push(row) for row in rows]


async def change(tx: Transaction, changed: Push) -> None:
    """What its owner may change. The caller has locked the push."""
    await tx.execute(
        """UPDATE pushes
              SET name = $2, note_sealed = $3, payload_sealed = $4, passphrase_sealed = $5, is_deletable_by_viewer = $6,
                  has_retrieval_step = $7, expire_after_days = $8, expire_after_views = $9, expires_at = $10,
                  updated_at = $11, mails_on_view = $12, mails_on_expiry = $13, is_end_to_end = $14
            WHERE id = $1""",
        changed.id,
        changed.name,
        changed.note_sealed,
        changed.payload_sealed,
        changed.passphrase_sealed,
        changed.is_deletable_by_viewer,
        changed.has_retrieval_step,
        changed.expire_after_days,
        changed.expire_after_views,
        changed.expires_at,
        changed.updated_at,
        changed.mails_on_view,
        changed.mails_on_expiry,
        changed.is_end_to_end,
    )
