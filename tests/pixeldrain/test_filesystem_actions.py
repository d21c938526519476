"""POST /filesystem/{path}: making directories, moving, importing."""

import asyncio
import itertools
import json

import pytest
from aiohttp import FormData

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.filesystem import assert_clean, picture, used
from tests.support.people import Person
from tests.support.waiting import until_somebody_waits

CREATED = {"success": True, "value": "created", "message": "The submitted resource was created"}


def multipart(*fields: tuple[str, str]) -> FormData:
    form = FormData(default_to_multipart=True)
    for name, value in fields:
        form.add_field(name, value)
    return form


async def test_mkdir_makes_one_directory(alice: Person):
    made = await alice.act("/me/a", "mkdir")
    assert (made.status, made.json) == (201, CREATED)
    node = await alice.node("/me/a")
    assert (node["type"], node["mode_octal"], node["created_by"]) == ("dir", "700", "alice")
    assert (await alice.act("/me/b/c", "mkdir")).refusal == (404, "path_not_found")
    assert await alice.names("/me") == ["a"]


async def test_mkdirall_makes_the_parents_too(alice: Person):
    made = await alice.act("/me/a/b/c", "mkdirall", mode="755")
    assert (made.status, made.json) == (201, CREATED)
    assert [node["mode_octal"] for node in (await alice.stat("/me/a/b/c"))["path"][1:]] == ["755"] * 3
    assert (await alice.act("/me/a/b/d", "mkdirall")).status == 201


@pytest.mark.parametrize("action", ["mkdir", "mkdirall"])
async def test_what_is_there_is_not_made_again(alice: Person, action: str):
    await alice.write("/me/d/f")
    for path in ("/me", "/me/d", "/me/d/", "/me/d/f"):
        assert (await alice.act(path, action)).refusal == (400, "node_already_exists")
    assert (await alice.act("/me/d/f/x", action)).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize(
    ("mode", "kept"), [("0", "000"), ("7", "007"), ("0750", "750"), ("7777", "7777"), ("000000000755", "755")]
)
async def test_modes_are_octal(alice: Person, mode: str, kept: str):
    assert (await alice.act("/me/a", "mkdir", mode=mode)).status == 201
    assert (await alice.node("/me/a"))["mode_octal"] == kept


@pytest.mark.parametrize("mode", ["8", "0o755", "rwx", "", "-1", " 755", "10000"])
async def test_what_is_no_mode(alice: Person, mode: str):
    for action in ("mkdir", "mkdirall"):
        assert (await alice.act("/me/a", action, mode=mode)).status == 422
    assert await alice.names("/me") == []


FIELDS = [("action", "rename"), ("target", "/me/x/y"), ("make_parents", "true"), ("mode", "600")]


@pytest.mark.parametrize("order", [list(order) for order in itertools.permutations(FIELDS)][::4])
async def test_the_fields_of_a_form_come_in_any_order_and_encoding(alice: Person, order: list[tuple[str, str]]):
    for form in (order, multipart(*order)):
        await alice.write("/me/a")
        answer = await alice.fs("POST", "/me/a", data=form)
        assert answer.status == 200
        assert (answer.json["path"], answer.json["mode_octal"]) == ("/me/x/y", "600")
        assert (await alice.fs("DELETE", "/me/x", "?recursive")).status == 200


async def test_of_a_field_sent_twice_the_first_counts(alice: Person):
    form = [("action", "mkdir"), ("action", "nothing"), ("mode", "755"), ("mode", "x")]
    for number, body in enumerate((form, multipart(*form))):
        assert (await alice.fs("POST", f"/me/{number}", data=body)).status == 201


@pytest.mark.parametrize("action", ["", "MKDIR", "delete", "mkdir ", "\0", "__init__"])
async def test_what_is_no_action(alice: Person, action: str):
    assert (await alice.act("/me/a", action)).refusal == (400, "invalid_action")


async def test_an_action_is_required(alice: Person):
    for body in (b"", {"mode": "755"}, multipart(("mode", "755")), b'{"action": "mkdir"}'):
        refused = await alice.fs("POST", "/me/a", data=body)
        assert refused.refusal == (400, "missing_field")
        assert refused.json["extra"] == {"field": "action"}


async def test_a_node_gets_another_name_and_place(alice: Person, clock):
    before = await alice.write("/me/a.txt", b"x", "?shared=true&modified=2001-01-01T00:00:00Z")
    await alice.mkdir("/me/d")
    clock.advance(hours=1)
    after = (await alice.act("/me/a.txt", "rename", target="/me/d/b.txt")).json
    assert after == before | {"path": "/me/d/b.txt", "name": "b.txt"}
    assert await alice.names("/me") == ["d"]
    assert (await alice.fs("GET", "/me/d/b.txt")).body == b"x"


async def test_what_is_below_moves_along(alice: Person, anyone: Person, site: Site):
    await alice.write("/me/a/b/c/f", b"x")
    share_id = await alice.share("/me/a/b")
    moved = (await alice.act("/me/a", "rename", target="/me/x/y/z", make_parents=True)).json
    assert moved["path"] == "/me/x/y/z"
    assert (await alice.fs("GET", "/me/x/y/z/b/c/f")).body == b"x"
    assert (await anyone.fs("GET", f"/{share_id}/c/f")).body == b"x"
    assert (await alice.fs("GET", "/me/a")).refusal == (404, "path_not_found")
    assert await used(alice) == (1, 1, 6)
    await assert_clean(site)


async def test_the_directories_of_a_target_are_made_only_when_asked(alice: Person):
    await alice.write("/me/a")
    for flag in ({}, {"make_parents": "false"}):
        assert (await alice.act("/me/a", "rename", target="/me/x/y", **flag)).refusal == (404, "path_not_found")
    assert (await alice.act("/me/a", "rename", target="/me/x/y", make_parents="")).status == 200
    assert (await alice.node("/me/x"))["mode_octal"] == "700"


async def test_a_rename_also_sets_what_is_sent_with_it(alice: Person):
    await alice.write("/me/a")
    sent = {"modified": "2001-02-03T04:05:06.123456Z", "created": "2000-01-01T00:00:00+01:00", "mode": "600"}
    moved = (await alice.act("/me/a", "rename", target="/me/b", **sent, shared="true")).json
    assert (moved["modified"], moved["created"]) == ("2001-02-03T04:05:06.123456Z", "1999-12-31T23:00:00.000000Z")
    assert moved["mode_octal"] == "600"
    assert await alice.node("/me/b") == await alice.node("/me/b/") == moved
    assert moved["id"]


async def test_a_rename_to_the_same_place_only_sets_what_is_sent(alice: Person):
    await alice.write("/me/d/a")
    share_id = await alice.share("/me/d")
    for target in ("/me/d/a", "me/d/a/", f"/{share_id}/a"):
        moved = await alice.act("/me/d/a", "rename", target=target, mode="600")
        assert moved.status == 200
        assert moved.json["mode_octal"] == "600"
    assert await alice.names("/me/d") == ["a"]


@pytest.mark.parametrize("source", ["/me/f", "/me/d"])
@pytest.mark.parametrize("target", ["/me/g", "/me/e", "/me", "/me/e/inside"])
async def test_nothing_is_moved_onto_something_else(alice: Person, source: str, target: str):
    for name in ("f", "g", "d/x", "e/inside"):
        await alice.write(f"/me/{name}", name.encode())
    refused = await alice.act(source, "rename", target=target)
    assert refused.refusal == (400, "node_already_exists")
    assert await alice.names("/me") == ["d", "e", "f", "g"]
    assert (await alice.fs("GET", "/me/g")).body == b"g"


@pytest.mark.parametrize("target", ["/me/a/b", "/me/a/b/c/d", "/me/a/new", "/me/a/new/new"])
async def test_a_directory_is_not_moved_into_itself(alice: Person, target: str):
    await alice.mkdir("/me/a/b/c")
    inside = await alice.share("/me/a/b")
    for goal in (target, target.replace("/me/a/b", f"/{inside}")):
        refused = await alice.act("/me/a", "rename", target=goal, make_parents=True)
        assert refused.refusal in {(400, "circular_dependency"), (400, "node_already_exists")}
        assert refused.value == "circular_dependency" or goal == "/me/a/b"
    assert [node["name"] for node in (await alice.stat("/me/a/b/c"))["path"]] == ["me", "a", "b", "c"]


async def test_a_file_has_no_place_for_others(alice: Person):
    await alice.write("/me/f")
    await alice.write("/me/g")
    for target in ("/me/g/x", "/me/g/x/y"):
        refused = await alice.act("/me/f", "rename", target=target, make_parents=True)
        assert refused.refusal == (400, "node_is_not_a_directory")


async def test_nothing_moves_into_another_filesystem(alice: Person, bob: Person):
    await alice.write("/me/a/f")
    await bob.mkdir("/me/b")
    theirs = await bob.share("/me/b", link={"read": True, "write": True})
    ours = await alice.share("/me/a", link={"read": True, "write": True})
    assert (await alice.act("/me/a/f", "rename", target=f"/{theirs}/f")).refusal == (400, "permission_denied")
    assert (await bob.act(f"/{ours}/f", "rename", target="/me/f")).refusal == (400, "permission_denied")
    assert (await alice.act("/me/a/f", "rename", target="/nothing1/f")).refusal == (404, "not_found")
    assert await alice.names("/me/a") == ["f"]


async def test_between_ones_own_buckets_things_move(alice: Person):
    await alice.write("/me/a/f", b"x")
    await alice.mkdir("/me/b")
    one, other = await alice.share("/me/a"), await alice.share("/me/b")
    assert (await alice.act(f"/{one}/f", "rename", target=f"/{other}/g")).json["path"] == f"/{other}/g"
    assert (await alice.act(f"/{other}/g", "rename", target="/me/h")).json["path"] == "/me/h"
    assert (await alice.fs("GET", "/me/h")).body == b"x"


async def test_a_target_is_required(alice: Person):
    await alice.write("/me/a")
    for fields in ({}, {"target": ""}):
        refused = await alice.act("/me/a", "rename", **fields)
        assert refused.refusal == (400, "missing_field")
        assert refused.json["extra"] == {"field": "target"}
    assert (await alice.act("/me/a", "rename", target="/")).refusal == (404, "not_found")


async def test_a_new_name_can_change_the_type(alice: Person):
    await alice.write("/me/a.txt", b"# text")
    assert (await alice.act("/me/a.txt", "rename", target="/me/a.md")).json["file_type"] == "text/markdown"
    await alice.write("/me/empty.txt", b"")
    assert (await alice.act("/me/empty.txt", "rename", target="/me/empty.md")).json["file_type"] == "text/markdown"


async def test_a_new_name_with_the_same_ending_keeps_the_type(alice: Person):
    for name, renamed in (("a.jpg", "b.JPG"), ("picture", "d/renamed"), ("x.", "y."), (".txt", "z.txt")):
        before = await alice.write(f"/me/{name}", picture())
        moved = await alice.act(f"/me/{name}", "rename", target=f"/me/{renamed}", make_parents=True)
        assert moved.json["file_type"] == before["file_type"]


async def test_the_type_under_a_new_name_is_that_of_the_bytes_it_has_by_then(alice: Person, site: Site):
    """The rename looks at the old bytes, then waits while they are overwritten, in a turn that no new file shares."""
    await alice.write("/me/a.txt", b"text")
    async with site.db.acquire() as tx, tx.transaction():
        await tx.execute("SELECT FROM users FOR UPDATE")
        overwriting = asyncio.create_task(alice.fs("PUT", "/me/a.txt", "?shared=false", data=picture()))
        await until_somebody_waits(site.db)
        renaming = asyncio.create_task(alice.act("/me/a.txt", "rename", target="/me/a"))
        await asyncio.sleep(0.2)
    assert (await overwriting).status == 200
    assert (await renaming).json["file_type"] == "image/png"


async def test_the_root_is_not_changed(alice: Person):
    await alice.mkdir("/me/a")
    share_id = await alice.share("/me/a")
    root = (400, "cannot_modify_root_dir")
    assert (await alice.act("/me", "rename", target="/me/b")).refusal == root
    assert (await alice.act("/me", "update", mode="755")).refusal == root
    assert (await alice.act("/me", "update", shared=True)).refusal == root
    assert (await alice.act(f"/{share_id}", "rename", target=f"/{share_id}/b")).refusal == root
    assert (await alice.act(f"/{share_id}", "rename", target="/me/b")).refusal == root


async def test_what_is_not_there_is_not_changed(alice: Person):
    await alice.write("/me/f")
    for path in ("/me/x", "/me/x/y", "/me/f/x"):
        for action, fields in (("rename", {"target": "/me/z"}), ("update", {"mode": "600"}), ("import", {"files": []})):
            assert (await alice.act(path, action, **fields)).refusal == (404, "path_not_found")


async def test_files_of_the_account_are_copied_into_a_directory(alice: Person, site: Site):
    ids = [await alice.upload(f"{name}.txt", name.encode()) for name in "cab"]
    await alice.mkdir("/me/d")
    made = await alice.act("/me/d", "import", files=[*ids, ids[0]])
    assert (made.status, made.json) == (201, CREATED)
    stat = await alice.stat("/me/d")
    assert [(node["name"], node["file_size"], node["file_type"]) for node in stat["children"]] == [
        (f"{name}.txt", 1, "text/plain") for name in "abc"
    ]
    assert (await alice.fs("GET", "/me/d/a.txt")).body == b"a"
    assert await used(alice) == (6, 3, 4)
    await alice.delete(f"/api/file/{ids[0]}")
    assert (await alice.fs("GET", "/me/d/c.txt")).body == b"c"
    await assert_clean(site)


async def test_imported_names_are_made_free(alice: Person):
    await alice.write("/me/a.txt", b"there")
    await alice.mkdir("/me/dir")
    ids = [await alice.upload(name, name.encode()) for name in ("a.txt", "a.txt", "dir", "..", ".", "A.TXT")]
    assert (await alice.act("/me", "import", files=ids)).status == 201
    stat = await alice.stat("/me")
    assert len({node["name"].casefold() for node in stat["children"]}) == 8
    assert {"a.txt", "a (2).txt", "a (3).txt", "dir", "dir (2)"} < {node["name"] for node in stat["children"]}
    assert (await alice.fs("GET", "/me/a.txt")).body == b"there"
    assert (await alice.fs("GET", "/me/a (2).txt")).body == b"a.txt"


async def test_an_import_is_all_or_nothing(alice: Person, bob: Person, clock):
    mine, theirs = await alice.upload("a", b"a"), await bob.upload("b", b"b")
    expired = await alice.upload("c", b"c", "?delete_after_date=2999-01-01T00:00:00Z")
    clock.advance(days=366 * 1000)
    for missing in (theirs, "AAAAAAAA", "short", "", "a\0b", expired):
        refused = await alice.act("/me", "import", files=[mine, missing, "BBBBBBBB"])
        assert refused.refusal == (422, "list_file_not_found")
        assert refused.json["extra"] == {"file_not_found": missing}
    assert await alice.names("/me") == []


async def test_files_are_imported_into_directories_only(alice: Person):
    file_id = await alice.upload()
    await alice.write("/me/f")
    assert (await alice.act("/me/f", "import", files=[file_id])).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize("files", ["", "x", "{}", "[1]", '"AAAAAAAA"', "[[]]", "null", '["\\ud800"]'])
async def test_what_is_no_array_of_ids(alice: Person, files: str):
    assert (await alice.act("/me", "import", files=files)).refusal == (422, "json_parse_failed")


async def test_the_files_to_import_are_required(alice: Person):
    assert (await alice.act("/me", "import")).refusal == (400, "missing_field")
    assert (await alice.act("/me", "import", files=[])).status == 201


@pytest.mark.parametrize("name", ["写" * 86, "x" * 252])
async def test_a_name_too_long_for_a_filesystem_imports_nothing(alice: Person, name: str):
    file_id = await alice.upload(name)
    if len(name) == 252:
        await alice.write(f"/me/{name}")
    refused = await alice.act("/me", "import", files=[file_id])
    assert refused.refusal == (422, "name_too_long")


async def test_nothing_is_imported_below_the_deepest_level(alice: Person):
    deepest = "/me" + "/d" * 64
    await alice.mkdir(deepest)
    assert (await alice.act(deepest, "import", files=[await alice.upload()])).refusal == (400, "too_many_nested_levels")


async def test_an_import_needs_room(limited):
    place: Place = await limited(filesystem_access=True, storage_space=15)
    carol = await place.person("carol")
    first, second = await carol.upload("a", b"12345"), await carol.upload("b", b"67890")
    refused = await carol.act("/me", "import", files=[first, second])
    assert refused.refusal == (400, "user_out_of_space")
    assert await carol.names("/me") == []
    assert (await carol.act("/me", "import", files=[first])).status == 201
    assert await used(carol) == (15, 5, 1)


async def test_an_import_into_somebody_elses_directory_copies_ones_own_files(alice: Person, bob: Person):
    await alice.mkdir("/me/drop")
    share_id = await alice.share("/me/drop", link={"read": True, "write": True})
    file_id = await bob.upload("a", b"bob's")
    assert (await bob.act(f"/{share_id}", "import", files=[file_id])).status == 201
    assert (await alice.node("/me/drop/a"))["created_by"] == "bob"
    assert (await used(alice))[1] == 5
    theirs = await alice.upload()
    assert (await bob.act(f"/{share_id}", "import", files=[theirs])).value == "list_file_not_found"


async def test_a_form_may_be_sent_without_a_length(alice: Person):
    async def body():
        yield b"action=mk"
        yield b"dir"

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await alice.fs("POST", "/me/a", data=body(), headers=kind)).status == 201


async def test_a_form_has_its_limit(alice: Person):
    refused = await alice.fs("POST", "/me/a", data={"action": "mkdir", "x": "x" * (5 << 20)})
    assert refused.refusal == (413, "file_too_large")
    many = json.dumps([f"{number:08}" for number in range(20_000)])
    assert (await alice.act("/me", "import", files=many)).refusal == (422, "list_file_not_found")
