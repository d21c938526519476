"""PUT /user: every field, what it changes elsewhere, and every problem of a request at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from pixelhost.plans import Plan
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Answer, Person, make_person

OLD, NEW = "alice@example.com", "alice@example.org"


@pytest.fixture
async def alice(site: Site, client) -> Person:
    return await make_person(site, client, "alice", email=OLD, password="correct horse")


async def put(person: Person, **fields: Any) -> Answer:
    return await person.put("/api/user", data=fields)


async def user(person: Person) -> dict[str, Any]:
    shown: dict[str, Any] = (await person.get("/api/user")).json
    return shown


async def login(person: Person, name: str, password: str = "correct horse") -> int:
    return (await person.post("/api/user/login", data={"username": name, "password": password})).status


async def credit(site: Site, name: str, micro_eur: int) -> None:
    await site.db.execute(
        """INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur)
           SELECT id, 'credit', now(), $2 FROM users WHERE name = $1""",
        name,
        micro_eur,
    )


async def test_each_setting_is_kept_and_shown(alice: Person, bob: Person):
    done = await put(
        alice,
        username="alice_2",
        hotlinking_enabled="false",
        transfer_cap="1000000",
        skip_file_viewer="true",
        embed_domains="Example.com  bücher.example\tsub.example.com example.com",
        affiliate_user_name="BOB",
        checkout_country="nld",
        checkout_name="Älice Lidell",
        checkout_provider="mollie",
    )
    assert (done.status, done.json["value"]) == (200, "ok")
    shown = await user(alice)
    assert {
        "username": "alice_2",
        "hotlinking_enabled": False,
        "monthly_transfer_cap": 1_000_000,
        "skip_file_viewer": True,
        "file_embed_domains": "example.com xn--bcher-kva.example sub.example.com",
        "affiliate_user_name": "bob",
        "checkout_country": "NLD",
        "checkout_name": "Älice Lidell",
        "checkout_provider": "mollie",
    }.items() <= shown.items()
    assert (shown["email"], shown["email_verified"]) == (OLD, True)

    assert (await put(alice)).status == 200
    assert await user(alice) == shown

    await put(
        alice,
        hotlinking_enabled="true",
        transfer_cap="0",
        skip_file_viewer="false",
        embed_domains="",
        affiliate_user_name="",
        checkout_country="",
        checkout_name="",
        checkout_provider="",
    )
    shown = await user(alice)
    assert (shown["hotlinking_enabled"], shown["monthly_transfer_cap"], shown["skip_file_viewer"]) == (True, 0, False)
    for field in (
        "file_embed_domains",
        "affiliate_user_name",
        "checkout_country",
        "checkout_name",
        "checkout_provider",
    ):
        assert shown[field] == ""


async def test_what_is_sent_as_it_was_is_no_change(alice: Person, site: Site):
    before = await user(alice)
    fields = {"username": "alice", "email": OLD.upper(), "password_new": "", "subscription": ""}
    assert (await put(alice, **fields)).json["value"] == "ok"
    assert await user(alice) == before
    assert await login(alice, "alice") == 201
    assert await site.db.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_new_name_logs_in_and_the_old_one_is_free(alice: Person, bob: Person, anyone: Person):
    assert (await put(alice, username="ALICE")).status == 200
    assert (await put(alice, username="carol")).status == 200
    assert await login(anyone, "carol") == 201
    assert await login(anyone, "alice") == 404
    assert (await put(bob, username="alice")).status == 200


async def test_a_name_that_somebody_has_is_refused(alice: Person, bob: Person):
    assert (await put(alice, username="Bob")).refusal == (400, "username_already_registered")
    answers = await asyncio.gather(put(alice, username="carol"), put(bob, username="CAROL"))
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert {answer.value for answer in answers if answer.status == 400} == {"username_already_registered"}


async def test_a_new_password_is_the_only_one(alice: Person, anyone: Person):
    assert (await put(alice, password_new="battery staple")).status == 200
    assert await login(anyone, "alice") == 400
    assert await login(anyone, "alice", "battery staple") == 201


async def test_a_new_address_counts_when_its_link_is_used(alice: Person, anyone: Person, site: Site):
    sent = await put(alice, email=NEW, checkout_name="Alice")
    assert (sent.status, sent.json["success"], sent.json["value"]) == (202, True, "login_link_sent")
    shown = await user(alice)
    assert (shown["email"], shown["email_verified"], shown["checkout_name"]) == (OLD, True, "Alice")
    assert await mail_to(site, OLD) == []

    link = dict((await last_mail(site, NEW)).link.query)
    assert (await anyone.post("/api/user/login", data=link)).status == 201
    shown = await user(alice)
    assert (shown["email"], shown["email_verified"]) == (NEW, True)
    assert await login(anyone, OLD) == 404
    assert await login(anyone, NEW) == 201


async def test_one_verification_is_on_its_way_at_a_time(alice: Person, site: Site, clock):
    assert (await put(alice, email=NEW)).status == 202
    assert (await put(alice, email="third@example.com")).refusal == (400, "login_link_already_sent")
    clock.advance(hours=1)
    answers = await asyncio.gather(*(put(alice, email=f"alice{n}@example.org") for n in range(4)))
    assert sorted(answer.status for answer in answers) == [202, 400, 400, 400]
    assert {answer.value for answer in answers if answer.status == 400} == {"login_link_already_sent"}


async def test_an_address_that_somebody_took_meanwhile_is_not_taken_away(
    alice: Person, anyone: Person, site: Site, client
):
    await put(alice, email=NEW)
    link = dict((await last_mail(site, NEW)).link.query)
    await make_person(site, client, "carol", email=NEW)
    refused = await anyone.post("/api/user/login", data=link)
    assert refused.refusal == (400, "email_address_already_registered")
    assert (await user(alice))["email"] == OLD
    assert (await put(alice, email=NEW.upper())).value == "multiple_errors"


async def test_an_empty_address_removes_it_and_stops_a_change(alice: Person, anyone: Person, site: Site):
    await put(alice, email=NEW)
    link = dict((await last_mail(site, NEW)).link.query)
    assert (await put(alice, email="")).json["value"] == "ok"
    shown = await user(alice)
    assert (shown["email"], shown["email_verified"]) == ("", False)
    assert (await anyone.post("/api/user/login", data=link)).refusal == (400, "invalid_login_link")
    assert (await put(alice, email=OLD)).status == 202


@pytest.mark.parametrize("email", ["x", "@example.com", "alice@", "a b@example.com", f"{NEW}\r\nBcc: x@example.com"])
async def test_what_is_no_address_is_refused(alice: Person, email: str):
    assert (await put(alice, email=email)).refusal == (400, "invalid_email_address")


@pytest.mark.parametrize(
    ("field", "value", "status", "error"),
    [
        ("username", "ab", 422, "string_out_of_range"),
        ("username", "", 422, "string_out_of_range"),
        ("username", "a@b.example", 400, "field_contains_illegal_character"),
        ("password_new", "1234", 422, "string_out_of_range"),
        ("password_new", "x" * 51, 422, "string_out_of_range"),
        ("subscription", "pro", 422, "enum_parse_failed"),
        ("subscription", "PREPAID", 422, "enum_parse_failed"),
        ("hotlinking_enabled", "yes", 422, "bool_parse_failed"),
        ("skip_file_viewer", "", 422, "bool_parse_failed"),
        ("transfer_cap", "1.5", 422, "integer_parse_failed"),
        ("transfer_cap", "-1", 422, "integer_out_of_range"),
        ("transfer_cap", "9" * 30, 422, "integer_out_of_range"),
        ("embed_domains", "example.com localhost", 400, "invalid_domain_name"),
        ("embed_domains", "https://example.com", 400, "invalid_domain_name"),
        ("embed_domains", "example.com/path", 400, "invalid_domain_name"),
        ("embed_domains", "a..example.com", 400, "invalid_domain_name"),
        ("embed_domains", "a.example " * 600, 422, "string_out_of_range"),
        ("affiliate_user_name", "nobody", 404, "user_not_found"),
        ("affiliate_user_name", "alice", 404, "user_not_found"),
        ("checkout_country", "NL", 422, "string_out_of_range"),
        ("checkout_country", "NLDX", 422, "string_out_of_range"),
        ("checkout_country", "N1D", 400, "field_contains_illegal_character"),
        ("checkout_name", "x" * 201, 422, "string_out_of_range"),
        ("checkout_name", "a\r\nb", 400, "field_contains_illegal_character"),
        ("checkout_provider", "\x7f", 400, "field_contains_illegal_character"),
    ],
)
async def test_a_value_that_cannot_be_is_refused(alice: Person, field: str, value: str, status: int, error: str):
    before = await user(alice)
    refused = await put(alice, **{field: value})
    assert refused.refusal == (status, error)
    assert await user(alice) == before


@pytest.mark.parametrize(
    ("field", "fits", "is_too_long"),
    [
        ("username", "abc", "ab"),
        ("username", "a" * 32, "a" * 33),
        ("password_new", "12345", "1234"),
        ("password_new", "ä" * 50, "ä" * 51),
        ("embed_domains", f"{'a' * 60}.com " * 76 + "a" * 56 + ".com", f"{'a' * 60}.com " * 76 + "a" * 57 + ".com"),
        ("checkout_name", "ä" * 200, "ä" * 201),
        ("checkout_provider", "x" * 200, "x" * 201),
        ("transfer_cap", str(2**63 - 1), str(2**63)),
    ],
)
async def test_a_value_fits_exactly_or_does_not(alice: Person, field: str, fits: str, is_too_long: str):
    assert (await put(alice, **{field: fits})).status == 200
    assert (await put(alice, **{field: is_too_long})).status == 422


async def test_all_problems_are_told_at_once_and_nothing_is_changed(alice: Person, bob: Person, site: Site):
    before = await user(alice)
    refused = await put(
        alice,
        username="bob",
        email="x",
        password_new="1234",
        subscription="prepaid",
        hotlinking_enabled="perhaps",
        transfer_cap="-1",
        skip_file_viewer="true",
        embed_domains="localhost",
        affiliate_user_name="nobody",
        checkout_country="NL",
        checkout_name="Alice",
    )
    assert refused.refusal == (400, "multiple_errors")
    assert sorted(error["value"] for error in refused.json["errors"]) == [
        "bool_parse_failed",
        "integer_out_of_range",
        "invalid_domain_name",
        "invalid_email_address",
        "not_enough_credit_for_prepaid",
        "string_out_of_range",
        "string_out_of_range",
        "user_not_found",
        "username_already_registered",
    ]
    assert await user(alice) == before
    assert await login(alice, "alice") == 201
    assert await site.db.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_prepaid_plan_needs_a_euro_of_credit(alice: Person, site: Site):
    assert (await put(alice, subscription="prepaid")).refusal == (400, "not_enough_credit_for_prepaid")
    await credit(site, "alice", 999_999)
    assert (await put(alice, subscription="prepaid_lite")).refusal == (400, "not_enough_credit_for_prepaid")
    await credit(site, "alice", 1)
    assert (await put(alice, subscription="prepaid_lite")).status == 200
    shown = await user(alice)
    assert (shown["subscription"]["id"], shown["balance_micro_eur"]) == ("prepaid_lite", 1_000_000)
    assert (await put(alice, subscription="prepaid")).status == 200
    assert (await user(alice))["subscription"]["id"] == "prepaid"
    await credit(site, "alice", -500_000)
    assert (await put(alice, subscription="prepaid")).status == 200


async def test_a_patreon_plan_is_ended_on_patreon(site: Site, served, alice: Person):
    plans = {**site.settings.plans, "patron": Plan(id="patron", name="Patron", type="patreon")}
    place: Place = await served(replace(site, settings=replace(site.settings, plans=plans)))
    patron = await place.person("carol", plan_id="patron")
    await credit(site, "carol", 5_000_000)
    assert (await put(patron, subscription="prepaid")).refusal == (400, "cannot_disable_patreon_sub")
    assert (await user(patron))["subscription"]["id"] == "patron"


async def test_the_cap_is_at_most_that_of_the_plan(limited):
    place: Place = await limited(monthly_transfer_cap=1000)
    carol = await place.person("carol")
    refused = await put(carol, transfer_cap="1001")
    assert refused.refusal == (422, "integer_out_of_range")
    assert refused.json["extra"] == {"field": "transfer_cap", "min_val": 0, "max_val": 1000, "val": 1001}
    assert (await put(carol, transfer_cap="1000")).status == 200


async def test_a_cap_above_that_of_a_new_plan_may_be_sent_as_it_was(limited, site: Site):
    place: Place = await limited(monthly_transfer_cap=1000)
    carol = await place.person("carol")
    await change_rows(site, "UPDATE users SET transfer_cap_bytes = 5000 WHERE name = 'carol'")
    assert (await put(carol, transfer_cap="5000", checkout_name="Carol")).status == 200
    assert (await user(carol))["checkout_name"] == "Carol"
    assert (await put(carol, transfer_cap="5001")).refusal == (422, "integer_out_of_range")


async def test_a_skipped_viewer_sends_visitors_to_the_file(limited, site: Site):
    place: Place = await limited()
    carol = await place.person("carol")
    file_id = await carol.upload("a.txt", b"hello")
    visitor = place.visitor(1)
    assert (await visitor.get(f"/u/{file_id}")).status == 200
    await put(carol, skip_file_viewer="true")
    assert (await carol.info(file_id))["skip_file_viewer"] is True
    skipped = await visitor.get(f"/u/{file_id}")
    assert (skipped.status, skipped.headers["Location"]) == (303, f"/api/file/{file_id}")
    # What would be refused there has a page that says what to do.
    assert (await visitor.get(f"/u/{file_id}", headers={"Referer": "https://other.example/"})).status == 200
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    assert (await visitor.get(f"/u/{file_id}")).status == 403
    await change_rows(site, "UPDATE blobs SET virus_name = ''")
    await put(carol, skip_file_viewer="false")
    assert (await visitor.get(f"/u/{file_id}")).status == 200


async def test_pages_of_the_domains_that_may_embed_pass_the_hotlink_gate(limited):
    place: Place = await limited()
    carol = await place.person("carol")
    file_id = await carol.upload("a", b"hello")
    await put(carol, embed_domains="example.com bücher.example")
    assert (await carol.info(file_id))["embed_domains"] == ["example.com", "xn--bcher-kva.example"]
    for host, is_let_pass in (
        ("example.com", True),
        ("EXAMPLE.com:8443", True),
        ("www.example.com", True),
        ("xn--bcher-kva.example", True),
        ("badexample.com", False),
        ("example.com.evil.example", False),
        ("com", False),
    ):
        answer = await place.visitor(1).get(f"/api/file/{file_id}", headers={"Referer": f"https://{host}/page"})
        assert (answer.status == 200) is is_let_pass, host
        if not is_let_pass:
            assert answer.refusal == (403, "hotlink_detected")


async def test_they_pass_it_for_the_filesystem_too(limited):
    place: Place = await limited(filesystem_access=True)
    carol = await place.person("carol")
    await carol.put("/api/filesystem/me/a", data=b"hello")
    shared = await carol.post("/api/filesystem/me/a", data={"action": "update", "shared": "true"})
    path = f"/api/filesystem/{shared.json['id']}"
    await put(carol, embed_domains="example.com")
    visitor = place.visitor(1)
    assert (await visitor.get(path, headers={"Referer": "https://www.example.com/"})).status == 200
    refused = await visitor.get(path, headers={"Referer": "https://other.example/"})
    assert refused.refusal == (403, "embed_not_allowed")


async def test_visitors_are_not_paid_for_with_hotlinking_off(alice: Person, anyone: Person, flush):
    file_id = await alice.upload("a", b"x" * 100)
    await put(alice, hotlinking_enabled="false")
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    info = await alice.info(file_id)
    assert (info["bandwidth_used"], info["bandwidth_used_paid"]) == (100, 0)
    await put(alice, hotlinking_enabled="true")
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    info = await alice.info(file_id)
    assert (info["bandwidth_used"], info["bandwidth_used_paid"]) == (200, 100)


async def test_strangers_have_no_account_to_change(anyone: Person):
    assert (await put(anyone, username="x")).refusal == (401, "authentication_required")
