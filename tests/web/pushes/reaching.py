"""Pushes made by the pages' own form, and their pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import FormData

from pixelhost.site import Site
from tests.support.people import Answer, Person
from tests.web.reading import Page, read, stranger_at

HTML = {"Accept": "text/html", "Accept-Encoding": "identity"}
SECRET = "correct horse <b>&amp;</b> ☃"


async def look(person: Person, path: str, status: int = 200, **headers: str) -> Page:
    """A page, kept by nobody."""
    answer = await person.get(path, headers=HTML | headers)
    page = read(answer)
    assert page.status == status, page.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    return page


async def ask(person: Person, path: str, method: str = "GET", **headers: str) -> Answer:
    return await person.ask(method, path, headers=HTML | headers)


async def send(person: Person, path: str = "/p", files: dict[str, bytes] | None = None, **fields: str) -> Answer:
    """A form as a browser sends it: with files, or without."""
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for name, data in (files or {}).items():
        form.add_field("files", data, filename=name)
    return await person.post(path, data=form, headers=HTML)


async def make(person: Person, files: dict[str, bytes] | None = None, **fields: str) -> str:
    """A push; its token."""
    given = {"payload": SECRET, "retrieval_step": "true", "deletable_by_viewer": "true"} | fields
    answer = await send(person, files=files, **given)
    assert answer.status == 303, read(answer).text
    return answer.headers["Location"].split("/")[2]


async def refused(person: Person, path: str = "/p", status: int = 422, **fields: Any) -> Page:
    page = read(await send(person, path, **fields))
    assert page.status == status, page.text
    return page


def cookies(answer: Answer) -> str:
    """What a browser sends back of an answer's cookies."""
    return "; ".join(one.partition(";")[0] for one in answer.headers.getall("Set-Cookie", []))


async def views(owner: Person, token: str) -> int:
    found = [one for one in (await owner.get("/p/active.json")).json if one["url_token"] == token]
    total: int = found[0]["views_total"]
    return total


async def kinds(owner: Person, token: str) -> list[str]:
    """What happened to a push, in order."""
    return [one["kind"] for one in (await owner.get(f"/p/{token}/audit.json")).json["views"]]


@asynccontextmanager
async def stranger_where(site: Site, **settings: Any) -> AsyncIterator[Person]:
    """Somebody at a server with other settings, on the same data."""
    async with stranger_at(replace(site, settings=replace(site.settings, **settings))) as stranger:
        yield stranger
