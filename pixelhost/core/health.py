"""Whether this pixelhost can do its work."""

from pixelhost.blobs.contract import StoreError
from pixelhost.db.connect import Failure
from pixelhost.site import Site


async def problems(site: Site) -> list[str]:
    """What doesn't answer: `database`, `store`. Empty when all is well."""
    found = []
    try:
        await site.db.fetchval("SELECT 1")
    except Failure:
        found.append("database")
    try:
        await site.store.check()
    except StoreError:
        found.append("store")
    return found
