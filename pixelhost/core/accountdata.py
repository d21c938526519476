"""All that an account has, in pages: memory holds one at a time, and no connection waits for a slow reader."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import UUID

from pixelhost.core import access
from pixelhost.db import files, lists
from pixelhost.model.files import File, ListSummary
from pixelhost.site import Site

FILES_MAX = 50_000
PAGE = 500  # shaping so many holds the event loop up for about as long as a small upload
LATEST = (datetime.max.replace(tzinfo=UTC), "")


async def pages_of_files(site: Site, user_id: UUID) -> AsyncGenerator[list[File], None]:
    """The living files of an account, the newest first, at most FILES_MAX.

    A file that is there all the while comes once; one that is added or deleted meanwhile may come or not.
    """
    before = LATEST
    left = FILES_MAX
    while left and (page := await files.of_user(site.db, user_id, before, PAGE)):
        before = page[-1].uploaded_at, page[-1].id
        living = [file for file in page if not access.is_expired(site, file)][:left]
        left -= len(living)
        yield living


async def pages_of_lists(site: Site, user_id: UUID) -> AsyncGenerator[list[ListSummary], None]:
    """The lists of an account, the newest first."""
    before = LATEST
    while page := await lists.of_user(site.db, user_id, before, PAGE):
        before = page[-1].created_at, page[-1].id
        yield page
