"""Reading a page as a browser does: what it says, what it links to, and what its head promises to other programs."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from pixelhost.app import build_app
from pixelhost.site import Site
from tests.support.client import RealServer, fresh_client
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person

HOSTILE = "<script>alert(1) \"double\" 'single' & \u2028 {{ 7 * 7 }} \u202egpj.exe"
NOBODYS_KEY = "00000000-0000-4000-8000-000000000000"
VOID = {"br", "hr", "img", "input", "link", "meta"}
Attributes = dict[str, str | None]


@dataclass
class Element:
    tag: str
    attributes: Attributes
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def __getitem__(self, name: str) -> str:
        value = self.attributes[name]
        assert value is not None, name
        return value


@dataclass
class Page:
    status: int
    headers: Any
    source: str
    elements: list[Element] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.one("title").text

    @property
    def text(self) -> str:
        """What stands in the middle of the page, with one space between any two words or elements."""
        return " ".join(" ".join(self.one("main").pieces).split())

    @property
    def tags(self) -> dict[str, str]:
        """Open Graph and Twitter properties."""
        found = [element for element in self.all("meta") if "content" in element.attributes]
        return {str(one.attributes.get("property") or one.attributes.get("name")): one["content"] for one in found}

    def all(self, tag: str, **wanted: str) -> list[Element]:
        return [
            one
            for one in self.elements
            if one.tag == tag
            and all(one.attributes.get(name.rstrip("_").replace("_", "-")) == value for name, value in wanted.items())
        ]

    def one(self, tag: str, **wanted: str) -> Element:
        found = self.all(tag, **wanted)
        assert len(found) == 1, (tag, wanted, found)
        return found[0]

    def json(self, element_id: str) -> Any:
        return json.loads(self.one("script", id=element_id).text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        # JSON is for programs: only the element itself holds it.
        for element in self._open[-1:] if self._open and self._open[-1].tag == "script" else self._open:
            element.pieces.append(data)


def read(answer: Answer) -> Page:
    """Every page is well-formed and carries the headers of a page, whatever it says."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer.body[:200]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = Page(answer.status, answer.headers, answer.body.decode())
    reader = _Reader()
    reader.feed(page.source)
    reader.close()
    page.elements = reader.elements
    for element in page.elements:
        assert not any(name == "style" or name.startswith("on") for name in element.attributes), element
        if element.tag == "script" and element.attributes.get("type") != "application/json":
            assert element["src"].startswith("/static/")
    return page


async def visit(person: Person, path: str, method: str = "GET", **headers: str) -> Page:
    return read(await person.ask(method, path, headers={"Accept-Encoding": "identity"} | headers))


@asynccontextmanager
async def stranger_at(site: Site) -> AsyncIterator[Person]:
    """Somebody without a key at another Site than the usual."""
    async with RealServer(build_app(site)) as server, fresh_client(server) as client:
        yield Person("", "", client)


async def take_down(site: Site, file_id: str, kind: str = "copyright") -> None:
    await change_rows(site, "UPDATE files SET abuse_type = $2 WHERE id = $1", file_id, kind)


async def views_of(person: Person, file_id: str, flush: Callable[[], Awaitable[int]]) -> int:
    await flush()
    views: int = (await person.info(file_id))["views"]
    return views
