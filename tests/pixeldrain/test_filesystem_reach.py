"""How deep and how long the paths below a directory get when it moves."""

import asyncio
import io
import zipfile

import pytest

from pixelhost.site import Site
from tests.support.filesystem import assert_clean
from tests.support.people import Person

TOO_DEEP, TOO_LONG = (400, "too_many_nested_levels"), (422, "path_too_long")


def levels(count: int) -> str:
    return "/d" * count


async def make(person: Person, path: str, kind: str) -> None:
    """A file or an empty directory, with those above it."""
    if kind == "file":
        await person.write(path)
    else:
        await person.mkdir(path)


async def rename(person: Person, path: str, target: str) -> tuple[int, str]:
    answer = await person.act(path, "rename", target=target, make_parents=True)
    return (200, "") if answer.status == 200 else answer.refusal


@pytest.mark.parametrize("kind", ["file", "dir"])
async def test_the_deepest_node_of_a_directory_that_moves_has_at_most_64_levels(alice: Person, kind: str):
    await make(alice, f"/me/top{levels(60)}/deepest", kind)
    await alice.write("/me/top/beside")
    assert await rename(alice, "/me/top", "/me/1/2/3/top") == TOO_DEEP
    assert await alice.names("/me") == ["top"]
    assert await rename(alice, "/me/top", "/me/1/2/top") == (200, "")
    assert len((await alice.stat(f"/me/1/2/top{levels(60)}/deepest"))["path"]) == 65
    assert await rename(alice, "/me/1/2/top", "/me/1/2/3/top") == TOO_DEEP
    assert await rename(alice, "/me/1/2/top", "/me/1/2/another name") == (200, "")


@pytest.mark.parametrize("kind", ["file", "dir"])
@pytest.mark.parametrize("letter", ["n", "é", "💥"])
async def test_the_longest_path_below_a_directory_that_moves_has_at_most_4095_bytes(
    alice: Person, kind: str, letter: str
):
    below = ("/" + letter * (248 // len(letter.encode()))) * 16  # 16 x 249 = 3984 bytes
    await make(alice, f"/me/top{below}", kind)
    await alice.write(f"/me/top{below.rpartition('/')[0]}/short")
    longest = "t" * (4095 - len(f"/me/{below}".encode()))
    assert len(f"/me/{longest}{below}".encode()) == 4095
    assert await rename(alice, "/me/top", f"/me/{longest}t") == TOO_LONG
    assert await rename(alice, "/me/top", f"/me/{longest[:50]}/{longest[50:]}") == TOO_LONG
    assert await alice.names("/me") == ["top"]
    assert await rename(alice, "/me/top", f"/me/{longest}") == (200, "")
    assert (await alice.node(f"/me/{longest}{below}"))["path"] == f"/me/{longest}{below}"
    assert await rename(alice, f"/me/{longest}", f"/me/{longest}t") == TOO_LONG
    assert await rename(alice, f"/me/{longest}", f"/me/{longest[:50]}/{longest[51:]}") == (200, "")


async def test_the_longest_name_is_found_wherever_it_is(alice: Person):
    """Its directory's path grows to 3839 bytes, which leaves room for any name, and then to 3840, which doesn't."""
    directory = "/me/t" + ("/" + "n" * 254) * 15 + "/n" * 4
    assert len(directory) == 3838
    await alice.write(f"{directory[:-2]}/x")
    await alice.write(f"{directory}/{'f' * 255}")
    assert await rename(alice, "/me/t", "/me/tt") == (200, "")
    assert await rename(alice, "/me/tt", "/me/ttt") == TOO_LONG


async def test_a_directory_can_be_too_deep_and_too_long_at_once(alice: Person):
    await alice.mkdir(f"/me/top{levels(62)}/{'n' * 255}", f"/me/{'/'.join(['n' * 255] * 15)}")
    refused = await alice.act("/me/top", "rename", target=f"/me/{'/'.join(['n' * 255] * 15)}/top")
    assert refused.refusal == (400, "multiple_errors")
    assert {error["value"] for error in refused.json["errors"]} == {"path_too_long", "too_many_nested_levels"}


async def test_what_lies_below_is_measured_from_the_root_also_through_shares(alice: Person):
    await alice.write(f"/me/a/top{levels(31)}/f")
    await alice.mkdir(f"/me/b{levels(30)}")
    source, goal = await alice.share("/me/a"), await alice.share(f"/me/b{levels(30)}")
    assert await rename(alice, f"/{source}/top", f"/{goal}/d/top") == TOO_DEEP
    assert await rename(alice, f"/{source}/top", f"/{goal}/top") == (200, "")


async def test_what_is_past_the_limits_already_still_moves_up(alice: Person, site: Site):
    await alice.mkdir(f"/me/top{levels(40)}", f"/me/other{levels(40)}")
    bottom = max(await site.db.fetch("SELECT id FROM nodes"))["id"]
    await site.db.execute("UPDATE nodes SET parent_id = $1 WHERE name = 'top'", bottom)
    assert await rename(alice, f"/me/other{levels(40)}/top", f"/me/other{levels(40)}/pot") == (200, "")
    assert await rename(alice, f"/me/other{levels(40)}/pot", f"/me/other{levels(39)}/pot") == (200, "")
    assert await rename(alice, f"/me/other{levels(39)}/pot", f"/me/other{levels(39)}/e/pot") == TOO_DEEP
    assert await rename(alice, f"/me/other{levels(39)}/pot", "/me/pot") == (200, "")
    await assert_clean(site)


async def test_an_import_reaches_the_limits_and_not_past_them(alice: Person):
    file_id = await alice.upload("f" * 100)
    for at, past, refusal in (
        (f"/me{levels(63)}", f"/me{levels(64)}", TOO_DEEP),
        ("/me" + ("/" + "n" * 249) * 15 + "/" + "n" * 240, "/me" + ("/" + "n" * 249) * 15 + "/" + "n" * 241, TOO_LONG),
    ):
        await alice.mkdir(at, past)
        assert (await alice.act(past, "import", files=[file_id])).refusal == refusal
        assert (await alice.act(at, "import", files=[file_id])).status == 201
    assert len(f"{at}/{'f' * 100}") == 4095


async def test_a_tree_at_the_limits_is_downloaded_as_a_zip(alice: Person):
    below = "/n" * 48 + ("/" + "n" * 255) * 15
    await alice.write(f"/me/t{below}", b"x")
    name = "t" * (4095 - len(f"/me/{below}"))
    assert await rename(alice, "/me/t", f"/me/{name}") == (200, "")
    answer = await alice.fs("GET", "/me", "?bulk_download")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert max(archive.namelist(), key=len) == f"{name}{below}"


@pytest.mark.parametrize("attempt", range(5))
async def test_of_two_moves_that_together_reach_too_deep_one_is_refused(alice: Person, site: Site, attempt: int):
    del attempt
    await alice.mkdir(f"/me/a{levels(29)}", f"/me/b{levels(29)}", "/me/c" + levels(5))
    into_b = await alice.share(f"/me/b{levels(29)}")
    outcomes = await asyncio.gather(
        rename(alice, "/me/a", f"/{into_b}/a"), rename(alice, "/me/b", f"/me/c{levels(4)}/d/b")
    )
    assert sorted(outcomes) == [(200, ""), TOO_DEEP]
    await assert_clean(site)


@pytest.mark.parametrize("attempt", range(5))
async def test_of_a_move_down_and_a_file_at_the_bottom_one_is_refused(alice: Person, attempt: int):
    del attempt
    await alice.mkdir("/me/a", "/me/b")
    share_id = await alice.share("/me/a")

    async def put() -> tuple[int, str]:
        answer = await alice.fs("PUT", f"/{share_id}{levels(62)}/f", "?make_parents", data=b"x")
        return (200, "") if answer.status == 200 else answer.refusal

    assert sorted(await asyncio.gather(put(), rename(alice, "/me/a", "/me/b/a"))) == [(200, ""), TOO_DEEP]
