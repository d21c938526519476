"""Downloads of what is stored sealed: whole, in parts, and when it isn't any more what was sealed."""

from __future__ import annotations

import random
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientError

from pixelhost.site import Site
from tests.pwpush.pushing import push_files, show
from tests.support.people import Person

CHUNK = 65_536
SIZE = 3_500_000
DATA = random.Random(6).randbytes(SIZE)


async def link_to(alice: Person, data: bytes = DATA) -> str:
    """The path of a file that alice has pushed."""
    token = (await push_files(alice, ("cat.bin", data), expire_after_views="50"))["url_token"]
    parts = urlsplit((await show(alice, token))["files"][0]["url"])
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 20, (1 << 20) + 1, SIZE])
async def test_a_sealed_file_comes_back_whole(alice: Person, anyone: Person, size: int):
    answer = await anyone.get(await link_to(alice, DATA[:size]))
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(size))
    assert answer.body == DATA[:size]


async def test_any_range_of_a_sealed_file_can_be_asked_for(alice: Person, anyone: Person):
    link = await link_to(alice)
    borders = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 20, SIZE - 1)
    for start in borders:
        for stop in (start + 1, start + 2, start + CHUNK, start + (1 << 20) + 1, SIZE):
            answer = await anyone.get(link, headers={"Range": f"bytes={start}-{stop - 1}"})
            assert answer.status == 206
            assert answer.headers["Content-Range"] == f"bytes {start}-{min(stop, SIZE) - 1}/{SIZE}"
            assert answer.body == DATA[start:stop]
    assert (await anyone.get(link, headers={"Range": "bytes=-100"})).body == DATA[-100:]
    assert (await anyone.get(link, headers={"Range": f"bytes={SIZE}-"})).status == 416


async def test_several_ranges_of_a_sealed_file_come_in_one_answer(alice: Person, anyone: Person):
    answer = await anyone.get(await link_to(alice), headers={"Range": "bytes=5-9,200000-1500000"})
    assert answer.status == 206
    assert b"\r\n\r\n" + DATA[5:10] + b"\r\n" in answer.body
    assert b"\r\n\r\n" + DATA[200_000:1_500_001] + b"\r\n" in answer.body


async def test_a_changed_file_is_cut_off_before_the_change(alice: Person, anyone: Person, site: Site):
    link = await link_to(alice)
    (path,) = (site.settings.data_dir / "blobs").glob("??/??/*")
    sealed = bytearray(path.read_bytes())
    sealed[2_500_000] ^= 1
    path.chmod(0o640)
    path.write_bytes(sealed)
    assert (await anyone.get(link, headers={"Range": "bytes=0-1999999"})).body == DATA[:2_000_000]
    with pytest.raises(ClientError):
        await anyone.get(link)
    with pytest.raises(ClientError):
        await anyone.get(link, headers={"Range": "bytes=2000000-"})


async def test_a_shortened_file_is_not_sent_at_all(alice: Person, anyone: Person, site: Site):
    link = await link_to(alice)
    (path,) = (site.settings.data_dir / "blobs").glob("??/??/*")
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[: 16 + 2 * (CHUNK + 16)])
    assert (await anyone.get(link, headers={"Range": "bytes=0-9"})).status == 500
    assert (await anyone.get(link)).status == 500
