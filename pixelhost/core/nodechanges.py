"""What can be set on a node, checked and turned into columns: times, mode, sharing, logging, domain, branding."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import nodedomains, sharing
from pixelhost.core.callers import Caller
from pixelhost.db import nodes
from pixelhost.db.connect import Transaction, UniqueViolation
from pixelhost.db.nodes import Value
from pixelhost.db.permissions import stored as stored_permissions
from pixelhost.model.nodes import Node, Rights
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

COLOR = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
LINK = re.compile(r"https://[^\x00-\x20\x7f]+")
LINK_MAX = 1000


@dataclass(frozen=True)
class NodeChanges:
    """UNSET leaves a thing as it is. Of `branding` and the domain, empty values remove."""

    created_at: datetime | Unset = UNSET
    modified_at: datetime | Unset = UNSET
    mode: int | Unset = UNSET
    is_shared: bool | Unset = UNSET
    is_logging: bool | Unset = UNSET
    link_permissions: Rights | Unset = UNSET
    user_permissions: Mapping[str, Rights] | Unset = UNSET
    password_permissions: Mapping[str, Rights] | Unset = UNSET
    custom_domain_name: str | Unset = UNSET
    custom_domain_cert: str | Unset = UNSET
    custom_domain_key: str | Unset = UNSET
    branding: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_for_owners(self) -> bool:
        """Whether it says who sees the node, or how: the owner's business, not that of whoever may write."""
        return NodeChanges(self.created_at, self.modified_at, self.mode) != self


async def apply(site: Site, caller: Caller, tx: Transaction, node: Node, changes: NodeChanges) -> None:
    """Set what is to be set on a node, whose owner is locked.

    Raises PERMISSION_DENIED, USER_NOT_FOUND, INVALID_X509_KEYPAIR, INVALID_DOMAIN_NAME, RESOURCE_ALREADY_EXISTS,
    NODE_IS_NOT_A_DIRECTORY, STRING_OUT_OF_RANGE, HEX_PARSE_FAILED, BRANDING_IMAGE_NOT_FOUND, INVALID_LINK.
    """
    refuse_others(caller, node.owner_id, changes)
    columns: dict[str, Value] = {
        name: value
        for name, value in (
            ("created_at", changes.created_at),
            ("modified_at", changes.modified_at),
            ("mode", changes.mode),
        )
        if value is not UNSET
    }
    columns |= _logging(site, node, changes)
    columns |= await _sharing(site, tx, node, changes)
    columns |= await nodedomains.columns(
        site, tx, node, changes.custom_domain_name, changes.custom_domain_cert, changes.custom_domain_key
    )
    columns |= await _branding(tx, node, changes)
    try:
        await nodes.set_columns(tx, node.id, columns)
    except UniqueViolation as error:
        # Somebody else has got the domain since it was looked up.
        raise errors.RESOURCE_ALREADY_EXISTS(message=nodedomains.TAKEN) from error


def refuse_others(caller: Caller, owner_id: UUID, changes: NodeChanges) -> None:
    """Raises PERMISSION_DENIED when somebody but the owner changes how a node is seen."""
    if changes.is_for_owners and not caller.owns(owner_id):
        raise errors.PERMISSION_DENIED(message="Only the owner of a filesystem changes how it is shared")


def _logging(site: Site, node: Node, changes: NodeChanges) -> dict[str, Value]:
    if changes.is_logging is UNSET:
        return {}
    if changes.is_logging and not node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY(message="Only directories have an activity log")
    return {"logging_enabled_at": site.clock.now() if changes.is_logging else None}


async def _sharing(site: Site, tx: Transaction, node: Node, changes: NodeChanges) -> dict[str, Value]:
    columns: dict[str, Value] = {}
    if changes.is_shared is True and node.share_id is None:
        columns["share_id"] = await _free_share_id(tx)
    elif changes.is_shared is False:
        columns["share_id"] = None
    permissions = node.permissions
    if changes.link_permissions is not UNSET:
        permissions = replace(permissions, link=sharing.grantable(changes.link_permissions))
    if changes.user_permissions is not UNSET:
        wanted = _bounded("user_permissions", changes.user_permissions)
        permissions = replace(permissions, users=await sharing.by_user_id(tx, wanted))
    if changes.password_permissions is not UNSET:
        wanted = _bounded("password_permissions", changes.password_permissions)
        permissions = replace(permissions, passwords=sharing.by_sealed_password(site.keyring, wanted))
    if permissions != node.permissions:
        columns["permissions"] = stored_permissions(permissions)
    return columns


def _bounded(name: str, wanted: Mapping[str, Rights]) -> Mapping[str, Rights]:
    if len(wanted) > sharing.ENTRIES_MAX:
        raise errors.STRING_OUT_OF_RANGE(field=name, min_len=0, max_len=sharing.ENTRIES_MAX, len=len(wanted))
    return wanted


async def _free_share_id(tx: Transaction) -> str:
    while True:
        share_id = ids.new_id()
        if not await nodes.is_share_id_taken(tx, share_id):
            return share_id


async def _branding(tx: Transaction, node: Node, changes: NodeChanges) -> dict[str, Value]:
    if not changes.branding:
        return {}
    for name, value in changes.branding.items():
        if value:
            await BRANDING[name](Brand(tx, node, name, value))
    properties = {name: value for name, value in (dict(node.properties) | dict(changes.branding)).items() if value}
    return {"properties": nodes.stored_properties(properties)}


@dataclass(frozen=True)
class Brand:
    """A value of a property that brands a node."""

    tx: Transaction
    node: Node
    name: str
    value: str


async def _check_flag(brand: Brand) -> None:
    if brand.value not in {"true", "false"}:
        raise errors.BOOL_PARSE_FAILED(field=brand.name)


async def _check_color(brand: Brand) -> None:
    if COLOR.fullmatch(brand.value) is None:
        raise errors.HEX_PARSE_FAILED(field=brand.name)


async def _check_image(brand: Brand) -> None:
    if not (ids.is_id(brand.value) and await nodes.is_shared_image(brand.tx, brand.node.owner_id, brand.value)):
        raise errors.BRANDING_IMAGE_NOT_FOUND()


async def _check_link(brand: Brand) -> None:
    if LINK.fullmatch(brand.value) is None:
        raise errors.INVALID_LINK()
    if len(brand.value) > LINK_MAX:
        raise errors.STRING_OUT_OF_RANGE(field=brand.name, min_len=0, max_len=LINK_MAX, len=len(brand.value))


COLORS = ("input", "highlight", "danger", "background", "body", "card")
BRANDING: Mapping[str, Callable[[Brand], Awaitable[None]]] = {
    "branding_enabled": _check_flag,
    **{f"brand_{part}_color": _check_color for part in COLORS},
    "brand_header_image": _check_image,
    "brand_background_image": _check_image,
    "brand_header_link": _check_link,
}
"""The properties, and what checks a value that is not empty."""
