"""Downloads by address: keys that are good for one request, and for one minute."""

import asyncio
import io
import zipfile
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from pixelhost.core import transferdownloads
from pixelhost.core.mailfields import FILES_MAX
from pixelhost.core.pins import WRONG_PINS
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.transfers import Sender

NOBODY = str(uuid4())


async def made(who: Sender, *contents: bytes) -> str:
    """A download of files with these contents; where it is fetched."""
    ids = [(await who.send_file(f"{place}.bin", content))["id"] for place, content in enumerate(contents)]
    download = await who.data("POST", "/api/downloads", 201, json={"files": ids})
    assert [one["id"] for one in download["files"]] == ids
    return f"/api/downloads/{download['id']}/{await who.key_for(download['id'])}"


async def test_a_file_is_fetched_once_by_whoever_has_the_address(alice: Sender, stranger: Sender):
    path = await made(alice, b"content" * 100_000)
    answer = await stranger.get(path)
    assert (answer.status, answer.body) == (200, b"content" * 100_000)
    again = await stranger.get(path)
    assert (again.status, again.json) == (404, {"message": "Not Found."})
    assert await alice.status("POST", path.rpartition("/")[0] + "/keys", json={}) == 404


async def test_several_files_are_a_zip_of_known_length_with_their_bytes(alice: Sender, stranger: Sender):
    contents = [b"a" * 70_000, b"", b"c" * 200_000]
    answer = await stranger.get(await made(alice, *contents))
    assert answer.headers["Content-Type"] == "application/zip"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == contents


@pytest.mark.parametrize("contents", [[b"x" * 200_000], [b"x" * 10], [b""], [b"x" * 200_000, b"y"]], ids=len)
async def test_of_many_who_come_at_once_one_gets_it(alice: Sender, stranger: Sender, contents: list[bytes]):
    path = await made(alice, *contents)
    answers = await asyncio.gather(*(stranger.get(path) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 19


async def test_one_key_is_used_up_for_all_keys_of_a_download_of_ones_own(alice: Sender, stranger: Sender):
    path = await made(alice, b"a")
    other = f"{path.rpartition('/')[0]}/{await alice.key_for(path.split('/')[3])}"
    assert (await stranger.get(other)).status == 200
    assert (await stranger.get(path)).status == 404


async def test_neither_a_head_nor_what_gives_no_bytes_uses_a_key_up_but_a_part_does(alice: Sender, stranger: Sender):
    path = await made(alice, b"0123456789" * 10_000)
    head = await stranger.ask("HEAD", path)
    assert (head.status, head.headers["Content-Length"]) == (200, "100000")
    assert (await stranger.get(path, headers={"Range": "bytes=100000-"})).status == 416
    assert (await stranger.get(path, headers={"If-None-Match": head.headers["ETag"]})).status == 304
    part = await stranger.get(path, headers={"Range": "bytes=5-9,99995-"})
    assert part.status == 206
    assert (await stranger.get(path)).status == 404


@pytest.mark.parametrize("contents", [[b"x" * 300_000], [b"x" * 200_000, b"y"]], ids=len)
async def test_of_many_who_ask_for_several_parts_at_once_one_gets_them_and_the_others_an_answer(
    alice: Sender, stranger: Sender, contents: list[bytes]
):
    path = await made(alice, *contents)
    parts = {"headers": {"Range": "bytes=0-99999,150000-199999"}}
    answers = await asyncio.gather(*(stranger.get(path, **parts) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [206] + [404] * 9
    assert {answer.body for answer in answers if answer.status == 404} == {b'{"message":"Not Found."}'}


async def test_it_lives_a_minute(alice: Sender, stranger: Sender, site: Site, clock: MovableClock):
    clock.hold()
    path = await made(alice, b"a")
    clock.advance(seconds=59)
    assert (await stranger.ask("HEAD", path)).status == 200
    clock.advance(seconds=2)
    assert (await stranger.get(path)).status == 404
    assert await alice.status("POST", path.rpartition("/")[0] + "/keys", json={}) == 404
    await transferdownloads.delete_due(site)
    for table in ("downloads", "download_files", "download_keys"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("change", ["a key", "another key", "another download", "no download"])
async def test_another_address_opens_nothing(alice: Sender, stranger: Sender, change: str):
    path, other = await made(alice, b"a"), await made(alice, b"b")
    base, key = path.rsplit("/", 1)
    wrong = {
        "a key": f"{base}/{'x' * 32}",
        "another key": f"{base}/{other.rpartition('/')[2]}",
        "another download": f"{other.rpartition('/')[0]}/{key}",
        "no download": f"/api/downloads/nothing/{key}",
    }
    assert await stranger.status("GET", wrong[change]) == 404
    assert (await stranger.get(path)).status == 200


async def test_a_message_gives_its_files_as_often_as_it_says(alice: Sender, bob: Sender, stranger: Sender):
    file = await alice.send_file("a", b"a")
    sent = await alice.send_mail("bob@example.com", files=[file["id"]], max_downloads=2)
    base = f"/api/downloads/{sent['download']['id']}"
    keys = [await bob.key_for(sent["download"]["id"]) for _ in range(3)]
    assert [(await stranger.get(f"{base}/{key}")).status for key in keys] == [200, 200, 404]
    assert (await stranger.get(f"{base}/{keys[0]}")).status == 404
    refused = await bob.ask("POST", f"{base}/keys", json={})
    assert refused.status == 410
    assert refused.json == {"message": "The files of this message were downloaded as often as its sender allows."}
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["downloads"] == 2


async def test_of_many_at_once_exactly_so_many_get_the_files(alice: Sender, bob: Sender, stranger: Sender):
    file = await alice.send_file("a", b"a" * 100_000)
    sent = await alice.send_mail("bob@example.com", files=[file["id"]], max_downloads=3)
    base = f"/api/downloads/{sent['download']['id']}"
    keys = [await bob.key_for(sent["download"]["id"]) for _ in range(10)]
    answers = await asyncio.gather(*(stranger.get(f"{base}/{key}") for key in keys))
    assert sorted(answer.status for answer in answers) == [200] * 3 + [404] * 7


async def test_a_key_of_a_message_that_has_ended_opens_nothing(
    alice: Sender, bob: Sender, stranger: Sender, clock: MovableClock
):
    file = await alice.send_file("a", b"a")
    for how in ("revoked", "deleted", "file"):
        sent = await alice.send_mail("bob@example.com", files=[file["id"]], expires_in_days=1)
        key = await bob.key_for(sent["download"]["id"])
        if how == "revoked":
            await alice.data("PATCH", f"/api/mails/{sent['id']}", json={"revoked": True})
        elif how == "deleted":
            await alice.status("DELETE", f"/api/mails/{sent['id']}")
        else:
            await alice.status("DELETE", f"/api/files/{file['id']}")
        assert await stranger.status("GET", f"/api/downloads/{sent['download']['id']}/{key}") == 404, how


async def test_downloads_are_of_ones_own_files_and_all_mistakes_are_told(alice: Sender, bob: Sender):
    own, other = await alice.send_file(), await bob.send_file()
    refused = await alice.refused("POST", "/api/downloads", json={"files": [own["id"], other["id"], "x", own["id"]]})
    assert sorted(refused) == ["files.1", "files.2", "files.3"]
    for wrong in ({}, {"files": []}, {"files": "x"}, {"files": None}, {"files": [NOBODY] * (FILES_MAX + 1)}):
        assert list(await alice.refused("POST", "/api/downloads", json=wrong)) == ["files"]
    assert await bob.status("POST", f"/api/downloads/{NOBODY}/keys", json={}) == 404


async def test_a_pin_is_exchanged_for_a_key_that_downloads_need(alice: Sender, stranger: Sender, clock: MovableClock):
    assert await alice.data("GET", "/api/pin") == {"has_pin": False}
    assert list(await alice.refused("POST", "/api/keys", json={"pin": "1234"})) == ["pin"]
    assert await alice.data("PUT", "/api/pin", json={"pin": "1a2s3d"}) == {"has_pin": True}
    assert await alice.refused("POST", "/api/keys", json={"pin": "1a2s3e"}) == {"pin": ["Invalid PIN."]}
    temporary = await alice.data("POST", "/api/keys", 201, json={"pin": "1a2s3d"})
    assert len(temporary["key"]) == 32
    lives_until = datetime.fromisoformat(temporary["expires_at"] + "+00:00")
    assert timedelta(minutes=59) < lives_until - clock.now() <= timedelta(hours=1)

    file = await alice.send_file("a", b"a")
    download = await alice.data("POST", "/api/downloads", 201, json={"files": [file["id"]]})
    keys = f"/api/downloads/{download['id']}/keys"
    assert list(await alice.refused("POST", keys, json={})) == ["pinKey"]
    assert await alice.refused("POST", keys, json={"pinKey": "x" * 32}) == {"pinKey": ["Pin key does not exists"]}
    key = await alice.key_for(download["id"], pinKey=temporary["key"])
    assert (await stranger.get(f"/api/downloads/{download['id']}/{key}")).body == b"a"
    simple = f"/api/files/{file['id']}/download"
    assert list(await alice.refused("GET", simple)) == ["pinKey"]
    assert (await alice.get(f"{simple}?pinKey={temporary['key']}")).body == b"a"

    assert await alice.status("DELETE", f"/api/keys/{temporary['key']}") == 204
    assert await alice.status("DELETE", f"/api/keys/{temporary['key']}") == 404
    assert list(await alice.refused("GET", f"{simple}?pinKey={temporary['key']}")) == ["pinKey"]


async def test_a_temporary_key_is_ones_own_and_lives_an_hour(alice: Sender, bob: Sender, clock: MovableClock):
    clock.hold()
    for who in (alice, bob):
        await who.data("PUT", "/api/pin", json={"pin": "1234"})
    temporary = await bob.data("POST", "/api/keys", 201, json={"pin": "1234"})
    file = await alice.send_file("a", b"a")
    assert list(await alice.refused("GET", f"/api/files/{file['id']}/download?pinKey={temporary['key']}")) == ["pinKey"]
    assert await alice.status("DELETE", f"/api/keys/{temporary['key']}") == 404
    own = await alice.data("POST", "/api/keys", 201, json={"pin": "1234"})
    path = f"/api/files/{file['id']}/download?pinKey={own['key']}"
    clock.advance(minutes=59, seconds=59)
    assert (await alice.get(path)).status == 200
    clock.advance(seconds=2)
    assert list(await alice.refused("GET", path)) == ["pinKey"]


async def test_a_pin_has_4_to_32_characters_and_changes_with_the_current_one(alice: Sender):
    for wrong in ("123", "1" * 33, "", None, 1234):
        assert list(await alice.refused("PUT", "/api/pin", json={"pin": wrong})) == ["pin"], wrong
    await alice.data("PUT", "/api/pin", json={"pin": "1" * 32})
    assert list(await alice.refused("PUT", "/api/pin", json={"pin": "1234"})) == ["current_pin"]
    wrong_one = {"pin": "1234", "current_pin": "1" * 31}
    assert await alice.refused("PUT", "/api/pin", json=wrong_one) == {"current_pin": ["Invalid PIN."]}
    temporary = await alice.data("POST", "/api/keys", 201, json={"pin": "1" * 32})
    await alice.data("PUT", "/api/pin", json={"pin": "1234", "current_pin": "1" * 32})
    assert await alice.status("DELETE", f"/api/keys/{temporary['key']}") == 404
    await alice.data("POST", "/api/keys", 201, json={"pin": "1234"})


async def test_pins_are_guessed_so_often_an_hour_also_by_many_at_once(alice: Sender, site: Site, clock: MovableClock):
    await alice.data("PUT", "/api/pin", json={"pin": "1234"})
    clock.advance(minutes=60 - clock.now().minute)
    wrong = {"json": {"pin": "0000"}}
    answers = await asyncio.gather(*(alice.post("/api/keys", **wrong) for _ in range(WRONG_PINS + 5)))
    assert sorted(answer.status for answer in answers) == [422] * WRONG_PINS + [429] * 5
    refused = await alice.post("/api/keys", json={"pin": "1234"})
    assert (refused.status, refused.json) == (429, {"message": "Too many wrong PINs. Try again in an hour"})
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert await alice.status("PUT", "/api/pin", json={"pin": "4321", "current_pin": "1234"}) == 429
    clock.advance(hours=1)
    for _ in range(WRONG_PINS - 1):
        await alice.refused("POST", "/api/keys", **wrong)
    await alice.data("POST", "/api/keys", 201, json={"pin": "1234"})
    for _ in range(WRONG_PINS):
        await alice.refused("POST", "/api/keys", **wrong)
    stored = await site.db.fetchval("SELECT pin_hash FROM users WHERE name = 'alice'")
    assert stored.startswith("$argon2id$")
