"""The plans file: every key of it, and the built-in plans as they would stand in it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from pixelhost.plans import BUILT_IN, Plan
from pixelhost.web.docs import frame

MEANINGS: Final[Mapping[str, str]] = {
    "name": "What people read.",
    "type": "`free`, `prepaid`, `pro` or a word of your own. Transfer of every type but `free` is premium.",
    "price_per_tb_storage": "Micro-euro a month and terabyte (10^12 bytes), charged by the hour from the balance.",
    "price_per_tb_bandwidth": "Micro-euro a terabyte of premium transfer.",
    "price_per_month": "Micro-euro a month, charged by the hour.",
    "file_size_limit": "Bytes of one file.",
    "file_expiry_days": "Days after which a file that nobody reads goes; 0 is never.",
    "storage_space": "Bytes of everything together.",
    "file_count_limit": "How many files.",
    "filesystem_access": "Whether there is a filesystem.",
    "filesystem_storage_limit": "Bytes of the filesystem, as it is told to programs.",
    "directory_children_limit": "Entries of one directory.",
    "monthly_transfer_cap": "Bytes of premium transfer a month.",
    "file_viewer_branding": "Whether an account may choose how the pages of its files look.",
    "custom_domains": "Whether directories may be shown on a domain of their owner's.",
    "hotlinking": "Whether other sites may embed this account's files.",
    "file_rate_limit": "Whether a file with three times more downloads than views takes a captcha.",
    "downloads_per_ip_per_day": "Downloads of an address in 24 hours.",
    "transfer_per_ip_per_day": "Bytes that an address may download in 24 hours.",
    "concurrent_downloads_per_ip": "Downloads of an address at the same time.",
    "download_speed_limit": "Bytes a second; 0 is no limit.",
    "show_ads": "Whether programs are told to show advertisements. These pages have none.",
}


async def show(request: web.Request) -> web.Response:
    """GET /docs/plans"""
    keys = [(key, _written(_default(key)), meaning) for key, meaning in MEANINGS.items()]
    return frame.answer(
        request, "plans.html", keys=keys, built_in="\n".join(_table(plan) for plan in BUILT_IN.values())
    )


def _default(key: str) -> Any:
    default = next(field.default for field in msgspec.structs.fields(Plan) if field.name == key)
    return "" if default is msgspec.NODEFAULT else default


def _table(plan: Plan) -> str:
    return "\n".join([f"[{plan.id}]", *_lines(plan), ""])


def _lines(plan: Plan) -> Iterator[str]:
    """Those that aren't as they would be if they were left out."""
    for key in MEANINGS:
        value = getattr(plan, key)
        if value != _default(key):
            yield f"{key} = {_written(value)}"


def _written(value: Any) -> str:
    """As TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:_}" if isinstance(value, int) else f'"{value}"' if value else ""
