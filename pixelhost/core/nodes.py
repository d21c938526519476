"""The only doors to nodes: a path is walked for a caller, and answers with what is there, or refuses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pixelhost import errors
from pixelhost.core import paths, ratelimit, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.paths import ME, Path
from pixelhost.db import chains, nodes
from pixelhost.db.chains import Chain
from pixelhost.db.connect import Db
from pixelhost.ids import is_id
from pixelhost.model.files import Blob
from pixelhost.model.nodes import Node, Outline, Rights
from pixelhost.site import Site

PASSWORDS_PER_MINUTE = 60
GONE_MEANWHILE = "Some of what was chosen was moved or deleted meanwhile, so nothing was done"


@dataclass(frozen=True)
class Place:
    """What there is of a path, and what the caller may do there.

    `chain` goes from the root to the last node that is there, and `nodes` from the bucket's node on.
    """

    path: Path
    chain: Chain
    rights: Rights

    @property
    def nodes(self) -> Sequence[Node]:
        return self.chain.nodes_from_bucket

    @property
    def node(self) -> Node:
        return self.chain.last

    @property
    def is_complete(self) -> bool:
        return self.chain.is_complete

    @property
    def missing(self) -> Sequence[str]:
        """The names of the path that are not there."""
        return self.path.names[len(self.nodes) - 1 :]

    @property
    def names_from_root(self) -> Sequence[str]:
        """All names of the path, and before them those above the bucket."""
        return [*(node.name for node in self.chain.nodes[1:]), *self.missing]

    @property
    def is_bucket(self) -> bool:
        return not self.path.names

    def path_of(self, index: int) -> Path:
        """Of one of `nodes`."""
        return Path(self.path.bucket, self.path.names[:index])

    def child(self, node: Node) -> "Place":
        """The place of one of the children that may be read here."""
        return Place(self.path.child(node.name), replace(self.chain, nodes=(*self.chain.nodes, node)), self.rights)


async def find(site: Site, caller: Caller, path: Path, db: Db | None = None) -> Place:
    """Walk as far as a path goes.

    Raises NOT_FOUND, AUTHENTICATION_REQUIRED, PERMISSION_DENIED for no right at all, IP_RATE_LIMIT_REACHED after too
    many wrong passwords.
    """
    if db is None and caller.node_password:
        # Past the limit a right password opens nothing either, else guessing would go on.
        await ratelimit.refuse_used_up(site, "node password", caller.ip, PASSWORDS_PER_MINUTE)
    chain = await _walk(site, caller, path, db or site.db)
    if db is None and sharing.is_wrong_guess(site, caller, chain.nodes_from_bucket):
        await ratelimit.refuse_above(site, "node password", caller.ip, PASSWORDS_PER_MINUTE)
    rights = sharing.rights(site, caller, chain.nodes_from_bucket)
    if rights == sharing.NOTHING:
        raise errors.PERMISSION_DENIED()
    return Place(path, chain, rights)


async def readable(site: Site, caller: Caller, path: Path) -> Place:
    """A node that is there and may be read.

    Raises as `find`, PATH_NOT_FOUND, PERMISSION_DENIED, and NODE_TAKEN_DOWN for a directory: its owner alone may still
    see what it holds.
    """
    place = await find(site, caller, path)
    if not place.rights.read:
        raise errors.PERMISSION_DENIED()
    if not place.rights.owner and (down := _directory_taken_down(place)):
        raise errors.NODE_TAKEN_DOWN(abuse_type=down.abuse_type)
    if not place.is_complete:
        raise errors.PATH_NOT_FOUND()
    return place


def _directory_taken_down(place: Place) -> Node | None:
    """The last directory on the way to what was asked for tells of all above it."""
    return next((node for node in reversed(place.chain.nodes) if node.is_directory and node.abuse_type), None)


async def nearest_directory(site: Site, caller: Caller, path: Path) -> Place | None:
    """Of a path that isn't there: the last directory on it that is, and may be read."""
    place = await find(site, caller, path, site.db)
    for index in range(len(place.nodes) - 1, -1, -1):
        passed = place.nodes[: index + 1]
        rights = sharing.rights(site, caller, passed)
        if rights.read and passed[-1].is_directory:
            chain = replace(place.chain, nodes=place.chain.nodes[: place.chain.base + index + 1], is_complete=True)
            return Place(place.path_of(index), chain, rights)
    return None


async def readable_file(site: Site, caller: Caller, path: Path) -> tuple[Node, Blob]:
    """Raises as `readable`, and NODE_IS_A_DIRECTORY."""
    node = (await readable(site, caller, path)).node
    if node.blob is None:
        raise errors.NODE_IS_A_DIRECTORY()
    return node, node.blob


async def readable_directory(site: Site, caller: Caller, path: Path) -> Place:
    """Raises as `readable`, and NODE_IS_NOT_A_DIRECTORY."""
    place = await readable(site, caller, path)
    if not place.node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY()
    return place


async def readable_children(site: Site, caller: Caller, place: Place) -> list[Node]:
    """Of a directory, by name, but for what is shared with others only; of a file none."""
    found = await nodes.children(site.db, place.node.id) if place.node.is_directory else []
    found = [chains.under(place.node, node) for node in found]
    if place.rights.owner:
        return found
    return [node for node in found if node.share_id is None or sharing.granted(site, caller, node.permissions).read]


async def readable_outlines(site: Site, caller: Caller, place: Place) -> list[Outline]:
    """Of the same, in no order, what it takes to put them in one."""
    found = await nodes.outlines(site.db, place.node.id)
    if place.rights.owner:
        return found
    return [one for one in found if one.permissions is None or sharing.granted(site, caller, one.permissions).read]


async def outlined(site: Site, chosen: Sequence[Outline]) -> list[Node]:
    """The nodes of outlines, in their order, but for those that have gone since."""
    return await nodes.by_ids(site.db, [one.id for one in chosen])


async def readable_named(site: Site, caller: Caller, place: Place, names: Collection[str]) -> list[Node]:
    """Some children of a directory, by name. Raises PATH_NOT_FOUND when one of them isn't there."""
    wanted = frozenset(names)
    found = [node for node in await readable_children(site, caller, place) if node.name in wanted]
    if len(found) < len(wanted):
        raise errors.PATH_NOT_FOUND(message=GONE_MEANWHILE)
    return found


async def readable_directories(site: Site, caller: Caller, place: Place) -> list[Node]:
    """Those of the children that are directories."""
    found = await nodes.directories(site.db, place.node.id)
    if place.rights.owner:
        return found
    return [node for node in found if node.share_id is None or sharing.granted(site, caller, node.permissions).read]


async def root(site: Site, caller: Caller) -> Place:
    """Of the caller's own filesystem. Raises AUTHENTICATION_REQUIRED, PERMISSION_DENIED."""
    return await find(site, caller, paths.parse(ME))


async def _walk(site: Site, caller: Caller, path: Path, db: Db) -> Chain:
    if path.bucket == ME:
        user = caller.require_user()
        if not site.plan(user.plan_id).filesystem_access:
            raise errors.PERMISSION_DENIED(message="The plan of your account has no filesystem")
        chain = await chains.walk_own(db, user.id, path.names)
    else:
        chain = await chains.walk_shared(db, path.bucket, path.names) if is_id(path.bucket) else None
    if chain is None:
        raise errors.NOT_FOUND()
    return chain
