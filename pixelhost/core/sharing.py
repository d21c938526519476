"""Who may do what with a node: the most specific shared node above it decides, its owner may do everything."""

import hmac
from collections.abc import Mapping, Sequence
from uuid import UUID

from pixelhost import errors
from pixelhost.core.callers import Caller
from pixelhost.db import users
from pixelhost.db.connect import Db
from pixelhost.keyring import Keyring
from pixelhost.model.nodes import Node, Permissions, Rights
from pixelhost.site import Site

EVERYTHING = Rights(owner=True, read=True, write=True, delete=True)
NOTHING = Rights()
ENTRIES_MAX = 100
PURPOSE = b"node passwords"


def rights(site: Site, caller: Caller, chain: Sequence[Node]) -> Rights:
    """Of a caller on the last node of a chain that begins with the bucket's."""
    if caller.owns(chain[-1].owner_id):
        return EVERYTHING
    node = _decisive(chain)
    return NOTHING if node is None else granted(site, caller, node.permissions)


def granted(site: Site, caller: Caller, permissions: Permissions) -> Rights:
    """What a shared node's permissions come to for a caller: all that the link, the account and the password give.

    Writing and deleting needs an account, so that somebody answers for it.
    """
    given = _given_to_all(site, caller, permissions)
    if caller.account is None:
        return Rights(read=given.read)
    return given | permissions.users.get(caller.account.id, NOTHING)


def awaits_account(site: Site, caller: Caller, chain: Sequence[Node]) -> bool:
    """Whether a stranger could write on the last node of a chain after logging in, whoever that is."""
    node = _decisive(chain)
    return caller.user is None and node is not None and _given_to_all(site, caller, node.permissions).write


def is_wrong_guess(site: Site, caller: Caller, chain: Sequence[Node]) -> bool:
    """Whether a password was sent to a node that takes some, but not this one."""
    node = _decisive(chain)
    if not caller.node_password or node is None or caller.owns(node.owner_id):
        return False
    passwords = node.permissions.passwords
    return bool(passwords) and _by_password(site, node.permissions, caller.node_password) is None


def _given_to_all(site: Site, caller: Caller, permissions: Permissions) -> Rights:
    """Before it is asked for an account: what the link gives, and the password that was sent."""
    return permissions.link | (_by_password(site, permissions, caller.node_password) or NOTHING)


def has_password(chain: Sequence[Node]) -> bool:
    """Whether some password gives rights on the last node of a chain."""
    node = _decisive(chain)
    return node is not None and bool(node.permissions.passwords)


def _decisive(chain: Sequence[Node]) -> Node | None:
    """The most specific shared node."""
    return next((node for node in reversed(chain) if node.share_id is not None), None)


def _by_password(site: Site, permissions: Permissions, password: str) -> Rights | None:
    """None when none of the passwords is this one."""
    if not password:
        return None
    for sealed, given in permissions.passwords.items():
        opened = site.keyring.open(PURPOSE, sealed)
        if opened is not None and hmac.compare_digest(opened, password.encode()):
            return given
    return None


async def by_user_id(db: Db, wanted: Mapping[str, Rights]) -> dict[UUID, Rights]:
    """Rights by user name as rights by ID, so that a later change of name follows. Raises USER_NOT_FOUND."""
    found = await users.by_names(db, [name for name in wanted if "\0" not in name])
    for name in wanted:
        if name not in found:
            raise errors.USER_NOT_FOUND(message=f"There is no user called '{name}'")
    return {found[name]: grantable(given) for name, given in wanted.items()}


def by_sealed_password(keyring: Keyring, wanted: Mapping[str, Rights]) -> dict[bytes, Rights]:
    return {keyring.seal(PURPOSE, password.encode()): grantable(given) for password, given in wanted.items()}


async def names_of_users(db: Db, chain: Sequence[Node]) -> dict[UUID, str]:
    """Names for the user IDs in the permissions of nodes."""
    ids = {user_id for node in chain for user_id in node.permissions.users}
    return await users.names_of(db, list(ids)) if ids else {}


def passwords(keyring: Keyring, permissions: Permissions) -> dict[str, Rights]:
    """In clear, for the owner. One that was sealed with another master key is left out."""
    opened = {keyring.open(PURPOSE, sealed): given for sealed, given in permissions.passwords.items()}
    return {password.decode(): given for password, given in opened.items() if password is not None}


def grantable(given: Rights) -> Rights:
    """What of these rights can be given: a filesystem has one owner."""
    return Rights(read=given.read, write=given.write, delete=given.delete)
