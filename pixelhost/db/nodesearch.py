"""Finding nodes by a part of their name. Whatever has two or more characters is looked up in an index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pixelhost.db.connect import Db, Row


@dataclass(frozen=True, slots=True)
class Found:
    """A node and what it takes to find the way up from it."""

    id: int
    parent_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The directories below one, itself first, level by level: `visible` with their numbers of children, `hidden`."""

    visible: Sequence[int]
    child_counts: Sequence[int]
    hidden: Sequence[int]
    is_all: bool


async def survey(
    db: Db, directory_id: int, hidden: Collection[int], left_out: Collection[int], directories_max: int
) -> Survey:
    """At most `directories_max`. Hidden are those in `hidden`, with what is below them until a shared one that isn't.
    Those in `left_out` are neither, nor is anything below them.

    What the directory itself is shared for lets its reader read.
    """
    row = await db.fetchrow(
        """WITH RECURSIVE tree (id, child_count, is_hidden) AS (
               SELECT id, child_count, false FROM nodes WHERE id = $1
                UNION ALL
               SELECT n.id, n.child_count,
                      CASE WHEN n.share_id IS NULL THEN tree.is_hidden ELSE n.id = ANY($2::bigint[]) END
                 FROM tree JOIN nodes n ON n.parent_id = tree.id AND n.blob IS NULL
                WHERE n.id <> ALL($4::bigint[])),
           first AS MATERIALIZED (
               SELECT *, row_number() OVER () AS number FROM tree LIMIT $3::bigint + 1)
           SELECT coalesce(array_agg(id ORDER BY number) FILTER (WHERE NOT is_hidden AND number <= $3), '{}')
                      AS visible,
                  coalesce(array_agg(child_count ORDER BY number) FILTER (WHERE NOT is_hidden AND number <= $3), '{}')
                      AS child_counts,
                  coalesce(array_agg(id) FILTER (WHERE is_hidden AND number <= $3), '{}') AS hidden,
                  count(*) <= $3 AS is_all
             FROM first""",
        directory_id,
        list(hidden),
        directories_max,
        list(left_out),
    )
    return Survey(**row)


async def by_name(
    db: Db, directory_ids: Sequence[int], names_each: int | None, term: str, hidden: Collection[int], matches_max: int
) -> list[Found]:
    """Matches among the first `names_each` names, or among all, of each directory, but for nodes in `hidden`.

    They are read until there are as many as wanted: out of an index that holds nothing else, 5,000,000 a second.
    """
    rows = await db.fetch(
        """WITH matches AS MATERIALIZED (
               SELECT parent_id, name
                 FROM unnest($1::bigint[]) AS directory (id), LATERAL (
                      SELECT parent_id, name FROM nodes WHERE parent_id = directory.id LIMIT $5::bigint) AS child
                WHERE lower(name) LIKE lower($2)
                  AND (parent_id, name) NOT IN (
                          SELECT parent_id, name FROM nodes WHERE id = ANY($3::bigint[]) AND parent_id IS NOT NULL)
                LIMIT $4)
           SELECT n.id, parent_id, name
             FROM matches JOIN nodes n USING (parent_id, name)""",
        directory_ids,
        _pattern(term),
        list(hidden),
        matches_max,
        names_each,
    )
    return [_found(row) for row in rows]


async def among(
    db: Db, node_ids: Collection[int], directory_ids: Sequence[int], term: str, matches_max: int
) -> list[Found]:
    """Matches among some nodes, as far as they are in some directories."""
    rows = await db.fetch(
        """SELECT id, parent_id, name FROM nodes
            WHERE id = ANY($1::bigint[]) AND parent_id = ANY($2::bigint[]) AND lower(name) LIKE lower($3) LIMIT $4""",
        list(node_ids),
        directory_ids,
        _pattern(term),
        matches_max,
    )
    return [_found(row) for row in rows]


async def by_index(db: Db, owner_id: UUID, term: str, matches_max: int) -> list[Found]:
    """Matches in all of an account's filesystem, cut-off trees included."""
    rows = await db.fetch(
        """SELECT id, parent_id, name FROM nodes
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
        """WITH RECURSIVE up (id, parent_id, name) AS (
               SELECT id, parent_id, name FROM nodes WHERE id = ANY($1::bigint[])
                UNION
               SELECT n.id, n.parent_id, n.name FROM up JOIN nodes n ON n.id = up.parent_id)
           SELECT * FROM up""",
        list({one.parent_id for one in found}),
    )
    return {row["id"]: _found(row) for row in rows}


def _found(row: Row) -> Found:
    return Found(row["id"], row["parent_id"], row["name"])


def _pattern(term: str) -> str:
    """For LIKE, whose own signs stand for themselves."""
    return "%" + term.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
