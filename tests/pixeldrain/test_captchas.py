"""Captchas: what a right response lifts, for whom and how often, and what is no right response."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from pixelhost.core.captchas import CONTINUATIONS_MAX
from pixelhost.core.captchas.altcha import GOOD_FOR_SECONDS, NUMBER_MAX
from pixelhost.core.captchas.siteverify import PROVIDERS
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import downloading, none_under_way, second_worker
from tests.support.captchas import SECRET, FakeVerifier, challenged, fake_verifier, payload, solution, solved
from tests.support.elsewhere import change_rows
from tests.support.people import Person, Visitor

DATA = b"x" * 1000
FAILED = (424, "recpatcha_failed")


@pytest.fixture
async def place(limited) -> Place:
    return await limited(file_rate_limit=True, filesystem_access=True)


@pytest.fixture
async def infected(place: Place, site: Site) -> str:
    """The path of a file that takes a captcha."""
    file_id = await (await place.person("carol")).upload("a", DATA)
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    return f"/api/file/{file_id}"


@pytest.fixture
async def verifier() -> AsyncIterator[FakeVerifier]:
    async with fake_verifier() as verifier:
        yield verifier


async def download(person: Person, path: str, response: str = "", **options: object) -> tuple[int, str]:
    query = f"{'&' if '?' in path else '?'}recaptcha_response={response}" if response else ""
    answer = await person.get(path + query, **options)
    return (answer.status, "") if answer.status < 400 else answer.refusal


async def test_a_solution_is_good_for_one_download(place: Place, infected: str, database_url: str):
    visitor = place.visitor(1)
    right = await solution(visitor)
    assert await download(visitor, infected) == (403, "virus_detected_captcha_required")
    assert await download(visitor, infected, right) == (200, "")
    async with second_worker(place, database_url) as other:
        for person in (visitor, place.visitor(2), other.visitor(1)):
            assert await download(person, infected, right) == FAILED
        assert await download(visitor, infected) == (403, "virus_detected_captcha_required")
        assert await download(visitor, infected, await solution(other.visitor(2))) == (200, "")


async def test_of_many_downloads_at_once_with_one_solution_one_begins(place: Place, infected: str, database_url: str):
    async with second_worker(place, database_url) as other:
        right = await solution(place.visitor(1))
        people = [(place, other)[number % 2].visitor(number) for number in range(20)]
        said = await asyncio.gather(*(download(person, infected, right) for person in people))
    assert sorted(said) == [(200, "")] + [FAILED] * 19


async def test_a_download_goes_on_with_the_solution_that_began_it_for_an_hour(place: Place, infected: str, clock):
    visitor = place.visitor(1)
    clock.hold()
    right = await solution(visitor)
    assert await download(visitor, infected, right, headers={"Range": "bytes=0-"}) == (206, "")
    later = {"Range": "bytes=500-"}
    clock.advance(hours=1, microseconds=-1)
    assert await download(visitor, infected, right, headers=later) == (206, "")
    assert await download(place.visitor(2), infected, right, headers=later) == FAILED
    other = f"/api/file/{await (await place.person('dave')).upload('b', DATA)}"
    assert await download(visitor, other, right, headers=later) == FAILED
    clock.advance(microseconds=1)
    assert await download(visitor, infected, right, headers=later) == FAILED


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Range": "bytes=0-"},
        {"Range": "bytes=-1000"},
        {"Range": "bytes=1-1,0-"},
        {"Range": "bytes=1-1,2-"},
        {"Range": "bytes=5-3"},
        {"Range": "bytes=1-x"},
        {"Range": "bytes=1-", "If-Range": '"another version"'},
    ],
)
async def test_only_one_later_part_goes_on_with_a_solution(place: Place, infected: str, headers: dict[str, str]):
    visitor = place.visitor(1)
    right = await solution(visitor)
    assert await download(visitor, infected, right) == (200, "")
    assert await download(visitor, infected, right, headers=headers) == FAILED
    assert await download(visitor, infected, right, headers={"Range": "bytes=-999"}) == (206, "")


async def test_a_download_goes_on_fifty_times_with_one_solution(place: Place, infected: str):
    visitor, later = place.visitor(1), {"Range": "bytes=999-"}
    right = await solution(visitor)
    assert await download(visitor, infected, right) == (200, "")
    said = await asyncio.gather(
        *(download(visitor, infected, right, headers=later) for _ in range(CONTINUATIONS_MAX + 1))
    )
    assert sorted(said) == [(206, "")] * 50 + [FAILED]


async def test_a_download_goes_on_from_another_address_of_its_ipv6_network(place: Place, infected: str):
    later = {"Range": "bytes=999-"}
    one, same, other = [
        Visitor("", "", place.client, f"2001:db8::{rest}") for rest in ("1", "ffff:ffff:ffff:ffff", "1:0:0:0:0")
    ]
    right = await solution(one)
    assert await download(one, infected, right) == (200, "")
    assert await download(same, infected, right, headers=later) == (206, "")
    assert await download(other, infected, right, headers=later) == FAILED


async def test_a_solution_for_malware_lifts_no_limit_of_an_account(limited, site: Site):
    place: Place = await limited(downloads_per_ip_per_day=0, settings={"downloads_at_once": 1})
    carol, dave = await place.person("carol"), await place.person("dave")
    path = f"/api/file/{await carol.upload('a', DATA)}"
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    person, stranger = place.visitor(1, dave.key), place.visitor(1)
    right = await solution(person)
    assert await download(person, path, right) == (403, "download_limit_exceeded")
    assert await download(stranger, path, right) == (200, "")


async def test_a_download_that_is_refused_all_the_same_does_not_use_a_solution_up(limited, site: Site):
    place: Place = await limited(
        concurrent_downloads_per_ip=1, downloads_per_ip_per_day=1, settings={"downloads_at_once": 1}
    )
    carol = await place.person("carol")
    large, small = [f"/api/file/{await carol.upload('a', data)}" for data in (bytes(64 << 20), DATA)]
    malware = f"/api/file/{await carol.upload('b', DATA + b'b')}"
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR' WHERE size_bytes = $1", len(DATA) + 1)
    visitor = place.visitor(1)
    rights = [await solution(visitor) for _ in range(2)]
    async with downloading(place.port, large, 1):
        for path, right in zip((small, malware), rights, strict=True):
            assert await download(visitor, path, right) == (403, "max_concurrent_downloads")
    await none_under_way(site)
    for path, right in zip((small, malware), rights, strict=True):
        assert await download(visitor, path, right) == (200, "")
        await none_under_way(site)


async def test_a_solution_lifts_what_asks_for_a_captcha_and_nothing_else(limited, site: Site):
    place: Place = await limited(
        file_rate_limit=True, downloads_per_ip_per_day=0, concurrent_downloads_per_ip=1, transfer_per_ip_per_day=100_000
    )
    carol, dave = await place.person("carol"), await place.person("dave")
    path, visitor = f"/api/file/{await carol.upload('a', DATA)}", place.visitor(1)
    assert await download(visitor, path) == (403, "ip_download_limited_captcha_required")
    assert await download(visitor, path, await solution(visitor)) == (200, "")
    await change_rows(site, "UPDATE files SET downloads = 100")
    assert await download(visitor, path) == (403, "file_rate_limited_captcha_required")
    assert await download(visitor, path, await solution(visitor)) == (200, "")

    assert (await download(place.visitor(1, dave.key), path))[1] == "file_rate_limited_captcha_required"
    await change_rows(site, "UPDATE files SET downloads = 0")
    other = f"/api/file/{await carol.upload('c', DATA + b'c')}"
    limit = (403, "download_limit_exceeded")
    assert await download(place.visitor(1, dave.key), other, await solution(visitor)) == limit
    foreign = {"Referer": "https://other.example/"}
    right = await solution(visitor)
    assert await download(visitor, path, right, headers=foreign) == (403, "hotlink_detected")
    large = f"/api/file/{await carol.upload('b', bytes(64 << 20))}"
    async with downloading(place.port, f"{large}?recaptcha_response={right}", 1) as status:
        assert status == 200
        assert await download(visitor, path, await solution(visitor)) == (403, "transfer_limit_exceeded")
    await change_rows(site, "UPDATE files SET abuse_type = 'gore'")
    assert (await download(visitor, path, await solution(visitor)))[0] == 451


async def test_a_solution_lifts_the_load_of_the_server(limited):
    place: Place = await limited(settings={"downloads_at_once": 1})
    path = f"/api/file/{await (await place.person('carol')).upload('a', bytes(64 << 20))}"
    visitor, part = place.visitor(2), {"Range": "bytes=0-9"}
    async with downloading(place.port, path, 1):
        assert await download(visitor, path, headers=part) == (403, "server_overload_captcha_required")
        assert await download(visitor, path, await solution(visitor), headers=part) == (206, "")
        assert await download(visitor, path, "x", headers=part) == FAILED


@pytest.mark.parametrize("query", ["", "?attach"])
async def test_files_of_filesystems_take_solutions_too(place: Place, site: Site, query: str):
    carol = await place.person("carol")
    await carol.write("/me/a", DATA)
    path = f"/api/filesystem/{await carol.share('/me/a')}{query}"
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    visitor = place.visitor(1)
    assert await download(visitor, path) == (403, "virus_detected_captcha_required")
    assert await download(visitor, path, await solution(visitor)) == (200, "")


async def test_a_solution_that_nobody_asks_for_is_not_used_up(place: Place, infected: str):
    visitor = place.visitor(1)
    right = await solution(visitor)
    plain = f"/api/file/{await (await place.person('dave')).upload('b', DATA + b'b')}"
    assert await download(visitor, plain, right) == (200, "")
    assert (await visitor.ask("HEAD", f"{infected}?recaptcha_response={right}")).status == 403
    assert await download(visitor, infected, right) == (200, "")


async def test_a_solution_is_good_for_twenty_minutes(place: Place, infected: str, clock):
    visitor = place.visitor(1)
    clock.hold()
    rights = [await solution(visitor) for _ in range(2)]
    # Whole seconds stand in a challenge.
    clock.advance(seconds=GOOD_FOR_SECONDS - 1)
    assert await download(visitor, infected, rights[0]) == (200, "")
    clock.advance(seconds=1)
    assert await download(visitor, infected, rights[1]) == FAILED


async def test_what_was_tampered_with_is_no_solution(place: Place, infected: str):
    visitor = place.visitor(1)
    challenge = await challenged(visitor)
    number = solved(challenge)
    salt = challenge["salt"]
    # The first digit of the number moved into the time that it is good until.
    spliced = {"salt": salt.rstrip("&") + str(number)[0], "number": int(str(number)[1:] or "0")}
    for changed in (
        {"number": number + 1},
        {"number": -1},
        {"number": str(number)},
        {"number": NUMBER_MAX + 1},
        {"number": 1.5},
        {"number": None},
        {"algorithm": "SHA-1"},
        {"algorithm": "SHA-512"},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "ü"},
        {"challenge": challenge["challenge"].upper()},
        {"salt": salt.replace("expires=1", "expires=9")},
        {"salt": salt.rstrip("&")},
        {"salt": salt + "expires=99999999999&"},
        spliced,
    ):
        sent = payload(challenge, **({"number": number} | changed))
        assert await download(visitor, infected, sent) == FAILED, changed
    assert await download(visitor, infected, payload(challenge, number=number)) == (200, "")


@pytest.mark.parametrize("response", ["x", "e30%3D", "W10%3D", "%00", "bnVsbA%3D%3D", "%FF", "a" * 9000])
async def test_garbage_is_no_solution(place: Place, infected: str, response: str):
    assert await download(place.visitor(1), infected, response) in {FAILED, (422, "utf8_string_parse_failed")}


async def test_the_challenge_of_another_server_is_no_solution(place: Place, infected: str):
    visitor = place.visitor(1)
    own = await challenged(visitor)
    foreign = own | {"challenge": "0" * 64, "signature": own["signature"]}
    assert await download(visitor, infected, payload(foreign, number=1)) == FAILED
    # An easy one, made by whoever solves it.
    easy = own | {"salt": own["salt"], "challenge": "00" * 32, "signature": "00" * 32}
    assert await download(visitor, infected, payload(easy, number=0)) == FAILED


async def test_challenges_differ_and_no_cache_keeps_them(place: Place):
    visitor = place.visitor(1)
    answers = [await visitor.get("/api/misc/altcha") for _ in range(2)]
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert answers[0].json["challenge"] != answers[1].json["challenge"]
    assert (await visitor.get("/api/misc/recaptcha")).json == {"site_key": ""}


async def test_where_captchas_are_off_none_helps(limited, site: Site):
    place: Place = await limited(settings={"captcha": "off"})
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    assert await download(place.visitor(1), path, "x") == FAILED
    assert (await place.visitor(1).get("/api/misc/altcha")).refusal == (404, "invalid_endpoint")


@asynccontextmanager
async def asking(limited, verifier: FakeVerifier, provider: str) -> AsyncIterator[tuple[Place, str]]:
    """A place with a provider's captcha, and a file that takes it."""
    settings = {
        "captcha": provider,
        "captcha_site_key": "key of the site",
        "captcha_secret": SECRET,
        "captcha_url": verifier.url,
    }
    place: Place = await limited(settings=settings)
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    await change_rows(place.site, "UPDATE blobs SET virus_name = 'EICAR'")
    yield place, path


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_provider_is_asked_once_whether_a_response_is_right(limited, verifier: FakeVerifier, provider: str):
    async with asking(limited, verifier, provider) as (place, path):
        visitor = place.visitor(1)
        verifier.right = {"right"}
        assert await download(visitor, path, "wrong") == FAILED
        assert await download(visitor, path, "right") == (200, "")
        assert await download(visitor, path, "right", headers={"Range": "bytes=5-"}) == (206, "")
        assert await download(visitor, path, "right") == FAILED
        assert verifier.asked == [{"secret": SECRET, "response": "wrong"}, {"secret": SECRET, "response": "right"}]
        shown = (await visitor.get("/api/misc/recaptcha")).json
        assert shown == {"site_key": "key of the site"}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_page_allows_the_scripts_of_the_provider_where_they_are_needed(limited, verifier, provider: str):
    async with asking(limited, verifier, provider) as (place, path):
        plain = {"User-Agent": "Mozilla/5.0", "Accept-Encoding": "identity"}
        asked = await place.visitor(1).get(path.replace("/api/file", "/u"), headers=plain)
        origin = PROVIDERS[provider].origins[0]
        assert f'src="{PROVIDERS[provider].script}"' in asked.body.decode()
        assert 'data-sitekey="key of the site"' in asked.body.decode()
        assert f"script-src 'self' {origin}" in asked.headers["Content-Security-Policy"]
        await change_rows(place.site, "UPDATE blobs SET virus_name = ''")
        free = await place.visitor(1).get(path.replace("/api/file", "/u"), headers=plain)
        assert origin not in free.headers["Content-Security-Policy"]
        assert origin not in free.body.decode()


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500, text="{}"),
        web.Response(text="garbage"),
        web.Response(text='{"success": "true"}'),
        web.Response(text='{"success": false}'),
        web.Response(text="[" * 100_000),
        web.Response(text=""),
    ],
)
async def test_a_provider_that_talks_nonsense_says_no(limited, verifier: FakeVerifier, answer: web.Response):
    async with asking(limited, verifier, "turnstile") as (place, path):
        verifier.answer = answer
        assert await download(place.visitor(1), path, "right") == FAILED


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end(limited, verifier: FakeVerifier):
    async with asking(limited, verifier, "turnstile") as (place, path):
        verifier.pieces = [b'{"success":', b" true", b"}"]
        assert await download(place.visitor(1), path, "right") == (200, "")


async def test_a_provider_that_cannot_be_reached_says_no(limited, verifier: FakeVerifier):
    verifier.url = "http://127.0.0.1:1/siteverify"
    async with asking(limited, verifier, "hcaptcha") as (place, path):
        assert await download(place.visitor(1), path, "right") == FAILED
