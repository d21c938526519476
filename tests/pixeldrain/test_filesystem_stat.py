"""GET /filesystem/{path}?stat, and a directory without it: what is known about nodes, and who is told."""

import hashlib
from typing import Any

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.elsewhere import change_rows
from tests.support.filesystem import rights
from tests.support.people import Person

NODE_OF_A_FILE = {
    "type", "path", "name", "created", "modified", "mode_string", "mode_octal", "created_by",
    "file_size", "file_type", "sha256_sum",
}  # fmt: skip
PERMISSIONS = {"link_permissions", "user_permissions", "password_permissions"}


async def test_a_stat_has_the_documented_shape(alice: Person):
    await alice.write("/me/docs/todo.txt", b"milk")
    stat = await alice.stat("/me/docs/todo.txt")
    assert set(stat) == {"path", "base_index", "children", "permissions", "context"}
    assert [(node["path"], node["name"], node["type"]) for node in stat["path"]] == [
        ("/me", "me", "dir"),
        ("/me/docs", "docs", "dir"),
        ("/me/docs/todo.txt", "todo.txt", "file"),
    ]
    assert (stat["base_index"], stat["children"]) == (2, [])
    assert stat["permissions"] == rights("owner", "read", "write", "delete")
    assert stat["context"] == {"premium_transfer": True}
    root, docs, todo = stat["path"]
    assert set(root) == NODE_OF_A_FILE | {"id"}
    assert root["id"] == "me"
    assert set(docs) == set(todo) == NODE_OF_A_FILE
    assert (docs["file_size"], docs["file_type"], docs["sha256_sum"]) == (0, "", "")
    assert (todo["file_size"], todo["file_type"]) == (4, "text/plain")
    assert todo["sha256_sum"] == hashlib.sha256(b"milk").hexdigest()
    assert (docs["mode_string"], docs["mode_octal"], docs["created_by"]) == ("drwx------", "700", "alice")


async def test_a_directory_answers_with_its_stat_and_its_children_by_name(alice: Person):
    for name in ("b", "a", "Z", "é", "10", "9", "a b", "a-b"):
        await alice.write(f"/me/{name}")
    await alice.mkdir("/me/dir/sub")
    stat = (await alice.fs("GET", "/me")).json
    names = [child["name"] for child in stat["children"]]
    assert names == sorted(names, key=str.encode)
    assert len(names) == 9
    assert {child["path"] for child in stat["children"]} == {f"/me/{name}" for name in names}
    assert await alice.stat("/me") == stat == (await alice.fs("GET", "/me", "?attach")).json


@pytest.mark.parametrize("flag", ["?stat", "?stat=", "?stat=true", "?stat=false", "?x&stat", "?%73tat", "?stat&stat"])
async def test_a_flag_counts_by_being_there(alice: Person, flag: str):
    await alice.write("/me/a")
    assert (await alice.fs("GET", "/me/a", flag)).json["base_index"] == 1


async def test_of_several_sub_apis_the_first_named_answers(alice: Person):
    await alice.write("/me/a.txt", b"x")
    assert (await alice.fs("GET", "/me/a.txt", "?stat&attach&thumbnail")).json["base_index"] == 1
    assert (await alice.fs("GET", "/me/a.txt", "?attach&stat")).body == b"x"
    assert (await alice.fs("GET", "/me/a.txt", "?unknown&thumbnail&stat")).headers["Content-Type"] == "image/png"


async def test_what_no_sub_api_is_called_is_ignored(alice: Person):
    await alice.write("/me/a.txt", b"x")
    assert (await alice.fs("GET", "/me/a.txt", "?Stat&download=1&=&&path=x")).body == b"x"


async def test_through_a_share_paths_begin_with_its_id_and_nothing_above_shows(alice: Person, anyone: Person):
    await alice.write("/me/top secret/docs/sub/a.txt", b"x")
    share_id = await alice.share("/me/top secret/docs")
    for person in (anyone, alice):
        stat = await person.stat(f"/{share_id}/sub/a.txt")
        assert [(node["path"], node["name"]) for node in stat["path"]] == [
            (f"/{share_id}", "docs"),
            (f"/{share_id}/sub", "sub"),
            (f"/{share_id}/sub/a.txt", "a.txt"),
        ]
        assert stat["path"][0]["id"] == share_id
        assert stat["base_index"] == 2
    assert (await anyone.stat(f"/{share_id}"))["children"][0]["path"] == f"/{share_id}/sub"
    stat = await anyone.stat(f"/{share_id}")
    assert stat["permissions"] == rights("read")
    assert b"top secret" not in (await anyone.fs("GET", f"/{share_id}")).body
    for path in (f"/{share_id}/top secret", f"/{share_id}/docs", f"/{share_id}/sub/nothing"):
        assert (await anyone.fs("GET", path)).refusal == (404, "path_not_found")


async def test_a_share_of_a_file_is_the_file(alice: Person, anyone: Person):
    await alice.write("/me/a.txt", b"x")
    share_id = await alice.share("/me/a.txt")
    assert (await anyone.fs("GET", f"/{share_id}")).body == b"x"
    stat = await anyone.stat(f"/{share_id}")
    assert [(node["path"], node["name"], node["type"]) for node in stat["path"]] == [(f"/{share_id}", "a.txt", "file")]
    assert (await anyone.fs("GET", f"/{share_id}/a.txt")).refusal == (404, "path_not_found")


async def test_only_what_is_shared_itself_has_an_id(alice: Person):
    await alice.write("/me/a/b/c")
    outer, inner = await alice.share("/me/a"), await alice.share("/me/a/b/c")
    assert [node.get("id") for node in (await alice.stat("/me/a/b/c"))["path"]] == ["me", outer, None, inner]


async def test_permissions_are_shown_to_the_owner_alone(alice: Person, bob: Person, anyone: Person):
    await alice.write("/me/a/f")
    share_id = await alice.share(
        "/me/a", user={"bob": {"read": True, "write": True}}, password={"hunter2": {"read": True}}
    )
    node = await alice.node(f"/{share_id}")
    assert node["link_permissions"] == rights("read")
    assert node["user_permissions"] == {"bob": rights("read", "write")}
    assert node["password_permissions"] == {"hunter2": rights("read")}
    for person in (bob, anyone):
        for query in ("", "?stat"):
            body = (await person.fs("GET", f"/{share_id}", query)).body
            assert b"_permissions" not in body
            assert b"hunter2" not in body
    assert PERMISSIONS.isdisjoint(await bob.write(f"/{share_id}/new"))
    moved = (await bob.act(f"/{share_id}/f", "rename", target=f"/{share_id}/g")).json
    assert PERMISSIONS.isdisjoint(moved)
    assert (await bob.stat(f"/{share_id}"))["permissions"] == rights("read", "write")


async def test_what_is_shared_with_others_only_is_not_listed(alice: Person, bob: Person, anyone: Person):
    await alice.write("/me/all/secret.txt", b"secret")
    await alice.write("/me/all/open.txt")
    await alice.mkdir("/me/all/for bob")
    share_id = await alice.share("/me/all")
    await alice.share("/me/all/secret.txt", link={})
    await alice.share("/me/all/for bob", link={}, user={"bob": {"read": True}})

    assert await alice.names("/me/all") == ["for bob", "open.txt", "secret.txt"]
    assert await bob.names(f"/{share_id}") == ["for bob", "open.txt"]
    assert await anyone.names(f"/{share_id}") == ["open.txt"]
    assert (await anyone.fs("GET", f"/{share_id}/secret.txt", "?stat")).refusal == (400, "permission_denied")


async def test_a_node_that_was_taken_down_says_so(alice: Person, site: Site):
    await alice.write("/me/a")
    await site.db.execute(
        "UPDATE nodes SET abuse_type = 'gore', abuse_reported_at = '2024-02-04T18:34:13.466276Z' WHERE name = 'a'"
    )
    node = await alice.node("/me/a")
    assert (node["abuse_type"], node["abuse_report_time"]) == ("gore", "2024-02-04T18:34:13.466276Z")


async def test_the_creator_is_who_made_it_as_long_as_the_account_is_there(alice: Person, bob: Person, site: Site):
    await alice.mkdir("/me/drop")
    share_id = await alice.share("/me/drop", link={"write": True})
    await bob.write(f"/{share_id}/a")
    assert (await alice.node("/me/drop/a"))["created_by"] == "bob"
    await change_rows(site, "UPDATE users SET name = 'robert' WHERE name = 'bob'")
    assert (await alice.node("/me/drop/a"))["created_by"] == "robert"
    await site.db.execute("DELETE FROM users WHERE name = 'robert'")
    assert (await alice.node("/me/drop/a"))["created_by"] == ""


async def test_transfer_is_premium_when_either_side_pays(limited):
    place: Place = await limited(filesystem_access=True)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    await carol.mkdir("/me/a")
    share_id = await carol.share("/me/a")

    async def is_premium(person: Any) -> bool:
        told: bool = (await person.stat(f"/{share_id}"))["context"]["premium_transfer"]
        return told

    assert [await is_premium(person) for person in (carol, place.visitor(1), premium)] == [False, False, True]


async def test_a_head_of_a_stat_has_its_headers_alone(alice: Person):
    whole = await alice.fs("GET", "/me", "?stat")
    head = await alice.fs("HEAD", "/me", "?stat")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))


async def test_a_directory_of_many_children_is_listed_whole(alice: Person, site: Site):
    await site.db.execute(
        """INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at)
           SELECT owner_id, id, 'n' || number, 448, now(), now()
             FROM nodes, generate_series(1, 3000) AS number WHERE parent_id IS NULL"""
    )
    assert len(await alice.names("/me")) == 3000
