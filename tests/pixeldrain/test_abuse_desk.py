"""The abuse desk: the queue of reports, reporters with keys of their own, and appeals."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pixelhost import jobs
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.admins import block
from tests.support.clock import MovableClock
from tests.support.mailbox import last_mail
from tests.support.people import Person, make_person

DOWN = (451, "unavailable_for_legal_reasons")


async def report(person: Person, file_id: str, kind: str = "malware", text: str = "") -> None:
    answer = await person.post(f"/api/file/{file_id}/report_abuse", data={"type": kind, "description": text})
    assert answer.status == 200, answer.body


async def decide(root: Person, file_id: str, **fields: str):
    return await root.post(f"/api/admin/abuse_report/{file_id}", data=fields)


async def queue(root: Person, query: str = ""):
    answer = await root.get(f"/api/admin/abuse_report{query}")
    assert answer.status == 200, answer.body
    return answer.json


async def make_reporter(root: Person, **fields: str):
    return await root.post("/api/admin/abuse_reporter", data={"name": "Hotline"} | fields)


async def test_reports_come_by_file_those_with_most_first(limited, root: Person):
    place: Place = await limited()
    alice = await place.person("alice")
    quiet, loud = await alice.upload("quiet", b"1"), await alice.upload("loud", b"2")
    await report(place.visitor(1), quiet)
    for number, kind in enumerate(("gore", "malware", "malware"), 2):
        await report(place.visitor(number), loud, kind, f"text {number}")

    first, second = await queue(root)

    assert (first["id"], first["type"], first["status"], first["file"]["name"]) == (loud, "malware", "pending", "loud")
    assert [(one["type"], one["description"], one["ip_address"]) for one in first["reports"]] == [
        ("gore", "text 2", "203.0.113.2"),
        ("malware", "text 3", "203.0.113.3"),
        ("malware", "text 4", "203.0.113.4"),
    ]
    assert first["first_report_time"] == first["reports"][0]["time"]
    assert (second["id"], len(second["reports"])) == (quiet, 1)
    assert [one["id"] for one in await queue(root, "?limit=1&offset=1")] == [quiet]


async def test_a_granted_report_takes_down_the_file_with_what_most_have_said(root: Person, alice: Person, bob: Person):
    one, other = await alice.upload("a", b"bad"), await bob.upload("b", b"bad")
    await report(bob, one, "gore")
    await report(bob, other, "gore")

    assert (await decide(root, one, action="grant")).status == 200

    for file_id in (one, other):
        assert (await alice.get(f"/api/file/{file_id}")).refusal == DOWN
        assert (await alice.info(file_id))["abuse_type"] == "gore"
    assert await queue(root) == []
    assert {found["id"] for found in await queue(root, "?status=granted")} == {one, other}
    found = (await root.get(f"/api/admin/abuse_report/{one}")).json
    assert (found["takedown"]["type"], found["status"]) == ("gore", "granted")
    assert [copy["user"] for copy in found["copies"]] == ["alice", "bob"]


async def test_a_rejected_report_leaves_the_file_and_does_not_come_back(root: Person, alice: Person, bob: Person):
    file_id = await alice.upload()
    await report(bob, file_id)

    assert (await decide(root, file_id, action="reject")).status == 200

    assert (await bob.get(f"/api/file/{file_id}")).status == 200
    assert await queue(root) == []
    assert [one["id"] for one in await queue(root, "?status=rejected")] == [file_id]
    assert (await decide(root, file_id, action="reject")).refusal == (404, "not_found")


async def test_the_queue_is_asked_for_a_span_of_time(root: Person, alice: Person, bob: Person, clock: MovableClock):
    file_id = await alice.upload()
    await report(bob, file_id)
    await decide(root, file_id, action="reject")
    clock.advance(days=29)
    assert await queue(root, "?status=rejected") == []
    start = (clock.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [one["id"] for one in await queue(root, f"?status=rejected&start={start}")] == [file_id]


async def test_what_waits_for_a_decision_is_shown_however_old(root: Person, alice: Person, bob: Person, clock):
    file_id = await alice.upload()
    await report(bob, file_id)
    clock.advance(days=400)
    assert [one["id"] for one in await queue(root)] == [file_id]


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({}, "missing_field"),
        ({"action": "burn"}, "enum_parse_failed"),
        ({"action": "grant", "type": "boredom"}, "enum_parse_failed"),
        ({"action": "grant"}, "enum_parse_failed"),
        ({"action": "grant", "type": "gore", "note": "x" * 501}, "string_out_of_range"),
    ],
)
async def test_a_decision_needs_to_be_one(root: Person, alice: Person, fields: dict[str, str], value: str):
    assert (await decide(root, await alice.upload(), **fields)).value == value


async def test_what_is_not_there_is_not_decided_about(root: Person):
    for action in ("grant", "reject"):
        assert (await decide(root, "zzzzzzzz", action=action, type="gore")).refusal == (404, "not_found")
    assert (await root.get("/api/admin/abuse_report/zzzzzzzz")).refusal == (404, "not_found")


async def test_a_reporter_takes_down_what_is_of_its_types_in_its_own_name(root: Person, alice: Person, bob: Person):
    assert (await make_reporter(root, user="bob", types="gore, child_abuse")).status == 200
    file_id = await alice.upload()
    form = {"text": f"/u/{file_id}", "type": "malware", "reporter": "Somebody else"}
    assert (await bob.post("/api/admin/block_files", data=form)).refusal == (403, "forbidden")
    assert (await alice.get(f"/api/file/{file_id}")).status == 200

    assert (await bob.post("/api/admin/block_files", data=form | {"type": "gore"})).status == 200

    assert (await alice.info(file_id))["abuse_reporter_name"] == "Hotline"
    [told] = (await root.get("/api/admin/abuse_reporter")).json
    assert (told["name"], told["user"], told["types"], told["files_blocked"]) == (
        "Hotline",
        "bob",
        ["gore", "child_abuse"],
        1,
    )
    assert told["last_used"] > "2024"


async def test_a_reporter_may_do_nothing_else_of_administrators(root: Person, alice: Person, bob: Person):
    await make_reporter(root, user="bob", types="gore")
    file_id = await alice.upload()
    await block(root, file_id, "gore")
    for method, path in (
        ("GET", "abuse_report"),
        ("POST", f"abuse_report/{file_id}"),
        ("GET", "takedown"),
        ("DELETE", "takedown/1"),
        ("GET", "abuse_appeal"),
        ("POST", "abuse_reporter"),
        ("GET", "users"),
    ):
        assert (await bob.ask(method, f"/api/admin/{path}")).refusal == (403, "forbidden"), path


async def test_others_take_nothing_down(root: Person, alice: Person, bob: Person, anyone: Person):
    form = {"text": f"/u/{await alice.upload()}", "type": "gore"}
    assert (await anyone.post("/api/admin/block_files", data=form)).refusal == (401, "authentication_required")
    assert (await bob.post("/api/admin/block_files", data=form)).refusal == (403, "forbidden")
    await make_reporter(root, user="bob", types="")
    assert (await bob.post("/api/admin/block_files", data=form)).refusal == (403, "forbidden")
    await make_reporter(root, user="bob", types="gore")
    await root.post("/api/admin/user_ban", data={"name": "bob", "reason": "x"})
    assert (await bob.post("/api/admin/block_files", data=form)).refusal == (403, "account_banned")


async def test_a_reporter_is_changed_by_its_name_and_removed(root: Person, alice: Person, bob: Person):
    await make_reporter(root, user="bob", types="gore", from_address="report@hotline.example")
    await make_reporter(root, name="hotline", types="")
    [told] = (await root.get("/api/admin/abuse_reporter")).json
    assert (told["name"], told["user"], told["types"], told["from_address"]) == ("hotline", "", [], "")
    assert (await root.delete("/api/admin/abuse_reporter/Hotline")).status == 200
    assert (await root.delete("/api/admin/abuse_reporter/Hotline")).refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"name": ""}, "string_out_of_range"),
        ({"name": "x" * 101}, "string_out_of_range"),
        ({"types": "gore,boredom"}, "enum_parse_failed"),
        ({"from_address": "nobody"}, "invalid_email_address"),
        ({"user": "nobody"}, "user_not_found"),
    ],
)
async def test_a_reporter_is_described_rightly(root: Person, fields: dict[str, str], value: str):
    assert (await make_reporter(root, **fields)).value == value


async def test_an_account_is_one_reporter(root: Person, bob: Person):
    assert (await make_reporter(root, user="bob", name="x" * 100)).status == 200
    assert (await make_reporter(root, user="bob", name="Other")).value == "resource_already_exists"


async def taken_down(site: Site, root: Person, owner: Person) -> tuple[str, int]:
    file_id = await owner.upload("film.mp4", b"bad")
    await block(root, file_id, "copyright", reporter="A lawyer")
    number: int = (await root.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    return file_id, number


async def test_an_owner_appeals_and_gets_it_back(site: Site, root: Person, client):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    file_id, number = await taken_down(site, root, carol)
    case = (await carol.get(f"/api/user/takedown/{number}")).json
    assert (case["type"], case["reporter"], case["appeal"]) == ("copyright", "A lawyer", None)
    assert [one["id"] for one in case["copies"]] == [file_id]

    assert (await carol.post(f"/api/user/takedown/{number}", data={"text": "It is my own film."})).status == 201

    [appeal] = (await root.get("/api/admin/abuse_appeal")).json
    assert (appeal["user"], appeal["text"], appeal["takedown"]["id"]) == ("carol", "It is my own film.", number)
    assert (await root.post(f"/api/admin/abuse_appeal/{appeal['id']}", data={"action": "grant"})).status == 200
    assert (await carol.get(f"/api/file/{file_id}")).body == b"bad"
    assert (await root.get("/api/admin/abuse_appeal")).json == []
    assert (await last_mail(site, "carol@example.com")).subject == "film.mp4 is back"


async def test_an_appeal_that_is_rejected_is_answered_by_mail(site: Site, root: Person, client):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    file_id, number = await taken_down(site, root, carol)
    await carol.post(f"/api/user/takedown/{number}", data={"text": "Please."})
    [appeal] = (await root.get("/api/admin/abuse_appeal")).json
    form = {"action": "reject", "answer": "It is <b>theirs</b>."}

    assert (await root.post(f"/api/admin/abuse_appeal/{appeal['id']}", data=form)).status == 200

    letter = await last_mail(site, "carol@example.com")
    assert "film.mp4" in letter.text
    assert "It is <b>theirs</b>." in letter.text
    assert "&lt;b&gt;" in letter.html
    assert (await carol.get(f"/api/file/{file_id}")).refusal == DOWN
    case = (await carol.get(f"/api/user/takedown/{number}")).json
    assert (case["appeal"]["status"], case["appeal"]["answer"]) == ("rejected", "It is <b>theirs</b>.")
    again = await root.post(f"/api/admin/abuse_appeal/{appeal['id']}", data=form)
    assert again.refusal == (404, "not_found")


async def test_an_owner_appeals_once_and_nobody_else_does(site: Site, root: Person, alice: Person, bob: Person):
    _, number = await taken_down(site, root, alice)
    path = f"/api/user/takedown/{number}"
    assert (await alice.post(path, data={"text": "x" * 2001})).value == "string_out_of_range"
    assert (await alice.post(path, data={"text": ""})).value == "string_out_of_range"
    assert (await alice.post(path, data={"text": "x" * 2000})).status == 201
    assert (await alice.post(path, data={"text": "Again"})).value == "resource_already_exists"
    assert (await bob.post(path, data={"text": "Me too"})).refusal == (404, "not_found")
    assert (await bob.get(path)).refusal == (404, "not_found")
    await bob.write("/me/copy", b"bad")
    assert (await bob.post(path, data={"text": "Me too"})).status == 201


async def test_the_owner_of_a_directory_appeals_too(root: Person, alice: Person):
    await alice.write("/me/d/a")
    await block(root, f"/d/{await alice.share('/me/d')}", "gore")
    number = (await root.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    assert [one["name"] for one in (await alice.get(f"/api/user/takedown/{number}")).json["copies"]] == ["/d"]
    assert (await alice.post(f"/api/user/takedown/{number}", data={"text": "Why?"})).status == 201


async def test_a_letter_about_a_takedown_leads_to_the_appeal(site: Site, served, root: Person, client):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    _, number = await taken_down(site, root, carol)
    named = replace(site, settings=replace(site.settings, base_url="https://files.example.com"))
    await jobs.run(named, "takedowns")
    letter = await last_mail(site, "carol@example.com")
    for part in (letter.text, letter.html):
        assert f"https://files.example.com/appeal/{number}" in part


async def test_a_letter_of_a_site_that_does_not_know_its_address_says_where_to_appeal(site: Site, root: Person, client):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    await taken_down(site, root, carol)
    await jobs.run(site, "takedowns")
    letter = await last_mail(site, "carol@example.com")
    for part in (letter.text, letter.html):
        assert "/appeal/" not in part
        assert "its page takes your appeal" in part
