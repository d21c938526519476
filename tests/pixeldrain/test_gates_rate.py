"""The rate limit of a file at its edges: downloads that nobody has counted yet may be the ones too many."""

import asyncio
from contextlib import AsyncExitStack

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import code, downloading, none_under_way, second_worker
from tests.support.captchas import solution

DATA = b"x" * 1000
LARGE = bytes(64 << 20)
RATED = "file_rate_limited_captcha_required"
AT_ONE_VIEW = 4
"""Three times as many as views are not more than that; the next is."""


async def uploaded(place: Place, data: bytes = DATA) -> str:
    """The path of a file that nobody has viewed."""
    return f"/api/file/{await (await place.person('carol')).upload('a', data)}"


async def uncounted(site: Site) -> int:
    return int(await site.db.fetchval("SELECT count(*) FROM uncounted_downloads"))


async def test_of_fifty_addresses_at_once_no_more_pass_than_one_after_the_other(limited, database_url: str, flush):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    async with second_worker(place, database_url) as other:
        places = [place, other]
        said = await asyncio.gather(*(code(places[byte % 2].visitor(byte), path) for byte in range(50)))
        assert sorted(said) == [""] * AT_ONE_VIEW + [RATED] * (50 - AT_ONE_VIEW)
        await flush()
        for one in places:
            assert await code(one.visitor(60), path) == RATED


async def test_one_address_after_the_other_needs_no_flush_to_be_counted(limited, flush):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    said = [await code(place.visitor(byte), path) for byte in range(AT_ONE_VIEW + 2)]
    assert said == [""] * AT_ONE_VIEW + [RATED] * 2
    assert (await place.visitor(60).ask("HEAD", path)).status == 403
    await flush()
    assert await uncounted(place.site) == 0
    assert (await place.visitor(60).info(path.rpartition("/")[2]))["downloads"] == AT_ONE_VIEW


async def test_an_address_is_one_download_however_often_it_comes(limited, flush):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    assert await asyncio.gather(*(code(place.visitor(1), path) for _ in range(20))) == [""] * 20
    await flush()
    assert [await code(place.visitor(byte), path) for byte in range(1, AT_ONE_VIEW + 1)] == [""] * AT_ONE_VIEW
    assert await code(place.visitor(1), path) == "", "more of the same by whom was counted"
    assert await code(place.visitor(AT_ONE_VIEW + 1), path) == RATED


async def test_who_takes_less_than_a_tenth_is_no_download_once_that_is_known(limited, flush):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    for byte in range(AT_ONE_VIEW):
        assert await code(place.visitor(byte), path, headers={"Range": "bytes=0-98"}) == ""
    assert await code(place.visitor(60), path) == RATED
    await flush()
    assert await code(place.visitor(60), path, headers={"Range": "bytes=0-99"}) == "", "a tenth exactly"
    await flush()
    assert (await place.visitor(60).info(path.rpartition("/")[2]))["downloads"] == 1


async def test_downloads_under_way_count_until_they_are_cut_short(limited, database_url: str, flush):
    place: Place = await limited(file_rate_limit=True, download_speed_limit=1000)
    path = await uploaded(place, LARGE)
    async with second_worker(place, database_url) as other:
        async with AsyncExitStack() as under_way:
            for byte in range(AT_ONE_VIEW):
                port = (place, other)[byte % 2].port
                assert await under_way.enter_async_context(downloading(port, path, byte)) == 200
            await flush()
            for one in (place, other):
                assert await code(one.visitor(60), path) == RATED
        await none_under_way(place.site)
        await flush()
        assert await uncounted(place.site) == AT_ONE_VIEW // 2, "the other process has not flushed yet"
        async with downloading(place.port, path, 60) as status, downloading(other.port, path, 61) as at_once:
            assert (status, at_once) == (200, 200)
            assert await code(place.visitor(62), path) == RATED


async def test_what_was_counted_while_it_is_under_way_counts_once(limited, flush):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place, LARGE)
    async with AsyncExitStack() as under_way:
        for byte in range(AT_ONE_VIEW - 1):
            assert (await place.visitor(byte).get(path, headers={"Range": f"bytes=0-{len(LARGE) // 10}"})).status == 206
            await flush()
            assert await under_way.enter_async_context(downloading(place.port, path, byte)) == 200
        assert await code(place.visitor(60), path, headers={"Range": "bytes=0-0"}) == ""
        assert await code(place.visitor(61), path, headers={"Range": "bytes=0-0"}) == RATED


async def test_a_captcha_lifts_what_only_the_beginning_of_a_download_finds_out(limited):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    for byte in range(AT_ONE_VIEW):
        assert await code(place.visitor(byte), path) == ""
    visitor = place.visitor(60)
    assert await code(visitor, path) == RATED
    assert await code(visitor, f"{path}?recaptcha_response={await solution(visitor)}") == ""
    assert await code(place.visitor(61), path) == RATED


async def test_a_zip_is_held_to_the_rate_of_each_of_its_files(limited, flush):
    place: Place = await limited(file_rate_limit=True)
    carol = await place.person("carol")
    ids = [await carol.upload(name, DATA) for name in "ab"]
    for byte in range(AT_ONE_VIEW):
        assert await code(place.visitor(byte), f"/api/file/{ids[1]}") == ""
    assert await code(place.visitor(60), f"/api/file/{','.join(ids)}?zip") == RATED
    assert await code(place.visitor(60), f"/api/file/{ids[0]}") == ""


async def test_who_uploaded_it_and_who_pays_are_not_counted_among_the_new(limited):
    place: Place = await limited(file_rate_limit=True)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    path = f"/api/file/{await carol.upload('a', DATA)}"
    for byte, person in ((1, carol), (2, premium), (3, carol), (4, premium), (5, carol)):
        assert await code(place.visitor(byte, person.key), path) == ""
    assert await uncounted(place.site) == 0
    assert await code(place.visitor(6), path) == ""


async def test_downloads_of_a_process_that_died_are_none(limited, site: Site):
    place: Place = await limited(file_rate_limit=True)
    path = await uploaded(place)
    dead = "INSERT INTO uncounted_downloads SELECT n, $1, int4send(n::integer), 2147483647 FROM generate_series(1, 9) n"
    await site.db.execute(dead, path.rpartition("/")[2])
    assert await code(place.visitor(1), path) == ""
    assert await uncounted(site) == 1
