"""What stands between a file and its bytes, gate by gate, and who passes."""

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import downloading, none_under_way
from tests.support.elsewhere import change_rows
from tests.support.people import Person

DATA = b"x" * 1000


async def mark(site: Site, file_id: str, **facts: object) -> None:
    for name, value in facts.items():
        if name == "virus_name":
            of_file = "SELECT blob FROM files WHERE id = $1"
            await change_rows(site, f"UPDATE blobs SET virus_name = $2 WHERE digest = ({of_file})", file_id, value)
        else:
            await change_rows(site, f"UPDATE files SET {name} = $2 WHERE id = $1", file_id, value)


async def refusal(person: Person, file_id: str, **headers: str) -> tuple[int, str] | None:
    answer = await person.get(
        f"/api/file/{file_id}", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    zipped = await person.ask("HEAD", f"/api/file/{file_id},{file_id}", headers=headers)
    assert zipped.status == answer.status
    return None if answer.status == 200 else answer.refusal


async def test_a_taken_down_file_is_kept_back_even_from_its_owner(alice: Person, anyone: Person, site: Site):
    file_id = await alice.upload("a", DATA)
    await mark(site, file_id, abuse_type="doxing", abuse_reporter="Somebody")
    for person in (alice, anyone):
        refused = await person.get(f"/api/file/{file_id}")
        assert refused.refusal == (451, "unavailable_for_legal_reasons")
        assert refused.json["extra"] == {"type": "doxing"}
        assert (await person.ask("HEAD", f"/api/file/{file_id}")).status == 451
        info = await person.info(file_id)
        assert (info["availability"], info["can_download"]) == ("unavailable_for_legal_reasons", False)
        assert (info["abuse_type"], info["abuse_reporter_name"]) == ("doxing", "Somebody")


async def test_the_thumbnail_of_a_taken_down_file_shows_nothing_of_it(alice: Person, site: Site):
    file_id = await alice.upload("a.txt", DATA)
    icon = (await alice.get(f"/api/file/{file_id}/thumbnail")).body
    await mark(site, file_id, abuse_type="gore")
    assert (await alice.get(f"/api/file/{file_id}/thumbnail")).body == icon


async def test_malware_is_kept_back_from_all_but_its_owner(limited, site: Site):
    place: Place = await limited()
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    file_id = await carol.upload("a", DATA)
    await mark(site, file_id, virus_name="EICAR")
    for person in (place.visitor(1), premium):
        assert await refusal(person, file_id) == (403, "virus_detected_captcha_required")
        info = await person.info(file_id)
        assert (info["availability"], info["can_download"]) == ("virus_detected_captcha_required", False)
        assert info["availability_message"]
    assert await refusal(carol, file_id) is None
    assert (await carol.info(file_id))["availability"] == ""


async def test_a_file_with_more_than_three_downloads_a_view_needs_a_captcha(limited, site: Site):
    place: Place = await limited(file_rate_limit=True)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    file_id = await carol.upload("a", DATA)
    await mark(site, file_id, views=2, downloads=6)
    assert await refusal(place.visitor(1), file_id) is None
    await mark(site, file_id, downloads=7)
    assert await refusal(place.visitor(1), file_id) == (403, "file_rate_limited_captcha_required")
    assert (await place.visitor(1).info(file_id))["availability"] == "file_rate_limited_captcha_required"
    assert await refusal(carol, file_id) is None
    assert await refusal(premium, file_id) is None
    await mark(site, file_id, views=3)
    assert await refusal(place.visitor(1), file_id) is None


async def test_the_rate_of_a_file_nobody_viewed_is_measured_from_one_view(limited, site: Site):
    place: Place = await limited(file_rate_limit=True)
    file_id = await (await place.person("carol")).upload("a", DATA)
    await mark(site, file_id, downloads=3)
    assert await refusal(place.visitor(1), file_id) is None
    await mark(site, file_id, downloads=4)
    assert await refusal(place.visitor(1), file_id) == (403, "file_rate_limited_captcha_required")


async def test_links_from_other_sites_are_refused_on_a_plan_without_hotlinking(limited):
    place: Place = await limited()
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    file_id = await carol.upload("a", DATA)
    foreign = {"Referer": "https://other.example/page"}
    assert await refusal(place.visitor(1), file_id, **foreign) == (403, "hotlink_detected")
    assert await refusal(place.visitor(1), file_id, Referer=f"http://127.0.0.1:{place.port}/u/{file_id}") is None
    assert await refusal(place.visitor(1), file_id) is None
    assert await refusal(place.visitor(1), file_id, Referer="") is None
    assert await refusal(carol, file_id, **foreign) is None
    assert await refusal(premium, file_id, **foreign) is None


async def test_a_plan_with_hotlinking_asks_nobody_where_from(alice: Person, anyone: Person, limited):
    file_id = await alice.upload("a", DATA)
    for referer in ("https://other.example/", "nonsense", "http://["):
        assert await refusal(anyone, file_id, Referer=referer) is None


@pytest.mark.parametrize(
    "referer", ["nonsense", "http://[", "http://host:port/", "javascript:alert(1)", "https://", "\xff"]
)
async def test_a_referer_that_is_no_url_is_refused_where_it_matters(limited, referer: str):
    place: Place = await limited()
    file_id = await (await place.person("carol")).upload("a", DATA)
    assert await refusal(place.visitor(1), file_id, Referer=referer) == (400, "invalid_referrer")


async def test_an_address_downloads_as_often_a_day_as_the_plan_allows(limited, clock, flush):
    place: Place = await limited(downloads_per_ip_per_day=2)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    ids = [await carol.upload(name, DATA) for name in "abc"]
    for file_id in ids[:2]:
        assert (await place.visitor(1).get(f"/api/file/{file_id}")).status == 200
        await flush()
    assert await refusal(place.visitor(1), ids[2]) == (403, "ip_download_limited_captcha_required")
    assert await refusal(place.visitor(2), ids[2]) is None
    assert await refusal(carol, ids[2]) is None
    assert await refusal(premium, ids[2]) is None
    clock.advance(hours=25)
    assert await refusal(place.visitor(1), ids[2]) is None


async def test_an_address_gets_as_many_bytes_a_day_as_the_plan_allows(limited, clock, flush):
    place: Place = await limited(transfer_per_ip_per_day=1500)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    file_id = await carol.upload("a", DATA)
    visitor = place.visitor(1)
    await visitor.get(f"/api/file/{file_id}")
    await visitor.get(f"/api/file/{file_id}", headers={"Range": "bytes=0-498"})
    await flush()
    assert (await visitor.get(f"/api/file/{file_id}", headers={"Range": "bytes=0-0"})).status == 206
    await flush()
    assert await refusal(visitor, file_id) == (403, "transfer_limit_exceeded")
    assert await refusal(place.visitor(2), file_id) is None
    assert await refusal(carol, file_id) is None
    assert await refusal(premium, file_id) is None
    clock.advance(hours=25)
    assert await refusal(visitor, file_id) is None


async def test_the_self_hosted_default_has_no_gate_but_the_takedown(alice: Person, anyone: Person, site: Site, flush):
    file_id = await alice.upload("a", DATA)
    await mark(site, file_id, downloads=1000)
    for _ in range(5):
        assert await refusal(anyone, file_id, Referer="https://other.example/") is None
        await flush()


async def test_a_limited_account_is_told_of_its_plan_instead_of_a_captcha(limited, flush):
    place: Place = await limited(downloads_per_ip_per_day=1)
    carol, dave = await place.person("carol"), await place.person("dave")
    ids = [await carol.upload(name, DATA) for name in "ab"]
    await place.visitor(1, dave.key).get(f"/api/file/{ids[0]}")
    await flush()
    assert await refusal(place.visitor(1, dave.key), ids[1]) == (403, "download_limit_exceeded")
    assert await refusal(place.visitor(1), ids[1]) == (403, "ip_download_limited_captcha_required")


async def test_a_captcha_response_that_nobody_can_verify_is_refused_only_where_one_is_asked_for(limited, site: Site):
    place: Place = await limited(file_rate_limit=True)
    file_id = await (await place.person("carol")).upload("a", DATA)
    path = f"/api/file/{file_id}?recaptcha_response=x"
    assert (await place.visitor(1).get(path)).status == 200
    foreign = {"Referer": "https://other.example/"}
    assert (await place.visitor(1).get(path, headers=foreign)).refusal == (403, "hotlink_detected")
    for facts in ({"virus_name": "EICAR"}, {"virus_name": "", "downloads": 100}):
        await mark(site, file_id, **facts)
        assert (await place.visitor(1).get(path)).refusal == (424, "recpatcha_failed")
    await mark(site, file_id, abuse_type="gore")
    assert (await place.visitor(1).get(path)).status == 451


async def test_an_address_has_as_many_downloads_at_once_as_the_plan_allows(limited):
    place: Place = await limited(concurrent_downloads_per_ip=2)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    large = f"/api/file/{await carol.upload('a', bytes(64 << 20))}"
    small = await carol.upload("b", DATA)
    async with downloading(place.port, large, 1) as first, downloading(place.port, large, 1) as second:
        assert (first, second) == (200, 200)
        assert await refusal(place.visitor(1), small) == (403, "max_concurrent_downloads")
        assert await refusal(place.visitor(2), small) is None
        assert await refusal(place.visitor(1, premium.key), small) is None
        assert await refusal(place.visitor(1, carol.key), small) is None
    await none_under_way(place.site)
    async with downloading(place.port, large, 1) as first, downloading(place.port, large, 1) as second:
        assert (first, second) == (200, 200)


async def test_a_plan_without_concurrent_downloads_allows_none(limited):
    place: Place = await limited(concurrent_downloads_per_ip=0)
    file_id = await (await place.person("carol")).upload("a", DATA)
    assert await refusal(place.visitor(1), file_id) == (403, "max_concurrent_downloads")
