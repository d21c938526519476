"""GET /filesystem/{path}?bulk_download: a directory as a zip."""

import asyncio
import io
import os
import random
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from pixelhost.site import Site
from tests.pixeldrain.test_download_zip import members
from tests.support.people import Person


async def archive(person: Person, path: str) -> dict[str, bytes]:
    return members(await person.fs("GET", path, "?bulk_download"))


def unpack(archive: Path, target: Path) -> None:
    """By unzip, or where that is not installed by Python's own module."""
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-q", archive, "-d", target], check=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    else:
        shutil.unpack_archive(archive, target)


async def test_a_directory_comes_as_a_zip_of_known_length(alice: Person):
    await alice.write("/me/docs/a.txt", b"aaa")
    await alice.write("/me/docs/sub/grüße.bin", b"b" * 200_000)
    await alice.write("/me/docs/sub/empty", b"")
    await alice.mkdir("/me/docs/empty dir")
    got = await alice.fs("GET", "/me/docs", "?bulk_download")
    assert members(got) == {
        "a.txt": b"aaa",
        "empty dir/": b"",
        "sub/": b"",
        "sub/empty": b"",
        "sub/grüße.bin": b"b" * 200_000,
    }
    assert got.headers["Content-Disposition"].startswith('attachment; filename="docs.zip"')
    head = await alice.fs("HEAD", "/me/docs", "?bulk_download")
    assert head.headers["Content-Length"] == str(len(got.body))


async def test_unzip_makes_of_it_what_was_there(alice: Person, tmp_path: Path):
    there = {
        "plain.txt": b"1",
        "sub/deep/er/file": b"2" * 100_000,
        "写真/💥.png": b"3",
        "a b/c+d": b"4",
        "CASE/x": b"5",
        "sub/.hidden": b"6",
    }
    for name, data in there.items():
        await alice.write(f"/me/top/{name}", data)
    await alice.mkdir("/me/top/empty/er")
    (tmp_path / "a.zip").write_bytes((await alice.fs("GET", "/me/top", "?bulk_download")).body)
    target = tmp_path / "out"
    await asyncio.to_thread(unpack, tmp_path / "a.zip", target)
    found = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == there
    assert (target / "empty" / "er").is_dir()


async def test_the_whole_filesystem_and_a_share_have_names_too(alice: Person, anyone: Person):
    await alice.write("/me/d/a", b"1")
    assert (await alice.fs("GET", "/me", "?bulk_download")).headers["Content-Disposition"].endswith("''me.zip")
    assert await archive(alice, "/me") == {"d/": b"", "d/a": b"1"}
    share_id = await alice.share("/me/d")
    got = await anyone.fs("GET", f"/{share_id}", "?bulk_download")
    assert got.headers["Content-Disposition"].endswith("''d.zip")
    assert members(got) == {"a": b"1"}


async def test_an_empty_directory_is_an_empty_zip(alice: Person):
    await alice.mkdir("/me/d")
    assert await archive(alice, "/me/d") == {}


async def test_a_zip_can_be_resumed_in_ranges(alice: Person):
    for name in ("a", "d/b", "d/e/c"):
        await alice.write(f"/me/{name}", name.encode() * 60_000)
    whole = await alice.fs("GET", "/me", "?bulk_download")
    pieces = []
    for start in range(0, len(whole.body), 70_001):
        headers = {"Range": f"bytes={start}-{start + 70_000}", "If-Range": whole.headers["ETag"]}
        got = await alice.fs("GET", "/me", "?bulk_download", headers=headers)
        assert got.status == 206
        pieces.append(got.body)
    assert b"".join(pieces) == whole.body
    await alice.write("/me/d/b", b"changed")
    headers = {"Range": "bytes=0-9", "If-Range": whole.headers["ETag"]}
    assert (await alice.fs("GET", "/me", "?bulk_download", headers=headers)).status == 200


async def test_names_are_safe_and_directories_of_like_names_stay_apart(alice: Person):
    names = [
        "A/x",
        "a/x",
        "C:/x",
        "..\\up/x",
        ".._up/x",
        "new\nline",
        "new\rline",
        "~",
        "e\u0301/x",
        "\u00e9/x",
        "a.txt",
        "A.TXT",
    ]
    for name in names:
        await alice.write(f"/me/{name}", name.encode())
    got = await archive(alice, "/me")
    files = {name: data for name, data in got.items() if not name.endswith("/")}
    assert sorted(files.values()) == sorted(name.encode() for name in names)
    assert len({name.casefold() for name in got}) == len(got)
    assert {data: name.partition("/")[0] for name, data in files.items() if data in {b"A/x", b"a/x"}} == {
        b"A/x": "A",
        b"a/x": "a (2)",
    }
    directories = {name for name in got if name.endswith("/")}
    assert {f"{name.rpartition('/')[0]}/" for name in files if "/" in name} == directories
    for name in got:
        assert not {"..", ".", ""} & set(name.removesuffix("/").split("/"))
        assert not {"\\", "\n", "\r", ":"} & set(name)


async def test_what_may_not_be_read_is_left_out(alice: Person, bob: Person, anyone: Person, site: Site):
    for name in ("open", "secret/a", "secret/deep/b", "secret/again/c", "for bob/d", "taken down"):
        await alice.write(f"/me/top/{name}", name.encode())
    share_id = await alice.share("/me/top")
    await alice.share("/me/top/secret", link={})
    await alice.share("/me/top/secret/again", link={"read": True})
    await alice.share("/me/top/for bob", link={}, user={"bob": {"read": True}}, password={"pass": {"read": True}})
    await site.db.execute("UPDATE nodes SET abuse_type = 'gore' WHERE name = 'taken down'")

    strangers = {"open": b"open", "secret/again/": b"", "secret/again/c": b"secret/again/c"}
    bobs = {"for bob/": b"", "for bob/d": b"for bob/d"}
    assert await archive(anyone, f"/{share_id}") == strangers
    assert await archive(bob, f"/{share_id}") == strangers | bobs
    by_password = await anyone.fs("GET", f"/{share_id}", "?bulk_download", headers={"X-Node-Password": "pass"})
    assert members(by_password) == strangers | bobs
    owners = await archive(alice, "/me/top")
    assert set(owners) == {
        "open", "secret/", "secret/a", "secret/again/", "secret/again/c", "secret/deep/", "secret/deep/b",
        "for bob/", "for bob/d",
    }  # fmt: skip


async def test_a_taken_down_directory_is_kept_back(alice: Person, site: Site):
    await alice.write("/me/d/a")
    await site.db.execute("UPDATE nodes SET abuse_type = 'gore' WHERE name = 'd'")
    refused = await alice.fs("GET", "/me/d", "?bulk_download")
    assert refused.refusal == (451, "unavailable_for_legal_reasons")
    assert refused.json["extra"] == {"abuse_type": "gore"}


@pytest.mark.parametrize("flag", ["?bulk_download", "?bulk_download=", "?bulk_download=true", "?x=1&bulk_download"])
async def test_the_flag_counts_by_being_there(alice: Person, flag: str):
    await alice.write("/me/a", b"x")
    got = await alice.fs("GET", "/me", flag)
    with zipfile.ZipFile(io.BytesIO(got.body)) as opened:
        assert opened.namelist() == ["a"]


MAKE_FILES = """
    INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                       created_by)
    SELECT d.owner_id, d.id, format('Grüße %s.txt', i), b.digest, b.size_bytes, 'text/plain', 420, now(), now(),
           d.owner_id
      FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM nodes WHERE name LIKE 'dir %') d,
           generate_series(1, $1::integer) i
      JOIN (SELECT *, row_number() OVER (ORDER BY size_bytes) AS place, count(*) OVER () AS many FROM blobs) b
        ON b.place = i % b.many + 1
"""


async def test_thousands_of_files_come_whole_and_any_range_of_them_fits_in(alice: Person, site: Site):
    contents = [bytes([65 + number]) * (number * 700) for number in range(5)]
    for number, data in enumerate(contents):
        await alice.write(f"/me/other/{number}", data)
    for number in range(10):
        await alice.mkdir(f"/me/top/dir {number}/empty")
    await site.db.execute(MAKE_FILES, 300)
    whole = await alice.fs("GET", "/me/top", "?bulk_download")
    found = members(whole)

    files = {name: data for name, data in found.items() if not name.endswith("/")}
    assert files == {
        f"dir {directory}/Grüße {number}.txt": contents[number % 5]
        for directory in range(10)
        for number in range(1, 301)
    }
    assert len(found) == 3020
    assert list(found) == sorted(found, key=lambda name: name.removesuffix("/").split("/"))
    chance = random.Random(3)
    for _ in range(20):
        start = chance.randrange(len(whole.body))
        stop = min(len(whole.body), start + chance.choice([1, 1000, 100_000]))
        part = await alice.fs("GET", "/me/top", "?bulk_download", headers={"Range": f"bytes={start}-{stop - 1}"})
        assert (part.status, part.body) == (206, whole.body[start:stop])
