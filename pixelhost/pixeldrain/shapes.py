"""What the API's JSON objects look like. Pages embed the very same."""

from datetime import UTC, datetime
from typing import Any

from pixelhost.core import gates
from pixelhost.core.callers import Caller
from pixelhost.model import File, FileList, Session, User
from pixelhost.plans import Plan
from pixelhost.site import Site

NEVER = "0001-01-01T00:00:00Z"


def time(moment: datetime | None) -> str:
    """RFC 3339 in UTC with six fraction digits; the zero time where there is none."""
    return NEVER if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def file_info(site: Site, caller: Caller, file: File) -> dict[str, Any]:
    """The answer of GET /file/{id}/info."""
    plan = site.plan(file.owner_plan_id)
    refusal = gates.standing(site, caller, file)
    return {
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
        "show_ads": plan.show_ads,
        "allow_video_player": True,
        "download_speed_limit": 0,  # nothing slows downloads down in this version
    }


def file_list(site: Site, caller: Caller, found: FileList) -> dict[str, Any]:
    """The answer of GET /list/{id}: whole file infos, with two fields more."""
    return {
        "success": True,
        "id": found.id,
        "title": found.title,
        "date_created": time(found.created_at),
        "file_count": len(found.files),
        "can_edit": caller.owns(found.owner_id),
        "files": [
            {"detail_href": f"/file/{listed.file.id}/info", "description": listed.description}
            | file_info(site, caller, listed.file)
            for listed in found.files
        ],
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


def user(site: Site, account: User) -> dict[str, Any]:
    """The answer of GET /user. What later features count is zero or empty as long as nothing can use it."""
    plan = site.plan(account.plan_id)
    return {
        "username": account.name,
        "email": account.email,
        "email_verified": account.email_verified,
        "otp_enabled": False,
        "subscription": subscription(plan),
        "storage_space_used": account.storage_used_bytes,
        "filesystem_storage_used": 0,
        "file_count": account.file_count,
        "filesystem_node_count": 0,
        "is_admin": account.is_admin,
        "balance_micro_eur": 0,
        "hotlinking_enabled": plan.hotlinking,
        "monthly_transfer_cap": 0,
        "monthly_transfer_used": 0,
        "file_viewer_branding": None,
        "file_embed_domains": "",
        "skip_file_viewer": False,
        "affiliate_user_name": "",
        "checkout_country": "",
        "checkout_name": "",
        "checkout_provider": "",
    }
