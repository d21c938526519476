"""POST and GET /user/invoice, and GET /user/pay_invoice."""

from dataclasses import replace

import pytest

from pixelhost.core.gateways import mollie as mollie_client
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve
from tests.support.clock import MovableClock
from tests.support.mollie import KEY, FakeMollie
from tests.support.money import EURO, WEBHOOK, balance, invoice, invoiced, status_of, tell
from tests.support.people import Answer, Person

BY_MOLLIE = ["mollie", "paypal", "bancontact", "eps", "ideal", "p24", "trustly"]
DOCUMENTED = [*BY_MOLLIE, "btc", "btc_lightning", "doge", "xmr", "ltc"]


def problems(answer: Answer) -> list[str]:
    assert answer.refusal == (400, "multiple_errors")
    return [error["value"] for error in answer.json["errors"]]


async def test_an_invoice_leads_to_the_page_where_it_is_paid(carol: Person, mollie: FakeMollie):
    made = await invoice(carol)
    assert made.status == 200
    assert set(made.json) == {"invoice_id", "checkout_url"}
    assert made.json["checkout_url"] == f"https://www.mollie.com/checkout/{mollie.latest}"
    (asked,) = mollie.asked
    assert asked[:2] == ("POST", "/v2/payments")
    assert asked[3]["amount"] == {"currency": "EUR", "value": "12.10"}
    assert asked[3]["method"] == "ideal"
    assert asked[3]["redirectUrl"] == str(carol.client.make_url("/user/subscription"))
    assert asked[3]["metadata"]["invoice_id"] == made.json["invoice_id"]
    assert asked[2]["Idempotency-Key"] == made.json["invoice_id"]
    assert "webhookUrl" not in asked[3]  # nobody outside could reach 127.0.0.1
    assert await balance(carol) == 0


async def test_where_the_site_has_a_public_address_the_gateway_calls_it(
    site: Site, served: Serve, mollie: FakeMollie, client
):
    settings = replace(site.settings, mollie_key=KEY, mollie_url=mollie.url, base_url="https://files.example.com")
    place = await served(replace(site, settings=settings))
    await invoiced(await place.person("dave", "free"))
    assert mollie.asked[0][3]["webhookUrl"] == f"https://files.example.com{WEBHOOK}/mollie"
    assert mollie.asked[0][3]["redirectUrl"] == "https://files.example.com/user/subscription"


@pytest.mark.parametrize("network", BY_MOLLIE)
async def test_every_network_of_mollie_is_asked_for_by_its_name_there(carol: Person, mollie: FakeMollie, network: str):
    await invoiced(carol, network=network)
    names = {"mollie": None, "p24": "przelewy24"}
    assert mollie.payments[mollie.latest].get("method") == names.get(network, network)


@pytest.mark.parametrize("network", ["btc", "btc_lightning", "doge", "xmr", "ltc", "cash", "", "IDEAL"])
async def test_a_network_without_a_gateway_is_refused_with_those_that_have_one(carol: Person, network: str):
    form = {"amount": "10000000", "network": network, "country": "NL", "name": "C"}
    refused = await carol.post("/api/user/invoice", data=form)
    assert refused.refusal == (422, "enum_parse_failed")
    assert refused.json["extra"] == {"field": "network", "allowed_values": [*BY_MOLLIE, "test"]}


@pytest.mark.parametrize("network", [*DOCUMENTED, "test"])
async def test_without_any_gateway_no_network_is_allowed(alice: Person, network: str):
    refused = await invoice(alice, network=network)
    assert refused.refusal == (422, "enum_parse_failed")
    assert refused.json["extra"]["allowed_values"] == []


@pytest.mark.parametrize(
    ("amount", "is_allowed"),
    [
        (10_000_000, True),
        (9_999_999, False),
        (1_000_000_000_000, True),
        (1_000_000_000_001, False),
        (0, False),
        (-10_000_000, False),
        (2**63 - 1, False),
    ],
)
async def test_an_invoice_is_of_10_euros_to_a_million(carol: Person, amount: int, is_allowed: bool):
    answer = await invoice(carol, amount=amount)
    if is_allowed:
        assert answer.status == 200
    else:
        assert answer.refusal == (422, "integer_out_of_range")
        limits = {"min_val": 10_000_000, "max_val": 1_000_000_000_000}
        assert answer.json["extra"] == {"field": "amount", "val": amount} | limits


@pytest.mark.parametrize("amount", ["ten", "10.00", "1e7", "0x10", " "])
async def test_an_amount_that_is_no_number_is_refused(carol: Person, amount: str):
    assert (await invoice(carol, amount=amount)).refusal == (422, "integer_parse_failed")


@pytest.mark.parametrize("country", ["NL", "nl", "NLD", "nld"])
async def test_a_country_is_two_or_three_letters(carol: Person, country: str):
    await invoiced(carol, country=country)
    assert (await carol.get("/api/user/invoice")).json[0]["country"] == "NL"


@pytest.mark.parametrize("country", ["N", "NLDA", "Netherlands"])
async def test_a_country_of_other_lengths_is_refused(carol: Person, country: str):
    refused = await invoice(carol, country=country)
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"] == {"field": "country", "min_len": 2, "max_len": 3, "len": len(country)}


@pytest.mark.parametrize("country", ["XX", "12", "ZZZ", "é!"])
async def test_a_country_that_does_not_exist_is_refused(carol: Person, country: str):
    refused = await invoice(carol, country=country)
    assert refused.refusal == (422, "enum_parse_failed")
    assert "NL" in refused.json["extra"]["allowed_values"]


@pytest.mark.parametrize("network", ["ideal", "p24"])
async def test_some_networks_need_a_name(carol: Person, network: str):
    for name in ("", "  "):
        refused = await invoice(carol, network=network, name=name)
        assert refused.refusal == (400, "missing_field")
        assert refused.json["extra"] == {"field": "name"}


async def test_other_networks_need_none_and_no_name_is_longer_than_100_characters(carol: Person):
    await invoiced(carol, network="paypal", name="")
    await invoiced(carol, name="é" * 100)
    assert (await invoice(carol, name="é" * 101)).refusal == (422, "string_out_of_range")


@pytest.mark.parametrize("field", ["amount", "network", "country"])
async def test_a_field_that_is_missing_is_named(carol: Person, field: str):
    form = {"amount": "10000000", "network": "paypal", "country": "NL"}
    del form[field]
    refused = await carol.post("/api/user/invoice", data=form)
    assert refused.refusal == (400, "missing_field")
    assert refused.json["extra"] == {"field": field}


async def test_everything_wrong_with_an_invoice_is_told_at_once(carol: Person, mollie: FakeMollie):
    refused = await invoice(carol, amount=5, network="p24", country="X", name="")
    assert problems(refused) == ["integer_out_of_range", "string_out_of_range", "missing_field"]
    assert problems(await carol.post("/api/user/invoice", data={})) == ["missing_field"] * 3
    assert mollie.asked == []


@pytest.mark.parametrize(
    ("country", "vat", "value"),
    [("NL", 2_100_000, "12.10"), ("FIN", 2_550_000, "12.55"), ("US", 0, "10.00"), ("GB", 0, "10.00")],
)
async def test_vat_comes_on_top_by_the_country(carol: Person, mollie: FakeMollie, country: str, vat: int, value: str):
    await invoiced(carol, country=country)
    assert (await carol.get("/api/user/invoice")).json[0]["vat"] == vat
    assert mollie.payments[mollie.latest]["amount"]["value"] == value


async def test_a_sum_between_two_cents_is_paid_with_the_higher_and_credited_exactly(
    carol: Person, gateway: Person, mollie: FakeMollie
):
    await invoiced(carol, amount=10_000_001, country="US")
    assert mollie.payments[mollie.latest]["amount"]["value"] == "10.01"
    await tell(gateway, mollie.becomes("paid"))
    assert await balance(carol) == 10_000_001


async def test_invoices_are_listed_newest_first_in_the_documented_shape(carol: Person, clock: MovableClock):
    first = await invoiced(carol)
    clock.advance(minutes=1)
    second = await invoiced(carol, network="test", country="US", amount=20 * EURO)
    listed = (await carol.get("/api/user/invoice")).json
    assert [one["id"] for one in listed] == [second, first]
    assert listed[1].pop("time").endswith("Z")
    assert listed[1] == {
        "id": first,
        "amount": 10_000_000,
        "vat": 2_100_000,
        "country": "NL",
        "payment_gateway": "mollie",
        "payment_method": "ideal",
        "status": "open",
    }
    assert (listed[0]["payment_gateway"], listed[0]["payment_method"]) == ("test", "test")


async def test_nobody_sees_or_pays_another_accounts_invoices(shop: Place, carol: Person, mollie: FakeMollie):
    invoice_id = await invoiced(carol)
    dave = await shop.person("dave", "free")
    assert (await dave.get("/api/user/invoice")).json == []
    assert (await dave.get(f"/api/user/pay_invoice/{invoice_id}")).refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/user/invoice"),
        ("GET", "/user/invoice"),
        ("GET", "/user/pay_invoice/abcd1234"),
        ("GET", "/user/transactions/2024-02"),
    ],
)
async def test_money_is_a_matter_of_accounts(anyone: Person, method: str, path: str):
    assert (await anyone.ask(method, f"/api{path}")).refusal == (401, "authentication_required")
    wrong = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    assert (await wrong.ask(method, f"/api{path}")).refusal == (401, "authentication_failed")


async def test_another_sites_page_cannot_make_an_invoice_with_the_visitors_cookie(carol: Person, gateway: Person):
    headers = {"Cookie": f"pd_auth_key={carol.key}", "Origin": "https://evil.example"}
    form = {"amount": "10000000", "network": "paypal", "country": "NL"}
    refused = await gateway.post("/api/user/invoice", data=form, headers=headers)
    assert refused.refusal == (400, "request_origin_invalid")


async def test_invoices_of_an_account_are_limited_by_the_minute(carol: Person, mollie: FakeMollie, clock: MovableClock):
    clock.advance(seconds=60 - clock.now().second)
    answers = [await invoice(carol) for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert answers[-1].value == "ip_rate_limit_reached"
    clock.advance(minutes=1)
    await invoiced(carol)


@pytest.mark.parametrize(
    "trouble",
    ["500", "502", "503", "429", "401", "hangs", "cuts off", "talks nonsense", "talks endlessly", "redirects"],
)
async def test_a_gateway_in_trouble_makes_no_invoice(
    carol: Person, mollie: FakeMollie, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    mollie.trouble = trouble
    with monkeypatch.context() as hurried:
        hurried.setattr(mollie_client, "TIMEOUT_SECONDS", 0.5)
        assert (await invoice(carol)).refusal == (500, "internal")
    assert (await carol.get("/api/user/invoice")).json == []
    mollie.trouble = ""
    await invoiced(carol)


async def test_a_gateway_that_is_not_there_makes_no_invoice(site: Site, served: Serve):
    settings = replace(site.settings, mollie_key=KEY, mollie_url="http://127.0.0.1:9/v2")
    place = await served(replace(site, settings=settings))
    dave = await place.person("dave", "free")
    assert (await invoice(dave)).refusal == (500, "internal")
    assert (await dave.get("/api/user/invoice")).json == []


async def test_a_payment_that_the_gateway_refuses_is_the_customers_to_change(carol: Person, mollie: FakeMollie):
    mollie.trouble = "422"
    assert (await invoice(carol)).refusal == (403, "forbidden")
    assert (await carol.get("/api/user/invoice")).json == []


async def test_an_open_invoice_leads_to_its_checkout(carol: Person, mollie: FakeMollie):
    invoice_id = await invoiced(carol)
    answer = await carol.get(f"/api/user/pay_invoice/{invoice_id}")
    assert answer.status == 302
    assert answer.headers["Location"] == f"https://www.mollie.com/checkout/{mollie.latest}"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("invoice_id", ["abcd1234", "x", "tr_0000000000", "%00%00%00%00%00%00%00%00", "a" * 5000])
async def test_an_invoice_that_does_not_exist_is_not_found(carol: Person, invoice_id: str):
    assert (await carol.get(f"/api/user/pay_invoice/{invoice_id}")).refusal == (404, "not_found")


async def test_an_invoice_whose_payment_is_gone_is_cancelled_and_leads_back_to_the_site(
    carol: Person, mollie: FakeMollie
):
    invoice_id = await invoiced(carol)
    mollie.payments.clear()
    answer = await carol.get(f"/api/user/pay_invoice/{invoice_id}")
    assert (answer.status, answer.headers["Location"]) == (302, str(carol.client.make_url("/user/subscription")))
    assert await status_of(carol, invoice_id) == "canceled"
    assert (await carol.get(f"/api/user/pay_invoice/{invoice_id}")).headers["Location"] == str(
        carol.client.make_url("/user/subscription")
    )


@pytest.mark.parametrize("status", ["canceled", "expired", "failed", "paid"])
async def test_what_became_of_a_payment_shows_when_somebody_comes_to_pay(
    carol: Person, mollie: FakeMollie, status: str
):
    invoice_id = await invoiced(carol)
    mollie.becomes(status)
    answer = await carol.get(f"/api/user/pay_invoice/{invoice_id}")
    assert (answer.status, answer.headers["Location"]) == (302, str(carol.client.make_url("/user/subscription")))
    assert await status_of(carol, invoice_id) == status
    assert await balance(carol) == (10 * EURO if status == "paid" else 0)


@pytest.mark.parametrize("trouble", ["500", "hangs", "cuts off", "talks nonsense"])
async def test_while_the_gateway_cannot_be_asked_an_invoice_leads_to_the_checkout_it_had(
    carol: Person, mollie: FakeMollie, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    invoice_id = await invoiced(carol)
    monkeypatch.setattr(mollie_client, "TIMEOUT_SECONDS", 0.5)
    mollie.trouble = trouble
    answer = await carol.get(f"/api/user/pay_invoice/{invoice_id}")
    assert answer.headers["Location"] == f"https://www.mollie.com/checkout/{mollie.latest}"
    assert await status_of(carol, invoice_id) == "open"


async def test_a_payment_that_is_pending_can_still_be_paid(carol: Person, gateway: Person, mollie: FakeMollie):
    invoice_id = await invoiced(carol)
    for status in ("pending", "authorized", "something new"):
        assert (await tell(gateway, mollie.becomes(status))).status == 200
        assert await status_of(carol, invoice_id) == "open"
