"""What nobody can have stored, and what is never written down, by pushes."""

import io
from dataclasses import replace

import pytest
from aiohttp import FormData

from pixelhost.app import build_app
from pixelhost.site import Site
from tests.pwpush.pushing import log_of, push, push_files, push_token, show
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person

LARGE = 20_000
"""Characters of a text that is stored by itself."""


def with_a_file(envelope: str, **fields: str) -> FormData:
    form = FormData({f"{envelope}[files][]": io.BytesIO(b"bytes")})
    for name, value in fields.items():
        form.add_field(f"{envelope}[{name}]", value)
    return form


@pytest.mark.parametrize(
    ("path", "envelope", "fields"),
    [
        ("/p.json", "password", {"kind": "text", "payload": "x"}),
        ("/r.json", "url", {"payload": "https://example.com/"}),
        ("/api/v2/pushes", "push", {"kind": "qr", "payload": "x"}),
    ],
)
async def test_files_beside_another_kind_are_refused_and_take_no_space(
    alice: Person, path: str, envelope: str, fields: dict[str, str]
):
    answer = await alice.post(path, data=with_a_file(envelope, **fields)())
    assert (answer.status, list(answer.json)) == (422, ["files"])
    assert (await alice.get("/api/user")).json["storage_space_used"] == 0


async def test_a_passphrase_in_the_address_of_a_page_is_not_logged(alice: Person, anyone: Person):
    pushed = await push_files(alice, ("a.txt", b"bytes"), passphrase="sesame")
    page = f"http://here/p/{pushed['url_token']}?passphrase=sesame#k"
    seen = await show(anyone, pushed["url_token"], passphrase="sesame")
    link = seen["files"][0]["url"].removeprefix(str(anyone.client.make_url("/")).rstrip("/"))
    await anyone.get(link, headers={"Referer": page})
    last = (await log_of(alice, pushed["url_token"]))[-1]
    assert (last["kind"], last["referrer"]) == ("download", page.partition("?")[0])


@pytest.mark.parametrize("sent", ["bytes=-99999999999", "lines=1-2", "Bytes=0-", "bytes=0-1"])
async def test_however_a_download_is_asked_for_its_beginning_is_logged(alice: Person, anyone: Person, sent: str):
    token = (await push_files(alice, ("a.txt", b"bytes")))["url_token"]
    link = (await show(anyone, token))["files"][0]["url"].removeprefix(str(anyone.client.make_url("/")).rstrip("/"))
    assert (await anyone.get(link, headers={"Range": sent})).status in {200, 206}
    etag = (await anyone.ask("HEAD", link)).headers["ETag"]
    assert (await anyone.get(link, headers={"If-None-Match": etag})).status == 304
    assert [row["kind"] for row in await log_of(alice, token)] == ["creation", "view", "download"]


async def test_a_passphrase_of_blanks_is_none(anyone: Person):
    token = await push_token(anyone, passphrase="   ")
    assert (await show(anyone, token))["payload"] == "s3cret"


async def test_strangers_store_so_much_an_hour_and_no_more(site: Site, alice: Person, clock):
    clock.hold()
    sealed_bytes = LARGE + 12 + 16
    limited = replace(site, settings=replace(site.settings, anonymous_push_bytes_per_hour=2 * sealed_bytes))
    async with RealServer(build_app(limited)) as server, fresh_client(server) as client:
        stranger, owner = Person("", "", client), Person("", alice.key, client)
        made = [await stranger.post("/p.json", json={"password": {"payload": "x" * LARGE}}) for _ in range(3)]
        assert [answer.status for answer in made] == [201, 201, 429]
        assert (await stranger.post("/p.json", json={"password": {"payload": "small"}})).status == 201
        assert (await owner.post("/p.json", json={"password": {"payload": "x" * LARGE}})).status == 201


async def test_with_a_full_log_its_owner_still_sees_a_push_with_a_passphrase(site: Site, alice: Person, anyone: Person):
    token = (await push(alice, passphrase="sesame"))["url_token"]
    await site.db.execute("UPDATE pushes SET events = 2000")
    assert (await show(alice, token, passphrase="sesame"))["payload"] == "s3cret"
    assert (await show(anyone, token, passphrase="sesame"))["payload"] is None
