"""Finding nodes by a part of their name. Whatever has two or more characters is looked up in an index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pixelhost.db import nodes
from pixelhost.db.connect import Db, Row
from pixelhost.model import Node


@dataclass(frozen=True, slots=True)
class Found:
    """A node and what it takes to find the way up from it."""

    id: int
    parent_id: int | None
    name: str
    is_shared: bool


async def shared(db: Db, owner_id: UUID) -> list[Node]:
    """Whatever is shared of an account's filesystem."""
    rows = await db.fetch(
        f"SELECT {nodes.COLUMNS} FROM nodes n {nodes.JOINED} WHERE n.owner_id = $1 AND n.share_id IS NOT NULL", owner_id
    )
    return [nodes.node(row) for row in rows]


async def by_walking(
    db: Db, directory_id: int, term: str, hidden: Collection[int], matches_max: int, nodes_max: int | None
) -> tuple[list[Found], bool]:
    """Matches below a directory, level by level, and whether there are no more or as many as wanted.

    Looks at `nodes_max` nodes at most. Shared nodes whose IDs are in `hidden` are left out, with what is below them
    until a shared node that isn't.
    """
    rows = await db.fetch(
        """WITH RECURSIVE tree (id, parent_id, name, is_shared, is_directory, is_hidden) AS (
               SELECT id, parent_id, name, share_id IS NOT NULL, blob IS NULL, id = ANY($3::bigint[])
                 FROM nodes WHERE parent_id = $1
                UNION ALL
               SELECT n.id, n.parent_id, n.name, n.share_id IS NOT NULL, n.blob IS NULL,
                      CASE WHEN n.share_id IS NULL THEN tree.is_hidden ELSE n.id = ANY($3::bigint[]) END
                 FROM tree JOIN nodes n ON n.parent_id = tree.id AND tree.is_directory)
           SELECT id, parent_id, name, is_shared, number > $5::bigint AS is_beyond
             FROM (SELECT *, row_number() OVER () AS number FROM tree LIMIT $5::bigint + 1) AS looked_at
            WHERE number > $5 OR (lower(name) LIKE lower($2) AND NOT is_hidden) LIMIT $4""",
        directory_id,
        _pattern(term),
        list(hidden),
        matches_max,
        nodes_max,
    )
    matches = [_found(row) for row in rows if not row["is_beyond"]]
    return matches, len(matches) == len(rows)


async def by_index(db: Db, owner_id: UUID, term: str, matches_max: int) -> list[Found]:
    """Matches in all of an account's filesystem, cut-off trees included."""
    rows = await db.fetch(
        """SELECT id, parent_id, name, share_id IS NOT NULL AS is_shared FROM nodes
            WHERE search_grams(owner_id, name, '{2,3}')
                  @> search_grams($1, $2, ARRAY[least(length(lower($2)), 3)])
              AND parent_id IS NOT NULL AND lower(name) LIKE lower($3) LIMIT $4""",
        owner_id,
        term,
        _pattern(term),
        matches_max,
    )
    return [_found(row) for row in rows]


async def ancestors(db: Db, found: Sequence[Found]) -> Mapping[int, Found]:
    """Everything above some nodes, by ID."""
    rows = await db.fetch(
        """WITH RECURSIVE up (id, parent_id, name, is_shared) AS (
               SELECT id, parent_id, name, share_id IS NOT NULL FROM nodes WHERE id = ANY($1::bigint[])
                UNION
               SELECT n.id, n.parent_id, n.name, n.share_id IS NOT NULL FROM up JOIN nodes n ON n.id = up.parent_id)
           SELECT * FROM up""",
        list({one.parent_id for one in found}),
    )
    return {row["id"]: _found(row) for row in rows}


def _found(row: Row) -> Found:
    return Found(row["id"], row["parent_id"], row["name"], row["is_shared"])


def _pattern(term: str) -> str:
    """For LIKE, whose own signs stand for themselves."""
    return "%" + term.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
