"""Pushing, and looking at what was pushed, as users of curl do."""

from typing import Any
from urllib.parse import quote

from aiohttp import FormData

from tests.support.people import Answer, Person

Made = dict[str, Any]

V2 = "/api/v2/pushes"
WAYS = [("/p.json", "password"), (V2, "push")]
SHOWN = ["/p/{}.json", "/f/{}.json", "/r/{}.json", "/p/{}/r.json", V2 + "/{}", V2 + "/{}.json"]


async def push(who: Person, payload: str = "s3cret", **fields: Any) -> Made:
    """A push of version 2; what was answered."""
    return made(await who.post(V2, json={"push": {"payload": payload} | fields}))


async def push_token(who: Person, payload: str = "s3cret", **fields: Any) -> str:
    token: str = (await push(who, payload, **fields))["url_token"]
    return token


async def push_files(who: Person, *files: tuple[str, bytes], path: str = V2, **fields: Any) -> Made:
    """A push of files with these names and bytes."""
    return made(await send_files(who, *files, path=path, **fields))


async def send_files(who: Person, *files: tuple[str, bytes], path: str = V2, **fields: Any) -> Answer:
    envelope = {V2: "push", "/p.json": "password", "/f.json": "file_push"}[path]
    form = FormData(quote_fields=False)
    for name, value in fields.items():
        form.add_field(f"{envelope}[{name}]", str(value))
    for name, data in files:
        form.add_field(f"{envelope}[files][]", data, filename=name, content_type="application/octet-stream")
    return await who.post(path, data=form())


def made(answer: Answer) -> Made:
    assert answer.status == 201, answer.body
    pushed: Made = answer.json
    return pushed


async def show(who: Person, token: str, passphrase: str | None = None) -> Made:
    """What somebody is shown, which takes a view."""
    answer = await ask_for(who, token, passphrase)
    assert answer.status == 200, answer.body
    seen: Made = answer.json
    return seen


async def ask_for(who: Person, token: str, passphrase: str | None = None) -> Answer:
    return await who.get(f"/p/{token}.json" + ("" if passphrase is None else f"?passphrase={quote(passphrase)}"))


async def expire(who: Person, token: str) -> Answer:
    return await who.delete(f"{V2}/{token}")


async def log_of(owner: Person, token: str, page: int = 1) -> list[dict[str, Any]]:
    answer = await owner.get(f"{V2}/{token}/audit?page={page}")
    assert answer.status == 200, answer.body
    rows: list[dict[str, Any]] = answer.json["logs"]
    return rows


async def kinds_of_log(owner: Person, token: str) -> list[str]:
    return [row["kind"] for row in await log_of(owner, token)]


def path_of(who: Person, url: str) -> str:
    """The path and query of an address of this site."""
    here = str(who.client.make_url("/")).rstrip("/")
    assert url.startswith(here)
    return url.removeprefix(here)
