"""PUT /filesystem/{path} where the plan, the account or a ban stands in the way."""

import asyncio

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_upload_limits import ban, in_pieces, put_head
from tests.support.elsewhere import change_rows
from tests.support.filesystem import assert_clean, used
from tests.support.people import Person


@pytest.mark.parametrize("limit", ["storage_space", "filesystem_storage_limit"])
async def test_a_filesystem_can_be_filled_to_the_last_byte_and_no_further(limited, limit: str):
    place: Place = await limited(filesystem_access=True, **{limit: 1000})
    carol = await place.person("carol")
    await carol.write("/me/a", b"x" * 600)
    assert (await carol.fs("PUT", "/me/b", data=b"y" * 401)).refusal == (400, "user_out_of_space")
    assert (await carol.fs("PUT", "/me/b", data=in_pieces(b"y" * 400, b"y"))).refusal == (400, "user_out_of_space")
    await carol.write("/me/b", b"y" * 400)
    assert (await carol.fs("PUT", "/me/c", data=b"z")).refusal == (400, "user_out_of_space")
    await carol.write("/me/c", b"")
    await carol.fs("DELETE", "/me/b")
    await carol.write("/me/c", b"z" * 400)


async def test_files_and_the_filesystem_share_the_accounts_space(limited):
    carol = await (await limited(filesystem_access=True, storage_space=1000, filesystem_storage_limit=700)).person(
        "carol"
    )
    await carol.upload("a", b"x" * 400)
    assert (await carol.fs("PUT", "/me/a", data=b"x" * 601)).refusal == (400, "user_out_of_space")
    await carol.write("/me/a", b"x" * 600)
    assert (await carol.put("/api/file/b", data=b"y")).refusal == (400, "user_out_of_space")
    assert await used(carol) == (1000, 600, 1)


@pytest.mark.parametrize("limit", ["storage_space", "filesystem_storage_limit"])
async def test_overwriting_first_frees_what_is_overwritten(limited, limit: str):
    place: Place = await limited(filesystem_access=True, **{limit: 1000})
    carol = await place.person("carol")
    await carol.write("/me/a", b"x" * 900)
    await carol.write("/me/a", b"y" * 1000)
    refused = await carol.fs("PUT", "/me/a", data=b"z" * 1001)
    assert refused.refusal == (400, "user_out_of_space")
    assert (await carol.fs("GET", "/me/a")).body == b"y" * 1000
    await carol.write("/me/a", in_pieces(b"z" * 999, b"z"))
    assert await used(carol) == (1000, 1000, 1)
    await assert_clean(place.site)


@pytest.mark.parametrize("path", ["/me/a{}", "/me/same"])
async def test_of_twenty_writes_at_once_with_room_for_one_one_wins(limited, path: str):
    place: Place = await limited(filesystem_access=True, storage_space=10)
    carol = await place.person("carol")
    if "{}" not in path:
        await carol.write("/me/other", b"other")
    size = 10 if "{}" in path else 5
    answers = await asyncio.gather(
        *(
            carol.fs("PUT", path.format(number), data=in_pieces(b"%02d" % number, b"x" * (size - 2)))
            for number in range(20)
        )
    )
    won = [answer for answer in answers if answer.status == 200]
    lost = {answer.refusal for answer in answers if answer.status != 200}
    if "{}" in path:
        assert (len(won), lost) == (1, {(400, "user_out_of_space")})
    else:
        assert (len(won), lost) == (20, set())
    assert (await used(carol))[0] == 10
    await assert_clean(place.site)


async def test_a_file_may_be_exactly_as_large_as_the_owners_plan_allows(limited):
    place: Place = await limited(filesystem_access=True, file_size_limit=1000)
    carol, dave = await place.person("carol"), await place.person("dave", plan_id="unlimited")
    assert (await carol.fs("PUT", "/me/a", data=b"x" * 1001)).refusal == (413, "file_too_large")
    assert (await carol.fs("PUT", "/me/a", data=in_pieces(b"x" * 1000, b"y"))).refusal == (413, "file_too_large")
    await carol.write("/me/a", b"x" * 1000)
    await carol.mkdir("/me/drop")
    share_id = await carol.share("/me/drop", link={"write": True})
    assert (await dave.fs("PUT", f"/{share_id}/a", data=b"x" * 1001)).refusal == (413, "file_too_large")
    assert (await dave.fs("PUT", f"/{share_id}/a", data=b"x" * 1000)).status == 200


async def test_what_others_upload_counts_for_the_owner(alice: Person, bob: Person):
    await alice.mkdir("/me/drop")
    share_id = await alice.share("/me/drop", link={"read": True, "write": True})
    node = await bob.write(f"/{share_id}/sub/a", b"12345")
    assert (node["path"], node["created_by"]) == (f"/{share_id}/sub/a", "bob")
    assert await used(alice) == (5, 5, 3)
    assert await used(bob) == (0, 0, 0)


async def test_without_transfer_left_nothing_is_written_until_the_next_month(limited, site: Site, clock):
    place: Place = await limited(filesystem_access=True, monthly_transfer_cap=1000)
    carol = await place.person("carol")
    await carol.write("/me/a", b"x")
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    node_id = await site.db.fetchval("SELECT id FROM nodes WHERE name = 'a'")
    usage = "INSERT INTO node_usage (node_id, slot, bandwidth_paid_bytes) VALUES ($1, $2, $3)"
    await site.db.execute(usage, node_id, month, 999)
    await carol.write("/me/b", b"x")
    await site.db.execute("UPDATE node_usage SET bandwidth_paid_bytes = 1000")
    for path in ("/me/a", "/me/c"):
        assert (await carol.fs("PUT", path, data=b"x")).refusal == (400, "out_of_transfer")
    line = await put_head(carol, place.port, "/api/filesystem/me/c", "Content-Length: 1")
    assert line.startswith(b"HTTP/1.1 400 ")
    clock.advance(days=31)
    await carol.write("/me/c", b"x")


async def test_a_banned_account_or_address_writes_nothing(alice: Person, site: Site, nothing_is_stored):
    await alice.mkdir("/me/a")
    await ban(site, "127.0.0.0/8", seconds=60)
    assert (await alice.fs("PUT", "/me/f", data=b"x")).refusal == (403, "ip_banned")
    await site.db.execute("DELETE FROM ip_bans")
    await change_rows(site, "UPDATE users SET banned_at = now() WHERE name = 'alice'")
    for answer in (
        await alice.fs("PUT", "/me/f", data=b"x"),
        await alice.act("/me/b", "mkdir"),
        await alice.act("/me/a", "rename", target="/me/b"),
        await alice.act("/me/a", "update", mode="755"),
        await alice.act("/me/a", "import", files=[]),
        await alice.fs("DELETE", "/me/a"),
    ):
        assert answer.refusal == (403, "account_banned")
    await change_rows(site, "UPDATE users SET banned_at = NULL WHERE name = 'alice'")
    assert await alice.names("/me") == ["a"]
    assert await nothing_is_stored()


async def test_a_refused_write_is_never_asked_for_its_body(limited, anyone: Person, site: Site):
    place: Place = await limited(
        filesystem_access=True, file_size_limit=2000, storage_space=1500, directory_children_limit=4
    )
    carol, dave = await place.person("carol"), await place.person("dave")
    await carol.write("/me/full/a/f", b"x" * 600)
    await carol.mkdir("/me/full/b", "/me/full/c", "/me/full/d")
    share_id = await carol.share("/me/full/a", link={"read": True, "write": True})
    read_only = await carol.share("/me/full/b")

    async def status(path: str, *headers: str, person: Person = carol) -> bytes:
        line = await put_head(person, place.port, f"/api/filesystem{path}", *(headers or ("Content-Length: 900",)))
        return line.split(b" ")[1]

    assert await status("/me/x") == b"100"
    assert await status("/me/x", "Transfer-Encoding: chunked") == b"100"
    assert await status("/me/x", "Content-Length: 901") == b"400"
    assert await status("/me/full/a/f", "Content-Length: 1500") == b"100"
    assert await status("/me/full/a/f", "Content-Length: 1501") == b"400"
    assert await status("/me/x", "Content-Length: 2001") == b"413"
    assert await status("/me/x", "Content-Length: 9", "Content-Type: multipart/form-data") == b"400"
    assert await status("/me/x", "Content-Length: 9", "Content-MD5: x") == b"422"
    assert await status("/me/x?mode=9") == b"422"
    assert await status("/me/full") == b"400"
    assert await status("/me/full/e") == b"400"
    assert await status("/me/full/a/f/x") == b"400"
    assert await status("/me/missing/x") == b"404"
    assert await status("/me/missing/x?make_parents") == b"100"
    assert await status("/me/" + "x" * 256) == b"422"
    assert await status("/nothing1/x") == b"404"
    assert await status("/me/%FF") == b"422"
    assert await status("/me/x", person=anyone) == b"401"
    assert await status(f"/{share_id}/x", person=dave) == b"100"
    assert await status(f"/{share_id}/x?shared=true", person=dave) == b"400"
    assert await status(f"/{share_id}/x", person=anyone) == b"400"
    assert await status(f"/{read_only}/x", person=dave) == b"400"
    await ban(site, "127.0.0.1/32", seconds=3600)
    assert await status("/me/x") == b"403"
