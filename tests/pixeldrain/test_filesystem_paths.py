"""Which paths name what: how they are written, what may stand in them, how long they get."""

from urllib.parse import quote

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.client import raw_exchange
from tests.support.people import Person

PREFIX = "/api/filesystem"

NAMES = [
    "plain.txt",
    " leading",
    "trailing ",
    "  ",
    "a+b",
    "a,b",
    "new\nline",
    "tab\tand\x01\x1f\x7f",
    "back\\slash",
    "..\\..\\up",
    "C:",
    "...",
    ".hidden",
    "%FF",
    "%2F",
    "a%20b",
    "question?&=#",
    "'\"<>|*:;",
    "💥👩‍👩‍👧",
    "写真",
    "e\u0301",
    "\u00e9",
    "\u202egnp.exe",
    "\ufeff",
    "me",
    "?stat",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_a_name_is_kept_to_the_letter(alice: Person, name: str):
    put = await alice.write(f"/me/{name}", b"x")
    assert (put["name"], put["path"]) == (name, f"/me/{name}")
    assert await alice.names("/me") == [name]
    assert (await alice.fs("GET", f"/me/{name}")).body == b"x"
    assert (await alice.act(f"/me/{name}", "rename", target=f"/me/d/{name}", make_parents=True)).status == 200
    assert (await alice.node(f"/me/d/{name}"))["path"] == f"/me/d/{name}"
    assert (await alice.fs("DELETE", f"/me/d/{name}")).status == 200
    assert await alice.names("/me/d") == []


async def test_names_that_look_alike_are_different_files(alice: Person):
    for number, name in enumerate(NAMES):
        await alice.write(f"/me/{name}", b"%d" % number)
    assert await alice.names("/me") == sorted(NAMES, key=str.encode)
    for number, name in enumerate(NAMES):
        assert (await alice.fs("GET", f"/me/{name}")).body == b"%d" % number


@pytest.mark.parametrize(
    "path",
    [
        "/me/dir/a.txt",
        "/me/dir/a.txt/",
        "/me/dir/a.txt///",
        "//me///dir//a.txt",
        "/me%2Fdir%2Fa.txt",
        "/me%2fdir/a.txt%2F",
        "/%6de/d%69r/a%2Etxt",
    ],
)
async def test_slashes_too_many_or_encoded_separate_all_the_same(alice: Person, path: str):
    await alice.write("/me/dir/a.txt", b"x")
    assert (await alice.get(PREFIX + path)).body == b"x"
    stat = (await alice.get(PREFIX + path + "?stat=")).json
    assert stat["path"][stat["base_index"]]["path"] == "/me/dir/a.txt"
    assert (await alice.put(PREFIX + path, data=b"y")).json["path"] == "/me/dir/a.txt"
    assert (await alice.post(PREFIX + path, data={"action": "update", "mode": "600"})).json["mode_octal"] == "600"
    assert (await alice.delete(PREFIX + path)).status == 200
    assert await alice.names("/me/dir") == []


async def test_a_target_may_end_in_a_slash(alice: Person):
    await alice.mkdir("/me/a")
    assert (await alice.act("/me/a", "rename", target="me//b/")).json["path"] == "/me/b"


@pytest.mark.parametrize("dots", ["..", ".", "%2e%2e", "%2E%2e", ".%2e", "%2e", "%2E."])
@pytest.mark.parametrize(
    "path", ["/me/dir/{}", "/me/{}/a", "/me/dir/{}/dir/a", "/me/dir%2F{}%2Fa", "/{}/me", "/me/dir/{}/"]
)
async def test_dots_name_nothing(alice: Person, port: int, dots: str, path: str):
    await alice.write("/me/dir/a")
    target = PREFIX + path.format(dots)
    for method, head in (("GET", ""), ("PUT", "Content-Length: 0\r\n"), ("DELETE", "")):
        request = f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.key}\r\n{head}"
        answer = await raw_exchange(port, f"{request}Connection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b'"value":"path_not_found"' in answer
    moved = await alice.act("/me/dir/a", "rename", target=path.format("..").replace("%2F", "/"))
    assert moved.refusal == (404, "path_not_found")


async def test_no_path_leads_out_of_a_share(alice: Person, port: int):
    await alice.write("/me/private/secret.txt", b"secret")
    await alice.mkdir("/me/private/public")
    share_id = await alice.share("/me/private/public")
    for way in ("..", "%2e%2e", "..%2F", "../secret.txt", "/private/secret.txt", "..\\secret.txt", "../../me"):
        answer = await raw_exchange(
            port, f"GET {PREFIX}/{share_id}/{way} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"path_not_found" in answer


@pytest.mark.parametrize("way", ["/%00", "/a%00b", "/dir/%00/a", "/a%2F%00"])
async def test_a_name_with_nul_names_nothing(alice: Person, way: str):
    path = f"{PREFIX}/me{way}"
    assert (await alice.get(path)).refusal == (404, "path_not_found")
    assert (await alice.put(path, data=b"")).refusal == (404, "path_not_found")
    assert (await alice.post(path, data={"action": "mkdir"})).refusal == (404, "path_not_found")
    assert (await alice.delete(path)).refusal == (404, "path_not_found")
    await alice.write("/me/x")
    assert (await alice.act("/me/x", "rename", target="/me/a\0b")).refusal == (404, "path_not_found")


@pytest.mark.parametrize("name", ["%FF", "a%C3%28", "%ED%A0%80", "%C0%AE%C0%AE", "%F5%80%80%80", "d/%FF/a"])
async def test_what_is_no_utf_8_is_refused_and_is_not_the_name_that_looks_like_it(alice: Person, name: str):
    await alice.write("/me/%FF", b"literally")
    path = f"{PREFIX}/me/{name}"
    for answer in (
        await alice.get(path),
        await alice.put(path, data=b"x"),
        await alice.post(path, data={"action": "mkdir"}),
        await alice.delete(path),
    ):
        assert answer.refusal == (422, "utf8_string_parse_failed")
    assert await alice.names("/me") == ["%FF"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    target = b"action=rename&target=/me/%C3%28"
    moved = await alice.fs("POST", "/me/%FF", data=target, headers=form)
    assert moved.refusal == (422, "utf8_string_parse_failed")


async def test_a_path_that_is_not_encoded_at_all_is_no_http(alice: Person, port: int):
    head = f" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.key}\r\nConnection: close\r\n\r\n"
    answer = await raw_exchange(port, f"GET {PREFIX}/me/grüße{head}".encode())
    assert answer.split(b" ")[1] == b"400"
    assert b'"value":"error_reading_input"' in answer


@pytest.mark.parametrize("letter", ["a", "é", "写", "💥"])
async def test_a_name_has_at_most_255_bytes_however_many_characters(alice: Person, letter: str):
    count, rest = divmod(255, len(letter.encode()))
    longest = letter * count + "x" * rest
    await alice.write(f"/me/{longest}")
    for name in (longest + "x", letter * count + "x" * (rest + 1)):
        assert (await alice.fs("PUT", f"/me/{name}", data=b"")).refusal == (422, "name_too_long")
        assert (await alice.act(f"/me/{name}", "mkdir")).refusal == (422, "name_too_long")
        assert (await alice.act(f"/me/{name}/a", "mkdirall")).refusal == (422, "name_too_long")
        assert (await alice.act(f"/me/{longest}", "rename", target=f"/me/{name}")).refusal == (422, "name_too_long")
        assert (await alice.fs("GET", f"/me/{name}")).refusal == (404, "path_not_found")
    assert await alice.names("/me") == [longest]


def long_path(size_bytes: int) -> str:
    """`/me/...` of so many bytes, with names of at most 250."""
    path = "/me"
    while len(path) + 251 < size_bytes:
        path += "/" + "d" * 250
    return path + "/" + "f" * (size_bytes - len(path) - 1)


async def test_a_path_has_at_most_4095_bytes(alice: Person):
    longest, too_long = long_path(4095), long_path(4096)
    assert (await alice.fs("PUT", too_long, "?make_parents", data=b"")).refusal == (422, "path_too_long")
    assert (await alice.act(too_long, "mkdirall")).refusal == (422, "path_too_long")
    assert await alice.names("/me") == []
    assert (await alice.write(longest))["path"] == longest
    assert (await alice.fs("GET", longest)).body == b"some bytes"
    assert (await alice.act(longest, "rename", target=too_long)).refusal == (422, "path_too_long")
    assert (await alice.act(too_long, "mkdir")).refusal == (422, "path_too_long")


async def test_a_path_is_measured_from_the_root_also_through_a_share(alice: Person):
    parent, _, name = long_path(4095).rpartition("/")
    await alice.mkdir(parent)
    share_id = await alice.share(parent)
    assert (await alice.fs("PUT", f"/{share_id}/{name}x", data=b"")).refusal == (422, "path_too_long")
    assert (await alice.write(f"/{share_id}/{name}"))["path"] == f"/{share_id}/{name}"
    assert (await alice.fs("GET", f"{parent}/{name}")).status == 200


async def test_paths_have_at_most_64_levels(alice: Person):
    deepest = "/me" + "/d" * 64
    assert (await alice.act(deepest + "/d", "mkdirall")).refusal == (400, "too_many_nested_levels")
    assert (await alice.fs("PUT", deepest + "/f", "?make_parents", data=b"")).refusal == (400, "too_many_nested_levels")
    assert await alice.names("/me") == []
    await alice.mkdir(deepest)
    assert len((await alice.stat(deepest))["path"]) == 65
    assert (await alice.act(deepest + "/d", "mkdir")).refusal == (400, "too_many_nested_levels")
    await alice.write("/me/f")
    assert (await alice.act("/me/f", "rename", target=deepest + "/f")).refusal == (400, "too_many_nested_levels")
    share_id = await alice.share(deepest)
    assert (await alice.fs("PUT", f"/{share_id}/f", data=b"")).refusal == (400, "too_many_nested_levels")
    await alice.write("/me" + "/d" * 63 + "/f")


async def test_a_directory_holds_as_many_entries_as_the_plan_allows(limited):
    place: Place = await limited(filesystem_access=True, directory_children_limit=2)
    carol = await place.person("carol")
    await carol.write("/me/a/1")
    await carol.mkdir("/me/a/2", "/me/b")
    file_id = await carol.upload("3")
    for refused in (
        await carol.fs("PUT", "/me/a/3", data=b""),
        await carol.fs("PUT", "/me/a/3/4", "?make_parents", data=b""),
        await carol.act("/me/a/3", "mkdir"),
        await carol.act("/me/a/3", "mkdirall"),
        await carol.act("/me/b", "rename", target="/me/a/b"),
        await carol.act("/me/a", "import", files=[file_id]),
    ):
        assert refused.refusal == (400, "too_many_children")
    await carol.write("/me/a/1", b"overwritten")
    assert (await carol.act("/me/a/1", "rename", target="/me/a/3")).status == 200
    assert (await carol.fs("DELETE", "/me/a/3")).status == 200
    assert (await carol.act("/me/a", "import", files=[file_id])).status == 201


async def test_a_plan_may_set_no_limit_to_entries(limited):
    carol = await (await limited(filesystem_access=True, directory_children_limit=-1)).person("carol")
    await carol.write("/me/a")
    await carol.mkdir("/me/b")


async def test_the_ten_thousandth_entry_is_the_last(alice: Person, site: Site):
    await alice.mkdir("/me/full")
    await site.db.execute(
        """INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at)
           SELECT owner_id, id, 'n' || number, 448, now(), now()
             FROM nodes, generate_series(1, 9999) AS number WHERE name = 'full'"""
    )
    await alice.write("/me/full/last")
    assert (await alice.fs("PUT", "/me/full/more", data=b"")).refusal == (400, "too_many_children")
    assert len(await alice.names("/me/full")) == 10_000


@pytest.mark.parametrize(
    "bucket",
    ["nothing", "abcd123", "abcd12345", "AbCd1234", "ME", "me ", "ab-d1234", "%00", "me%0A", "写真写真写真写真"],
)
async def test_what_is_no_bucket_is_not_found(alice: Person, bucket: str):
    if "%" not in bucket:
        bucket = quote(bucket)
    for path in (f"{PREFIX}/{bucket}", f"{PREFIX}/{bucket}/a"):
        for answer in (
            await alice.get(path),
            await alice.get(f"{path}?stat"),
            await alice.put(path, data=b"x"),
            await alice.post(path, data={"action": "mkdir"}),
            await alice.delete(path),
        ):
            assert answer.status == 404
            assert answer.value == "path_not_found" if "%00" in bucket else "not_found"


async def test_a_slash_behind_the_list_of_buckets_is_ignored(alice: Person):
    assert (await alice.get(f"{PREFIX}/")).json == (await alice.get(PREFIX)).json
    assert (await alice.put(f"{PREFIX}/", data=b"")).refusal == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "///", "%2F"])
async def test_a_path_without_a_bucket_is_not_found(alice: Person, path: str):
    assert (await alice.get(f"{PREFIX}/{path}")).refusal == (404, "not_found")
    assert (await alice.put(f"{PREFIX}/{path}", data=b"")).refusal == (404, "not_found")


async def test_the_id_of_a_share_tells_upper_from_lower_case(alice: Person, anyone: Person, site: Site):
    await alice.mkdir("/me/a")
    await alice.share("/me/a")
    await site.db.execute("UPDATE nodes SET share_id = 'abcdEFGH' WHERE name = 'a'")
    assert (await anyone.fs("GET", "/abcdEFGH")).status == 200
    assert (await anyone.fs("GET", "/ABCDefgh")).refusal == (404, "not_found")


async def test_ones_own_filesystem_needs_a_key(anyone: Person):
    for answer in (
        await anyone.fs("GET", "/me"),
        await anyone.fs("PUT", "/me/a", data=b"x"),
        await anyone.act("/me/a", "mkdir"),
        await anyone.fs("DELETE", "/me/a"),
        await anyone.get("/api/filesystem"),
    ):
        assert answer.refusal == (401, "authentication_required")


async def test_a_plan_without_a_filesystem_has_none(limited):
    place: Place = await limited(filesystem_access=False)
    carol = await place.person("carol")
    for answer in (
        await carol.fs("GET", "/me"),
        await carol.fs("PUT", "/me/a", data=b"x"),
        await carol.act("/me/a", "mkdir"),
        await carol.fs("DELETE", "/me/a"),
        await carol.get("/api/filesystem"),
    ):
        assert answer.refusal == (400, "permission_denied")


async def test_everybody_has_a_filesystem_of_their_own(alice: Person, bob: Person):
    await alice.write("/me/a", b"alice's")
    await bob.write("/me/a", b"bob's")
    assert (await alice.fs("GET", "/me/a")).body == b"alice's"
    assert (await bob.fs("GET", "/me/a")).body == b"bob's"
    (root,) = (await bob.get("/api/filesystem")).json
    assert (root["path"], root["id"], root["type"], root["created_by"]) == ("/me", "me", "dir", "bob")


async def test_every_ascii_character_may_stand_in_a_name(alice: Person):
    names = [f"<{chr(code)}>" for code in range(1, 128) if chr(code) != "/"]
    for name in names:
        await alice.write(f"/me/{name}", b"")
    assert await alice.names("/me") == names
