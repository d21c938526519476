"""Charges by the hour: exact, once, whatever becomes of the job and the clock; and accounts that run out of money."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from pixelhost import jobs
from pixelhost.core import billing, login
from pixelhost.db import meters
from pixelhost.errors import ApiError
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.money import (
    EURO,
    TERABYTE,
    balance_of,
    give,
    ledger_of,
    stores,
    to_month,
    to_next_hour,
)

STORAGE_PRICE = BUILT_IN["prepaid"].price_per_tb_storage


async def customer(site: Site, name: str = "alice", credit: int = 10 * EURO, plan_id: str = "prepaid") -> UUID:
    """An account with credit whose meter runs since the last full hour."""
    await login.add_user(site, name, email=f"{name}@example.com", plan_id=plan_id)
    user_id = await give(site, name, credit)
    await billing.charge_due(site)
    return user_id


async def plan_of(site: Site, user_id: UUID) -> str:
    return str(await site.db.fetchval("SELECT plan_id FROM users WHERE id = $1", user_id))


async def letters_to(site: Site, name: str) -> list[str]:
    rows = await site.db.fetch(
        "SELECT subject FROM outbox WHERE recipient = $1 ORDER BY created_at", f"{name}@example.com"
    )
    return [row["subject"] for row in rows]


@pytest.fixture
def priced(site: Site) -> Callable[..., Site]:
    """`priced(price_per_month=5)` is the site with the plan `priced` of these prices."""

    def change(**prices: int) -> Site:
        plans = {**BUILT_IN, "priced": Plan(id="priced", name="Priced", type="prepaid", **prices)}
        return replace(site, settings=replace(site.settings, plans=plans))

    return change


@pytest.fixture(autouse=True)
def _just_after_an_hour(clock: MovableClock) -> None:
    to_next_hour(clock)


async def test_an_hour_of_storage_costs_its_part_of_the_month(site: Site, clock: MovableClock):
    to_month(clock, 2027, 4)
    user_id = await customer(site)
    await stores(site, user_id, 9 * TERABYTE)
    await billing.charge_due(site)
    to_next_hour(clock)
    await billing.charge_due(site)
    # It wasn't there when the meter was read at midnight.
    assert await ledger_of(site, user_id) == [("credit", 10 * EURO)]
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    assert await ledger_of(site, user_id) == [("credit", 10 * EURO), ("storage", -9 * STORAGE_PRICE // 720)]


@pytest.mark.parametrize("month", [2, 3, 4])
async def test_a_month_costs_exactly_its_price_however_many_hours_it_has(site: Site, clock: MovableClock, month: int):
    to_month(clock, 2027, month)
    user_id = await customer(site, credit=50 * EURO)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    while clock.now().month == month:
        to_next_hour(clock, 40)
        await billing.charge_due(site)
    rest = (await site.db.fetchrow("SELECT * FROM meters"))["read_at"]
    beyond = await site.db.fetchval(
        "SELECT coalesce(sum(amount_micro_eur), 0) FROM ledger WHERE period_start >= $1",
        rest.replace(day=1, hour=0),
    )
    assert 50 * EURO - await balance_of(site, user_id) + int(beyond) == STORAGE_PRICE


async def test_parts_of_a_micro_euro_add_up(site: Site, clock: MovableClock):
    to_month(clock, 2027, 4)
    user_id = await customer(site)
    size = 123_456_789  # 0.69 micro-euro an hour
    await stores(site, user_id, size)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", size)
    for _ in range(10):
        to_next_hour(clock, 10)
        await billing.charge_due(site)
    rows = await ledger_of(site, user_id)
    assert len(rows) == 101
    assert sum(amount for _, amount in rows[1:]) == -(100 * size * STORAGE_PRICE // (720 * TERABYTE)) == -68


async def test_what_is_charged_is_the_space_that_was_used_throughout(site: Site, clock: MovableClock):
    user_id = await customer(site)
    for used in (TERABYTE, 3 * TERABYTE, 2 * TERABYTE, 0):
        await stores(site, user_id, used)
        to_next_hour(clock)
        await billing.charge_due(site)
    used = await site.db.fetch("SELECT used_bytes FROM ledger WHERE kind = 'storage' ORDER BY number")
    assert [row["used_bytes"] for row in used] == [TERABYTE, 2 * TERABYTE]
    assert len(await ledger_of(site, user_id)) == 3


async def test_within_an_hour_nothing_more_is_charged(site: Site, clock: MovableClock):
    await customer(site)
    await site.db.execute("UPDATE users SET storage_used_bytes = $1", TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock)
    assert [await billing.charge_due(site) for _ in range(3)] == [1, 0, 0]
    clock.advance(minutes=50)
    assert await billing.charge_due(site) == 0


async def test_of_many_workers_at_once_each_hour_is_charged_by_one(site: Site, clock: MovableClock):
    ids = [await customer(site, f"user{number}") for number in range(6)]
    for user_id in ids:
        await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 3)

    charges = await asyncio.gather(*(billing.charge_due(site) for _ in range(8)), jobs.run(site, "charges"))

    assert sum(count or 0 for count in charges) == 6 * 3
    for user_id in ids:
        assert len(await ledger_of(site, user_id)) == 1 + 3


async def test_a_job_that_is_killed_midway_charges_the_rest_when_it_runs_again(site: Site, clock: MovableClock):
    ids = [await customer(site, f"user{number}") for number in range(12)]
    for user_id in ids:
        await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 5)

    for _ in range(6):
        running = asyncio.create_task(billing.charge_due(site))
        before = await site.db.fetchval("SELECT count(*) FROM ledger")
        while not running.done() and await site.db.fetchval("SELECT count(*) FROM ledger") == before:
            pass
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    await billing.charge_due(site)

    for user_id in ids:
        assert len(await ledger_of(site, user_id)) == 1 + 5


async def test_an_account_that_cannot_be_charged_keeps_no_other_from_it(
    site: Site, clock: MovableClock, caplog: pytest.LogCaptureFixture
):
    ids = sorted([await customer(site, "ann"), await customer(site, "ben")])
    for user_id in ids:
        await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    await site.db.execute("UPDATE meters SET storage_owed = 1e60 WHERE user_id = $1", ids[0])
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    assert "can't be charged" in caplog.text
    assert [len(await ledger_of(site, user_id)) for user_id in ids] == [1, 2]
    await site.db.execute("UPDATE meters SET storage_owed = 0 WHERE user_id = $1", ids[0])
    assert await billing.charge_due(site) == 1


async def test_after_an_outage_each_missed_hour_is_charged_once_up_to_two_days(site: Site, clock: MovableClock):
    user_id = await customer(site, credit=1000 * EURO)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 7)
    assert await billing.charge_due(site) == 7
    to_next_hour(clock, 1000)
    assert await billing.charge_due(site) == 48
    assert await billing.charge_due(site) == 0
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    starts = await site.db.fetch("SELECT period_start FROM ledger WHERE kind = 'storage' ORDER BY number")
    assert len({row["period_start"] for row in starts}) == 7 + 48 + 1


async def test_a_clock_that_goes_back_charges_no_hour_again(site: Site, clock: MovableClock):
    user_id = await customer(site)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 5)
    assert await billing.charge_due(site) == 5
    to_next_hour(clock, -3)
    assert await billing.charge_due(site) == 0
    to_next_hour(clock, 3)
    assert await billing.charge_due(site) == 0
    to_next_hour(clock, 2)
    assert await billing.charge_due(site) == 2
    assert len(await ledger_of(site, user_id)) == 8


async def test_a_clock_that_was_years_ahead_does_not_stop_the_charges_for_years(site: Site, clock: MovableClock):
    user_id = await customer(site)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 3)
    assert await billing.charge_due(site) == 3
    years = 24 * 365 * 10
    to_next_hour(clock, years)
    assert await billing.charge_due(site) == 48
    to_next_hour(clock, -years)
    assert await billing.charge_due(site) == 0
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    # And an hour that was charged before the clock went wrong isn't charged again.
    await site.db.execute("UPDATE meters SET read_at = read_at - interval '2 hours'")
    assert await billing.charge_due(site) == 0
    assert len(await ledger_of(site, user_id)) == 1 + 3 + 48 + 1


async def test_a_plan_with_a_monthly_price_is_charged_by_the_hour_used_or_not(
    priced: Callable[..., Site], clock: MovableClock
):
    site = priced(price_per_month=7_200_001)
    to_month(clock, 2027, 4)
    user_id = await customer(site, plan_id="priced", credit=50 * EURO)
    for _ in range(18):
        to_next_hour(clock, 40)
        await billing.charge_due(site)
    rows = await ledger_of(site, user_id)
    assert len(rows) == 721
    assert {kind for kind, _ in rows[1:]} == {"subscription"}
    assert sum(amount for _, amount in rows[1:]) == -7_200_001


async def test_plans_without_prices_cost_nothing(site: Site, clock: MovableClock):
    user_id = await customer(site, plan_id="pro")
    await stores(site, user_id, TERABYTE)
    to_next_hour(clock, 5)
    assert await billing.charge_due(site) == 0
    assert await site.db.fetchval("SELECT count(*) FROM meters") == 0


async def test_the_time_between_two_prepaid_plans_costs_nothing(site: Site, clock: MovableClock):
    user_id = await customer(site)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    await site.db.execute("UPDATE users SET plan_id = 'pro' WHERE id = $1", user_id)
    to_next_hour(clock, 5)
    assert await billing.charge_due(site) == 0
    to_next_hour(clock, 5)
    await site.db.execute("UPDATE users SET plan_id = 'prepaid' WHERE id = $1", user_id)
    assert await billing.charge_due(site) == 0
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1


async def send(site: Site, payer: UUID, size_bytes: int, price: int = EURO) -> None:
    await meters.add_transfer(site.db, uuid4(), {(payer, price): size_bytes}, site.clock.now())


async def test_transfer_is_charged_at_the_price_of_its_time(site: Site, clock: MovableClock):
    user_id = await customer(site)
    await send(site, user_id, TERABYTE // 2)
    await send(site, user_id, TERABYTE // 4, 2 * EURO)
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    assert await ledger_of(site, user_id) == [("credit", 10 * EURO), ("bandwidth", -EURO)]
    assert await site.db.fetchval("SELECT used_bytes FROM ledger WHERE kind = 'bandwidth'") == TERABYTE * 3 // 4


async def test_parts_of_a_micro_euro_of_transfer_add_up(site: Site, clock: MovableClock):
    user_id = await customer(site)
    for _ in range(10):
        await send(site, user_id, 1_234_567)  # 1.23 micro-euro
        to_next_hour(clock)
        await billing.charge_due(site)
    assert await balance_of(site, user_id) == 10 * EURO - 12


async def test_a_batch_of_transfer_counts_once_and_leaves_out_deleted_accounts(site: Site):
    user_id, batch_id = await customer(site), uuid4()
    for _ in range(3):
        await meters.add_transfer(site.db, batch_id, {(user_id, 1): 5, (uuid4(), 1): 7}, site.clock.now())
    assert await site.db.fetchval("SELECT sum(transfer_bytes) FROM meters") == 5


async def test_transfer_that_waits_is_charged_although_the_plan_has_changed(site: Site, clock: MovableClock):
    user_id = await customer(site)
    await send(site, user_id, TERABYTE)
    await site.db.execute("UPDATE users SET plan_id = 'pro' WHERE id = $1", user_id)
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    assert await balance_of(site, user_id) == 9 * EURO


async def test_transfer_arriving_while_it_is_charged_is_neither_lost_nor_charged_twice(site: Site, clock: MovableClock):
    user_id = await customer(site, credit=100 * EURO)
    for _ in range(5):
        to_next_hour(clock)
        await asyncio.gather(
            *(send(site, user_id, TERABYTE // 100) for _ in range(10)), *(billing.charge_due(site) for _ in range(3))
        )
    to_next_hour(clock)
    await billing.charge_due(site)
    assert await balance_of(site, user_id) == 100 * EURO - EURO // 2


async def test_when_the_credit_is_used_up_the_plan_is_replaced_and_nothing_further_charged(
    site: Site, clock: MovableClock
):
    user_id = await customer(site, credit=20_000)
    await stores(site, user_id, TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", TERABYTE)
    to_next_hour(clock, 24)
    await billing.charge_due(site)
    debt = await balance_of(site, user_id)
    assert -STORAGE_PRICE // 672 < debt <= 0  # at most what the last hour cost
    assert await plan_of(site, user_id) == "unpaid"
    assert await letters_to(site, "alice") == ["Your credit at pixelhost is used up"]
    to_next_hour(clock, 24)
    assert await billing.charge_due(site) == 0
    assert await balance_of(site, user_id) == debt
    assert await site.db.fetchval("SELECT storage_used_bytes FROM users") == TERABYTE


async def test_credit_brings_the_plan_back_from_one_euro_on(site: Site, clock: MovableClock):
    user_id = await customer(site, credit=1)
    await send(site, user_id, TERABYTE)
    to_next_hour(clock)
    await billing.charge_due(site)
    assert await balance_of(site, user_id) == 1 - EURO
    await billing.give_credit(site, user_id, 2 * EURO - 2, "not enough")
    assert await plan_of(site, user_id) == "unpaid"
    await billing.give_credit(site, user_id, 1, "enough")
    assert await balance_of(site, user_id) == EURO
    assert await plan_of(site, user_id) == "prepaid"
    to_next_hour(clock)
    await billing.charge_due(site)
    assert await plan_of(site, user_id) == "prepaid"


async def test_whoever_has_chosen_another_plan_meanwhile_keeps_it(site: Site, clock: MovableClock):
    user_id = await customer(site, credit=1)
    await send(site, user_id, TERABYTE)
    to_next_hour(clock)
    await billing.charge_due(site)
    await site.db.execute("UPDATE users SET plan_id = 'pro' WHERE id = $1", user_id)
    await billing.give_credit(site, user_id, 10 * EURO, "late")
    assert await plan_of(site, user_id) == "pro"


async def test_credit_can_be_taken_back_and_goes_to_nobody_who_is_not_there(site: Site):
    user_id = await customer(site)
    assert await billing.give_credit(site, user_id, -3 * EURO, "a mistake") == 7 * EURO
    with pytest.raises(ApiError, match="user_not_found"):
        await billing.give_credit(site, uuid4(), EURO, "nobody")


async def test_an_account_without_an_address_is_charged_all_the_same(site: Site, clock: MovableClock):
    await login.add_user(site, "quiet", plan_id="prepaid")
    user_id = await give(site, "quiet", 1)
    await send(site, user_id, TERABYTE)
    to_next_hour(clock)
    assert await billing.charge_due(site) == 1
    assert await plan_of(site, user_id) == "unpaid"
