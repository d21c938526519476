"""Searching a directory: what is found below it, what isn't, and for whom."""

import json
from urllib.parse import quote

import pytest

from pixelhost.core import nodesearch
from pixelhost.site import Site
from tests.support.admins import block
from tests.support.people import Answer, Person


async def put(person: Person, *paths: str) -> None:
    for path in paths:
        answer = await person.put(f"/api/filesystem/{quote(path)}?make_parents=true", data=b"x")
        assert answer.status == 200, answer.body


async def share(person: Person, path: str, **permissions: object) -> str:
    """Its ID."""
    fields = {name: json.dumps(value) for name, value in permissions.items()}
    answer = await person.post(f"/api/filesystem/{quote(path)}", data={"action": "update", "shared": "true"} | fields)
    assert answer.status == 200, answer.body
    share_id: str = answer.json["id"]
    return share_id


async def ask(person: Person, path: str, term: str, more: str = "") -> Answer:
    return await person.get(f"/api/filesystem/{path}?search={quote(term, safe='')}{more}")


async def search(person: Person, path: str, term: str, more: str = "") -> list[str]:
    answer = await ask(person, path, term, more)
    assert answer.status == 200, answer.body
    found: list[str] = answer.json
    return found


@pytest.fixture(params=["a sample", "the index", "all names", "all names at once"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How matches are found, which must make no difference."""
    if request.param != "a sample":
        monkeypatch.setattr(nodesearch, "SAMPLED_NAMES", 0)
        monkeypatch.setattr(nodesearch, "HEAD_START_SECONDS", 60)
    if request.param == "all names":
        monkeypatch.setattr(nodesearch, "LOOKED_UP_MAX", 1)
    if request.param == "all names at once":
        monkeypatch.setattr(nodesearch, "HEAD_START_SECONDS", 0)
    return str(request.param)


async def test_files_and_directories_below_are_found_by_a_part_of_their_name(alice: Person, way: str):
    await put(alice, "me/report.txt", "me/docs/old/Annual Report.pdf", "me/reports/a.txt", "me/docs/other.txt")
    assert await search(alice, "me", "report") == ["/me/docs/old/Annual Report.pdf", "/me/report.txt", "/me/reports"]
    assert await search(alice, "me/docs", "report") == ["/me/docs/old/Annual Report.pdf"]
    assert await search(alice, "me/docs/", "t.") == ["/me/docs/old/Annual Report.pdf"]
    assert await search(alice, "me/docs", "report.txt") == []


async def test_upper_and_lower_case_are_the_same_also_beyond_ascii(alice: Person, way: str):
    await put(alice, "me/ÄRGER über Öl.txt")
    for term in ("ärger", "ÄRGER", "ÜBER", "öL.T"):
        assert await search(alice, "me", term) == ["/me/ÄRGER über Öl.txt"]


@pytest.mark.parametrize(
    "name", ["100%.txt", "a_b.txt", "back\\slash", "it's", "日本語の名前", "😀😀 smile", " two  spaces "]
)
async def test_a_name_is_found_by_every_pair_of_its_characters_and_by_the_whole(alice: Person, name: str, way: str):
    await put(alice, f"me/{name}", "me/100 percent", "me/aXb.txt", "me/backXslash")
    for term in (name, name[:2], name[-2:], name[1:3]):
        assert f"/me/{name}" in await search(alice, "me", term)
    assert await search(alice, "me", name) == [f"/me/{name}"]


@pytest.mark.parametrize("term", ["%%", "__", "_b", "0%5", "\\\\", "a*b", ".t_t"])
async def test_signs_of_patterns_stand_for_themselves(alice: Person, term: str, way: str):
    await put(alice, "me/aXb.txt", "me/100 percent 5")
    assert await search(alice, "me", term) == []


async def test_paths_begin_with_the_bucket_that_was_asked(alice: Person, anyone: Person, way: str):
    await put(alice, "me/photos/2024/cat.jpg")
    photos, cat = await share(alice, "me/photos"), "2024/cat.jpg"
    assert await search(alice, "me", "cat") == [f"/me/photos/{cat}"]
    assert await search(anyone, photos, "cat") == [f"/{photos}/{cat}"]
    assert await search(anyone, f"{photos}/2024", "cat") == [f"/{photos}/{cat}"]


async def test_neither_the_directory_itself_nor_anything_beside_it_is_found(alice: Person, anyone: Person, way: str):
    await put(alice, "me/cats/a.txt", "me/cats and dogs/b.txt", "me/cat.jpg")
    assert await search(alice, "me/cats", "cat") == []
    assert await search(anyone, await share(alice, "me/cats"), "cat") == []


async def test_nothing_of_other_accounts_is_found(alice: Person, bob: Person, way: str):
    await put(alice, "me/same name.txt")
    await put(bob, "me/same name.txt", "me/bobs/same name.txt")
    assert await search(alice, "me", "same") == ["/me/same name.txt"]


async def test_a_deleted_directory_is_not_searched(alice: Person, site: Site, way: str):
    await put(alice, "me/gone/cat.jpg", "me/here/cat.jpg")
    await site.db.execute("UPDATE nodes SET parent_id = NULL, is_cut_off = true WHERE name = 'gone'")
    assert await search(alice, "me", "cat") == ["/me/here/cat.jpg"]


async def test_a_moved_directory_is_found_where_it_is(alice: Person, way: str):
    await put(alice, "me/old/cat.jpg", "me/new/x")
    await alice.post("/api/filesystem/me/old", data={"action": "rename", "target": "/me/new/place"})
    assert await search(alice, "me", "cat") == ["/me/new/place/cat.jpg"]
    assert await search(alice, "me", "old") == []


async def test_what_is_shared_with_others_only_is_left_out_and_what_is_open_within_it_is_not(
    alice: Person, bob: Person, anyone: Person, way: str
):
    await put(alice, "me/all/cat 1", "me/all/secret/cat 2", "me/all/secret/open/cat 3", "me/all/secret/cat 4")
    bucket = await share(alice, "me/all")
    nothing = {"read": False}
    await share(alice, "me/all/secret", link_permissions=nothing, user_permissions={"bob": {"read": True}})
    await share(alice, "me/all/secret/open")
    await share(alice, "me/all/secret/cat 4", link_permissions=nothing)
    both = [f"/{bucket}/cat 1", f"/{bucket}/secret/open/cat 3"]
    assert await search(anyone, bucket, "cat") == both
    assert await search(bob, bucket, "cat") == sorted([*both, f"/{bucket}/secret/cat 2"])
    assert len(await search(alice, bucket, "cat")) == 4
    assert await search(anyone, bucket, "secret") == []


async def test_a_search_from_above_tells_nothing_of_what_is_below_a_directory_that_is_down(
    alice: Person, anyone: Person, root: Person, way: str
):
    await put(alice, "me/all/cat 1", "me/all/cats/cat 2", "me/all/cats/deep/cat 3", "me/all/cats/open/cat 4")
    bucket = await share(alice, "me/all")
    await share(alice, "me/all/cats/open")
    await block(root, f"/d/{bucket}/cats", "copyright")
    assert await search(anyone, bucket, "cat") == [f"/{bucket}/cat 1", f"/{bucket}/cats"]
    for path in ("", "/deep", "/none"):
        refused = await ask(anyone, f"{bucket}/cats{path}", "cat")
        assert refused.refusal == (451, "unavailable_for_legal_reasons")
    assert len(await search(alice, "me/all", "cat")) == 5


@pytest.mark.parametrize(("bound", "enough"), [("DIRECTORIES_MAX", 4), ("NAMES_MAX", 6)])
async def test_below_very_many_nodes_a_rare_term_is_found_and_a_frequent_one_as_far_as_is_looked(
    alice: Person, monkeypatch: pytest.MonkeyPatch, bound: str, enough: int
):
    await put(alice, "me/top/a/cat 1", "me/top/b/cat 2", "me/top/c/cat 3", "me/cat 4")
    monkeypatch.setattr(nodesearch, "SAMPLED_NAMES", 0)
    monkeypatch.setattr(nodesearch, bound, enough - 1)
    assert await search(alice, "me/top", "cat 3") == ["/me/top/c/cat 3"]
    monkeypatch.setattr(nodesearch, "LOOKED_UP_MAX", 0)
    assert len(await search(alice, "me/top", "cat")) == 2
    monkeypatch.setattr(nodesearch, bound, enough)
    assert len(await search(alice, "me/top", "cat")) == 3


async def test_a_password_opens_what_it_is_for(alice: Person, anyone: Person, way: str):
    await put(alice, "me/all/locked/cat")
    bucket = await share(alice, "me/all", password_permissions={"sesame": {"read": True}})
    await share(
        alice,
        "me/all/locked",
        link_permissions={"read": False},
        password_permissions={"sesame": {"read": True}},
    )
    path = f"/api/filesystem/{bucket}?search=cat"
    assert (await anyone.get(path)).json == []
    assert (await anyone.get(path, headers={"X-Node-Password": "sesame"})).json == [f"/{bucket}/locked/cat"]


async def test_ten_are_found_if_not_told_otherwise_and_at_most_a_thousand(alice: Person, site: Site, way: str):
    await put(alice, "me/first match")
    await site.db.execute(
        """INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at)
           SELECT owner_id, parent_id, 'match ' || n, mode, created_at, modified_at
             FROM nodes, generate_series(1, 1000) AS n WHERE name = 'first match'"""
    )
    for more, count in (("", 10), ("&limit=1", 1), ("&limit=999", 999), ("&limit=1000", 1000)):
        found = await search(alice, "me", "match", more)
        assert len(found) == len(set(found)) == count
    for limit in (0, 1001, -1):
        refused = await ask(alice, "me", "match", f"&limit={limit}")
        assert refused.refusal == (422, "integer_out_of_range")
        assert refused.json["extra"] == {"field": "limit", "min_val": 1, "max_val": 1000, "val": limit}
    assert (await ask(alice, "me", "match", "&limit=many")).refusal == (422, "integer_parse_failed")


@pytest.mark.parametrize("sign", ["x", "é", "😀"])
async def test_a_term_has_2_to_100_characters(alice: Person, sign: str):
    await put(alice, f"me/{sign * 60}")
    assert (await ask(alice, "me", sign)).refusal == (400, "search_term_too_short")
    assert await search(alice, "me", sign * 2) == [f"/me/{sign * 60}"]
    assert await search(alice, "me", sign * 100) == []
    assert (await ask(alice, "me", sign * 101)).refusal == (400, "search_term_too_long")
    for path in ("?search", "?search="):
        assert (await alice.get(f"/api/filesystem/me{path}")).refusal == (400, "search_term_too_short")


async def test_what_cannot_be_searched_is_refused(alice: Person, bob: Person, anyone: Person):
    await put(alice, "me/file.txt", "me/private/file.txt")
    shared_file = await share(alice, "me/file.txt")
    closed = await share(alice, "me/private", link_permissions={"read": False, "write": True})
    assert (await ask(alice, "me/file.txt", "file")).refusal == (400, "search_not_a_directory")
    assert (await ask(anyone, shared_file, "file")).refusal == (400, "search_not_a_directory")
    assert (await ask(alice, "me/nowhere", "file")).refusal == (404, "path_not_found")
    assert (await ask(anyone, "me", "file")).refusal == (401, "authentication_required")
    assert (await ask(anyone, "abcd1234", "file")).refusal == (404, "not_found")
    assert (await ask(bob, closed, "file")).refusal == (400, "permission_denied")
    assert (await ask(alice, "me", "a\0b")).refusal == (400, "field_contains_illegal_character")
    assert (await alice.get("/api/filesystem/me?search=%ff%ff")).refusal == (422, "utf8_string_parse_failed")
