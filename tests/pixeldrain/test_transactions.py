"""GET /user/transactions/{month}."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from pixelhost.core import billing
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.mollie import FakeMollie
from tests.support.money import (
    EURO,
    TERABYTE,
    give,
    id_of,
    invoiced,
    stores,
    tell,
    to_month,
    to_next_hour,
)
from tests.support.people import Person


async def test_a_day_is_a_row_in_the_documented_shape(
    site: Site, carol: Person, gateway: Person, mollie: FakeMollie, clock: MovableClock
):
    to_month(clock, 2027, 4)
    user_id = await id_of(site, "carol")
    await change_rows(site, "UPDATE users SET plan_id = 'prepaid'")
    await invoiced(carol)
    await tell(gateway, mollie.becomes("paid"))
    await give(site, "carol", -2 * EURO)
    await billing.charge_due(site)
    await stores(site, user_id, 9 * TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", 9 * TERABYTE)
    await site.db.execute("UPDATE meters SET transfer_bytes = 500, transfer_owed = $1", TERABYTE * 1234)
    to_next_hour(clock, 2)
    before = clock.now()
    await billing.charge_due(site)

    (day,) = (await carol.get("/api/user/transactions/2027-04")).json

    assert day.pop("time").startswith(before.strftime("2027-04-01T%H:%M:"))
    assert day == {
        "new_balance": 8 * EURO - 2 * 50_000 - 1234,
        "deposit_amount": 8 * EURO,
        "subscription_charge": 0,
        "storage_charge": -2 * 50_000,
        "storage_used": 9 * TERABYTE,
        "bandwidth_charge": -1234,
        "bandwidth_used": 500,
        "affiliate_amount": 0,
        "affiliate_count": 0,
    }


async def test_each_row_continues_from_the_balance_of_the_one_before(site: Site, alice: Person, clock: MovableClock):
    to_month(clock, 2027, 4)
    user_id = await give(site, "alice", 10 * EURO)
    await change_rows(site, "UPDATE users SET plan_id = 'prepaid'")
    await billing.charge_due(site)
    await stores(site, user_id, TERABYTE)
    for hours in (5, 30, 1, 40, 20):
        to_next_hour(clock, hours)
        await billing.charge_due(site)
        await give(site, "alice", 7)
    days = (await alice.get("/api/user/transactions/2027-04")).json
    assert len(days) == 4
    assert [day["time"] for day in days] == sorted(day["time"] for day in days)
    balance = 0
    for day in days:
        charges = day["storage_charge"] + day["bandwidth_charge"] + day["subscription_charge"]
        balance += day["deposit_amount"] + charges
        assert day["new_balance"] == balance


async def test_a_month_has_its_own_rows_and_nobody_elses(site: Site, alice: Person, bob: Person, clock: MovableClock):
    to_month(clock, 2027, 3)
    clock.advance(days=30, hours=23, minutes=58, seconds=30)  # 31 March, 23:59:30
    await give(site, "alice", 1)
    clock.advance(minutes=1)
    await give(site, "alice", 2)
    await give(site, "bob", 4)
    for month, amounts in (("2027-02", []), ("2027-03", [1]), ("2027-04", [2]), ("2027-05", []), ("9999-12", [])):
        answer = await alice.get(f"/api/user/transactions/{month}")
        assert answer.status == 200
        assert [day["deposit_amount"] for day in answer.json] == amounts, month


async def test_an_account_without_transactions_has_an_empty_log(alice: Person):
    assert (await alice.get("/api/user/transactions/2024-02")).json == []


@pytest.mark.parametrize(
    "month",
    ["2024-13", "2024-00", "2024", "24-02", "2024-2", "2024-02-01", "0000-01", "x", "\0", "٢٠٢٤-02", "2024-02 "],
)
async def test_a_month_that_is_none_is_refused(alice: Person, month: str):
    refused = await alice.get(f"/api/user/transactions/{quote(month)}")
    assert refused.refusal == (422, "time_parse_failed")
    assert refused.json["extra"] == {"field": "month"}


async def test_charges_that_are_made_up_for_stand_on_the_day_they_are_made(
    site: Site, alice: Person, clock: MovableClock
):
    to_month(clock, 2027, 4)
    user_id = await give(site, "alice", 10 * EURO)
    await change_rows(site, "UPDATE users SET plan_id = 'prepaid'")
    await billing.charge_due(site)
    await stores(site, user_id, 9 * TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", 9 * TERABYTE)
    to_next_hour(clock, 30)
    await billing.charge_due(site)
    days = (await alice.get("/api/user/transactions/2027-04")).json
    assert [day["storage_charge"] for day in days] == [0, -30 * 50_000]
    assert days[1]["time"] > (clock.now() - timedelta(minutes=5)).isoformat()[:16]
