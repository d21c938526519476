"""Shares that a password opens: whether one does, and trying one."""

from dataclasses import replace

from pixelhost import errors
from pixelhost.core import nodes, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.paths import ME, Path
from pixelhost.db import chains
from pixelhost.errors import ApiError
from pixelhost.ids import is_id
from pixelhost.site import Site


async def takes_password(site: Site, path: Path) -> bool:
    """Whether somebody may come further here with a password. False for what isn't there."""
    if path.bucket == ME or not is_id(path.bucket):
        return False
    chain = await chains.walk_shared(site.db, path.bucket, path.names)
    return chain is not None and sharing.has_password(chain.nodes_from_bucket)


async def is_right(site: Site, caller: Caller, path: Path, password: str) -> bool:
    """Whether a password is one of those for what is at a path: what it gives may need an account too.

    Wrong ones are counted. Raises NOT_FOUND, IP_RATE_LIMIT_REACHED.
    """
    if not password or not await takes_password(site, path):
        return False
    knocking = replace(caller, node_password=password)
    try:
        await nodes.find(site, knocking, path)
    except ApiError as refusal:
        if refusal.kind is not errors.PERMISSION_DENIED:
            raise
    chain = await chains.walk_shared(site.db, path.bucket, path.names)
    return chain is not None and not sharing.is_wrong_guess(site, knocking, chain.nodes_from_bucket)
