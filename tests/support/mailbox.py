"""What was mailed to somebody, read where it waits to be sent."""

import re
from dataclasses import dataclass

from yarl import URL

from pixelhost.site import Site


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str

    @property
    def link(self) -> URL:
        """The one link in it, which is the same in both parts."""
        (found,) = re.findall(r"https?://\S+", self.text)
        assert found.replace("&", "&amp;") in self.html
        return URL(found)


async def mail_to(site: Site, address: str) -> list[Mail]:
    """Oldest first."""
    rows = await site.db.fetch(
        "SELECT subject, text, html FROM outbox WHERE recipient = $1 ORDER BY created_at, id", address
    )
    return [Mail(**row) for row in rows]


async def last_mail(site: Site, address: str) -> Mail:
    return (await mail_to(site, address))[-1]
