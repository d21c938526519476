"""The files and lists of an account in numbered pages, to look through and to act on many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from pixelhost.core import access
from pixelhost.core.callers import Caller
from pixelhost.db import filepages
from pixelhost.db.filepages import ORDERS, Order, Wanted
from pixelhost.ids import is_id
from pixelhost.model.accounts import User
from pixelhost.model.files import File, ListSummary
from pixelhost.site import Site

T = TypeVar("T")

__all__ = ["ORDERS", "Order", "Page", "Wanted", "delete", "files", "lists", "own"]


@dataclass(frozen=True)
class Page(Generic[T]):
    """`number` is 1 for the first; one that was too high is the last. `count` and `size_bytes` are of all pages."""

    found: Sequence[T]
    number: int
    pages: int
    count: int
    size_bytes: int = 0


async def files(site: Site, account: User, wanted: Wanted, number: int, length: int) -> Page[File]:
    """The living ones."""
    now, days = site.clock.now(), site.plan(account.plan_id).file_expiry_days
    unread_since = now - timedelta(days) if days else None
    count, size_bytes = await filepages.count(site.db, account.id, wanted, now, unread_since)
    number, pages = _within(number, count, length)
    offset = (number - 1) * length
    found = await filepages.page(site.db, account.id, wanted, now, unread_since, offset, length)
    return Page(found, number, pages, count, size_bytes)


async def lists(site: Site, account: User, number: int, length: int) -> Page[ListSummary]:
    """The newest first."""
    count = await filepages.count_lists(site.db, account.id)
    number, pages = _within(number, count, length)
    return Page(await filepages.page_of_lists(site.db, account.id, (number - 1) * length, length), number, pages, count)


async def own(site: Site, caller: Caller, file_ids: Sequence[str]) -> list[File]:
    """Those of `file_ids` that are living files of the caller's, in the order asked."""
    return [file for file in await access.some_files(site, list(file_ids)) if caller.owns(file.owner_id)]


async def delete(site: Site, caller: Caller, file_ids: Sequence[str]) -> int:
    """Those of `file_ids` that are the caller's; others stay. Returns how many. Raises as `require_user` does."""
    account = caller.require_user()
    deleted = await filepages.delete(site.db, account.id, [file_id for file_id in file_ids if is_id(file_id)])
    site.changes.note()
    return deleted


def _within(number: int, count: int, length: int) -> tuple[int, int]:
    """The page that there is, and how many there are: an empty one at least."""
    pages = max(1, -(-count // length))
    return min(max(number, 1), pages), pages
