"""Many at once in one filesystem: the tree stays a tree, no counter drifts, no reader gets a mixture."""

import asyncio
import hashlib
import random
from collections import Counter

from pixelhost.blobs.contract import OpenBlob
from pixelhost.core import storage
from pixelhost.db import nodes
from pixelhost.site import Site
from tests.support.filesystem import assert_clean, counts_of_children_are_right
from tests.support.people import Answer, Person


async def assert_tree(site: Site, count: int) -> None:
    """All of `count` nodes hang on a root, each once: no circle, nothing lost, nothing cut off."""
    reached = await site.db.fetchval(
        """WITH RECURSIVE tree (id) AS (
               SELECT id FROM nodes WHERE parent_id IS NULL AND NOT is_cut_off
                UNION ALL
               SELECT n.id FROM tree JOIN nodes n ON n.parent_id = tree.id)
           SELECT count(*) FROM tree"""
    )
    assert reached == await site.db.fetchval("SELECT count(*) FROM nodes") == count
    assert await counts_of_children_are_right(site)
    await assert_clean(site)


def expected_of(answers: list[Answer], *refusals: str) -> Counter[str]:
    """How often what was answered; nothing but success and `refusals`, never a failure of the server."""
    counted = Counter("done" if answer.status in {200, 201} else answer.value for answer in answers)
    assert set(counted) <= {"done", *refusals}, counted
    return counted


async def test_of_two_directories_moved_into_each_other_one_moves(alice: Person, site: Site):
    for _ in range(10):
        await alice.mkdir("/me/a", "/me/b")
        answers = await asyncio.gather(
            alice.act("/me/a", "rename", target="/me/b/a"), alice.act("/me/b", "rename", target="/me/a/b")
        )
        assert expected_of(answers, "path_not_found", "circular_dependency")["done"] == 1
        await assert_tree(site, 3)
        await alice.fs("DELETE", "/me", "?recursive")


async def test_moves_that_cross_leave_a_tree(alice: Person, site: Site):
    names = [f"d{number}" for number in range(12)]
    await alice.mkdir(*(f"/me/{name}" for name in names))
    shares = {name: await alice.share(f"/me/{name}") for name in names}
    for name in names:
        await alice.write(f"/{shares[name]}/f", name.encode())
    rng = random.Random(20240204)

    async def move(name: str) -> list[Answer]:
        answers = []
        for _ in range(8):
            # Where the directory is now, as far as one can know, to inside another one.
            path = await site.db.fetchrow(
                """WITH RECURSIVE up (parent_id, path) AS (
                       SELECT parent_id, name FROM nodes WHERE name = $1
                        UNION ALL
                       SELECT n.parent_id, n.name || '/' || path FROM up JOIN nodes n ON n.id = up.parent_id
                        WHERE n.name <> '')
                   SELECT path FROM up ORDER BY length(path) DESC LIMIT 1""",
                name,
            )
            into = rng.choice([f"/{shares[other]}" for other in names if other != name] + ["/me"])
            answers.append(await alice.act(f"/me/{path['path']}", "rename", target=f"{into}/{name}"))
        return answers

    rounds = await asyncio.gather(*(move(name) for name in names))
    counted = expected_of([answer for one in rounds for answer in one], "path_not_found", "circular_dependency")
    assert counted["done"] > 0
    await assert_tree(site, 1 + 2 * len(names))
    for name in names:
        assert (await alice.fs("GET", f"/{shares[name]}/f")).body == name.encode()


async def test_writes_and_recursive_deletes_leave_no_orphans(alice: Person, site: Site):
    await alice.mkdir("/me/d")
    rng = random.Random(7)

    async def write() -> list[Answer]:
        query = "?make_parents"
        return [
            await alice.fs("PUT", f"/me/d/{rng.randrange(3)}/{rng.randrange(3)}/f", query, data=rng.randbytes(50))
            for _ in range(10)
        ]

    async def delete() -> list[Answer]:
        targets = ("/me/d", "/me/d/1", "/me/d/2/2")
        return [await alice.fs("DELETE", rng.choice(targets), "?recursive") for _ in range(8)]

    rounds = await asyncio.gather(*(write() for _ in range(5)), *(delete() for _ in range(3)))
    expected_of([answer for one in rounds for answer in one], "path_not_found")
    await assert_tree(site, await site.db.fetchval("SELECT count(*) FROM nodes"))
    assert (await alice.fs("DELETE", "/me", "?recursive")).status == 200
    await assert_tree(site, 1)
    user = (await alice.get("/api/user")).json
    assert (user["storage_space_used"], user["filesystem_node_count"]) == (0, 0)


async def test_of_many_writes_to_one_new_path_the_last_one_stays_whole(alice: Person, site: Site):
    contents = [hashlib.sha256(b"%d" % number).digest() * 100 for number in range(16)]
    answers = await asyncio.gather(*(alice.fs("PUT", "/me/a/b/f", "?make_parents", data=one) for one in contents))
    assert expected_of(answers) == {"done": 16}
    assert (await alice.fs("GET", "/me/a/b/f")).body in contents
    await assert_tree(site, 4)


async def test_the_same_bytes_at_many_paths_are_kept_once_and_counted_right(alice: Person, bob: Person, site: Site):
    async def write_and_delete(person: Person, name: str) -> list[Answer]:
        answers = []
        for _ in range(4):
            answers.append(await person.fs("PUT", f"/me/{name}", data=b"the same bytes"))
            answers.append(await person.fs("DELETE", f"/me/{name}"))
        return answers

    rounds = await asyncio.gather(*(write_and_delete(person, f"{n}") for n in range(6) for person in (alice, bob)))
    assert expected_of([answer for one in rounds for answer in one]) == {"done": 96}
    await alice.write("/me/last", b"the same bytes")
    assert (await alice.fs("GET", "/me/last")).body == b"the same bytes"
    await assert_tree(site, 3)


async def test_accounts_that_swap_contents_dont_block_each_other(alice: Person, bob: Person, site: Site):
    one, other = b"one" * 1000, b"other" * 1000

    async def swap(person: Person, first: bytes, second: bytes) -> list[Answer]:
        return [await person.fs("PUT", "/me/f", data=data) for _ in range(12) for data in (first, second)]

    rounds = await asyncio.gather(swap(alice, one, other), swap(bob, other, one))
    assert expected_of([answer for answers in rounds for answer in answers]) == {"done": 48}
    await assert_tree(site, 4)


async def test_an_overwrite_locks_old_and_new_bytes_in_order(alice: Person, bob: Person, site: Site):
    """The same race without luck: each has locked one blob before it asks for the other."""
    low, high = sorted([b"one", b"other"], key=lambda data: hashlib.sha256(data).digest())
    await alice.write("/me/f", low)
    await bob.write("/me/f", high)
    ids = {
        row["name"]: row["id"]
        for row in await site.db.fetch(
            "SELECT u.name, n.id FROM nodes n JOIN users u ON u.id = n.owner_id WHERE n.name = 'f'"
        )
    }

    async def overwrite(person: Person, blob_of: str) -> None:
        async with site.db.acquire() as tx, tx.transaction():
            node, other = await nodes.by_id(tx, ids[person.name]), await nodes.by_id(tx, ids[blob_of])
            assert other.blob is not None
            await nodes.overwrite(
                tx,
                node.id,
                other.blob,
                "",
                created_at=node.created_at,
                modified_at=node.modified_at,
                mode=0,
                now=site.clock.now(),
            )

    for _ in range(30):
        await asyncio.gather(overwrite(alice, "bob"), overwrite(bob, "alice"))
    await assert_tree(site, 4)


async def test_accounts_that_import_the_same_files_dont_block_each_other(alice: Person, bob: Person, site: Site):
    contents = [b"%d" % number for number in range(12)]
    ids = {
        person: [await person.upload(f"{number}", data) for number, data in enumerate(contents)]
        for person in (alice, bob)
    }

    async def import_all(person: Person, step: int) -> list[Answer]:
        answers = []
        for number in range(4):
            await person.mkdir(f"/me/{number}")
            answers.append(await person.act(f"/me/{number}", "import", files=ids[person][::step]))
        return answers

    rounds = await asyncio.gather(import_all(alice, 1), import_all(bob, -1))
    assert expected_of([answer for answers in rounds for answer in answers]) == {"done": 8}
    await assert_tree(site, 2 + 2 * 4 * 13)


async def test_missing_directories_made_by_many_at_once_are_made_once(alice: Person, site: Site):
    answers = await asyncio.gather(
        *(alice.fs("PUT", f"/me/a/b/c/{number}", "?make_parents", data=b"x") for number in range(10)),
        *(alice.act(f"/me/a/b/d{number}", "mkdirall") for number in range(10)),
    )
    assert expected_of(answers) == {"done": 20}
    await assert_tree(site, 4 + 20)


async def test_of_many_that_make_one_directory_one_has_made_it(alice: Person, site: Site):
    for action in ("mkdir", "mkdirall"):
        answers = await asyncio.gather(*(alice.act(f"/me/{action}", action) for _ in range(16)))
        assert sorted(answer.status for answer in answers) == [201] + [400] * 15
        assert expected_of(answers, "node_already_exists")["done"] == 1
    await assert_tree(site, 3)


async def test_of_many_moved_to_one_place_one_arrives(alice: Person, site: Site):
    for number in range(10):
        await alice.write(f"/me/{number}", b"%d" % number)
    answers = await asyncio.gather(*(alice.act(f"/me/{n}", "rename", target="/me/goal") for n in range(10)))
    assert expected_of(answers, "node_already_exists") == {"done": 1, "node_already_exists": 9}
    await assert_tree(site, 11)


async def test_one_node_shared_by_many_at_once_has_one_id(alice: Person, site: Site):
    await alice.mkdir("/me/d")
    answers = await asyncio.gather(*(alice.act("/me/d", "update", shared=True) for _ in range(10)))
    assert len({answer.json["id"] for answer in answers}) == 1


async def test_a_domain_asked_for_by_two_at_once_goes_to_one(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    await bob.mkdir("/me/d")
    for number in range(10):
        name = f"d{number}.example.com"
        answers = await asyncio.gather(*(who.act("/me/d", "update", custom_domain_name=name) for who in (alice, bob)))
        assert expected_of(answers, "resource_already_exists") == {"done": 1, "resource_already_exists": 1}


SIZE = 200_000
VERSIONS = [bytes([65 + number]) * SIZE for number in range(4)]
VERSION_OF = {f'"{hashlib.sha256(version).hexdigest()}"': version for version in VERSIONS}


async def test_no_reader_ever_gets_a_mixture_of_two_versions(alice: Person, bob: Person, site: Site):
    await alice.write("/me/d/f", VERSIONS[0])
    share_id = await alice.share("/me/d", user={"bob": {"read": True, "write": True}})
    writing = True
    seen: Counter[str] = Counter()

    async def overwrite(person: Person, versions: list[bytes]) -> None:
        for number in range(12):
            await person.write(f"/{share_id}/f", versions[number % 2])

    async def read_in_ranges(seed: int) -> None:
        rng = random.Random(seed)
        while writing:
            first = await bob.fs("GET", f"/{share_id}/f", headers={"Range": "bytes=0-99999"})
            etag = first.headers["ETag"]
            assert first.status == 206
            assert first.body == VERSION_OF[etag][:100_000]
            header = rng.choice(["If-Range", "If-Match"])
            rest = await bob.fs("GET", f"/{share_id}/f", headers={"Range": "bytes=100000-", header: etag})
            if rest.status == 206:
                assert rest.headers["ETag"] == etag
                assert first.body + rest.body == VERSION_OF[etag]
                seen["resumed"] += 1
            elif header == "If-Range":
                assert (rest.status, rest.body) == (200, VERSION_OF[rest.headers["ETag"]])
                seen["started anew"] += 1
            else:
                assert rest.status == 412
                seen["started anew"] += 1
            whole = await bob.fs("GET", f"/{share_id}/f")
            assert whole.body == VERSION_OF[whole.headers["ETag"]]

    readers = [asyncio.create_task(read_in_ranges(seed)) for seed in range(20)]
    await asyncio.gather(overwrite(alice, VERSIONS[:2]), overwrite(bob, VERSIONS[2:]))
    writing = False
    await asyncio.gather(*readers)
    assert seen["resumed"]
    assert seen["started anew"]
    await assert_tree(site, 4)


async def test_a_reader_whose_version_is_swept_before_it_is_opened_gets_the_next(limited, monkeypatch):
    place = await limited({"sweep_grace_seconds": 0}, filesystem_access=True)
    carol = await place.person("carol")
    await carol.write("/me/f", b"the old version")
    store_open = place.site.store.open

    async def open_late(location: str) -> OpenBlob:
        monkeypatch.undo()
        await carol.write("/me/f", b"the new version")
        assert await storage.sweep(place.site) == 1
        return await store_open(location)

    monkeypatch.setattr(place.site.store, "open", open_late)
    got = await carol.fs("GET", "/me/f")
    assert (got.status, got.body) == (200, b"the new version")
    assert got.headers["ETag"] == f'"{hashlib.sha256(b"the new version").hexdigest()}"'


async def test_a_reader_whose_file_is_deleted_and_swept_before_it_is_opened_finds_none(limited, monkeypatch):
    place = await limited({"sweep_grace_seconds": 0}, filesystem_access=True)
    carol = await place.person("carol")
    await carol.write("/me/f")
    store_open = place.site.store.open

    async def open_late(location: str) -> OpenBlob:
        monkeypatch.undo()
        await carol.fs("DELETE", "/me/f")
        assert await storage.sweep(place.site) == 1
        return await store_open(location)

    monkeypatch.setattr(place.site.store, "open", open_late)
    assert (await carol.fs("GET", "/me/f")).refusal == (404, "path_not_found")


async def test_a_zip_read_while_its_files_change_is_whole_or_cut(alice: Person):
    for number in range(5):
        await alice.write(f"/me/d/{number}", VERSIONS[0][:70_000])

    async def overwrite() -> None:
        for number in range(15):
            await alice.write(f"/me/d/{number % 5}", VERSIONS[number % 4][:70_000])

    async def read() -> list[Answer]:
        return [await alice.fs("GET", "/me/d", "?bulk_download") for _ in range(6)]

    *rounds, _ = await asyncio.gather(*(read() for _ in range(4)), overwrite())
    by_etag: dict[str, set[bytes]] = {}
    for answers in rounds:
        for answer in answers:
            by_etag.setdefault(answer.headers["ETag"], set()).add(answer.body)
    assert {len(bodies) for bodies in by_etag.values()} == {1}
