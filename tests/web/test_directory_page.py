"""The page of a shared directory."""

from __future__ import annotations

import pytest

from tests.support.people import Person
from tests.web.reading import visit


async def shared(person: Person, path: str) -> str:
    answer = await person.fs("POST", path, data={"action": "update", "shared": "true"})
    share_id: str = answer.json["id"]
    return share_id


async def test_a_shared_directory_shows_what_is_in_it(alice: Person, anyone: Person):
    await alice.write("/me/pics/b.txt")
    await alice.write("/me/pics/sub/deep.txt")
    share_id = await shared(alice, "/me/pics")

    page = (await visit(anyone, f"/d/{share_id}")).source

    assert "<bdi>pics</bdi>" in page
    assert page.index(f'href="/d/{share_id}/sub"') < page.index(f'href="/d/{share_id}/b.txt"')
    assert f'href="/api/filesystem/{share_id}?bulk_download"' in page
    assert "1 entry" in page


async def test_a_shared_file_leads_to_its_bytes(alice: Person, anyone: Person):
    await alice.write("/me/a b.txt", b"hello")
    share_id = await shared(alice, "/me/a b.txt")

    answer = await anyone.get(f"/d/{share_id}")

    assert (answer.status, answer.headers["Location"]) == (303, f"/api/filesystem/{share_id}")
    assert (await anyone.get(answer.headers["Location"])).body == b"hello"


@pytest.mark.parametrize(
    "name", ['"><img src=x onerror=alert(1)>', "a\nb", "\u202egpj.exe", "{{ 7 * 7 }}", "a%2Fb?c#d"]
)
async def test_hostile_names_are_text_on_the_page(alice: Person, anyone: Person, name):
    await alice.write(f"/me/pics/{name}")
    share_id = await shared(alice, "/me/pics")

    page = (await visit(anyone, f"/d/{share_id}")).source

    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "49" not in page.partition("files")[2]


@pytest.mark.parametrize("path", ["aaaaAAAA", "nope", "me"])
async def test_there_is_no_page_without_a_share(anyone: Person, path):
    answer = await anyone.get(f"/d/{path}")

    assert answer.status == (401 if path == "me" else 404)
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_directory_that_is_not_for_everybody_is_not_shown(alice: Person, anyone: Person):
    await alice.write("/me/pics/b.txt")
    changes = {
        "action": "update",
        "shared": "true",
        "link_permissions": "{}",
        "password_permissions": '{"abc": {"read": true}}',
    }
    share_id = (await alice.fs("POST", "/me/pics", data=changes)).json["id"]

    assert (await anyone.get(f"/d/{share_id}")).status == 400
    assert (await anyone.get(f"/d/{share_id}", headers={"X-Node-Password": "abc"})).status == 200
