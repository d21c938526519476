"""Who may do what: the matrix of all that can be done with nodes and of all ways to come by the rights to it.

`ROWS` says what each operation needs, `COLUMNS` who comes with which rights. Every cell is tried out.
"""

import io
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient

from pixelhost.pixeldrain.filesystem import ACTIONS, SUB_APIS
from pixelhost.site import Site
from tests.support.filesystem import picture
from tests.support.people import Answer, Person, make_person

DENIED = (400, "permission_denied")
NONE, READ, WRITE, DELETE = {}, {"read": True}, {"write": True}, {"delete": True}
ALL = READ | WRITE | DELETE
SPAN = "start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"
TORRENT = b"d4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:" + bytes(20) + b"ee"


@dataclass(frozen=True)
class Ground:
    """Directories of the owner's, each shared: `top` for what a column says, `open_` with everybody who has an account,
    `closed` with nobody. `file_id` is a file of the caller's."""

    top: str
    open_: str
    closed: str
    file_id: str


@dataclass(frozen=True)
class Row:
    """`needs` are rights on `top`, joined by `and` and `or`; `own` is nobody's but the owner's."""

    needs: str
    do: Callable[[Person, Ground], Awaitable[Answer]]

    def is_enough(self, held: set[str]) -> bool:
        return any(set(some.split(" and ")) <= held for some in self.needs.split(" or "))


def get(name: str, query: str = "") -> Row:
    return Row("read", lambda who, on: who.fs("GET", f"{on.top}{name}", query))


def put(needs: str, name: str, query: str = "") -> Row:
    return Row(needs, lambda who, on: who.fs("PUT", f"{on.top}/{name}", query, data=b"new"))


def delete(needs: str, name: str, query: str = "") -> Row:
    return Row(needs, lambda who, on: who.fs("DELETE", f"{on.top}/{name}", query))


def act(needs: str, action: str, name: str, **fields: Any) -> Row:
    return Row(needs, lambda who, on: who.act(f"{on.top}/{name}", action, **fields))


def rename(needs: str, name: str, target: str, **fields: Any) -> Row:
    """Names begin with that of one of the directories of the ground."""

    def do(who: Person, on: Ground) -> Awaitable[Answer]:
        path, goal = (spot.format(top=on.top, open=on.open_, closed=on.closed) for spot in (name, target))
        return who.act(path, "rename", target=goal, **fields)

    return Row(needs, do)


BY_METHOD: Mapping[str, Row] = {
    "read a file": get("/theirs"),
    "list a directory": get(""),
    "put a file": put("write", "new"),
    "put a file in a new directory": put("write", "new one/new", "?make_parents"),
    "overwrite a file": put("write", "overwritten"),
    "put a shared file": put("own", "new and shared", "?shared=true"),
    "delete one's own upload": delete("delete or write", "mine"),
    "delete a file": delete("delete", "doomed"),
    "delete a directory": delete("delete", "doomed dir", "?recursive"),
    "delete a directory that holds what is shared without that right": delete("own", "safe", "?recursive"),
}

BY_SUB_API: Mapping[str, Row] = {
    "attach": get("/theirs", "?attach"),
    "stat": get("/theirs", "?stat"),
    "thumbnail": get("/picture.png", "?thumbnail"),
    "bulk_download": get("", "?bulk_download"),
    "search": get("", "?search=theirs"),
    "torrent_info": get("/a.torrent", "?torrent_info"),
    "zip_info": get("/a.zip", "?zip_info"),
    "zip_file": get("/a.zip", "?zip_file=/member"),
    "render_markdown": get("/page.md", "?render_markdown"),
    "download_stats": get("/theirs", "?download_stats"),
    "timeseries": get("/theirs", f"?timeseries&interval=60&{SPAN}"),
    "change_log": get("", f"?change_log&{SPAN}"),
}

BY_ACTION: Mapping[str, Mapping[str, Row]] = {
    "mkdir": {"make a directory": act("write", "mkdir", "new dir")},
    "mkdirall": {"make directories": act("write", "mkdirall", "new dirs/new dir")},
    "rename": {
        "rename a file": rename("write", "{top}/old", "{top}/renamed"),
        "rename a directory": rename("write", "{top}/old dir", "{top}/renamed dir"),
        "rename and share": rename("own", "{top}/overwritten", "{top}/renamed too", shared=True),
        "move a file to another directory": rename("write and delete", "{top}/goes down", "{top}/dir/came"),
        "move one's own upload to another directory": rename("write", "{top}/mine too", "{top}/dir/mine"),
        "move to a share open to all": rename("write and delete", "{top}/goes out", "{open}/came"),
        "move one's own upload to a share open to all": rename("write", "{top}/mine again", "{open}/mine"),
        "move from a share open to all": rename("write", "{open}/goes in", "{top}/came"),
        "move to a share open to nobody": rename("own", "{top}/stays", "{closed}/came"),
        "move from a share open to nobody": rename("own", "{closed}/goes in", "{top}/came too"),
        "move what holds something shared without the right to delete": rename(
            "own", "{top}/safe too", "{top}/dir/safe"
        ),
    },
    "update": {
        "set times": act("write", "update", "dir", modified="2001-01-01T00:00:00Z", created="2001-01-01T00:00:00Z"),
        "set a mode": act("write", "update", "dir", mode="755"),
        "share": act("own", "update", "dir", shared=True),
        "end the share": act("own", "update", "shared", shared=False),
        "set link permissions": act("own", "update", "dir", link_permissions=NONE),
        "set user permissions": act("own", "update", "dir", user_permissions={}),
        "set password permissions": act("own", "update", "dir", password_permissions={}),
        "switch logging": act("own", "update", "dir", logging_enabled=True),
        "set branding": act("own", "update", "dir", brand_body_color="#123456"),
        "set a domain": act("own", "update", "dir", custom_domain_name="files.example.com"),
    },
    "import": {"import a file": Row("write", lambda who, on: who.act(on.top, "import", files=[on.file_id]))},
}

ROWS: Mapping[str, Row] = {
    **BY_METHOD,
    **{f"?{name}": row for name, row in BY_SUB_API.items()},
    **{f"{action}: {what}": row for action, rows in BY_ACTION.items() for what, row in rows.items()},
}


@dataclass(frozen=True)
class Knocking(Person):
    """Somebody who sends a node password too: as the Basic password where they have no key, else in the header."""

    password: str = ""
    by_header: bool = False

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        if self.by_header:
            sent = {"X-Node-Password": self.password}
        else:
            sent = {"Authorization": encode_basic_auth("", self.password)}
        options["headers"] = dict(options.get("headers", {})) | sent
        return await super().ask(method, path, **options)


@dataclass(frozen=True)
class Column:
    """Somebody, and the permissions of the directory that they come to.

    `held` are the rights that these are to come to. `sends` is a node password, as the Basic password or in the header.
    """

    permissions: Mapping[str, Any]
    held: frozenset[str] = frozenset()
    has_account: bool = True
    sends: tuple[Literal["basic", "header"], str] | None = None

    async def person(self, site: Site, client: TestClient) -> Person:
        key = (await make_person(site, client, "carol")).key if self.has_account else ""
        if self.sends is None:
            return Person("", key, client)
        way, password = self.sends
        return Knocking("", key, client, password, by_header=way == "header")


def columns() -> dict[str, Column]:
    """Nothing but what a column is about grants anything. Who has no account may at most read."""
    found = {
        "an account, of a share open to nobody": Column({}),
        "a stranger, of a share open to nobody": Column({}, has_account=False),
        "an account, of a share for another one": Column({"user": {"bob": ALL}}),
        "an account with a wrong password": Column({"password": {"hunter2": ALL}}, sends=("header", "guess")),
        "a stranger with a wrong password": Column(
            {"password": {"hunter2": ALL}}, has_account=False, sends=("basic", "guess")
        ),
    }
    for name, given in {"reading": READ, "writing": WRITE, "deleting": DELETE, "everything": ALL}.items():
        held, readable = frozenset(given), frozenset(given) & {"read"}
        by_password = {"password": {"hunter2": given}}
        found |= {
            f"an account with a link for {name}": Column({"link": given}, held),
            f"a stranger with a link for {name}": Column({"link": given}, readable, has_account=False),
            f"an account named for {name}": Column({"user": {"carol": given}}, held),
            f"an account with a password for {name}": Column(by_password, held, sends=("header", "hunter2")),
            f"a stranger with a password for {name}": Column(
                by_password, readable, has_account=False, sends=("header", "hunter2")
            ),
            f"a stranger with a Basic password for {name}": Column(
                by_password, readable, has_account=False, sends=("basic", "hunter2")
            ),
        }
    return found


COLUMNS = columns()


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("member"), b"x")
    return made.getvalue()


async def lay_out(site: Site, alice: Person, permissions: Mapping[str, Any], file_id: str) -> Ground:
    for name in (
        *("theirs", "overwritten", "doomed", "old", "stays", "goes down", "goes out", "mine", "mine too", "mine again"),
        *("old dir/below", "doomed dir/below", "safe/kept", "safe too/kept too"),
    ):
        await alice.write(f"/me/top/{name}")
    for name in ("open", "closed"):
        await alice.write(f"/me/{name}/goes in")
    for name, data in (("picture.png", picture()), ("a.torrent", TORRENT), ("a.zip", zipped()), ("page.md", b"# x")):
        await alice.write(f"/me/top/{name}", data)
    await alice.mkdir("/me/top/dir", "/me/top/shared")
    await site.db.execute(
        "UPDATE nodes SET created_by = (SELECT id FROM users WHERE name = 'carol') WHERE name LIKE 'mine%'"
    )
    for path in ("/me/top/safe/kept", "/me/top/safe too/kept too"):
        await alice.share(path, link=READ | WRITE)
    await alice.share("/me/top/shared", **({"link": NONE} | dict(permissions)))
    top = await alice.share("/me/top", **({"link": NONE} | dict(permissions)))
    opened, closed = await alice.share("/me/open", link=ALL), await alice.share("/me/closed", link=NONE)
    return Ground(f"/{top}", f"/{opened}", f"/{closed}", file_id)


async def tried(person: Person, ground: Ground, clock) -> dict[str, object]:
    """What became of each operation."""
    found: dict[str, object] = {}
    for name, row in ROWS.items():
        clock.advance(minutes=1)  # so many wrong passwords in one would be too many
        answer = await row.do(person, ground)
        found[name] = "allowed" if answer.status in {200, 201} else answer.refusal
    return found


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
async def test_who_may_do_what(site: Site, client: TestClient, alice: Person, bob: Person, clock, column: Column):
    person = await column.person(site, client)
    file_id = await (person if column.has_account else alice).upload()
    ground = await lay_out(site, alice, column.permissions, file_id)
    expected = {name: "allowed" if row.is_enough(set(column.held)) else DENIED for name, row in ROWS.items()}
    assert await tried(person, ground, clock) == expected


async def test_the_owner_may_do_everything(site: Site, alice: Person, clock):
    ground = await lay_out(site, alice, {}, await alice.upload())
    assert await tried(alice, ground, clock) == dict.fromkeys(ROWS, "allowed")


def test_every_sub_api_and_every_action_has_its_row():
    assert BY_SUB_API.keys() == SUB_APIS.keys()
    assert BY_ACTION.keys() == ACTIONS.keys()
    assert all(BY_ACTION.values())
