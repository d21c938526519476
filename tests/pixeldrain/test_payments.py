"""What becomes of payments: webhooks that come late, twice, in any order or never; and affiliates' shares."""

import asyncio
import logging
from dataclasses import replace

import pytest

from pixelhost.core import invoices
from pixelhost.core.gateways import mollie as mollie_client
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.mollie import KEY, FakeMollie
from tests.support.money import EURO, WEBHOOK, balance, balance_of, id_of, invoiced, ledger_of, status_of, tell
from tests.support.people import Person


async def test_a_paid_invoice_is_credited_and_told_by_mail(
    shop: Place, carol: Person, gateway: Person, mollie: FakeMollie
):
    invoice_id = await invoiced(carol)
    payment_id = mollie.becomes("paid")
    assert await balance(carol) == 0
    assert (await tell(gateway, payment_id)).status == 200
    assert await balance(carol) == 10 * EURO
    assert await status_of(carol, invoice_id) == "paid"
    letter = await shop.site.db.fetchrow("SELECT recipient, subject, text FROM outbox")
    assert (letter["recipient"], letter["subject"]) == ("carol@example.com", "Your payment of €12.10 to pixelhost")
    assert invoice_id in letter["text"]
    assert "€2.10" in letter["text"]


async def test_a_webhook_that_comes_many_times_at_once_beside_the_job_credits_once(
    shop: Place, carol: Person, gateway: Person, mollie: FakeMollie, clock: MovableClock
):
    invoice_id = await invoiced(carol)
    payment_id = mollie.becomes("paid")
    clock.advance(minutes=10)
    await asyncio.gather(
        *(tell(gateway, payment_id) for _ in range(20)),
        *(invoices.ask_again(shop.site) for _ in range(3)),
        *(carol.get(f"/api/user/pay_invoice/{invoice_id}") for _ in range(3)),
    )
    await tell(gateway, payment_id)
    user_id = await id_of(shop.site, "carol")
    assert await ledger_of(shop.site, user_id) == [("deposit", 10 * EURO)]
    assert await shop.site.db.fetchval("SELECT count(*) FROM outbox") == 1


async def test_what_a_webhook_says_is_not_believed(carol: Person, gateway: Person, mollie: FakeMollie):
    invoice_id = await invoiced(carol)
    lie = {"id": mollie.latest, "status": "paid", "amount": "12.10"}
    assert (await gateway.post(f"{WEBHOOK}/mollie", data=lie)).status == 200
    assert await balance(carol) == 0
    assert await status_of(carol, invoice_id) == "open"


async def test_payments_that_are_not_ours_are_ignored_without_a_question(gateway: Person, mollie: FakeMollie):
    for payment_id in ("tr_7UhSN1zuXS", "../../v2/methods", "é", "x" * 200):
        assert (await tell(gateway, payment_id)).status == 200
    assert mollie.asked == []


async def test_a_webhook_needs_a_payment_and_a_gateway_that_is_configured(gateway: Person, anyone: Person):
    assert (await gateway.post(f"{WEBHOOK}/mollie", data={})).refusal == (400, "missing_field")
    assert (await tell(gateway, "x" * 201)).refusal == (422, "string_out_of_range")
    assert (await tell(gateway, "tr_1\0")).refusal == (400, "field_contains_illegal_character")
    assert (await tell(gateway, "tr_1", "paypal")).refusal == (404, "not_found")
    assert (await tell(anyone, "tr_1")).refusal == (404, "not_found")


@pytest.mark.parametrize("trouble", ["500", "429", "hangs", "cuts off", "talks nonsense", "talks endlessly"])
async def test_while_the_gateway_cannot_be_asked_its_webhook_is_to_be_sent_again(
    carol: Person, gateway: Person, mollie: FakeMollie, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    await invoiced(carol)
    payment_id = mollie.becomes("paid")
    mollie.trouble = trouble
    with monkeypatch.context() as hurried:
        hurried.setattr(mollie_client, "TIMEOUT_SECONDS", 0.5)
        assert (await tell(gateway, payment_id)).refusal == (500, "internal")
    assert await balance(carol) == 0
    mollie.trouble = ""
    assert (await tell(gateway, payment_id)).status == 200
    assert await balance(carol) == 10 * EURO


@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
async def test_money_that_arrives_after_all_is_credited(
    carol: Person, gateway: Person, mollie: FakeMollie, status: str
):
    invoice_id = await invoiced(carol)
    await tell(gateway, mollie.becomes(status))
    assert await status_of(carol, invoice_id) == status
    await tell(gateway, mollie.becomes("paid"))
    assert await status_of(carol, invoice_id) == "paid"
    assert await balance(carol) == 10 * EURO


@pytest.mark.parametrize("status", ["open", "canceled", "expired", "failed"])
async def test_what_is_paid_stays_paid_whatever_comes_later(
    carol: Person, gateway: Person, mollie: FakeMollie, status: str
):
    invoice_id = await invoiced(carol)
    await tell(gateway, mollie.becomes("paid"))
    await tell(gateway, mollie.becomes(status))
    assert await status_of(carol, invoice_id) == "paid"
    assert await balance(carol) == 10 * EURO


@pytest.mark.parametrize(
    "amount",
    [
        {"currency": "EUR", "value": "12.09"},
        {"currency": "EUR", "value": "12.11"},
        {"currency": "EUR", "value": "0.01"},
        {"currency": "USD", "value": "12.10"},
        {"currency": "EUR", "value": "12.1"},
        {"currency": "EUR", "value": "-12.10"},
    ],
)
async def test_a_payment_of_another_sum_credits_nothing_and_is_logged(
    carol: Person, gateway: Person, mollie: FakeMollie, caplog: pytest.LogCaptureFixture, amount: dict[str, str]
):
    invoice_id = await invoiced(carol)
    with caplog.at_level(logging.ERROR):
        assert (await tell(gateway, mollie.becomes("paid", amount=amount))).status == 200
    assert f"invoice {invoice_id} is of 1210 cents" in caplog.text
    assert await balance(carol) == 0
    assert await status_of(carol, invoice_id) == "failed"


async def test_a_gateway_that_tells_of_another_payment_credits_nothing(
    carol: Person, gateway: Person, mollie: FakeMollie
):
    await invoiced(carol)
    payment_id = mollie.latest
    mollie.becomes("paid", id="tr_other")
    assert (await tell(gateway, payment_id)).refusal == (500, "internal")
    assert await balance(carol) == 0


async def test_payments_whose_webhook_never_comes_are_asked_for(
    shop: Place, carol: Person, mollie: FakeMollie, clock: MovableClock
):
    ids = [await invoiced(carol) for _ in range(4)]
    first, second, third, _ = mollie.payments
    mollie.becomes("paid", first)
    mollie.becomes("expired", second)
    del mollie.payments[third]
    assert await invoices.ask_again(shop.site) == 0  # nobody pays in less than five minutes
    clock.advance(minutes=6)
    assert await invoices.ask_again(shop.site) == 3
    assert [await status_of(carol, invoice_id) for invoice_id in ids] == ["paid", "expired", "canceled", "open"]
    assert await balance(carol) == 10 * EURO


async def test_the_older_an_open_invoice_is_the_more_seldom_it_is_asked_for(
    shop: Place, carol: Person, mollie: FakeMollie, clock: MovableClock
):
    await invoiced(carol)
    mollie.asked.clear()
    for _ in range(24 * 6):
        clock.advance(minutes=10)
        await invoices.ask_again(shop.site)
    assert 10 < len(mollie.asked) < 50


async def test_while_the_gateway_is_down_the_job_asks_it_once_and_later_again(
    shop: Place, carol: Person, mollie: FakeMollie, clock: MovableClock
):
    for _ in range(5):
        await invoiced(carol)
        mollie.becomes("paid")
    mollie.trouble = "503"
    mollie.asked.clear()
    clock.advance(minutes=6)
    assert await invoices.ask_again(shop.site) == 0
    assert len(mollie.asked) == 1
    mollie.trouble = ""
    clock.advance(minutes=6)
    assert await invoices.ask_again(shop.site) == 5
    assert await balance(carol) == 50 * EURO


async def test_an_invoice_is_asked_for_even_after_the_clock_was_years_ahead(
    shop: Place, carol: Person, mollie: FakeMollie, clock: MovableClock
):
    await invoiced(carol)
    clock.advance(days=3650)
    await invoices.ask_again(shop.site)
    clock.advance(days=-3650)
    mollie.becomes("paid")
    assert await invoices.ask_again(shop.site) == 1
    assert await balance(carol) == 10 * EURO


async def test_a_payment_of_an_account_that_is_gone_is_kept_in_the_books(
    shop: Place, carol: Person, gateway: Person, mollie: FakeMollie, caplog: pytest.LogCaptureFixture
):
    await invoiced(carol)
    await shop.site.db.execute("DELETE FROM users WHERE name = 'carol'")
    assert (await tell(gateway, mollie.becomes("paid"))).status == 200
    assert "its account is gone" in caplog.text
    assert await shop.site.db.fetchval("SELECT status FROM invoices") == "paid"


async def test_the_affiliate_gets_a_share_of_what_is_paid_once(
    shop: Place, carol: Person, gateway: Person, mollie: FakeMollie
):
    dave = await shop.person("dave", "free")
    assert (await carol.put("/api/user", data={"affiliate_user_name": "dave"})).status == 200
    for _ in range(2):
        await invoiced(carol, amount=10_000_019)
        payment_id = mollie.becomes("paid")
        await asyncio.gather(*(tell(gateway, payment_id) for _ in range(3)))
    assert await balance(carol) == 20_000_038
    assert await balance(dave) == 2 * 1_000_001
    month = shop.site.clock.now().strftime("%Y-%m")
    (day,) = (await dave.get(f"/api/user/transactions/{month}")).json
    assert (day["affiliate_amount"], day["affiliate_count"], day["deposit_amount"]) == (2_000_002, 2, 0)


async def test_without_a_share_in_the_settings_affiliates_get_nothing(site: Site, served: Serve, mollie: FakeMollie):
    settings = replace(site.settings, mollie_key=KEY, mollie_url=mollie.url, affiliate_percent=0)
    place = await served(replace(site, settings=settings))
    carol, dave = await place.person("carol", "free"), await place.person("dave", "free")
    assert (await carol.put("/api/user", data={"affiliate_user_name": "dave"})).status == 200
    await invoiced(carol)
    await tell(Person("", "", place.client), mollie.becomes("paid"))
    assert (await balance(carol), await balance(dave)) == (10 * EURO, 0)


async def test_credit_that_was_used_up_comes_back_with_the_plan_when_an_invoice_is_paid(
    shop: Place, carol: Person, gateway: Person, mollie: FakeMollie
):
    user_id = await id_of(shop.site, "carol")
    await change_rows(shop.site, "UPDATE users SET plan_id = 'unpaid', resumes_plan_id = 'prepaid'")
    await invoiced(carol)
    await tell(gateway, mollie.becomes("paid"))
    assert (await carol.get("/api/user")).json["subscription"]["id"] == "prepaid"
    assert await balance_of(shop.site, user_id) == 10 * EURO
