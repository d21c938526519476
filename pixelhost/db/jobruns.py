"""When each background job ran last."""

from datetime import datetime

from pixelhost.db.connect import Db
from pixelhost.model.jobs import JobRun


async def all_of_them(db: Db) -> list[JobRun]:
    """By name."""
    rows = await db.fetch("SELECT name, begun_at, ended_at, dealt_with, failure FROM job_runs ORDER BY name")
    return [JobRun(**row) for row in rows]


async def note(db: Db, run: JobRun, unless_since: datetime) -> None:
    """Keep a run as the last of its job. One that found nothing to do is left out when one is kept since that time:
    some jobs look every few seconds.
    """
    await db.execute(
        """WITH noted AS (
               UPDATE job_runs SET begun_at = $2, ended_at = $3, dealt_with = $4, failure = $5
                WHERE name = $1 AND (begun_at < $6 OR $4 > 0 OR failure <> $5))
           INSERT INTO job_runs (name, begun_at, ended_at, dealt_with, failure)
           SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM job_runs WHERE name = $1) ON CONFLICT DO NOTHING""",
        run.name,
        run.begun_at,
        run.ended_at,
        run.dealt_with,
        run.failure,
        unless_since,
    )
