"""Who may do what besides the matrix: inheritance, passwords and keys."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient

from pixelhost.core import nodes
from pixelhost.db import limits
from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.filesystem import rights
from tests.support.people import Person

DENIED = (400, "permission_denied")
NONE, READ, WRITE, DELETE = {}, {"read": True}, {"write": True}, {"delete": True}
ALL = READ | WRITE | DELETE


async def test_a_stat_tells_the_rights_one_has(alice: Person, bob: Person, anyone: Person):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=READ | DELETE, user={"bob": WRITE}, password={"p": WRITE})
    told = {}
    for name, person in (("alice", alice), ("bob", bob), ("anyone", anyone)):
        told[name] = (await person.stat(f"/{share_id}"))["permissions"]
    assert told == {
        "alice": rights("owner", "read", "write", "delete"),
        "bob": rights("read", "write", "delete"),
        "anyone": rights("read"),
    }
    with_password = await anyone.stat(f"/{share_id}", headers={"X-Node-Password": "p"})
    assert with_password["permissions"] == rights("read")


async def test_the_most_specific_share_decides(alice: Person, bob: Person, anyone: Person):
    await alice.write("/me/a/b/c/f", b"x")
    outer = await alice.share("/me/a")
    assert (await anyone.fs("GET", f"/{outer}/b/c/f")).body == b"x"

    inner = await alice.share("/me/a/b", link=NONE, user={"bob": READ | WRITE})
    for path in (f"/{outer}/b", f"/{outer}/b/c/f", f"/{inner}/c/f"):
        assert (await anyone.fs("GET", path)).refusal == DENIED
        assert (await bob.fs("GET", path)).status == 200
    assert (await bob.fs("PUT", f"/{outer}/b/c/g", data=b"x")).status == 200
    assert (await bob.fs("PUT", f"/{outer}/g", data=b"x")).refusal == DENIED
    assert (await bob.stat(f"/{outer}/b/c"))["permissions"] == rights("read", "write")
    assert (await bob.stat(f"/{outer}"))["permissions"] == rights("read")

    await alice.update("/me/a/b", shared=False)
    assert (await anyone.fs("GET", f"/{outer}/b/c/f")).body == b"x"
    assert (await bob.fs("PUT", f"/{outer}/b/c/g", data=b"x")).refusal == DENIED


async def test_permissions_of_what_is_not_shared_dont_count(alice: Person, bob: Person):
    await alice.write("/me/a/b/f")
    await alice.update("/me/a/b", link_permissions=ALL, user_permissions={"bob": ALL})
    share_id = await alice.share("/me/a")
    assert (await bob.stat(f"/{share_id}/b"))["permissions"] == rights("read")
    assert (await bob.fs("DELETE", f"/{share_id}/b/f")).refusal == DENIED


async def test_a_share_says_nothing_about_what_is_above_or_beside(alice: Person, bob: Person):
    await alice.write("/me/a/shared/f")
    await alice.write("/me/a/beside")
    share_id = await alice.share("/me/a/shared", link=ALL)
    assert (await bob.fs("GET", f"/{share_id}/../beside")).status == 404
    moved = await bob.act(f"/{share_id}/f", "rename", target=f"/{share_id}")
    assert moved.refusal == (400, "node_already_exists")
    assert (await bob.fs("GET", "/me/a/beside")).refusal == (404, "path_not_found")


async def test_where_nothing_may_be_read_nothing_is_told(alice: Person, bob: Person):
    await alice.write("/me/a/there")
    share_id = await alice.share("/me/a", link=NONE)
    for name in ("there", "missing", "missing/deeper", "there/x"):
        for answer in (
            await bob.fs("GET", f"/{share_id}/{name}"),
            await bob.fs("PUT", f"/{share_id}/{name}", data=b""),
            await bob.act(f"/{share_id}/{name}", "mkdir"),
            await bob.fs("DELETE", f"/{share_id}/{name}"),
        ):
            assert answer.refusal == DENIED


async def test_whoever_uploaded_a_file_deletes_it_as_long_as_they_may_write(alice: Person, bob: Person):
    await alice.mkdir("/me/drop")
    share_id = await alice.share("/me/drop", link=WRITE)
    for name in ("a", "b"):
        assert (await bob.fs("PUT", f"/{share_id}/{name}", data=b"x")).status == 200
    assert (await bob.act(f"/{share_id}/dir", "mkdir")).status == 201
    assert (await bob.fs("DELETE", f"/{share_id}/a")).status == 200
    assert (await bob.fs("DELETE", f"/{share_id}/dir")).refusal == DENIED
    await alice.update("/me/drop", link_permissions=READ)
    assert (await bob.fs("DELETE", f"/{share_id}/b")).refusal == DENIED


async def test_what_is_shared_without_the_right_to_delete_keeps_its_directory(alice: Person, bob: Person):
    await alice.write("/me/a/b/kept")
    share_id = await alice.share("/me/a", link=ALL)
    await alice.share("/me/a/b/kept", link=READ | WRITE)
    assert (await bob.fs("DELETE", f"/{share_id}/b", "?recursive")).refusal == DENIED
    assert (await bob.fs("DELETE", f"/{share_id}", "?recursive")).refusal == DENIED
    assert await alice.names("/me/a/b") == ["kept"]
    assert (await alice.fs("DELETE", "/me/a/b", "?recursive")).status == 200


async def test_a_key_sent_as_basic_password_is_still_a_key(alice: Person, bob: Person, client: TestClient):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=NONE, user={"bob": READ})
    for user in ("", "bob", "anything"):
        headers = {"Authorization": encode_basic_auth(user, bob.key)}
        assert (await Person("", "", client).fs("GET", f"/{share_id}", headers=headers)).status == 200


@pytest.mark.parametrize("shape", [str, lambda key: key.hex, lambda key: str(key).upper(), lambda key: f"{{{key}}}"])
async def test_a_key_that_is_not_valid_is_refused_and_no_password(
    alice: Person, client: TestClient, shape: Callable[[Any], str]
):
    key = shape(uuid4())
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", password={key: ALL})
    for path in (f"/{share_id}", "/me"):
        for headers in ({"Authorization": encode_basic_auth("", key)}, {"Authorization": f"Bearer {key}"}):
            refused = await Person("", "", client).fs("GET", path, headers=headers)
            assert refused.refusal == (401, "authentication_failed")


@pytest.mark.parametrize(
    "value", [encode_basic_auth("", "hunter2"), "Bearer hunter2", "Digest x", "Basic !", encode_basic_auth("x", "")]
)
async def test_ones_own_filesystem_has_no_passwords(anyone: Person, value: str):
    for path in ("/api/filesystem/me", "/api/filesystem"):
        refused = await anyone.get(path, headers={"Authorization": value})
        assert refused.refusal == (401, "authentication_failed")


@pytest.mark.parametrize("password", ["hunter2", "grüße", "a:b", " ", "💥", "x" * 1000])
async def test_a_password_may_be_any_text(alice: Person, anyone: Person, password: str):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=NONE, password={password: READ})
    for headers in (
        {"Authorization": encode_basic_auth("anybody", password)},
        {"X-Node-Password": password},
        {"Cookie": "pd_node_password=hunter2"} if password == "hunter2" else {"X-Node-Password": password},
    ):
        if password == " " and "X-Node-Password" in headers:
            continue
        assert (await anyone.fs("GET", f"/{share_id}", headers=headers)).status == 200
    for wrong in (password + "x", password[:-1] or "x", password.upper() + "!", ""):
        refused = await anyone.fs("GET", f"/{share_id}", headers={"Authorization": encode_basic_auth("", wrong)})
        assert refused.refusal == DENIED


async def test_the_empty_password_opens_nothing(alice: Person, anyone: Person):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=NONE, password={"": ALL})
    for headers in ({}, {"X-Node-Password": ""}, {"Authorization": encode_basic_auth("x", "")}):
        assert (await anyone.fs("GET", f"/{share_id}", headers=headers)).refusal == DENIED


@pytest.mark.parametrize("value", ["Bearer \udcff", "Bearer \udced\udca0\udc80", "Basic /w=="])
async def test_a_password_that_is_no_utf_8_is_a_wrong_one(alice: Person, port: int, value: str):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=NONE, password={"p": READ})
    sent = value.encode("utf-8", "surrogateescape")
    for header in (b"Authorization: " + sent, b"X-Node-Password: " + sent):
        request = f"GET /api/filesystem/{share_id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
        answer = await raw_exchange(port, request + header + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"permission_denied" in answer


async def test_a_wrong_password_takes_nothing_from_what_the_link_gives(alice: Person, anyone: Person):
    await alice.write("/me/d/f", b"x")
    share_id = await alice.share("/me/d", link=READ, password={"p": ALL})
    for headers in ({"X-Node-Password": "wrong"}, {"Authorization": encode_basic_auth("", "wrong")}):
        assert (await anyone.fs("GET", f"/{share_id}/f", headers=headers)).body == b"x"


async def test_a_password_opens_what_it_was_set_for_alone(alice: Person, anyone: Person):
    await alice.write("/me/one/f")
    await alice.write("/me/other/f")
    one = await alice.share("/me/one", link=NONE, password={"p1": READ})
    other = await alice.share("/me/other", link=NONE, password={"p2": READ})
    for share_id, password, status in ((one, "p1", 200), (one, "p2", 400), (other, "p2", 200), (other, "p1", 400)):
        assert (await anyone.fs("GET", f"/{share_id}/f", headers={"X-Node-Password": password})).status == status


async def test_guessing_passwords_is_slowed_down(alice: Person, anyone: Person, bob: Person, clock):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=READ, password={"p": ALL})
    guess = {"X-Node-Password": "guess"}
    clock.advance(seconds=60 - clock.now().second)
    for number in range(nodes.PASSWORDS_PER_MINUTE):
        if number % 2:
            assert (await anyone.fs("GET", f"/{share_id}", headers=guess)).status == 200
        else:
            answer = await bob.fs("POST", f"/{share_id}/x", data={"action": "mkdir"}, headers=guess)
            assert answer.refusal == DENIED
    for answer in (
        await anyone.fs("GET", f"/{share_id}", headers=guess),
        await bob.fs("PUT", f"/{share_id}/x", data=b"", headers=guess),
        await bob.fs("DELETE", f"/{share_id}", headers=guess),
    ):
        assert answer.refusal == (429, "ip_rate_limit_reached")
    assert (await anyone.fs("GET", f"/{share_id}")).status == 200
    right = await anyone.fs("GET", f"/{share_id}", headers={"X-Node-Password": "p"})
    assert right.refusal == (429, "ip_rate_limit_reached")
    clock.advance(minutes=1)
    assert (await anyone.fs("GET", f"/{share_id}", headers=guess)).status == 200


async def test_guesses_at_the_target_of_a_move_count_too(alice: Person, bob: Person, clock):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link=READ, password={"p": ALL})
    await bob.write("/me/x")
    move = {"action": "rename", "target": f"/{share_id}/x"}
    clock.advance(seconds=60 - clock.now().second)
    for _ in range(nodes.PASSWORDS_PER_MINUTE):
        answer = await bob.fs("POST", "/me/x", data=move, headers={"X-Node-Password": "guess"})
        assert answer.refusal == DENIED
    right = await bob.fs("POST", "/me/x", data=move, headers={"X-Node-Password": "p"})
    assert right.refusal == (429, "ip_rate_limit_reached")


async def test_passwords_are_encrypted_where_they_are_kept(alice: Person, site: Site):
    await alice.mkdir("/me/d")
    await alice.share("/me/d", password={"hunter2": READ, "correct horse": WRITE})
    rows = await site.db.fetch("SELECT nodes::text AS text FROM nodes")
    assert len(rows) == 2
    for row in rows:
        for form in ("hunter2", "correct horse", "68756e74657232", "aHVudGVyM"):
            assert form not in row["text"]
    assert set((await alice.node("/me/d"))["password_permissions"]) == {"hunter2", "correct horse"}


async def test_moving_something_out_of_a_directory_takes_the_right_to_delete_it_there(alice: Person, bob: Person):
    await alice.write("/me/d/a.txt")
    await alice.mkdir("/me/d/sub")
    share_id = await alice.share("/me/d", link=READ | WRITE)
    moves = {"elsewhere": f"/{share_id}/sub/a.txt", "renamed": f"/{share_id}/b.txt"}

    async def move(target: str) -> int:
        answer = await bob.act(f"/{share_id}/a.txt", "rename", target=target)
        return answer.status

    assert await move(moves["elsewhere"]) == 400
    assert await move(moves["renamed"]) == 200
    await bob.write(f"/{share_id}/a.txt")
    assert await move(moves["elsewhere"]) == 200


async def test_a_banned_address_changes_nothing(alice: Person, site: Site):
    await alice.write("/me/a.txt")
    await limits.add_ban(site.db, "127.0.0.0/8", "spam", site.clock.now(), None)

    for method, data in (("POST", {"action": "update", "mode": "600"}), ("DELETE", None), ("PUT", b"new")):
        assert (await alice.fs(method, "/me/a.txt", data=data)).refusal == (403, "ip_banned")
    assert (await alice.fs("GET", "/me/a.txt")).status == 200
