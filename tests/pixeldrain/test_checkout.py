"""The checkout page of the test gateway."""

import asyncio

import pytest

from pixelhost import jobs
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.money import EURO, balance, invoice
from tests.support.people import Person


async def checkout(person: Person) -> str:
    """The path of a checkout page of the test gateway."""
    made = await invoice(person, network="test")
    url: str = made.json["checkout_url"]
    return url.removeprefix(str(person.client.make_url("/")).rstrip("/"))


@pytest.mark.parametrize(("action", "status", "credit"), [("pay", "paid", 10 * EURO), ("cancel", "canceled", 0)])
async def test_on_the_page_of_the_test_gateway_one_pays_or_cancels(
    carol: Person, gateway: Person, action: str, status: str, credit: int
):
    path = await checkout(carol)
    page = await gateway.get(path)
    assert page.status == 200
    assert b"\xe2\x82\xac12.10" in page.body
    assert b"no money moves" in page.body
    decided = await gateway.post(path, data={"action": action})
    assert (decided.status, decided.headers["Location"]) == (303, str(carol.client.make_url("/user/subscription")))
    assert await balance(carol) == credit
    assert (await carol.get("/api/user/invoice")).json[0]["status"] == status
    page = await gateway.get(path)
    assert b'value="pay"' not in page.body
    assert {"paid": b"<strong>Paid</strong>", "canceled": b"<strong>Cancelled</strong>"}[status] in page.body
    spoken = (await gateway.get(path, headers={"Accept-Language": "de"})).body.decode()
    assert "12,10\N{NO-BREAK SPACE}€" in spoken


async def test_what_was_decided_on_that_page_stays(carol: Person, gateway: Person):
    paid, cancelled = await checkout(carol), await checkout(carol)
    answers = await asyncio.gather(*(gateway.post(paid, data={"action": "pay"}) for _ in range(5)))
    assert {answer.status for answer in answers} == {303}
    await gateway.post(paid, data={"action": "cancel"})
    await gateway.post(cancelled, data={"action": "cancel"})
    await gateway.post(cancelled, data={"action": "pay"})
    assert await balance(carol) == 10 * EURO


async def test_that_page_takes_nothing_else(carol: Person, gateway: Person):
    path = await checkout(carol)
    assert (await gateway.post(path, data={"action": "steal"})).status == 422
    assert (await gateway.post(path, data={})).status == 400
    foreign = {"Origin": "https://evil.example"}
    assert (await gateway.post(path, data={"action": "pay"}, headers=foreign)).status == 400
    assert await balance(carol) == 0


@pytest.mark.parametrize("payment_id", ["abcdefghijklmnop", "x", "%00", "%FF", "..", "tr_1"])
async def test_there_is_no_page_for_a_payment_that_does_not_exist(gateway: Person, payment_id: str):
    assert (await gateway.get(f"/checkout/{payment_id}")).status in {404, 422}
    assert (await gateway.post(f"/checkout/{payment_id}", data={"action": "pay"})).status in {404, 405, 422}


async def test_where_the_test_gateway_is_off_nobody_pays_there(carol: Person, anyone: Person):
    path = await checkout(carol)
    assert (await anyone.get(path)).status == 404
    assert (await anyone.post(path, data={"action": "pay"})).status == 404
    assert await balance(carol) == 0


async def test_the_start_warns_of_payments_without_money(shop: Place, site: Site, caplog: pytest.LogCaptureFixture):
    for one, warns in ((site, False), (shop.site, True)):
        running = asyncio.create_task(jobs.run_forever(one))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert ("PIXELHOST_TEST_PAYMENTS is on" in caplog.text) is warns


async def test_an_open_invoice_of_the_test_gateway_leads_to_its_page(carol: Person):
    path = await checkout(carol)
    invoice_id = (await carol.get("/api/user/invoice")).json[0]["id"]
    answer = await carol.get(f"/api/user/pay_invoice/{invoice_id}")
    assert answer.headers["Location"].endswith(path)
