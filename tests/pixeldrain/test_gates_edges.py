"""Limits at their edges: networks, several files at once, many downloads in the same moment, and lost connections."""

import asyncio
import io
import random
import zipfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from pixelhost.db.opendownloads import Begun, begin
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import code, downloading, none_under_way, second_worker
from tests.support.people import Visitor
from tests.support.waiting import until, until_somebody_waits

DATA = b"x" * 1000
LARGE = bytes(64 << 20)
NETWORK = "2001:db8:0:1"
IN_IT = [f"{NETWORK}::", f"{NETWORK}::1", f"{NETWORK}:ffff:ffff:ffff:ffff"]
BESIDE_IT = ["2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:2::"]


def visitor(place: Place, ip: str) -> Visitor:
    return Visitor("", "", place.client, ip)


async def limits_told(place: Place, ip: str, file_id: str, key: str = "") -> dict[str, object]:
    headers = {"X-Forwarded-For": ip} | ({"Authorization": f"Bearer {key}"} if key else {})
    async with place.client.ws_connect("/api/file_stats", headers=headers) as socket:
        await socket.send_json({"type": "file_stats", "data": {"file_id": file_id}})
        await socket.receive_json(timeout=30)
        await socket.send_json({"type": "limits"})
        limits: dict[str, object] = (await socket.receive_json(timeout=30))["limits"]
        return limits


async def test_the_addresses_of_one_ipv6_network_use_up_one_limit(limited):
    place: Place = await limited(downloads_per_ip_per_day=1, transfer_per_ip_per_day=1000)
    carol = await place.person("carol")
    one, other = await carol.upload("a", DATA), await carol.upload("b", DATA)
    assert await code(visitor(place, IN_IT[0]), f"/api/file/{one}", headers={"Range": "bytes=0-99"}) == ""
    await none_under_way(place.site)
    for ip in IN_IT:
        assert await code(visitor(place, ip), f"/api/file/{other}") == "ip_download_limited_captcha_required"
        told = await limits_told(place, ip, one)
        assert (told["download_limit_used"], told["transfer_limit_used"]) == (1, 100)
    for ip in BESIDE_IT:
        assert await code(visitor(place, ip), f"/api/file/{other}") == ""


async def test_a_zip_is_as_many_downloads_as_it_has_files_that_are_new(limited):
    place: Place = await limited(downloads_per_ip_per_day=3)
    carol = await place.person("carol")
    a, b, c, d, e = [await carol.upload(name, DATA + name.encode()) for name in "abcde"]
    refused = "ip_download_limited_captcha_required"
    assert await code(place.visitor(1), f"/api/file/{a},{b},{c},{d}") == refused
    assert await code(place.visitor(1), f"/api/list/{await carol.make_list(a, b, c, d)}/zip") == refused
    assert await code(place.visitor(1), f"/api/file/{a},{b},{c}") == ""
    assert await code(place.visitor(1), f"/api/file/{d}") == refused

    assert await code(place.visitor(2), f"/api/file/{a}") == ""
    assert await code(place.visitor(2), f"/api/file/{a},{b},{c},{d}") == refused
    assert await code(place.visitor(2), f"/api/file/{b},{c},{d}") == refused
    assert await code(place.visitor(2), f"/api/file/{a},{b},{c}") == ""
    assert await code(place.visitor(2), f"/api/file/{c},{b}") == ""
    infos = (await place.visitor(3).get(f"/api/file/{','.join([a, b, c, d, e])}/info")).json
    assert [info["availability"] for info in infos] == [""] * 5, "each of them may be had, if not all"


async def test_of_forty_addresses_at_once_as_many_pass_as_the_server_has_places(limited, database_url: str):
    place: Place = await limited(settings={"downloads_at_once": 5})
    path = f"/api/file/{await (await place.person('carol')).upload('a', LARGE)}"
    async with second_worker(place, database_url) as other, AsyncExitStack() as open_ones:
        ports = [place.port, other.port]
        tries = (
            open_ones.enter_async_context(downloading(ports[number % 2], path, 1 + number)) for number in range(40)
        )
        assert sorted(await asyncio.gather(*tries)) == [200] * 5 + [403] * 35
        assert await code(place.visitor(99), path) == "server_overload_captcha_required"
    await none_under_way(place.site)


async def test_the_limits_say_overloaded_only_to_whom_the_server_would_refuse(limited):
    place: Place = await limited(settings={"downloads_at_once": 1})
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    file_id = await carol.upload("a", LARGE)
    assert (await limits_told(place, "203.0.113.2", file_id))["server_overload"] is False
    async with downloading(place.port, f"/api/file/{file_id}", 1):
        assert (await limits_told(place, "203.0.113.2", file_id))["server_overload"] is True
        for person in (carol, premium):
            assert (await limits_told(place, "203.0.113.2", file_id, person.key))["server_overload"] is False


def an_archive_with_a_directory() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        # Bytes that don't get fewer on their way.
        archive.writestr("d/large", random.Random(1).randbytes(32 << 20))
    return made.getvalue()


@pytest.mark.parametrize("path", ["/api/file/{file}/info/zip/d", "/api/filesystem/{node}?zip_file=d"])
async def test_directories_of_archives_are_counted_while_they_are_sent(limited, path: str):
    place: Place = await limited(filesystem_access=True, transfer_per_ip_per_day=1001)
    carol, archive = await place.person("carol"), an_archive_with_a_directory()
    await carol.write("/me/a.zip", archive)
    path = path.format(file=await carol.upload("a.zip", archive), node=await carol.share("/me/a.zip"))
    plain = f"/api/file/{await carol.upload('a', DATA)}"
    assert await code(place.visitor(1), plain) == ""
    # One byte is left, for one of them.
    async with downloading(place.port, path, 1) as status:
        assert status == 200
        for further in (path, plain):
            assert await code(place.visitor(1), further) == "transfer_limit_exceeded"
    await none_under_way(place.site)


async def test_downloads_count_on_when_their_process_has_lost_its_connection(limited, site: Site):
    place: Place = await limited(concurrent_downloads_per_ip=1)
    carol = await place.person("carol")
    path, small = f"/api/file/{await carol.upload('a', LARGE)}", f"/api/file/{await carol.upload('b', DATA)}"
    async with downloading(place.port, path, 1):
        lost = await site.db.fetchval("SELECT process FROM open_downloads")
        await site.db.execute("SELECT pg_terminate_backend($1, 60000)", lost)
        assert (await place.visitor(2).get(small)).status in {200, 500}, "the first to ask may find it lost"
        assert await code(place.visitor(2), small) == ""
        assert await code(place.visitor(1), small) == "max_concurrent_downloads"
        assert await site.db.fetchval("SELECT count(*) FROM open_downloads WHERE process = $1", lost) == 0
    await none_under_way(site)
    assert await code(place.visitor(1), small) == ""


TRACES = """SELECT count(*) FROM (SELECT id FROM open_downloads UNION ALL SELECT number FROM uncounted_downloads) AS t
             WHERE id = ANY($1::bigint[])"""


@dataclass
class Beginning:
    """How a download begins in the database; where `is_unheard`, its answer is lost with the connection."""

    is_unheard: bool = False
    unheard: list[int] = field(default_factory=list)

    async def __call__(self, db: asyncpg.Connection, *arguments: Any) -> Begun:
        begun = await begin(db, *arguments)
        if self.is_unheard:
            self.is_unheard = False
            self.unheard.append(begun.number)
            assert await db.fetchval(TRACES, [begun.number]) == 2
            db.terminate()
            raise ConnectionResetError
        return begun


async def test_one_whose_beginning_was_never_answered_is_soon_over(limited, site: Site, monkeypatch):
    beginning = Beginning()
    monkeypatch.setattr("pixelhost.db.opendownloads.begin", beginning)
    place: Place = await limited(concurrent_downloads_per_ip=2, file_rate_limit=True)
    carol = await place.person("carol")
    path, small = f"/api/file/{await carol.upload('a', LARGE)}", f"/api/file/{await carol.upload('b', DATA)}"
    async with downloading(place.port, path, 1):
        beginning.is_unheard = True
        assert (await place.visitor(1).get(small)).status == 500
        assert await code(place.visitor(1), small) == ""
        beginning.is_unheard = True
        assert (await place.visitor(1).get(small)).status == 500
        assert len(beginning.unheard) == 2
        await until(lambda: site.db.fetchval(f"SELECT ({TRACES}) = 0", beginning.unheard))
        await until(lambda: site.db.fetchval("SELECT count(*) = 1 FROM open_downloads"))
    await none_under_way(site)


async def test_downloads_are_taken_along_from_a_connection_that_postgres_believes_in(limited, site: Site):
    place: Place = await limited(concurrent_downloads_per_ip=1, downloads_per_ip_per_day=100)
    carol = await place.person("carol")
    path, small = f"/api/file/{await carol.upload('a', LARGE)}", f"/api/file/{await carol.upload('b', DATA)}"
    async with downloading(place.port, path, 1):
        lost = place.site.slots._connection
        assert lost is not None
        async with site.db.acquire() as other, other.transaction():
            await other.execute("LOCK TABLE visitor_downloads IN SHARE MODE")
            asks = asyncio.create_task(place.visitor(2).get(small))
            assert await until_somebody_waits(site.db) == [lost.get_server_pid()]
            lost.terminate()
            assert (await asks).status == 500
            assert await code(place.visitor(1), small) == "max_concurrent_downloads"
        assert [row["process"] for row in await site.db.fetch("SELECT process FROM open_downloads")] == [
            place.site.slots._process
        ]
    await none_under_way(site)
