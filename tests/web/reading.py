"""Reading a page as a browser does: what it says, what it links to, and what its head promises to other programs."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tests.support.people import Answer, Person

VOID = {"br", "img", "input", "link", "meta"}
Attributes = dict[str, str | None]


@dataclass
class Element:
    tag: str
    attributes: Attributes
    text: str = ""

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
        return " ".join(self.one("main").text.split())

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
        for element in self._open:
            element.text += data


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
