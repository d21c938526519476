"""What the API's JSON objects look like. Pages embed the very same."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from pixelhost.core import accounts, caps, customization, gates, sharing, stats
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.errors import ApiError
from pixelhost.model.accounts import Session, User
from pixelhost.model.files import File, FileList, ListSummary, Removal
from pixelhost.model.nodes import Node, Outline, Permissions, Rights
from pixelhost.plans import Plan
from pixelhost.site import Site

NEVER = "0001-01-01T00:00:00Z"
NOBODY_ELSE = Permissions()


def time(moment: datetime | None) -> str:
    """RFC 3339 in UTC with six fraction digits; the zero time where there is none."""
    if moment is None:
        return NEVER
    # Several times faster than isoformat, and thousands of times are shown at once.
    text = msgspec.json.encode(moment.astimezone(UTC))[1:-2].decode()
    return f"{text}Z" if moment.microsecond else f"{text}.000000Z"


def file_info(site: Site, caller: Caller, file: File, used_up: Mapping[str, ApiError] | None = None) -> dict[str, Any]:
    """The answer of GET /file/{id}/info. `used_up` is what the caller's address has, as `gates.used_up` says."""
    plan = site.plan(file.owner_plan_id)
    refusal = gates.standing(site, caller, file) or (used_up or {}).get(file.id)
    branding = customization.shown(plan, file.owner_terms)
    info: dict[str, Any] = {
        "success": True,
        "id": file.id,
        "name": file.name,
        "size": file.size_bytes,
        "views": file.views,
        "bandwidth_used": file.bandwidth_bytes,
        "bandwidth_used_paid": file.bandwidth_paid_bytes,
        "downloads": file.downloads,
        "date_upload": time(file.uploaded_at),
        "date_last_view": time(file.last_viewed_at),
        "mime_type": file.mime_type,
        "thumbnail_href": f"/file/{file.id}/thumbnail",
        "hash_sha256": file.blob.digest.hex(),
        "delete_after_date": time(file.delete_after_date),
        "delete_after_downloads": file.delete_after_downloads,
        "availability": refusal.kind.code if refusal else "",
        "availability_message": refusal.message if refusal else "",
        "abuse_type": file.abuse_type,
        "abuse_reporter_name": file.abuse_reporter,
        "can_edit": caller.owns(file.owner_id),
        "can_download": refusal is None,
        "show_ads": plan.show_ads and not gates.is_exempt(site, caller, file),
        "allow_video_player": True,
        "download_speed_limit": gates.limits_of(site, caller, [file]).bytes_per_second,
        "embed_domains": file.owner_terms.embed_domains.split(),
        "skip_file_viewer": file.owner_terms.skip_file_viewer,
    }
    return info | {"branding": branding} if branding else info


def file_list(
    site: Site, caller: Caller, found: FileList, used_up: Mapping[str, ApiError] | None = None
) -> dict[str, Any]:
    """The answer of GET /list/{id}: whole file infos, with two fields more."""
    files = [
        {"detail_href": f"/file/{listed.file.id}/info", "description": listed.description}
        | file_info(site, caller, listed.file, used_up)
        for listed in found.files
    ]
    return list_summary(caller, found.summary) | {"files": files}


def list_summary(caller: Caller, summary: ListSummary) -> dict[str, Any]:
    return {
        "success": True,
        "id": summary.id,
        "title": summary.title,
        "date_created": time(summary.created_at),
        "file_count": summary.file_count,
        "can_edit": caller.owns(summary.owner_id),
    }


def removal(removed: Removal) -> dict[str, Any]:
    """One of GET /user/activity/{month}."""
    return {
        "time": time(removed.happened_at),
        "event": removed.event,
        "file_id": removed.file_id,
        "file_name": removed.file_name,
        "file_removal_reason": removed.reason,
    }


def session(made: Session, valid_domains: list[str] | None = None) -> dict[str, Any]:
    body = {
        "auth_key": str(made.key) if made.key else "",
        "creation_ip_address": made.created_ip,
        "user_agent": made.user_agent,
        "app_name": made.app_name,
        "creation_time": time(made.created_at),
        "last_used_time": time(made.last_used_at),
    }
    return body if valid_domains is None else body | {"valid_domains": valid_domains}


def subscription(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "name": plan.name,
        "type": plan.type,
        "file_size_limit": plan.file_size_limit,
        "file_expiry_days": plan.file_expiry_days,
        "storage_space": plan.storage_space,
        "price_per_tb_storage": plan.price_per_tb_storage,
        "price_per_tb_bandwidth": plan.price_per_tb_bandwidth,
        "monthly_transfer_cap": plan.monthly_transfer_cap,
        "file_viewer_branding": plan.file_viewer_branding,
        "filesystem_access": plan.filesystem_access,
        "filesystem_storage_limit": plan.filesystem_storage_limit,
    }


async def user(site: Site, account: User) -> dict[str, Any]:
    """The answer of GET /user."""
    plan, terms = site.plan(account.plan_id), account.terms
    settings = await accounts.settings_of(site, account)
    return {
        "username": account.name,
        "email": account.email,
        "email_verified": account.email_verified,
        "otp_enabled": settings.otp_enabled,
        "subscription": subscription(plan),
        "storage_space_used": account.storage_used_bytes,
        "filesystem_storage_used": account.filesystem_used_bytes,
        "file_count": account.file_count,
        "filesystem_node_count": account.node_count,
        "is_admin": account.is_admin,
        "balance_micro_eur": account.balance_micro_eur,
        "hotlinking_enabled": terms.hotlinking_enabled,
        "monthly_transfer_cap": terms.transfer_cap_bytes,
        "monthly_transfer_used": await caps.used_bytes(site, account),
        "file_viewer_branding": terms.branding or None,
        "file_embed_domains": terms.embed_domains,
        "skip_file_viewer": terms.skip_file_viewer,
        "affiliate_user_name": settings.affiliate_user_name,
        "checkout_country": settings.checkout_country,
        "checkout_name": settings.checkout_name,
        "checkout_provider": settings.checkout_provider,
    }


@dataclass(frozen=True)
class NodeView:
    """How nodes are shown to a caller: under the paths of the bucket that was asked, its secrets to the owner alone."""

    site: Site
    is_owner: bool
    user_names: Mapping[UUID, str]

    def node(self, node: Node, path: Path) -> dict[str, Any]:
        """A node object."""
        shown: dict[str, Any] = {
            "type": "dir" if node.is_directory else "file",
            "path": str(path),
            "name": node.name or path.bucket,
            "created": time(node.created_at),
            "modified": time(node.modified_at),
            "mode_string": _mode_string(node.mode | (stat.S_IFDIR if node.is_directory else stat.S_IFREG)),
            "mode_octal": f"{node.mode:03o}",
            "created_by": node.created_by_name,
            "file_size": node.size_bytes,
            "file_type": node.mime_type,
            "sha256_sum": node.blob.digest.hex() if node.blob else "",
        }
        if node.parent_id is None:
            shown["id"] = path.bucket
        elif node.share_id is not None:
            shown["id"] = node.share_id
        if node.abuse_type:
            shown |= {"abuse_type": node.abuse_type, "abuse_report_time": time(node.abuse_reported_at)}
        if node.properties:
            shown["properties"] = node.properties
        if node.logging_enabled_at is not None:
            shown["logging_enabled_at"] = time(node.logging_enabled_at)
        if node.custom_domain_name is not None:
            shown["custom_domain_name"] = node.custom_domain_name
        if self.is_owner and (node.share_id is not None or node.permissions != NOBODY_ELSE):
            shown |= self._permissions(node)
        return shown

    def _permissions(self, node: Node) -> dict[str, Any]:
        by_id = {user_id: given for user_id, given in node.permissions.users.items() if user_id in self.user_names}
        return {
            "link_permissions": rights(node.permissions.link),
            "user_permissions": {self.user_names[user_id]: rights(given) for user_id, given in by_id.items()},
            "password_permissions": {
                password: rights(given)
                for password, given in sharing.passwords(self.site.keyring, node.permissions).items()
            },
        }


@cache
def _mode_string(mode: int) -> str:
    """As `ls -l` shows it. There are not many."""
    return stat.filemode(mode)


def node_entry(outline: Outline) -> dict[str, Any]:
    """Of a node object what a list of thousands shows."""
    shown: dict[str, Any] = {
        "type": "dir" if outline.is_directory else "file",
        "name": outline.name,
        "modified": time(outline.modified_at),
        "file_size": outline.size_bytes,
        "file_type": outline.mime_type,
    }
    return shown if outline.share_id is None else shown | {"id": outline.share_id}


async def node_view(site: Site, is_owner: bool, shown: Sequence[Node]) -> NodeView:
    return NodeView(site, is_owner, await sharing.names_of_users(site.db, shown) if is_owner else {})


async def node(site: Site, place: Place) -> dict[str, Any]:
    """The node object of a place."""
    view = await node_view(site, place.rights.owner, [place.node])
    return view.node(place.node, place.path)


async def node_stat(site: Site, caller: Caller, place: Place, children: Sequence[Node]) -> dict[str, Any]:
    """The answer of GET /filesystem/{path}?stat."""
    view = await node_view(site, place.rights.owner, [*place.nodes, *children])
    return {
        "path": [view.node(one, place.path_of(index)) for index, one in enumerate(place.nodes)],
        "base_index": len(place.nodes) - 1,
        "children": [view.node(child, place.path.child(child.name)) for child in children],
        "permissions": rights(place.rights),
        "context": {"premium_transfer": stats.is_premium(site, caller, place.node)},
    }


def rights(given: Rights) -> dict[str, bool]:
    return {"owner": given.owner, "read": given.read, "write": given.write, "delete": given.delete}
