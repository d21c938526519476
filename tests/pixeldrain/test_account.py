"""GET /user."""

import uuid

import pytest

from tests.support.people import Person


async def test_the_account_tells_its_plan_and_what_it_uses(alice: Person):
    await alice.upload("a", b"12345")
    user = (await alice.get("/api/user")).json
    assert (user["username"], user["is_admin"], user["file_count"]) == ("alice", False, 1)
    assert user["storage_space_used"] == 5
    assert user["subscription"]["id"] == "unlimited"
    assert user["subscription"]["storage_space"] == -1
    documented = {
        "username", "email", "email_verified", "otp_enabled", "subscription", "storage_space_used",
        "filesystem_storage_used", "file_count", "filesystem_node_count", "is_admin", "balance_micro_eur",
        "hotlinking_enabled", "monthly_transfer_cap", "monthly_transfer_used", "file_viewer_branding",
        "file_embed_domains", "skip_file_viewer", "affiliate_user_name", "checkout_country", "checkout_name",
        "checkout_provider",
    }  # fmt: skip
    assert documented <= set(user)
    assert set(user["subscription"]) >= {
        "id", "name", "type", "file_size_limit", "file_expiry_days", "storage_space", "price_per_tb_storage",
        "price_per_tb_bandwidth", "monthly_transfer_cap", "file_viewer_branding", "filesystem_access",
        "filesystem_storage_limit",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/user"),
        ("PUT", "/user"),
        ("DELETE", "/user"),
        ("POST", "/user/totp"),
        ("GET", "/user/session"),
        ("POST", "/user/session"),
        ("DELETE", "/user/session"),
    ],
)
async def test_an_account_is_shown_only_with_a_key(anyone: Person, method: str, path: str):
    assert (await anyone.ask(method, f"/api{path}")).refusal == (401, "authentication_required")
    wrong = Person("", str(uuid.uuid4()), anyone.client)
    assert (await wrong.ask(method, f"/api{path}")).refusal == (401, "authentication_failed")
