"""Limits of an address and of the server that are counted as downloads begin: exact, whichever worker serves them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from pixelhost.app import build_app
from pixelhost.site import Site, open_site
from tests.pixeldrain.conftest import Place
from tests.support.client import RealServer, fresh_client
from tests.support.elsewhere import change_rows
from tests.support.people import Person, Visitor
from tests.support.waiting import until

DATA = b"x" * 1000
LARGE = bytes(64 << 20)


@asynccontextmanager
async def second_worker(place: Place, database_url: str) -> AsyncIterator[Place]:
    """Another process, as far as the database can tell."""
    async with (
        open_site(place.site.settings, database_url, place.site.clock) as site,
        RealServer(build_app(site)) as server,
        fresh_client(server) as client,
    ):
        yield Place(site, server.port, client)


@asynccontextmanager
async def downloading(port: int, path: str, last_byte: int, key: str = "") -> AsyncIterator[int]:
    """The status of a download that is under way until the block ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", "Host: x", f"X-Forwarded-For: 203.0.113.{last_byte}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        line = await asyncio.wait_for(reader.readline(), 30)
        yield int(line.split()[1])
    finally:
        writer.transport.abort()


async def none_under_way(site: Site) -> None:
    await until(lambda: site.db.fetchval("SELECT NOT EXISTS (SELECT FROM open_downloads)"))


async def code(person: Person, path: str, **options: object) -> str:
    """Of the refusal; empty where there is none."""
    answer = await person.get(path, **options)
    return "" if answer.status < 400 else answer.value


async def shared(place: Place, name: str = "a", data: bytes = DATA) -> str:
    """The path of a node that everybody may download."""
    carol = await place.person("carol")
    await carol.write(f"/me/{name}", data)
    return f"/api/filesystem/{await carol.share(f'/me/{name}')}"


async def test_of_fifty_downloads_at_once_as_many_pass_as_an_address_has_in_a_day(limited, database_url: str):
    place: Place = await limited(downloads_per_ip_per_day=5)
    carol = await place.person("carol")
    ids = [await carol.upload(f"{number}", DATA + bytes([number])) for number in range(50)]
    async with second_worker(place, database_url) as other:
        visitors = [place.visitor(1), other.visitor(1)]
        said = await asyncio.gather(
            *(code(visitors[number % 2], f"/api/file/{file_id}") for number, file_id in enumerate(ids))
        )
    assert sorted(said) == [""] * 5 + ["ip_download_limited_captcha_required"] * 45


async def test_of_fifty_downloads_at_once_as_many_pass_as_there_are_bytes_in_a_day(limited, database_url: str):
    place: Place = await limited(transfer_per_ip_per_day=5 * len(DATA))
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    async with second_worker(place, database_url) as other:
        visitors = [place.visitor(1), other.visitor(1)]
        said = await asyncio.gather(*(code(visitors[number % 2], path) for number in range(50)))
        assert sorted(said) == [""] * 5 + ["transfer_limit_exceeded"] * 45
        await none_under_way(place.site)
        for visitor in visitors:
            assert await code(visitor, path, headers={"Range": "bytes=0-0"}) == "transfer_limit_exceeded"


async def test_more_of_the_same_file_is_no_other_download(limited):
    place: Place = await limited(downloads_per_ip_per_day=1)
    carol = await place.person("carol")
    one, other = f"/api/file/{await carol.upload('a', DATA)}", f"/api/file/{await carol.upload('b', DATA)}"
    visitor = place.visitor(1)
    for start in range(0, 1000, 250):
        assert (await visitor.get(one, headers={"Range": f"bytes={start}-{start + 249}"})).status == 206
    assert await code(visitor, one) == ""
    assert await code(visitor, other) == "ip_download_limited_captcha_required"
    assert (await visitor.ask("HEAD", one)).status == 200
    assert (await visitor.ask("HEAD", other)).status == 403


async def test_the_day_slides_and_ends_exactly_after_24_hours(limited, clock):
    place: Place = await limited(downloads_per_ip_per_day=1)
    carol = await place.person("carol")
    one, other = f"/api/file/{await carol.upload('a', DATA)}", f"/api/file/{await carol.upload('b', DATA)}"
    visitor = place.visitor(1)
    clock.hold()
    assert await code(visitor, one) == ""
    clock.advance(hours=24, microseconds=-1)
    assert await code(visitor, other) == "ip_download_limited_captcha_required"
    clock.advance(microseconds=1)
    assert await code(visitor, other) == ""
    assert await code(visitor, one) == "ip_download_limited_captcha_required"


async def test_looking_and_what_sends_nothing_uses_nothing_up(limited):
    place: Place = await limited(downloads_per_ip_per_day=1, transfer_per_ip_per_day=1000)
    carol = await place.person("carol")
    one, other = await carol.upload("a", DATA), await carol.upload("b", DATA)
    visitor = place.visitor(1)
    etag = (await visitor.ask("HEAD", f"/api/file/{other}")).headers["ETag"]
    await visitor.get(f"/api/file/{other}", headers={"If-None-Match": etag})
    assert (await visitor.get(f"/api/file/{other}", headers={"Range": "bytes=5000-"})).status == 416
    await visitor.get(f"/u/{other}", headers={"User-Agent": "Mozilla/5.0"})
    await visitor.info(other)
    await visitor.get(f"/api/file/{other}/thumbnail")
    assert await code(visitor, f"/api/file/{one}") == ""


async def test_bytes_that_were_asked_for_count_while_they_are_sent(limited, database_url: str):
    place: Place = await limited(transfer_per_ip_per_day=64 << 20)
    path = f"/api/file/{await (await place.person('carol')).upload('a', LARGE)}"
    async with second_worker(place, database_url) as other:
        async with downloading(place.port, path, 1) as status:
            assert status == 200
            assert await code(other.visitor(1), path, headers={"Range": "bytes=0-0"}) == "transfer_limit_exceeded"
            assert await code(other.visitor(2), path, headers={"Range": "bytes=0-0"}) == ""
        await none_under_way(place.site)
        # What was asked for and never sent is given back.
        assert await code(other.visitor(1), path, headers={"Range": "bytes=0-0"}) == ""


async def test_the_last_byte_of_a_days_transfer_may_be_had_and_none_after_it(limited):
    place: Place = await limited(transfer_per_ip_per_day=1000)
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    visitor = place.visitor(1)
    assert (await visitor.get(path, headers={"Range": "bytes=0-998"})).status == 206
    assert (await visitor.get(path, headers={"Range": "bytes=999-"})).status == 206
    assert await code(visitor, path, headers={"Range": "bytes=0-0"}) == "transfer_limit_exceeded"


@pytest.mark.parametrize("query", ["", "?attach", "?zip_file=b.txt"])
async def test_nodes_have_the_same_limits(limited, query: str):
    place: Place = await limited(filesystem_access=True, downloads_per_ip_per_day=1, transfer_per_ip_per_day=10_000)
    zipped = (await zip_of(place)) if "zip_file" in query else DATA
    path = await shared(place, "a.zip" if "zip_file" in query else "a", zipped)
    other = f"/api/file/{await (await place.person('dave')).upload('b', DATA)}"
    visitor = place.visitor(1)
    assert await code(visitor, path + query) == ""
    assert await code(visitor, path + query) == ""
    assert await code(visitor, other) == "ip_download_limited_captcha_required"


async def zip_of(place: Place) -> bytes:
    erin = await place.person("erin")
    ids = [await erin.upload("b.txt", DATA), await erin.upload("c.txt", DATA)]
    return (await erin.get(f"/api/file/{','.join(ids)}")).body


@pytest.mark.parametrize("kind", ["files", "list", "directory"])
async def test_zips_meet_every_gate_that_a_file_does(limited, kind: str):
    place: Place = await limited(filesystem_access=True, downloads_per_ip_per_day=3, concurrent_downloads_per_ip=1)
    carol = await place.person("carol")
    ids = [await carol.upload(name, DATA + name.encode()) for name in "abc"]
    if kind == "directory":
        for name in "ab":
            await carol.write(f"/me/d/{name}", DATA)
        path = f"/api/filesystem/{await carol.share('/me/d')}?bulk_download"
    else:
        path = f"/api/list/{await carol.make_list(*ids[:2])}/zip" if kind == "list" else f"/api/file/{ids[0]},{ids[1]}"
    large = f"/api/file/{await carol.upload('large', LARGE)}"
    visitor = place.visitor(1)
    assert (await visitor.get(path)).status == 200
    assert await code(visitor, path) == ""
    assert await code(visitor, path, headers={"Referer": "https://other.example/"}) in {
        "hotlink_detected",
        "embed_not_allowed",
    }
    async with downloading(place.port, large, 1):
        pass
    await none_under_way(place.site)
    if kind != "directory":
        assert await code(visitor, f"/api/file/{ids[2]}") == "ip_download_limited_captcha_required"
    async with downloading(place.port, large, 2) as status:
        assert status == 200
        assert await code(place.visitor(2), path) == "max_concurrent_downloads"


async def test_malware_is_left_out_of_a_directory_that_others_take_as_a_zip(limited, site: Site):
    place: Place = await limited(filesystem_access=True)
    carol = await place.person("carol")
    await carol.write("/me/d/clean", b"clean")
    await carol.write("/me/d/bad", b"bad bytes")
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR' WHERE size_bytes = 9")
    path = f"/api/filesystem/{await carol.share('/me/d')}?bulk_download"
    taken = (await place.visitor(1).get(path)).body
    assert b"clean" in taken
    assert b"bad bytes" not in taken
    assert b"bad bytes" in (await carol.get(path)).body


async def test_malware_is_kept_back_in_filesystems_too(limited, site: Site):
    place: Place = await limited(filesystem_access=True)
    path = await shared(place, "a.zip")
    await change_rows(site, "UPDATE blobs SET virus_name = 'EICAR'")
    for query in ("", "?attach", "?zip_file=x", "?zip_info"):
        assert await code(place.visitor(1), path + query) == "virus_detected_captcha_required"


async def test_of_fifty_connections_at_once_five_are_open(limited, database_url: str):
    place: Place = await limited(concurrent_downloads_per_ip=5)
    path = f"/api/file/{await (await place.person('carol')).upload('a', LARGE)}"
    async with second_worker(place, database_url) as other, AsyncExitStack() as open_ones:
        ports = [place.port, other.port]
        tries = (open_ones.enter_async_context(downloading(ports[number % 2], path, 1)) for number in range(50))
        said = await asyncio.gather(*tries)
        assert sorted(said) == [200] * 5 + [403] * 45
    await none_under_way(place.site)


async def test_one_download_after_the_other_needs_no_more_than_one_connection(limited):
    place: Place = await limited(concurrent_downloads_per_ip=1)
    carol = await place.person("carol")
    for size in (1000, 300_000):
        path = f"/api/file/{await carol.upload('a', bytes(size))}"
        for _ in range(30):
            assert await code(place.visitor(1), path) == ""


@pytest.fixture
async def busy(limited) -> Place:
    """A server that is full with two downloads."""
    place: Place = await limited(settings={"downloads_at_once": 2})
    return place


async def test_a_busy_server_asks_strangers_for_a_captcha_and_serves_who_pays(busy: Place, site: Site):
    carol, premium = await busy.person("carol"), await busy.person("dave", plan_id="pro")
    large, small = f"/api/file/{await carol.upload('a', LARGE)}", await carol.upload("b", DATA)
    paid = await premium.upload("c", DATA)
    assert await code(busy.visitor(1), f"/api/file/{small}") == ""
    async with downloading(busy.port, large, 1) as first:
        assert await code(busy.visitor(3), f"/api/file/{small}") == ""
        async with downloading(busy.port, large, 2, premium.key) as second:
            assert (first, second) == (200, 200)
            assert await code(busy.visitor(3), f"/api/file/{small}") == "server_overload_captcha_required"
            info = await busy.visitor(3).info(small)
            assert (info["availability"], info["can_download"]) == ("server_overload_captcha_required", False)
            assert await code(busy.visitor(3, premium.key), f"/api/file/{small}") == ""
            assert await code(busy.visitor(3, carol.key), f"/api/file/{small}") == ""
            assert await code(busy.visitor(3), f"/api/file/{paid}") == ""
    await none_under_way(site)
    assert await code(busy.visitor(3), f"/api/file/{small}") == ""


async def test_a_server_is_busy_with_what_its_other_workers_send_too(busy: Place, database_url: str):
    carol = await busy.person("carol")
    large, small = f"/api/file/{await carol.upload('a', LARGE)}", f"/api/file/{await carol.upload('b', DATA)}"
    async with second_worker(busy, database_url) as other:
        async with downloading(busy.port, large, 1), downloading(other.port, large, 2):
            for place in (busy, other):
                assert await code(place.visitor(3), small) == "server_overload_captcha_required"
        await none_under_way(busy.site)
        for place in (busy, other):
            assert await code(place.visitor(3), small) == ""
            await none_under_way(busy.site)


async def test_a_place_is_free_again_for_the_very_next_download_and_to_look(limited):
    place: Place = await limited(concurrent_downloads_per_ip=1)
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    for _ in range(20):
        assert await code(place.visitor(1), path) == ""
        assert (await place.visitor(1).ask("HEAD", path)).status == 200


@pytest.mark.parametrize("count", [15, 16, 17])
async def test_however_many_have_ended_at_once_none_of_them_counts_any_more(limited, count: int):
    place: Place = await limited(concurrent_downloads_per_ip=count, transfer_per_ip_per_day=count * len(DATA) + 1)
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    said = await asyncio.gather(*(code(place.visitor(1), path) for _ in range(count)))
    assert said == [""] * count
    assert await code(place.visitor(1), path, headers={"Range": "bytes=0-0"}) == ""
    assert await code(place.visitor(1), path, headers={"Range": "bytes=0-0"}) == "transfer_limit_exceeded"
    await none_under_way(place.site)


async def test_downloads_of_a_process_that_died_count_no_more(limited, site: Site, database_url: str):
    place: Place = await limited(concurrent_downloads_per_ip=1, settings={"downloads_at_once": 1})
    path = f"/api/file/{await (await place.person('carol')).upload('a', DATA)}"
    visitor = site.keyring.visitor("203.0.113.1")
    dead = "INSERT INTO open_downloads VALUES (DEFAULT, 2147483647, $1, true, 10, 0)"
    await site.db.execute(dead, visitor)
    assert await code(place.visitor(1), path) == ""
    await none_under_way(site)


async def test_what_an_address_has_used_up_shows_in_the_infos_of_files(limited):
    place: Place = await limited(downloads_per_ip_per_day=1, download_speed_limit=5000, show_ads=True)
    carol, dave = await place.person("carol"), await place.person("dave")
    ids = [await carol.upload(name, DATA) for name in "ab"]
    visitor = place.visitor(1)
    assert (await visitor.info(ids[0]))["availability"] == ""
    await visitor.get(f"/api/file/{ids[0]}")
    info = await visitor.info(ids[1])
    assert (info["availability"], info["can_download"]) == ("ip_download_limited_captcha_required", False)
    assert (info["download_speed_limit"], info["show_ads"]) == (5000, True)
    assert (await visitor.info(ids[0]))["availability"] == "", "more of the same may be had"
    several = (await visitor.get(f"/api/file/{','.join(ids)}/info")).json
    assert [one["availability"] for one in several] == ["", "ip_download_limited_captcha_required"]
    listed = (await visitor.get(f"/api/list/{await carol.make_list(ids[1])}")).json["files"]
    assert listed[0]["availability"] == "ip_download_limited_captcha_required"
    mine = await place.visitor(1, carol.key).info(ids[1])
    assert (mine["availability"], mine["download_speed_limit"]) == ("", 0)
    assert (await place.visitor(1, dave.key).info(ids[1]))["availability"] == "download_limit_exceeded"


async def test_an_address_that_nobody_vouches_for_is_not_believed(site: Site, limited):
    place: Place = await limited(downloads_per_ip_per_day=1, settings={})
    carol = await place.person("carol")
    ids = [await carol.upload(name, DATA) for name in "ab"]
    untrusting = replace(place.site, settings=replace(place.site.settings, trusted_proxies=()))
    async with RealServer(build_app(untrusting)) as server, fresh_client(server) as client:
        for number, file_id in enumerate(ids):
            said = await code(Visitor("", "", client, f"203.0.113.{number}"), f"/api/file/{file_id}")
            assert said == ("ip_download_limited_captcha_required" if number else "")
