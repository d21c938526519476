"""So many requests a minute and a second from an address, exact across workers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core.ratelimit import network_of
from pixelhost.core.usecounts import Use
from pixelhost.db import limits
from pixelhost.errors import ApiError
from pixelhost.site import Site

MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)


async def refuse_flood(site: Site, action: str, ip: str, *, per_minute: int, per_second: int) -> None:
    """Count a request; 0 is no limit. Raises IP_RATE_LIMIT_REACHED, which says when to try again."""
    now = site.clock.now()
    windows = [
        (MINUTE, per_minute, now.replace(second=0, microsecond=0)),
        (SECOND, per_second, now.replace(microsecond=0)),
    ]
    limited = [(length, limit, start) for length, limit, start in windows if limit]
    if not limited:
        return
    subject = network_of(ip)
    use = Use([(f"{action} {length.seconds}", subject, start) for length, _, start in limited])
    for (length, limit, start), used in zip(limited, await site.uses.get(use) or (), strict=True):
        if used > limit:
            raise refusal(start + length, now)


async def refuse_busy_account(site: Site, action: str, user_id: UUID, per_minute: int) -> None:
    """Count what an account does, from wherever. Raises IP_RATE_LIMIT_REACHED, which says when to try again."""
    now = site.clock.now()
    start = now.replace(second=0, microsecond=0)
    if await limits.add_use(site.db, action, str(user_id), start) > per_minute:
        message = f"This can be done {per_minute} times a minute. Try again when the minute is over"
        raise refusal(start + MINUTE, now, message)


@dataclass(frozen=True)
class Quota:
    """What an address has of a minute's requests. `again_at` is when the next minute begins."""

    limit: int
    used: int
    again_at: datetime

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)


async def counted(site: Site, action: str, ip: str, limit: int) -> Quota:
    """Count a request, with one statement."""
    start = site.clock.now().replace(second=0, microsecond=0)
    return Quota(limit, await limits.add_use(site.db, action, network_of(ip), start), start + MINUTE)


def refuse_exceeded(site: Site, quota: Quota) -> None:
    """Raises IP_RATE_LIMIT_REACHED, which says when to try again."""
    if quota.is_exceeded:
        raise refusal(quota.again_at, site.clock.now())


def refusal(again_at: datetime, now: datetime, message: str | None = None) -> ApiError:
    """IP_RATE_LIMIT_REACHED, which says when to try again. `message` is for what isn't a limit of requests."""
    refused = errors.IP_RATE_LIMIT_REACHED(message=message)
    refused.headers = {"Retry-After": str(-(-(again_at - now) // SECOND))}
    refused.again_at = again_at
    return refused
