"""Words that a page shows although no language can translate them: text of templates and scripts without a mark."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.jslexer import Token, tokenize
from jinja2 import Environment, nodes

from tests.web.catalogue import PACKAGE

TEMPLATES = PACKAGE / "web" / "templates"
SCRIPTS = PACKAGE / "web" / "static"

READ_ALOUD = {"aria-label", "aria-description", "title", "alt", "placeholder", "label"}

_TRANS = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
# Classes, parts of tags and of addresses: what is between tags of the source isn't always text of the page.
_LAYOUT = re.compile(r"\{%\s*block layout\s*%\}.*?\{%\s*endblock\s*%\}", re.DOTALL)
_NO_TEXT = re.compile(r"""[\w-]+="[^"]*"(?:>|\s|$)|[?&]?\b\w+[=&]""")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"\s*[A-Z][a-z]+(?:$|[ .,:!?…])|[a-z]+ [a-z]+ [a-z]+")
_FILLED_IN = re.compile(r"\$\{.*?\}")
_STRINGS = {"string", "template_string"}

MARKS = {"_", "gettext", "ngettext"}


class _Text(HTMLParser):
    """Collects what is seen or read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for name, value in attrs if value and name in READ_ALOUD]
        if tag in {"code", "script", "style"}:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.said.append(data)


def of_template(path: Path, names: set[str]) -> list[str]:
    """Text and attributes with words that aren't `names`, and strings of expressions that read like words."""
    source = path.read_text(encoding="utf-8")
    parser = _Text()
    parser.feed(_JINJA.sub(" ", _LAYOUT.sub("", _TRANS.sub(" ", source))))
    found = [text.strip() for text in parser.said if set(_WORD.findall(_NO_TEXT.sub(" ", text))) - names]
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    return found + [text for text in _strings(tree) if _SENTENCE.match(text) and set(_WORD.findall(text)) - names]


def _strings(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKS:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _strings(child)


def of_script(path: Path, names: set[str]) -> list[str]:
    """Strings that read like words, but for those that `t()` and `n()` are called with, and classes of elements."""
    tokens = [token for token in tokenize(path.read_text(encoding="utf-8")) if "comment" not in token.type]
    return [
        text
        for place, token in enumerate(tokens)
        if token.type in _STRINGS
        and _SENTENCE.match(text := _FILLED_IN.sub(" ", token.value[1:-1]).strip())
        and set(_WORD.findall(text)) - names
        and not _is_marked(tokens[:place])
        and not _is_class(tokens[:place])
    ]


def _is_class(before: list[Token]) -> bool:
    return [token.value for token in before[-2:]] in (["class", ":"], ["className", "="])


def _is_marked(before: list[Token]) -> bool:
    """Whether the innermost call that is still open is one of a mark."""
    depth = 0
    for place in range(len(before) - 1, 0, -1):
        value = before[place].value
        depth += (value in {")", "}", "]"}) - (value in {"(", "{", "["})
        if depth < 0:
            return value == "(" and before[place - 1].value in {"t", "n"}
    return False


def refusals_of_module(path: Path) -> list[str]:
    """Words in place of those of the error registry."""
    return [
        node.value.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "message" and isinstance(node.value, ast.Constant)
    ]
