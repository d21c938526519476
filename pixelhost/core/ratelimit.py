"""Fixed windows of a minute, exact across workers."""

from pixelhost import errors
from pixelhost.db import limits
from pixelhost.site import Site


async def refuse_used_up(site: Site, action: str, subject: str, uses_per_minute: int) -> None:
    """Count nothing. Raises IP_RATE_LIMIT_REACHED when the limit is reached already."""
    window = site.clock.now().replace(second=0, microsecond=0)
    if await limits.uses(site.db, action, subject, window) >= uses_per_minute:
        raise errors.IP_RATE_LIMIT_REACHED()


async def refuse_above(site: Site, action: str, subject: str, uses_per_minute: int) -> None:
    """Count one use by `subject`. Raises IP_RATE_LIMIT_REACHED past the limit."""
    window = site.clock.now().replace(second=0, microsecond=0)
    if await limits.add_use(site.db, action, subject, window) > uses_per_minute:
        raise errors.IP_RATE_LIMIT_REACHED()
