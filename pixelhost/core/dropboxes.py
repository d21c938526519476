"""Shares that take files and show nothing: whoever has the link uploads, and only the owner sees what came."""

from pixelhost import errors
from pixelhost.core import nodes, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.db import chains
from pixelhost.errors import ApiError
from pixelhost.ids import is_id
from pixelhost.site import Site


async def writable(site: Site, caller: Caller, path: Path) -> Place | None:
    """A directory that is shared with the caller for writing, though not for reading. None for all that is below it,
    be it there or not: that would tell what is in it.
    """
    try:
        place = await nodes.find(site, caller, path)
    except ApiError as refusal:
        if refusal.kind is errors.PERMISSION_DENIED:
            return None
        raise
    is_share = place.is_complete and place.node.is_directory and place.node.share_id is not None
    return place if is_share and place.rights.write and not place.rights.read else None


async def awaits_account(site: Site, caller: Caller, path: Path) -> bool:
    """Whether a stranger is refused at a directory only for want of an account. False for what isn't there."""
    if path.bucket == ME or not is_id(path.bucket):
        return False
    chain = await chains.walk_shared(site.db, path.bucket, path.names)
    if chain is None or not chain.is_complete or not chain.last.is_directory or chain.last.share_id is None:
        return False
    return sharing.awaits_account(site, caller, chain.nodes_from_bucket)
