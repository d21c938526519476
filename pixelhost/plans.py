"""Plans: every limit of an account. Built-in ones, or those of PIXELHOST_PLANS_FILE (TOML, one table a plan).

The first keys are those of the documented `subscription` object. A key left out means no limit (`-1`, or `0` where
that is the documented value) or `false`.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

NO_LIMIT = -1


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes in bytes, prices in micro-euro a month and terabyte, rates in bytes a second."""

    id: str = ""
    name: str
    type: str
    price_per_tb_storage: int = 0
    price_per_tb_bandwidth: int = 0
    price_per_month: int = 0
    file_size_limit: int = NO_LIMIT
    file_expiry_days: int = 0  # 0 = never
    storage_space: int = NO_LIMIT
    file_count_limit: int = NO_LIMIT
    filesystem_access: bool = False
    filesystem_storage_limit: int = NO_LIMIT
    directory_children_limit: int = 10_000
    monthly_transfer_cap: int = NO_LIMIT
    file_viewer_branding: bool = False
    custom_domains: bool = False
    hotlinking: bool = False  # may other sites and strangers use this account's transfer
    file_rate_limit: bool = False  # captcha when a file has three times more downloads than views
    downloads_per_ip_per_day: int = NO_LIMIT
    transfer_per_ip_per_day: int = NO_LIMIT
    concurrent_downloads_per_ip: int = NO_LIMIT
    download_speed_limit: int = 0  # 0 = no limit
    show_ads: bool = False

    @property
    def is_premium(self) -> bool:
        """Whether transfer of this account counts as paid."""
        return self.type != "free"

    @property
    def has_prices(self) -> bool:
        """Whether it is paid for from the balance."""
        return bool(self.price_per_tb_storage or self.price_per_tb_bandwidth or self.price_per_month)


class PlansError(Exception):
    """The plans file cannot be used; the text names the file, the plan and the key."""


BUILT_IN: Mapping[str, Plan] = {
    plan.id: plan
    for plan in (
        Plan(
            id="free",
            name="Free",
            type="free",
            file_size_limit=10_000_000_000,
            file_expiry_days=60,
            storage_space=100_000_000_000,
            file_count_limit=10_000,
            filesystem_access=True,
        ),
        Plan(
            id="prepaid",
            name="Prepaid",
            type="prepaid",
            price_per_tb_storage=4_000_000,
            price_per_tb_bandwidth=1_000_000,
            file_size_limit=100_000_000_000,
            filesystem_access=True,
            file_viewer_branding=True,
            custom_domains=True,
            hotlinking=True,
        ),
        Plan(
            id="prepaid_lite",
            name="Prepaid Lite",
            type="prepaid",
            price_per_tb_storage=4_000_000,
            price_per_tb_bandwidth=2_000_000,
            file_size_limit=100_000_000_000,
            filesystem_access=True,
            hotlinking=True,
        ),
        Plan(
            id="pro",
            name="Pro",
            type="pro",
            file_size_limit=20_000_000_000,
            file_expiry_days=120,
            storage_space=2_000_000_000_000,
            filesystem_access=True,
            hotlinking=True,
        ),
        Plan(
            id="unlimited",
            name="Unlimited",
            type="unlimited",
            filesystem_access=True,
            file_viewer_branding=True,
            custom_domains=True,
            hotlinking=True,
        ),
    )
}

UNPAID = Plan(id="unpaid", name="Unpaid", type="free", storage_space=0, filesystem_access=True)
"""Of an account whose balance has run out: everything it has stays and can be read, and nothing can be added."""


def read_plans(path: Path) -> Mapping[str, Plan]:
    """The plans of a TOML file by their ID. Raises PlansError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlansError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlansError(f"{path} is not TOML: {error}") from error
    if not tables:
        raise PlansError(f"{path} has no plan in it")
    return {plan_id: _plan(path, plan_id, table) for plan_id, table in tables.items()}


def _plan(path: Path, plan_id: str, table: object) -> Plan:
    if not isinstance(table, dict):
        raise PlansError(f"{path}: '{plan_id}' stands outside a [plan]")
    try:
        plan = msgspec.convert(table | {"id": plan_id}, Plan)
    except msgspec.ValidationError as error:
        raise PlansError(f"{path}: [{plan_id}] {error}") from error
    for key in msgspec.structs.fields(Plan):
        value = getattr(plan, key.name)
        if isinstance(value, int) and value < NO_LIMIT:
            raise PlansError(f"{path}: [{plan_id}] {key.name} is {value}; the lowest allowed is -1, no limit")
    return plan
