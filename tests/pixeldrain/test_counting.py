"""What is counted for a file: views, downloads and bytes, once per address, and what follows from it."""

import asyncio
import contextlib

import pytest

from pixelhost import jobs
from pixelhost.site import Site
from pixelhost.wire import sockets
from tests.pixeldrain.conftest import Place
from tests.support.people import Person, Visitor
from tests.support.waiting import until

DATA = b"x" * 1000


@pytest.fixture
async def place(limited) -> Place:
    """Where every visitor has an address."""
    return await limited()


async def counted(person: Person, file_id: str, flush) -> tuple[int, int]:
    """(downloads, bytes) of a file."""
    await flush()
    info = await person.info(file_id)
    return info["downloads"], info["bandwidth_used"]


async def test_a_download_counts_once_per_address_and_its_bytes_every_time(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    for visitor in (1, 1, 2, 1):
        await place.visitor(visitor).get(f"/api/file/{file_id}")
        await flush()
    await place.visitor(2).get(f"/api/file/{file_id}")
    assert await counted(alice, file_id, flush) == (2, 5000)


async def test_a_network_of_ipv6_counts_as_one_address(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    for ip in ("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"):
        await Visitor("", "", place.client, ip).get(f"/api/file/{file_id}")
        await flush()
    assert await counted(alice, file_id, flush) == (2, 3000)


async def test_a_head_a_304_a_416_an_info_and_a_thumbnail_count_nothing(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    path, visitor = f"/api/file/{file_id}", place.visitor(1)
    etag = (await alice.ask("HEAD", path)).headers["ETag"]
    await visitor.ask("HEAD", path)
    await visitor.get(path, headers={"If-None-Match": etag})
    await visitor.get(path, headers={"Range": "bytes=5000-"})
    await visitor.get(path + "/info")
    await visitor.get(path + "/thumbnail")
    assert await counted(alice, file_id, flush) == (0, 0)


async def test_a_tenth_of_a_file_is_a_download_and_less_is_not(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    await place.visitor(1).get(f"/api/file/{file_id}", headers={"Range": "bytes=0-98"})
    assert await counted(alice, file_id, flush) == (0, 99)
    await place.visitor(2).get(f"/api/file/{file_id}", headers={"Range": "bytes=0-99"})
    assert await counted(alice, file_id, flush) == (1, 199)


async def test_a_series_of_ranges_by_one_address_is_one_download(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    for start in range(0, 1000, 60):
        await place.visitor(1).get(f"/api/file/{file_id}", headers={"Range": f"bytes={start}-{start + 59}"})
        await flush()
    assert await counted(alice, file_id, flush) == (1, 1000)


async def test_the_owner_counts_like_anybody(place: Place, alice: Person, flush):
    file_id = await alice.upload("a", DATA)
    await alice.get(f"/api/file/{file_id}")
    assert await counted(alice, file_id, flush) == (1, 1000)


async def test_a_zip_counts_for_every_file_in_it(place: Place, alice: Person, flush):
    ids = [await alice.upload("a", DATA), await alice.upload("b", DATA * 100)]
    await place.visitor(1).get(f"/api/file/{','.join(ids)}")
    assert await counted(alice, ids[0], flush) == (1, 1000)
    assert await counted(alice, ids[1], flush) == (1, 100_000)


async def test_bytes_are_paid_for_by_the_plan_of_either_side(place: Place, alice: Person, flush):
    carol = await place.person("carol")
    free = await carol.upload("a", DATA)
    await place.visitor(1).get(f"/api/file/{free}")
    await flush()
    assert (await alice.info(free))["bandwidth_used_paid"] == 0
    await alice.get(f"/api/file/{free}")
    await flush()
    assert (await alice.info(free))["bandwidth_used_paid"] == 1000
    shared = await alice.upload("b", DATA)
    await place.visitor(1).get(f"/api/file/{shared}")
    await flush()
    assert (await alice.info(shared))["bandwidth_used_paid"] == 1000


async def test_a_view_of_the_page_counts_once_per_address(place: Place, alice: Person, flush):
    info = await alice.info(await alice.upload("a", DATA))
    for visitor in (1, 1, 2):
        await place.visitor(visitor).get(f"/u/{info['id']}", headers={"User-Agent": "Mozilla/5.0"})
        await flush()
    seen = await alice.info(info["id"])
    assert seen["views"] == 2
    assert seen["date_last_view"] > info["date_last_view"]


async def test_a_lost_answer_of_the_database_counts_nothing_twice(place: Place, alice: Person, site: Site, flush):
    file_id = await alice.upload("a", DATA)
    await place.visitor(1).get(f"/api/file/{file_id}")
    await flush()
    await site.db.execute("DELETE FROM files WHERE id = $1", file_id)
    await place.visitor(1).get(f"/api/file/{file_id}")
    assert await flush() == 0


async def test_a_file_goes_after_its_last_download(place: Place, alice: Person, site: Site, flush):
    file_id = await alice.upload("a", DATA, "?delete_after_downloads=2")
    other = await alice.make_list(file_id, await alice.upload("b"))
    await place.visitor(1).get(f"/api/file/{file_id}")
    await place.visitor(1).get(f"/api/file/{file_id}")
    assert await counted(alice, file_id, flush) == (1, 2000)
    assert await jobs.run(site, "expire") == 0
    await place.visitor(2).get(f"/api/file/{file_id}")
    await flush()
    assert (await alice.get(f"/api/file/{file_id}")).refusal == (404, "not_found")
    assert (await alice.get(f"/api/file/{file_id}/info")).refusal == (404, "not_found")
    assert (await alice.get(f"/api/list/{other}")).json["file_count"] == 1
    assert await jobs.run(site, "expire") == 1
    assert await site.db.fetchval("SELECT count(*) FROM files") == 1


async def test_a_file_goes_at_its_date_even_before_the_job_ran(alice: Person, site: Site, clock):
    date = (site.clock.now().replace(microsecond=0)).isoformat().replace("+00:00", "Z")
    clock.advance(hours=-1)
    file_id = await alice.upload("a", DATA, f"?delete_after_date={date}")
    assert (await alice.get(f"/api/file/{file_id}")).status == 200
    list_id = await alice.make_list(file_id, await alice.upload("b"))
    clock.advance(hours=1)
    for path in ("", "/info", "/thumbnail"):
        assert (await alice.get(f"/api/file/{file_id}{path}")).refusal == (404, "not_found")
    assert (await alice.get(f"/api/list/{list_id}")).json["file_count"] == 1
    refused = await alice.post("/api/list", json={"files": [{"id": file_id}]})
    assert refused.refusal == (422, "list_file_not_found")
    assert await jobs.run(site, "expire") == 1


async def test_a_plan_lets_files_go_that_nobody_reads(limited, site: Site, clock):
    place = await limited(file_expiry_days=10)
    carol = await place.person("carol")
    unread, listed = await carol.upload("a"), await carol.upload("b")
    list_id = await carol.make_list(unread, listed)
    clock.advance(days=9, hours=23)
    assert (await carol.get(f"/api/file/{unread}/info")).status == 200
    assert await jobs.run(place.site, "expire") == 0
    clock.advance(hours=2)
    assert (await carol.get(f"/api/file/{unread}")).refusal == (404, "not_found")
    assert (await carol.get(f"/api/file/{unread},{listed}/info")).refusal == (404, "not_found")
    assert (await carol.get(f"/api/list/{list_id}")).json["files"] == []
    refused = await carol.post("/api/list", json={"files": [{"id": unread}]})
    assert refused.refusal == (422, "list_file_not_found")
    assert await jobs.run(place.site, "expire") == 2


async def test_reading_a_tenth_of_a_file_keeps_it_for_another_period(limited, clock, flush):
    place = await limited(file_expiry_days=10)
    carol = await place.person("carol")
    read, glanced_at, in_ranges = [await carol.upload(name, DATA) for name in "abc"]
    clock.advance(days=9)
    await place.visitor(1).get(f"/api/file/{read}")
    await place.visitor(1).get(f"/api/file/{glanced_at}", headers={"Range": "bytes=0-98"})
    for start in (0, 60, 120):
        await place.visitor(1).get(f"/api/file/{in_ranges}", headers={"Range": f"bytes={start}-{start + 59}"})
        await flush()
    clock.advance(days=9)
    assert (await carol.get(f"/api/file/{glanced_at}/info")).status == 404
    assert (await carol.get(f"/api/file/{read}/info")).status == 200
    assert (await carol.get(f"/api/file/{in_ranges}/info")).status == 200
    clock.advance(days=2)
    assert (await carol.get(f"/api/file/{read}/info")).status == 404


async def test_the_bytes_go_after_the_grace_period_and_only_with_the_last_file(
    alice: Person, bob: Person, site: Site, clock, nothing_is_stored
):
    ids = [await alice.upload("a", DATA), await bob.upload("b", DATA)]
    grace = site.settings.sweep_grace_seconds
    await alice.delete(f"/api/file/{ids[0]}")
    clock.advance(seconds=grace + 60)
    assert await jobs.run(site, "sweep") == 0
    assert (await bob.get(f"/api/file/{ids[1]}")).body == DATA
    clock.reset()
    await bob.delete(f"/api/file/{ids[1]}")
    clock.advance(seconds=grace - 60)
    assert await jobs.run(site, "sweep") == 0
    assert len([stored async for stored in site.store.listing()]) == 1
    clock.advance(seconds=120)
    assert await jobs.run(site, "sweep") == 1
    assert await nothing_is_stored()


async def test_bytes_uploaded_again_during_the_grace_period_stay(alice: Person, site: Site, clock):
    await alice.delete(f"/api/file/{await alice.upload('a', DATA)}")
    file_id = await alice.upload("b", DATA)
    clock.advance(seconds=site.settings.sweep_grace_seconds + 60)
    assert await jobs.run(site, "sweep") == 0
    assert (await alice.get(f"/api/file/{file_id}")).body == DATA


async def test_what_a_client_took_before_it_went_away_counts(alice: Person, port: int, flush):
    file_id = await alice.upload("large.bin", b"x" * (12 << 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/file/{file_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readexactly(6 << 20)
    writer.transport.abort()

    async def is_counted() -> bool:
        # It is a download after a tenth already.
        downloads, sent_bytes = await counted(alice, file_id, flush)
        return downloads == 1 and 6 << 20 <= sent_bytes <= 12 << 20

    assert await until(is_counted)


async def test_a_client_that_stops_reading_is_let_go(alice: Person, port: int, monkeypatch):
    monkeypatch.setattr(sockets, "STALL_SECONDS", 0.2)
    file_id = await alice.upload("large.bin", b"x" * (64 << 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(f"GET /api/file/{file_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readline()
    await asyncio.sleep(3)

    got = 0
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(1 << 20), 30):
            got += len(data)
    writer.close()
    assert got < 64 << 20
