"""DELETE /filesystem/{path}."""

import asyncio

import pytest

from pixelhost.core import nodedeletion, storage
from pixelhost.site import Site
from tests.support.filesystem import assert_clean, counts_of_children_are_right, used
from tests.support.people import Person

DONE = {"success": True, "value": "ok", "message": "The requested action was successfully performed"}


async def test_a_file_is_deleted_and_counts_no_more(alice: Person, site: Site, clock):
    await alice.write("/me/d/a", b"12345")
    await alice.write("/me/d/b", b"12345")
    answer = await alice.fs("DELETE", "/me/d/a")
    assert (answer.status, answer.json) == (200, DONE)
    assert (await alice.fs("GET", "/me/d/a")).refusal == (404, "path_not_found")
    assert await used(alice) == (5, 5, 2)
    assert (await alice.fs("DELETE", "/me/d/a")).refusal == (404, "path_not_found")
    await alice.fs("DELETE", "/me/d/b")
    assert await used(alice) == (0, 0, 1)
    await assert_clean(site)
    clock.advance(days=10)
    assert await storage.sweep(site) == 1


async def test_only_an_empty_directory_is_deleted_without_asking_twice(alice: Person):
    await alice.mkdir("/me/d/sub")
    for query in ("", "?recursive=false", "?x"):
        assert (await alice.fs("DELETE", "/me/d", query)).refusal == (400, "directory_not_empty")
    assert (await alice.fs("DELETE", "/me/d/sub")).status == 200
    assert (await alice.fs("DELETE", "/me/d")).status == 200
    assert await alice.names("/me") == []


@pytest.mark.parametrize("query", ["?recursive", "?recursive=", "?recursive=true", "?recursive=1"])
async def test_a_directory_goes_with_all_that_is_below(alice: Person, site: Site, query: str):
    for name in ("a", "b/c", "b/d/e", "b/d/f"):
        await alice.write(f"/me/top/{name}", name.encode())
    await alice.write("/me/kept", b"kept")
    assert (await alice.fs("DELETE", "/me/top", query)).status == 200
    assert await alice.names("/me") == ["kept"]
    assert await used(alice) == (4, 4, 1)
    assert await site.db.fetchval("SELECT count(*) FROM nodes") == 2
    await assert_clean(site)
    assert await counts_of_children_are_right(site)


async def test_a_file_may_be_deleted_recursively_too(alice: Person):
    await alice.write("/me/a")
    assert (await alice.fs("DELETE", "/me/a", "?recursive")).status == 200


@pytest.mark.parametrize("path", ["/me", "share"])
async def test_a_buckets_root_is_emptied_and_stays(alice: Person, site: Site, path: str):
    await alice.write("/me/d/a/b")
    await alice.write("/me/d/c")
    share_id = await alice.share("/me/d")
    root = "/me" if path == "/me" else f"/{share_id}"
    assert (await alice.fs("DELETE", root)).refusal == (400, "directory_not_empty")
    assert (await alice.fs("DELETE", root, "?recursive")).status == 200
    assert await alice.names(root) == []
    assert (await alice.fs("DELETE", root)).status == 200
    assert (await used(alice))[2] == (0 if path == "/me" else 1)
    assert (await alice.node(root))["type"] == "dir"
    await assert_clean(site)


async def test_a_shared_file_is_deleted_by_its_id(alice: Person):
    await alice.write("/me/a")
    share_id = await alice.share("/me/a")
    assert (await alice.fs("DELETE", f"/{share_id}")).status == 200
    assert (await alice.fs("GET", f"/{share_id}")).refusal == (404, "not_found")
    assert await alice.names("/me") == []


async def test_what_is_deleted_is_gone_through_every_share_too(alice: Person, anyone: Person):
    await alice.write("/me/d/e/f")
    ids = [await alice.share(path) for path in ("/me/d", "/me/d/e", "/me/d/e/f")]
    await alice.fs("DELETE", "/me/d", "?recursive")
    for share_id in ids:
        assert (await anyone.fs("GET", f"/{share_id}")).refusal == (404, "not_found")


async def test_a_name_is_free_again_at_once(alice: Person):
    await alice.write("/me/d/a", b"old")
    await alice.fs("DELETE", "/me/d", "?recursive")
    await alice.write("/me/d", b"a file now")
    assert (await alice.fs("GET", "/me/d")).body == b"a file now"


@pytest.fixture
async def interrupted(alice: Person, site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A process that died between taking a directory out and deleting what is below; the shares in it."""
    await alice.write("/me/kept", b"12345")
    await alice.write("/me/d/e/f", b"1234567")
    ids = [await alice.share(path) for path in ("/me/d", "/me/d/e", "/me/d/e/f")]

    async def dies(*_: object) -> None:
        raise SystemError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(nodedeletion, "_delete_trees", dies)
        assert (await alice.fs("DELETE", "/me/d", "?recursive")).status == 500
    assert await site.db.fetchval("SELECT count(*) FROM nodes WHERE is_cut_off") == 1
    return ids


async def test_what_an_interrupted_delete_left_is_invisible(
    alice: Person, anyone: Person, site: Site, interrupted: list[str]
):
    assert await alice.names("/me") == ["kept"]
    assert (await alice.fs("GET", "/me/d/e/f")).refusal == (404, "path_not_found")
    for share_id, person in zip(interrupted * 2, [alice] * 3 + [anyone] * 3, strict=True):
        for answer in (
            await person.fs("GET", f"/{share_id}"),
            await person.fs("GET", f"/{share_id}", "?stat"),
            await person.fs("PUT", f"/{share_id}/new", data=b"x"),
            await person.act(f"/{share_id}/new", "mkdir"),
            await person.act(f"/{share_id}", "update", mode="600"),
            await person.fs("DELETE", f"/{share_id}", "?recursive"),
        ):
            assert answer.refusal == (404, "not_found")
        moved = await alice.act("/me/kept", "rename", target=f"/{share_id}/kept")
        assert moved.refusal == (404, "not_found")
    await alice.write("/me/d/e/f", b"again")
    await assert_clean(site)
    assert await counts_of_children_are_right(site)


async def test_an_interrupted_delete_is_finished_later(alice: Person, site: Site, interrupted: list[str]):
    assert await nodedeletion.go_on(site) == 1
    assert await nodedeletion.go_on(site) == 0
    assert await site.db.fetchval("SELECT count(*) FROM nodes") == 2
    assert await used(alice) == (5, 5, 1)
    assert (await alice.fs("GET", "/me/kept")).body == b"12345"
    await assert_clean(site)
    assert await counts_of_children_are_right(site)


async def test_a_large_tree_is_deleted_in_pieces(alice: Person, site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nodedeletion, "DELETED_AT_ONCE", 3)
    for number in range(10):
        await alice.write(f"/me/d/{number % 3}/{number}")
    assert (await alice.fs("DELETE", "/me/d", "?recursive")).status == 200
    assert await site.db.fetchval("SELECT count(*) FROM nodes") == 1
    await assert_clean(site)


async def test_a_bucket_with_thousands_of_children_is_emptied_in_seconds(alice: Person, site: Site):
    await alice.mkdir("/me/d/sub")
    share_id = await alice.share("/me/d")
    await site.db.execute(
        """INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at)
           SELECT owner_id, id, g::text, 448, now(), now() FROM nodes, generate_series(1, 3000) g WHERE name = 'd'"""
    )
    async with asyncio.timeout(60):
        assert (await alice.fs("DELETE", f"/{share_id}", "?recursive")).status == 200
    assert await alice.names("/me/d") == []
    assert await site.db.fetchval("SELECT count(*) FROM nodes") == 2
    assert (await used(alice))[2] == 1
    assert await counts_of_children_are_right(site)


async def test_deleting_an_account_deletes_its_filesystem(alice: Person, bob: Person, site: Site, clock):
    await alice.write("/me/d/a", b"same")
    await bob.write("/me/b", b"same")
    await alice.write("/me/c", b"alice's alone")
    await site.db.execute("DELETE FROM users WHERE name = 'alice'")
    assert await site.db.fetchval("SELECT count(*) FROM nodes") == 2
    await assert_clean(site)
    clock.advance(days=10)
    assert await storage.sweep(site) == 1
    assert (await bob.fs("GET", "/me/b")).body == b"same"
