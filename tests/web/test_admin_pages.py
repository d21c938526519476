"""The pages of administrators: who may see them, what they show, and what their forms do without a script."""

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from pixelhost import jobs
from pixelhost.site import Site
from pixelhost.web.administration import ROUTES
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person, make_person
from tests.support.plenty import add_files
from tests.web.reading import HOSTILE, Page, read, visit

ABOUT_ONE = ("{file}", "{takedown}")
"""What test_abuse_pages looks at."""
ABOUT_ALL = [route for route in ROUTES if not any(one in route.path for one in ABOUT_ONE)]
PATHS = sorted({route.path.replace("{user}", "alice") for route in ABOUT_ALL})
BROWSER = {"Accept": "text/html", "Accept-Encoding": "identity"}


@pytest.fixture
async def admin(site: Site, client) -> Person:
    return await make_person(site, client, "admin", is_admin=True)


@pytest.fixture
async def alice(site: Site, client) -> Person:
    return await make_person(site, client, "alice", email="alice@example.com", password="correct horse")


async def send(person: Person, path: str, **fields: str) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | BROWSER
    return await person.post(path, data=urlencode(fields), headers=headers)


async def done(person: Person, path: str, **fields: str) -> Page:
    """Send a form that leads on to a page that says what was done."""
    answer = await send(person, path, **fields)
    assert answer.status == 303, answer.body.decode()
    return await visit(person, answer.headers["Location"])


async def problems(person: Person, path: str, **fields: str) -> Mapping[str, str]:
    """Send a form that is shown again: what it says beside its fields."""
    page = read(await send(person, path, **fields))
    assert page.status >= 400
    return {one["id"].removesuffix("-said"): one.text for one in page.all("p", class_="problem")}


async def account(admin: Person, name: str) -> dict:
    return (await admin.get(f"/api/admin/users/{name}")).json


@pytest.mark.parametrize("path", PATHS)
async def test_strangers_are_led_to_the_login_and_back(anyone: Person, alice: Person, path: str):
    answer = await anyone.get(path, headers=BROWSER)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?" + urlencode({"redirect": path}))


@pytest.mark.parametrize("path", PATHS)
async def test_accounts_that_are_no_administrators_are_refused(alice: Person, path: str):
    assert (await visit(alice, path)).status == 403


@pytest.mark.parametrize(
    "path", [route.path.replace("{user}", "alice") for route in ABOUT_ALL if route.method == "POST"]
)
async def test_forms_of_others_do_nothing(alice: Person, anyone: Person, path: str):
    assert (await send(alice, path, action="delete", confirmed="true")).status == 403
    assert (await send(anyone, path, action="delete", confirmed="true")).status == 401
    assert (await alice.get("/api/user")).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_names_itself_among_the_others(admin: Person, alice: Person, path: str):
    page = await visit(admin, path)
    assert page.status == 200
    assert len(page.all("h1")) == 1
    current = {one.text.strip() for one in page.all("a", aria_current="page")}
    assert len(current - {"Administration"}) == 1


async def test_the_instance_page_has_the_figures(admin: Person, alice: Person, flush):
    file_id = await alice.upload("photo.txt", b"x" * 2500)
    await alice.get(f"/api/file/{file_id}")
    await flush()
    page = await visit(admin, "/admin?range=day")
    assert "Accounts 2 0 of them banned" in page.text
    assert "Files 1" in page.text
    assert "Stored 2.50 kB 2.50 kB on disk" in page.text
    titles = {one.text: one for one in page.all("figcaption")}
    assert "Transfer 2.50 kB" in titles
    assert {"Downloads 1", "Uploads 1", "Uploaded 2.50 kB", "New accounts 2"} <= titles.keys()
    assert page.one("a", aria_current="true").text == "Day"


async def test_the_instance_page_says_how_the_jobs_went(admin: Person, site: Site, monkeypatch: pytest.MonkeyPatch):
    assert "None has run yet." in (await visit(admin, "/admin")).text

    async def fail(_site: Site) -> int:
        raise RuntimeError("with a secret in it")

    monkeypatch.setitem(jobs.JOBS, "expire", jobs.Job("expire", 60, fail, ""))
    await jobs.run(site, "sweep")
    with pytest.raises(RuntimeError):
        await jobs.run(site, "expire")
    page = await visit(admin, "/admin")
    rows = [one.text for one in page.all("tr")]
    assert any(row.startswith("expire") and "Failed: RuntimeError" in row for row in rows)
    assert any(row.startswith("sweep") and "Went well" in row for row in rows)
    assert "secret" not in page.text


async def test_a_job_that_finds_nothing_to_do_is_noted_once_a_minute(site: Site, clock):
    async def begun() -> list:
        return await site.db.fetch("SELECT begun_at FROM job_runs")

    await jobs.run(site, "sweep")
    first = await begun()
    await jobs.run(site, "sweep")
    assert await begun() == first
    clock.advance(seconds=61)
    await jobs.run(site, "sweep")
    assert await begun() != first


async def test_accounts_are_found_by_name_and_address(admin: Person, alice: Person, bob: Person):
    everybody = (await visit(admin, "/admin/users")).text
    assert all(name in everybody for name in ("3 accounts", "admin", "alice", "bob"))
    found = (await visit(admin, "/admin/users?q=EXAMPLE.com")).text
    assert "1 account " in found
    assert "alice@example.com" in found
    assert "bob" not in found
    nobody = await visit(admin, "/admin/users?" + urlencode({"q": HOSTILE}))
    assert "No account has" in nobody.text


async def test_many_accounts_come_in_pages(admin: Person, site: Site):
    await site.db.execute(
        """INSERT INTO users (name, email, email_verified, plan_id, is_admin, created_at)
           SELECT 'user' || n, '', false, 'free', false, now() FROM generate_series(100, 220) AS n"""
    )
    page = await visit(admin, "/admin/users?page=2&q=user")
    assert "Page 2 of 3" in page.text
    assert page.one("a", rel="next")["href"] == "/admin/users?page=3&q=user"
    beyond = await admin.get("/admin/users?page=9&q=user", headers=BROWSER)
    assert beyond.headers["Location"] == "/admin/users?page=3&q=user"


async def test_the_plan_is_changed(admin: Person, alice: Person):
    page = await done(admin, "/admin/users/alice", action="plan", subscription="free")
    assert "Saved." in page.text
    assert (await account(admin, "alice"))["subscription"]["id"] == "free"
    assert "subscription" in await problems(admin, "/admin/users/alice", action="plan", subscription="gold")


async def credit_key(admin: Person) -> str:
    """Of the form on a page that was just opened."""
    return (await visit(admin, "/admin/users/alice")).one("input", name="credit_key")["value"]


async def give(admin: Person, amount: str, key: str, reason: str = "") -> Page:
    fields = {"action": "credit", "credit": amount, "credit_key": key, "credit_reason": reason}
    return await done(admin, "/admin/users/alice", **fields)


async def test_credit_is_given_once_however_often_its_form_is_sent(admin: Person, alice: Person):
    key = await credit_key(admin)
    pages = await asyncio.gather(*(give(admin, "5", key) for _ in range(4)))
    assert sorted("nothing more was given" in page.text for page in pages) == [False, True, True, True]
    assert (await account(admin, "alice"))["balance_micro_eur"] == 5_000_000
    assert await credit_key(admin) != key
    await give(admin, "5", await credit_key(admin))
    assert (await account(admin, "alice"))["balance_micro_eur"] == 10_000_000


@pytest.mark.parametrize("key", ["", "no key"])
async def test_a_form_for_credit_without_its_key_gives_nothing(admin: Person, alice: Person, key: str):
    page = read(await send(admin, "/admin/users/alice", action="credit", credit="5", credit_key=key))
    assert page.status in {400, 422}
    assert page.one("div", class_="wrong").text.strip()
    assert (await account(admin, "alice"))["balance_micro_eur"] == 0


async def test_credit_is_given_and_taken(admin: Person, alice: Person):
    page = await give(admin, "12.50", await credit_key(admin), "Thanks")
    assert "The balance is changed." in page.text
    assert "€12.50" in page.text
    await give(admin, "-2,5", await credit_key(admin))
    assert (await account(admin, "alice"))["balance_micro_eur"] == 10_000_000


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", "Write it as a number of euro"),
        ("much", "Write it as a number of euro"),
        ("NaN", "Write it as a number of euro"),
        ("0", "Nothing would change."),
        ("1000001", "At most 1000000 euro"),
        ("1e999999", "Write it as a number of euro"),
    ],
)
async def test_an_amount_that_is_none_is_told_beside_its_field(admin: Person, alice: Person, amount: str, said: str):
    fields = {"action": "credit", "credit": amount, "credit_key": await credit_key(admin)}
    assert said in (await problems(admin, "/admin/users/alice", **fields))["credit"]


async def test_an_account_is_banned_with_a_reason_and_let_in_again(admin: Person, alice: Person):
    assert "reason" in await problems(admin, "/admin/users/alice", action="ban", reason=" ")
    page = await done(admin, "/admin/users/alice", action="ban", reason="<b>Spam</b>")
    assert "Banned since" in page.text
    assert "<b>Spam</b>" in page.text
    assert (await alice.put("/api/file/a.txt", data=b"1")).refusal == (403, "account_banned")
    assert "alice" in (await visit(admin, "/admin/users?only=banned")).text
    page = await done(admin, "/admin/users/alice", action="unban")
    assert "The ban is lifted." in page.text
    assert (await alice.put("/api/file/a.txt", data=b"1")).status == 201


async def test_two_factor_login_is_ended_after_a_question(admin: Person, alice: Person, site: Site):
    await change_rows(site, "UPDATE users SET totp_secret_sealed = 'x' WHERE name = 'alice'")
    question = read(await send(admin, "/admin/users/alice", action="reset_totp"))
    assert "End two-factor login of alice?" in question.text
    assert (await account(admin, "alice"))["otp_enabled"]
    sent = {one["name"]: one["value"] for one in question.all("input", type="hidden")}
    page = await done(admin, "/admin/users/alice", **{name: sent[name] for name in ("confirmed", "action")})
    assert "Two-factor login is off." in page.text
    assert not (await account(admin, "alice"))["otp_enabled"]


async def test_an_account_is_deleted_after_a_question(admin: Person, alice: Person):
    file_id = await alice.upload()
    question = read(await send(admin, "/admin/users/alice", action="delete"))
    assert "Delete the account alice?" in question.text
    assert (await alice.get("/api/user")).status == 200
    page = await done(admin, "/admin/users/alice", action="delete", confirmed="true")
    assert page.title == "Accounts · pixelhost"
    assert (await admin.get(f"/api/file/{file_id}/info")).refusal == (404, "not_found")


async def test_administrators_cannot_shut_themselves_out(admin: Person):
    page = await visit(admin, "/admin/users/admin")
    assert "This is your own account" in page.text
    assert not [one for one in page.all("button") if one.attributes.get("value") in {"ban", "delete"}]
    for fields in ({"action": "ban", "reason": "x"}, {"action": "delete", "confirmed": "true"}):
        assert (await send(admin, "/admin/users/admin", **fields)).status == 403
    assert (await admin.get("/api/user")).status == 200


async def test_an_action_that_is_none_is_refused(admin: Person, alice: Person):
    page = read(await send(admin, "/admin/users/alice", action="promote"))
    assert page.status == 400
    assert "not one of the documented actions" in page.text


async def test_who_is_not_there_has_no_page(admin: Person):
    assert (await visit(admin, "/admin/users/nobody")).status == 404
    assert (await visit(admin, "/admin/users/nobody/files")).status == 404


async def test_the_files_of_an_account_are_listed_and_searched(admin: Person, alice: Person, site: Site):
    await alice.upload(HOSTILE.replace("/", ""), b"1")
    await add_files(site, "alice", 60)
    page = await visit(admin, "/admin/users/alice/files")
    assert "61 files" in page.text
    assert "Page 1 of 2" in page.text
    found = await visit(admin, "/admin/users/alice/files?q=number+17")
    assert re.findall(r"file number \d+", found.text) == ["file number 17"]
    hostile = await visit(admin, "/admin/users/alice/files?q=script")
    assert "\ufffdgpj.exe" in hostile.text


async def test_an_address_is_banned_for_a_time_and_let_in_again(admin: Person, clock):
    page = await done(admin, "/admin/ip_bans", address=" 192.0.2.0/24 ", reason="Spam", lasts="week")
    assert "192.0.2.0/24" in page.text
    assert "Over" not in page.text
    bans = (await admin.get("/api/admin/ip_ban")).json
    assert bans[0]["offences"][0]["expire_time"] > f"{clock.now() + timedelta(days=6):%Y-%m-%d}"
    clock.advance(days=8)
    assert "Over" in (await visit(admin, "/admin/ip_bans")).text
    page = await done(admin, "/admin/ip_bans", lift="192.0.2.0/24")
    assert "No address is banned." in page.text


async def test_what_is_no_address_is_told_beside_its_field(admin: Person):
    said = await problems(admin, "/admin/ip_bans", address="example.com", reason="Spam", lasts="")
    assert said == {"address": "Write an address like 192.0.2.7, or a network like 192.0.2.0/24."}
    assert "lasts" in await problems(admin, "/admin/ip_bans", address="192.0.2.7", reason="Spam", lasts="long")
    assert "reason" in await problems(admin, "/admin/ip_bans", address="192.0.2.7", reason="")


async def test_the_plans_are_those_of_the_settings(admin: Person, site: Site):
    page = await visit(admin, "/admin/plans")
    assert all(plan.name in page.text for plan in site.settings.plans.values())
    assert "unlimited New accounts get this" in page.text


async def test_the_invoices_of_a_month_are_listed_with_their_sum(admin: Person, alice: Person, site: Site):
    await site.db.execute(
        """INSERT INTO invoices (id, user_id, created_at, amount_micro_eur, vat_micro_eur, country, customer_name,
                                 gateway, network, payment_id, checkout_url, status, paid_at, ask_at)
           SELECT 'abcd123' || n, id, '2026-02-03T04:05:06Z', 10000000, 1900000, 'DE', 'Erika', 'test', 'test',
                  'p' || n, '', CASE n WHEN 1 THEN 'paid' ELSE 'canceled' END,
                  CASE n WHEN 1 THEN now() END, now()
             FROM users, generate_series(1, 2) AS n WHERE name = 'alice'"""
    )
    page = await visit(admin, "/admin/invoices?month=2026-02")
    assert "February 2026" in page.text
    assert "2 invoices 1 paid: €10.00, and €1.90 VAT" in page.text
    assert "Cancelled" in page.text
    assert "There were no invoices" in (await visit(admin, "/admin/invoices?month=2026-03")).text
    assert (await visit(admin, "/admin/invoices?month=never")).status == 200


async def test_read_only_mode_is_switched_on_and_off(admin: Person, alice: Person):
    page = await done(admin, "/admin/globals", key="read_only_mode", value="true")
    assert "Saved." in page.text
    assert page.one("button", name="value").text == "Switch off"
    assert (await alice.put("/api/file/a.txt", data=b"1")).refusal == (503, "read_only_mode_enabled")
    await done(admin, "/admin/globals", key="read_only_mode", value="false")
    assert (await alice.put("/api/file/a.txt", data=b"1")).status == 201
    assert (await send(admin, "/admin/globals", key="colour", value="blue")).status == 422
