"""Mail on its way to a real server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pixelhost.site import Site
from tests.support import mailserver
from tests.support.letters import Sending
from tests.support.mailserver import MailServer


@pytest.fixture
async def smtp() -> AsyncIterator[MailServer]:
    async with mailserver.running() as smtp:
        yield smtp


@pytest.fixture
def sending(site: Site) -> Sending:
    """`sending(smtp)` is the site with its mail going there; other settings by name."""

    def changed(smtp: MailServer, url: str = "smtp://127.0.0.1:{port}", **settings: Any) -> Site:
        return replace(site, settings=replace(site.settings, smtp_url=url.format(port=smtp.port), **settings))

    return changed
