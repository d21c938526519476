"""Every error of the four tables of the filesystem chapter, raised over HTTP with the documented status."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from pixelhost.site import Site
from tests.media.archive_samples import FILES, zip_of
from tests.pixeldrain.conftest import Place
from tests.support.client import raw_exchange
from tests.support.people import Answer, Person

ENDPOINTS = json.loads((Path(__file__).parent / "errors.json").read_text())["endpoints"]
DOCUMENTED = {
    (endpoint.partition(" ")[0], value): status
    for endpoint, errors in ENDPOINTS.items()
    if "/filesystem/" in endpoint
    for value, status in errors.items()
}


@dataclass(frozen=True)
class Scene:
    """Carol's filesystem, on a plan with limits: `d` with 3 entries, `f` in it, and shares of this and that."""

    site: Site
    port: int
    carol: Person
    alice: Person
    """Somebody without limits."""
    stranger: Person
    closed: str
    """A share that gives no rights."""
    empty: str
    """A share that may be read."""


Raise = Callable[[Scene], Awaitable[Answer]]


@pytest.fixture
async def scene(limited) -> Scene:
    place: Place = await limited(
        filesystem_access=True,
        directory_children_limit=3,
        storage_space=100,
        custom_domains=True,
        monthly_transfer_cap=9,
    )
    carol = await place.person("carol")
    await carol.write("/me/d/f", b"x" * 10)
    await carol.mkdir("/me/d/closed", "/me/d/empty")
    closed = await carol.share("/me/d/closed", link={})
    empty = await carol.share("/me/d/empty")
    alice = await place.person("alice", "unlimited")
    return Scene(place.site, place.port, carol, alice, place.visitor(1), closed, empty)


async def as_carol(scene: Scene, *, method: str, path: str, query: str = "", data: bytes | None = None, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await scene.carol.fs(method, path, query, data=data, headers=named)


def carol(method: str, path: str, query: str = "", data: bytes | None = None, **headers: str) -> Raise:
    return partial(as_carol, method=method, path=path, query=query, data=data, **headers)


def action(path: str, name: str, **fields: object) -> Raise:
    async def act(scene: Scene) -> Answer:
        filled = {key: scene.closed if value is CLOSED else value for key, value in fields.items()}
        return await scene.carol.act(path, name, **filled)

    return act


CLOSED = object()


def stranger(method: str, path: str, query: str = "", data: bytes | None = None, **headers: str) -> Raise:
    async def ask(scene: Scene) -> Answer:
        at = path.format(closed=scene.closed, empty=scene.empty)
        return await scene.stranger.fs(method, at, query, data=data, headers=headers)

    return ask


def inside(name: str, data: bytes, query: str) -> Raise:
    """Look into a file of these bytes."""

    async def look(scene: Scene) -> Answer:
        await scene.alice.write(f"/me/{name}", data)
        return await scene.alice.fs("GET", f"/me/{name}", query)

    return look


def packed_by_an_unknown_method() -> bytes:
    archive = bytearray(zip_of({"a.txt": b"a" * 100}))
    for at in (8, archive.index(b"PK\x01\x02") + 10):
        archive[at : at + 2] = (77).to_bytes(2, "little")
    return bytes(archive)


async def taken_down(scene: Scene) -> Answer:
    await scene.site.db.execute("UPDATE nodes SET abuse_type = 'gore' WHERE name = 'f'")
    return await scene.carol.fs("GET", "/me/d/f")


async def embedded(scene: Scene, referer: str) -> Answer:
    share_id = await scene.carol.share("/me/d/f")
    return await scene.stranger.fs("GET", f"/{share_id}", headers={"Referer": referer})


async def interrupted(scene: Scene) -> Answer:
    head = f"PUT /api/filesystem/me/new HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {scene.carol.key}\r\n"
    body = "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"
    answer = await raw_exchange(scene.port, (head + body).encode())
    top, _, rest = answer.partition(b"\r\n\r\n")
    return Answer(int(top.split()[1]), {"Content-Type": "application/json"}, rest)  # type: ignore[arg-type]


async def out_of_transfer(scene: Scene) -> Answer:
    await scene.site.db.execute(
        "INSERT INTO node_usage (node_id, slot, bandwidth_paid_bytes) SELECT id, now(), 9 FROM nodes WHERE name = 'f'"
    )
    return await scene.carol.fs("PUT", "/me/new", data=b"x")


async def broken(scene: Scene, method: str) -> Answer:
    """Something breaks inside: the database loses the column that everything needs."""
    await scene.site.db.execute("ALTER TABLE nodes RENAME COLUMN mode TO mode_away")
    try:
        data = {"action": "mkdir"} if method == "POST" else b"x" if method == "PUT" else None
        return await scene.carol.fs(method, "/me/d/x", data=data)
    finally:
        await scene.site.db.execute("ALTER TABLE nodes RENAME COLUMN mode_away TO mode")


LONG = "/me/e/" + "n" * 256
DEEP = "/me" + "/n" * 65
TORRENT_MAX = 16 << 20
MARKDOWN_MAX = 2 << 20
FAR = "/me" + ("/" + "n" * 200) * 21

RAISED: Mapping[tuple[str, str], Raise] = {
    ("GET", "not_found"): stranger("GET", "/AAAAAAAA/x"),
    ("GET", "path_not_found"): carol("GET", "/me/d/x"),
    ("GET", "authentication_required"): stranger("GET", "/me"),
    ("GET", "permission_denied"): stranger("GET", "/{closed}"),
    ("GET", "node_is_a_directory"): carol("GET", "/me/d", "?thumbnail"),
    ("GET", "node_is_not_a_directory"): carol("GET", "/me/d/f", "?bulk_download"),
    ("GET", "unavailable_for_legal_reasons"): taken_down,
    ("GET", "embed_not_allowed"): partial(embedded, referer="https://other.example/"),
    ("GET", "invalid_referrer"): partial(embedded, referer="nonsense"),
    ("GET", "not_a_torrent"): inside("a.txt", b"just text", "?torrent_info"),
    ("GET", "torrent_too_large"): inside("a.torrent", bytes(TORRENT_MAX + 1), "?torrent_info"),
    ("GET", "torrent_parse_failed"): inside("a.torrent", b"d4:infod4:name1:xee", "?torrent_info"),
    ("GET", "not_a_zip"): inside("a.zip", b"just text", "?zip_info"),
    ("GET", "invalid_zip_file"): inside("a.zip", zip_of(FILES)[:-30], "?zip_info"),
    ("GET", "unsupported_zip_compression"): inside("a.zip", packed_by_an_unknown_method(), "?zip_file=a.txt"),
    ("GET", "not_a_markdown_file"): inside("a.html", b"<p>text", "?render_markdown"),
    ("GET", "file_too_large"): inside("a.md", bytes(MARKDOWN_MAX + 1), "?render_markdown"),
    ("GET", "search_not_a_directory"): carol("GET", "/me/d/f", "?search=term"),
    ("GET", "search_term_too_short"): carol("GET", "/me", "?search=t"),
    ("GET", "search_term_too_long"): carol("GET", "/me", "?search=" + "t" * 101),
    ("GET", "log_timespan_too_long"): carol(
        "GET", "/me", "?change_log&start=2024-01-01T00:00:00Z&end=2024-01-31T00:00:00.000001Z"
    ),
    ("GET", "internal"): partial(broken, method="GET"),
    ("PUT", "not_found"): carol("PUT", "/AAAAAAAA/x", data=b"x"),
    ("PUT", "path_not_found"): carol("PUT", "/me/e/x", data=b"x"),
    ("PUT", "authentication_required"): stranger("PUT", "/me/x", data=b"x"),
    ("PUT", "permission_denied"): stranger("PUT", "/{empty}/x", data=b"x"),
    ("PUT", "invalid_content_type"): carol("PUT", "/me/x", data=b"x", Content_Type="multipart/form-data; boundary=x"),
    ("PUT", "error_reading_input"): interrupted,
    ("PUT", "name_too_long"): carol("PUT", LONG, "?make_parents", b"x"),
    ("PUT", "path_too_long"): carol("PUT", FAR, "?make_parents", b"x"),
    ("PUT", "too_many_nested_levels"): carol("PUT", DEEP, "?make_parents", b"x"),
    ("PUT", "too_many_children"): carol("PUT", "/me/d/x", data=b"x"),
    ("PUT", "node_is_not_a_directory"): carol("PUT", "/me/d/f/x", data=b"x"),
    ("PUT", "user_out_of_space"): carol("PUT", "/me/x", data=b"x" * 91),
    ("PUT", "out_of_transfer"): out_of_transfer,
    ("PUT", "internal"): partial(broken, method="PUT"),
    ("POST", "not_found"): action("/AAAAAAAA/x", "mkdir"),
    ("POST", "path_not_found"): action("/me/e/x", "mkdir"),
    ("POST", "authentication_required"): stranger(
        "POST", "/me/x", data=b"action=mkdir", **{"Content-Type": "application/x-www-form-urlencoded"}
    ),
    ("POST", "permission_denied"): stranger(
        "POST", "/{empty}/x", data=b"action=mkdir", **{"Content-Type": "application/x-www-form-urlencoded"}
    ),
    ("POST", "invalid_action"): action("/me/x", "dance"),
    ("POST", "cannot_modify_root_dir"): action("/me", "update", mode="755"),
    ("POST", "node_already_exists"): action("/me/d", "mkdir"),
    ("POST", "name_too_long"): action(LONG, "mkdirall"),
    ("POST", "path_too_long"): action(FAR, "mkdirall"),
    ("POST", "too_many_nested_levels"): action(DEEP, "mkdirall"),
    ("POST", "too_many_children"): action("/me/d/x", "mkdir"),
    ("POST", "node_is_not_a_directory"): action("/me/d/f/x", "mkdir"),
    ("POST", "circular_dependency"): action("/me/d", "rename", target="/me/d/empty/d"),
    ("POST", "user_not_found"): action("/me/d", "update", user_permissions={"nobody": {}}),
    ("POST", "invalid_x509_keypair"): action("/me/d", "update", custom_domain_cert="x", custom_domain_key="y"),
    ("POST", "list_file_not_found"): action("/me/d", "import", files=["AAAAAAAA"]),
    ("POST", "json_parse_failed"): action("/me/d", "update", link_permissions="{"),
    ("POST", "internal"): partial(broken, method="POST"),
    ("DELETE", "not_found"): stranger("DELETE", "/AAAAAAAA/x"),
    ("DELETE", "path_not_found"): carol("DELETE", "/me/d/x"),
    ("DELETE", "authentication_required"): stranger("DELETE", "/me/d"),
    ("DELETE", "permission_denied"): stranger("DELETE", "/{empty}"),
    ("DELETE", "directory_not_empty"): carol("DELETE", "/me/d"),
    ("DELETE", "internal"): partial(broken, method="DELETE"),
}


def test_every_documented_error_is_raised_here_and_no_other():
    assert set(RAISED) == set(DOCUMENTED)


@pytest.mark.parametrize(("method", "value"), RAISED)
async def test_documented_errors_have_their_code_and_status(scene: Scene, method: str, value: str):
    answer = await RAISED[method, value](scene)
    assert answer.refusal == (DOCUMENTED[method, value], value)
