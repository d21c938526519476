"""Uploads that end before they should: cut connections, wrong lengths, stalls. Nothing of them stays."""

import asyncio

import pytest

from pixelhost.core import storage
from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.people import Person
from tests.support.waiting import until

MIB = 1 << 20


def head(person: Person, *headers: str, name: str = "a") -> bytes:
    lines = [f"PUT /api/file/{name} HTTP/1.1", "Host: x", f"Authorization: Bearer {person.key}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


async def until_quiet(site: Site) -> None:
    """Wait until no upload is being written any more, nor is about to be: empty four times in a row."""
    quiet = 0

    async def is_quiet() -> bool:
        nonlocal quiet
        quiet = 0 if list(site.store.incoming.iterdir()) else quiet + 1
        await asyncio.sleep(0.03)
        return quiet == 4

    await until(is_quiet)


@pytest.mark.parametrize(("announced", "sent"), [(1000, 999), (3 * MIB, 2 * MIB), (20 * MIB, 0), (20 * MIB, 19 * MIB)])
async def test_an_upload_shorter_than_announced_stores_nothing(
    alice: Person, site: Site, port: int, nothing_is_stored, announced: int, sent: int
):
    answer = await raw_exchange(port, head(alice, f"Content-Length: {announced}") + b"x" * sent, half_close=True)
    assert answer == b"" or b"error_reading_input" in answer
    await until_quiet(site)
    assert await nothing_is_stored()


@pytest.mark.parametrize("sent", [b"5\r\nhello\r\n", b"5\r\nhel", b"5\r\nhello\r\n0\r\n", b"100000\r\n" + b"x" * 1000])
async def test_a_chunked_upload_without_its_end_stores_nothing(
    alice: Person, site: Site, port: int, nothing_is_stored, sent: bytes
):
    answer = await raw_exchange(port, head(alice, "Transfer-Encoding: chunked") + sent, half_close=True)
    assert answer == b"" or b"error_reading_input" in answer
    await until_quiet(site)
    assert await nothing_is_stored()


@pytest.mark.parametrize(
    "chunk", [b"oops\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloworld\r\n0\r\n\r\n"]
)
async def test_broken_chunks_are_refused(alice: Person, site: Site, port: int, nothing_is_stored, chunk: bytes):
    answer = await raw_exchange(port, head(alice, "Transfer-Encoding: chunked") + chunk)
    assert answer.split(b" ")[1] == b"400"
    assert b'"success":false' in answer
    await until_quiet(site)
    assert await nothing_is_stored()


@pytest.mark.parametrize("announced", [MIB, 20 * MIB])
async def test_a_connection_that_is_cut_off_leaves_nothing(
    alice: Person, site: Site, port: int, nothing_is_stored, announced: int
):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(alice, f"Content-Length: {announced}") + b"x" * (announced // 2))
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    await until_quiet(site)
    assert await nothing_is_stored()


async def test_what_follows_the_announced_bytes_is_the_next_request(alice: Person, port: int):
    following = b"GET /api/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await raw_exchange(port, head(alice, "Content-Length: 1000") + b"x" * 1000 + following, idle_seconds=60)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b'"size":1000,' in answer
    assert answer.count(b"HTTP/1.1 404 ") == 1


@pytest.mark.parametrize("announced", [1000, 20 * MIB])
async def test_an_upload_that_stalls_is_given_up(limited, nothing_is_stored, announced: int):
    place = await limited(settings={"upload_stall_seconds": 1})
    carol = await place.person("carol")
    answer = await raw_exchange(place.port, head(carol, f"Content-Length: {announced}") + b"x" * 100)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"error_reading_input" in answer
    assert await nothing_is_stored()


async def test_a_curl_that_waits_for_100_continue_is_told_to_go_on(alice: Person, port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head(alice, "Content-Length: 5", "Expect: 100-continue"))
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 201 ")
    finally:
        writer.close()


async def test_the_connection_serves_on_after_a_refused_upload_was_read(alice: Person, port: int):
    refused = head(alice, "Content-Length: 5", name="%2F") + b"hello"
    last = head(alice, "Content-Length: 5", "Connection: close") + b"hello"
    answer = await raw_exchange(port, refused + last, idle_seconds=60)
    assert answer.count(b"HTTP/1.1 422 ") == 1
    assert answer.count(b"HTTP/1.1 201 ") == 1


async def test_what_a_dead_process_left_is_cleared(alice: Person, site: Site, nothing_is_stored):
    (site.store.incoming / "0123456789abcdef").write_bytes(b"half of a file")
    assert await storage.clear_abandoned(site) == 1
    assert await nothing_is_stored()
