"""Reports of abuse."""

from typing import get_args

import pytest

from pixelhost.core.reports import AbuseType
from pixelhost.site import Site
from tests.support.people import Person
from tests.web.reading import take_down


async def report(person: Person, file_id: str, **fields: str):
    return await person.post(f"/api/file/{file_id}/report_abuse", data=fields)


@pytest.mark.parametrize("kind", get_args(AbuseType))
async def test_anybody_may_report_a_file(site: Site, alice: Person, anyone: Person, kind: str):
    file_id = await alice.upload()
    answer = await report(anyone, file_id, type=kind, description="look at 0:42")
    assert (answer.status, answer.json["success"]) == (200, True)
    [row] = await site.db.fetch("SELECT * FROM abuse_reports")
    assert (row["file_id"], row["type"], row["description"]) == (file_id, kind, "look at 0:42")
    assert (row["reporter_ip"], row["reporter_id"]) == ("127.0.0.1", None)


async def test_a_report_by_an_account_says_whose_it_is(site: Site, alice: Person, bob: Person):
    await report(bob, await alice.upload(), type="malware")
    assert await site.db.fetchval("SELECT name FROM abuse_reports r JOIN users u ON u.id = r.reporter_id") == "bob"


async def test_an_address_reports_a_file_once(alice: Person, bob: Person, anyone: Person):
    one, other = await alice.upload(), await alice.upload()
    assert (await report(anyone, one, type="gore")).status == 200
    assert (await report(bob, one, type="malware")).refusal == (400, "resource_already_exists")
    assert (await report(anyone, other, type="gore")).status == 200


async def test_a_report_needs_a_known_type_and_a_short_description(alice: Person, anyone: Person):
    file_id = await alice.upload()
    assert (await report(anyone, file_id, description="x")).refusal == (400, "missing_field")
    wrong = await report(anyone, file_id, type="boredom")
    assert wrong.refusal == (422, "enum_parse_failed")
    assert wrong.json["extra"]["allowed_values"] == list(get_args(AbuseType))
    long = await report(anyone, file_id, type="gore", description="ä" * 501)
    assert long.refusal == (422, "string_out_of_range")
    assert (await report(anyone, file_id, type="gore", description="ä" * 500)).status == 200


async def test_what_is_gone_or_taken_down_cannot_be_reported(site: Site, alice: Person, anyone: Person):
    assert (await report(anyone, "abcdefgh", type="gore")).refusal == (404, "not_found")
    file_id = await alice.upload()
    await take_down(site, file_id)
    assert (await report(anyone, file_id, type="gore")).refusal == (451, "unavailable_for_legal_reasons")


async def test_a_banned_address_reports_nothing(site: Site, root: Person, alice: Person, anyone: Person):
    file_id = await alice.upload()
    ban = {"address": "127.0.0.0/8", "reason": "flood"}
    assert (await root.post("/api/admin/ip_ban", data=ban)).status == 200
    assert (await report(anyone, file_id, type="gore")).value == "ip_banned"
    assert await site.db.fetchval("SELECT count(*) FROM abuse_reports") == 0


@pytest.mark.parametrize(("before", "after"), [(999, 1000), (1000, 1000)])
async def test_what_a_thousand_have_reported_nobody_needs_to_report(
    site: Site, alice: Person, anyone: Person, before: int, after: int
):
    file_id = await alice.upload()
    await site.db.execute(
        """INSERT INTO abuse_reports (file_id, type, description, reporter_ip, reported_at)
           SELECT $1, 'gore', '', number::text, now() FROM generate_series(1, $2) number""",
        file_id,
        before,
    )
    assert (await report(anyone, file_id, type="gore")).status == 200
    assert await site.db.fetchval("SELECT count(*) FROM abuse_reports") == after


async def test_a_page_of_another_site_cannot_make_its_visitors_report(alice: Person, anyone: Person):
    file_id = await alice.upload()
    answer = await anyone.post(
        f"/api/file/{file_id}/report_abuse", data={"type": "gore"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.refusal == (400, "request_origin_invalid")


async def test_reports_go_with_their_file(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload()
    await report(anyone, file_id, type="gore")
    await alice.delete(f"/api/file/{file_id}")
    assert await site.db.fetchval("SELECT count(*) FROM abuse_reports") == 0


async def test_an_address_makes_only_so_many_reports_a_minute(alice: Person, anyone: Person, clock):
    clock.hold()
    file_ids = [await alice.upload(data=f"{number}".encode()) for number in range(11)]
    answers = [await report(anyone, file_id, type="gore") for file_id in file_ids]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
