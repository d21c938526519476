"""Plan, credit, transactions and activity of an account."""

import pytest

from pixelhost.core import files
from tests.support.elsewhere import change_rows
from tests.support.money import EURO, give
from tests.web.account.conftest import alert, done, look, problem, refused, whoami
from tests.web.reading import read, take_down

PLAN = "/user/subscription"
DEPOSIT = {"amount": "12.50", "network": "test", "country": "NL", "name": "Ann Customer"}


async def test_the_plan_is_shown_with_its_limits(house, ann):
    page = await look(ann, PLAN)
    assert "Your plan: Unlimited" in page.text
    await change_rows(house.site, "UPDATE users SET plan_id = 'small' WHERE name = 'ann'")
    page = await look(ann, PLAN)
    assert "Storage 1.00 MB" in page.text
    assert "30 days after they were last read" in page.text


async def test_a_prepaid_plan_takes_credit(house, ann):
    page = await refused(ann, PLAN, subscription="prepaid")
    assert alert(page) == "This plan needs at least 1 euro of credit. Add some first."
    await give(house.site, "ann", EURO)
    page = await look(ann, await done(ann, PLAN, subscription="prepaid"))
    assert "Your plan: Prepaid" in page.text
    assert (await whoami(ann, ann.key))["subscription"]["id"] == "prepaid"


async def test_a_deposit_leads_to_its_checkout_page_and_back_with_the_credit(ann, stranger, house):
    page = read(await ann.post(PLAN, data=DEPOSIT, headers={"Accept-Encoding": "identity"}))
    (checkout,) = [one["href"] for one in page.all("a") if "/checkout/" in one["href"]]
    assert page.headers["Refresh"] == f"0; url={checkout}"
    path = checkout.removeprefix(house.url)
    assert "€15.13" in (await look(stranger, path)).text
    assert await done(stranger, path, action="pay") == f"{house.url}{PLAN}"
    page = await look(ann, PLAN)
    assert "Credit: €12.50" in page.text
    assert "Paid" in page.text

    page = await look(ann, "/user/transactions")
    assert "€12.50" in page.one("table").text


async def test_what_was_entered_for_a_deposit_is_remembered_for_the_next(ann):
    await ann.post(PLAN, data=DEPOSIT | {"country": "DE"})
    page = await look(ann, PLAN)
    assert page.one("input", id="name")["value"] == "Ann Customer"
    assert [one["value"] for one in page.all("option") if "selected" in one.attributes] == ["test", "DE"]


async def test_an_open_invoice_has_a_link_to_pay_it(ann, house):
    await ann.post(PLAN, data=DEPOSIT)
    page = await look(ann, PLAN)
    assert "Waits to be paid" in page.text
    (pay,) = [one["href"] for one in page.all("a") if "pay_invoice" in one["href"]]
    answer = await ann.get(pay)
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{house.url}/checkout/")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "9.99", "A deposit is at least 10 euro, and at most 1000000."),
        ("amount", "ten", "Write it as a number of euro, like 10 or 12.50."),
        ("amount", "", "Write it as a number of euro, like 10 or 12.50."),
        ("amount", "NaN", "Write it as a number of euro, like 10 or 12.50."),
        ("amount", "1e999999", "Write it as a number of euro, like 10 or 12.50."),
        ("network", "paypal", "Choose one of those that are offered."),
        ("country", "XX", "Choose one of those that are offered."),
        ("country", "", "This must have between 2 and 3 characters. It has 0."),
        ("name", "x" * 101, "This may have at most 100 characters. It has 101."),
    ],
)
async def test_what_is_wrong_with_a_deposit_stands_beside_its_field(ann, field, value, said):
    page = read(await ann.post(PLAN, data=DEPOSIT | {field: value}, headers={"Accept-Encoding": "identity"}))
    assert page.status in {400, 422}
    assert problem(page, field) == said


async def test_without_a_way_to_pay_the_page_says_so(alice):
    page = await look(alice, PLAN)
    assert "No way to pay is set up on this server." in page.text


async def test_months_lead_to_each_other_and_not_into_the_future(ann, clock):
    now = clock.now()
    page = await look(ann, "/user/transactions")
    assert page.all("a", rel="next") == []
    before = await look(ann, f"/user/transactions{page.one('a', rel='prev')['href']}")
    assert before.one("a", rel="next")["href"] == f"?month={now:%Y-%m}"
    assert "Nothing changed your credit" in before.text
    assert "February 2024" in (await look(ann, "/user/transactions?month=2024-02")).text
    assert f"{now:%B %Y}" in (await look(ann, "/user/transactions?month=nonsense")).text


async def test_what_was_removed_is_in_the_activity(house, ann, clock):
    await change_rows(house.site, "UPDATE users SET plan_id = 'small' WHERE name = 'ann'")
    await ann.upload("old.txt")
    assert "Nothing was removed" in (await look(ann, "/user/activity")).text
    clock.advance(seconds=31 * 24 * 3600)
    await files.delete_due(house.site)
    page = await look(ann, "/user/activity")
    assert "old.txt" in page.one("table").text
    assert "Expired" in page.one("table").text


async def test_files_that_were_taken_down_are_marked_in_the_file_manager(house, ann):
    await take_down(house.site, await ann.upload("bad.txt"))
    assert "Taken down" in (await look(ann, "/user/filemanager")).text


async def test_credit_is_shown_in_the_style_of_the_language(house, ann):
    await give(house.site, "ann", 12_345_678)
    answer = await ann.get("/user", headers={"Accept-Language": "de", "Accept-Encoding": "identity"})
    assert "12,34\N{NO-BREAK SPACE}€" in answer.body.decode()
