"""Letters: queued for the test, and looked at in the outbox."""

from collections.abc import Callable
from typing import Any

from pixelhost.core import mail
from pixelhost.site import Site

Sending = Callable[..., Site]

LOGIN = {"name": "alice", "minutes": 15, "link": "https://files.example.com/login?a=1&b=2"}


async def queue(site: Site, to: str = "alice@example.com", letter: str = "login_link", **values: Any) -> None:
    async with site.db.acquire() as connection, connection.transaction():
        await mail.queue(connection, site, to, letter, **(LOGIN | values))


async def outbox(site: Site) -> list[dict[str, Any]]:
    return [dict(row) for row in await site.db.fetch("SELECT * FROM outbox ORDER BY created_at, recipient")]


async def states(site: Site) -> list[str]:
    return ["sent" if row["sent_at"] else "due" if row["due_at"] else "given up" for row in await outbox(site)]
