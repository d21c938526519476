"""The ledger: whatever happens at once, and whoever tries to get round it, it sums to the balances."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from pixelhost.core import billing
from pixelhost.db import invoices, ledger, users
from pixelhost.db.ledger import Charge
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.money import EURO, balance_of, give, id_of, ledger_of
from tests.support.people import Person, make_person

INSERT_CREDIT = "INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur) VALUES ($1, 'credit', now(), $2)"


async def charge(site: Site, user_id: UUID, amount: int, hours_ago: int, kind: str = "storage") -> int | None:
    start = site.clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    async with site.db.acquire() as tx, tx.transaction():
        return await ledger.charge(tx, user_id, Charge(kind, start, amount), site.clock.now())


async def pay(site: Site, user_id: UUID, invoice_id: str, amount: int) -> None:
    """An invoice of this ID is paid, as often as this is called."""
    async with site.db.acquire() as tx, tx.transaction():
        await tx.execute(
            """INSERT INTO invoices (id, user_id, created_at, amount_micro_eur, vat_micro_eur, country, customer_name,
                                     gateway, network, payment_id, checkout_url, status, ask_at)
               VALUES ($1, $2, now(), $3, 0, 'NL', '', 'test', 'test', $1, '', 'open', now()) ON CONFLICT DO NOTHING""",
            invoice_id,
            user_id,
            amount,
        )
    try:
        async with site.db.acquire() as tx, tx.transaction():
            await ledger.add_for_invoice(tx, user_id, "deposit", invoice_id, amount, site.clock.now())
    except asyncpg.UniqueViolationError:
        pass


async def test_parallel_charges_deposits_and_retries_sum_to_the_balance(
    site: Site, alice: Person, bob: Person, clock: MovableClock
):
    clock.hold()
    people = [await give(site, "alice", 5 * EURO), await give(site, "bob", 5 * EURO)]
    chance = random.Random(4)
    doings = []
    for user_id in people:
        for hour in range(10):
            doings += [charge(site, user_id, hour * 1000 + 7, hour, kind) for kind in ("storage", "bandwidth")]
            doings += [charge(site, user_id, hour * 1000 + 7, hour)]  # a retry, or another worker
        for number in range(5):
            invoice_id = f"{'AB'[people.index(user_id)]}000000{number}"
            doings += [pay(site, user_id, invoice_id, 10 * EURO) for _ in range(3)]
        doings += [billing.give_credit(site, user_id, amount, "luck") for amount in (EURO, -EURO // 2, 3)]
    chance.shuffle(doings)

    await asyncio.gather(*doings)

    charges = 2 * sum(hour * 1000 + 7 for hour in range(10))
    for user_id in people:
        rows = await ledger_of(site, user_id)
        assert len(rows) == 1 + 20 + 5 + 3
        assert await balance_of(site, user_id) == 5 * EURO - charges + 50 * EURO + EURO - EURO // 2 + 3


async def test_an_hour_is_charged_once_a_kind(site: Site, alice: Person, clock: MovableClock):
    clock.hold()
    user_id = await give(site, "alice", EURO)
    assert await charge(site, user_id, 100, 1) == EURO - 100
    assert await charge(site, user_id, 100, 1) is None
    assert await charge(site, user_id, 900, 1) is None
    assert await charge(site, user_id, 5, 1, "bandwidth") == EURO - 105
    assert await charge(site, user_id, 100, 2) == EURO - 205
    assert len(await ledger_of(site, user_id)) == 4


async def test_a_balance_changes_by_the_ledger_alone(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    for statement in (
        "UPDATE users SET balance_micro_eur = balance_micro_eur + 1 WHERE id = $1",
        "UPDATE users SET balance_micro_eur = 0, plan_id = 'free' WHERE id = $1",
        "INSERT INTO users (name, plan_id, created_at, balance_micro_eur, delete_at) "
        "VALUES ('carol', 'free', now(), 1, (SELECT created_at FROM users WHERE id = $1))",
    ):
        with pytest.raises(asyncpg.RaiseError, match="what the ledger sums to"):
            await site.db.execute(statement, user_id)
    assert await balance_of(site, user_id) == EURO


async def test_what_is_written_is_never_changed(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    for statement in (
        "UPDATE ledger SET amount_micro_eur = 5",
        "UPDATE ledger SET reason = 'another'",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
    ):
        with pytest.raises(asyncpg.RaiseError, match="never changed"):
            await site.db.execute(statement)
    assert await ledger_of(site, user_id) == [("credit", EURO)]


async def test_the_ledger_goes_with_its_account(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    await site.db.execute("DELETE FROM users WHERE id = $1", user_id)
    assert await site.db.fetchval("SELECT count(*) FROM ledger") == 0


async def test_fsck_finds_a_balance_that_somebody_has_forced(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    assert await users.with_wrong_counters(site.db) == []
    async with site.db.acquire() as tx:
        forced = tx.transaction()
        await forced.start()
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute("UPDATE users SET balance_micro_eur = 7 WHERE id = $1", user_id)
        assert await users.with_wrong_counters(tx) == [("alice", "micro-euro", 7, EURO)]
        await forced.rollback()


async def test_numbers_and_balances_can_be_made_up_by_nobody(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    await site.db.execute(
        """INSERT INTO ledger (user_id, number, kind, made_at, amount_micro_eur, balance_micro_eur)
           VALUES ($1, 99, 'credit', now(), 1, 1000000000)""",
        user_id,
    )
    assert await ledger_of(site, user_id) == [("credit", EURO), ("credit", 1)]


async def test_several_rows_of_one_statement_are_summed_one_after_the_other(site: Site, alice: Person, bob: Person):
    alice_id, bob_id = await give(site, "alice", 5), await id_of(site, "bob")
    await site.db.execute(
        """INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur)
           SELECT id, 'credit', now(), amount FROM unnest($1::uuid[], $2::bigint[]) AS new (id, amount)""",
        [alice_id, bob_id, alice_id, alice_id],
        [1, 2, 3, -4],
    )
    assert await ledger_of(site, alice_id) == [("credit", 5), ("credit", 1), ("credit", 3), ("credit", -4)]
    assert await ledger_of(site, bob_id) == [("credit", 2)]


async def test_rows_that_are_undone_leave_no_gap(site: Site, alice: Person):
    user_id = await give(site, "alice", EURO)
    async with site.db.acquire() as tx:
        undone = tx.transaction()
        await undone.start()
        await tx.execute(INSERT_CREDIT, user_id, 7)
        await undone.rollback()
    await site.db.execute(INSERT_CREDIT, user_id, 8)
    assert await ledger_of(site, user_id) == [("credit", EURO), ("credit", 8)]


@pytest.mark.parametrize(
    "row",
    [
        "'deposit', 5, NULL, NULL",  # without an invoice
        "'storage', -5, NULL, NULL",  # without an hour
        "'storage', 5, now(), NULL",  # a charge that gives
        "'credit', 0, NULL, NULL",
        "'credit', 5, now(), NULL",
        "'gift', 5, NULL, NULL",
    ],
)
async def test_rows_that_make_no_sense_are_refused(site: Site, alice: Person, row: str):
    user_id = await id_of(site, "alice")
    with pytest.raises(asyncpg.CheckViolationError):
        await site.db.execute(
            f"""INSERT INTO ledger (user_id, made_at, kind, amount_micro_eur, period_start, invoice_id)
                VALUES ($1, now(), {row})""",
            user_id,
        )
    assert await ledger_of(site, user_id) == []


async def test_two_who_are_each_others_affiliates_can_pay_at_once(site: Site, client, clock: MovableClock):
    for name in ("ann", "ben"):
        await make_person(site, client, name)
    ids = [await id_of(site, "ann"), await id_of(site, "ben")]
    await site.db.execute("UPDATE users SET affiliate_user_id = CASE id WHEN $1 THEN $2 ELSE $1 END", *ids)

    async def paid(number: int) -> None:
        user_id, invoice_id = ids[number % 2], f"C000{number:04}"
        await site.db.execute(
            """INSERT INTO invoices (id, user_id, created_at, amount_micro_eur, vat_micro_eur, country, customer_name,
                                     gateway, network, payment_id, checkout_url, status, ask_at)
               VALUES ($1, $2, now(), 10000000, 0, 'NL', '', 'test', 'test', $1, '', 'open', now())""",
            invoice_id,
            user_id,
        )
        async with site.db.acquire() as tx, tx.transaction():
            invoice = await invoices.by_id(tx, invoice_id)
            await billing.claim_for_payment(tx, invoice)
            await billing.deposit(tx, site, invoice)

    await asyncio.gather(*(paid(number) for number in range(20)))

    for user_id in ids:
        assert len(await ledger_of(site, user_id)) == 20
        assert await balance_of(site, user_id) == 10 * 10 * EURO + 10 * EURO
