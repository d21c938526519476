"""Markdown to HTML that is safe to put into a page of ours.

CommonMark 0.31 with the tables, strikethrough, task lists and footnotes of GitHub Flavored Markdown. HTML in the
document is allowed, and everything goes through the sanitiser, ours as well as theirs: what isn't on its lists below
is not there. Classes are those of pygments behind `hl-`, of footnotes and of task lists; there is no inline style.
"""

import codecs
from collections.abc import Mapping
from functools import cache
from typing import BinaryIO, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

DOCUMENT_LIMIT_BYTES: Final = 2 << 20
HIGHLIGHTED_CHARACTERS: Final = 200_000
ID_PREFIX: Final = "user-content-"
CLASS_PREFIX: Final = "hl-"

TAGS: Final = frozenset(
    (
        *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details"),
        *("dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i"),
        *("img", "input", "ins", "kbd", "li", "mark", "ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s"),
        *("samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr"),
    )
)
# Of other elements the content stays; of these it isn't text for people.
DROPPED_WHOLE: Final = frozenset(
    (
        *("applet", "embed", "frame", "frameset", "iframe", "math", "noembed", "noframes", "noscript", "object"),
        *("plaintext", "script", "select", "style", "svg", "template", "textarea", "title", "xmp"),
    )
)
ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "*": frozenset(("dir", "id", "lang", "title")),
    "a": frozenset(("href",)),
    "col": frozenset(("span",)),
    "colgroup": frozenset(("span",)),
    "details": frozenset(("open",)),
    "img": frozenset(("alt", "height", "src", "width")),
    "input": frozenset(("checked", "disabled")),
    "li": frozenset(("value",)),
    "ol": frozenset(("reversed", "start", "type")),
    "td": frozenset(("colspan", "rowspan")),
    "th": frozenset(("colspan", "rowspan", "scope")),
    "time": frozenset(("datetime",)),
}
CHOICES: Final = {
    tag: {"align": {"center", "left", "right"}} for tag in ("div", "h1", "h2", "h3", "img", "p", "table", "td", "th")
}
# One each: the order of several would change with every process.
FIXED: Final = {"img": {"referrerpolicy": "no-referrer"}, "input": {"type": "checkbox"}}
CLASSES: Final = {
    "a": {"footnote-backref"},
    "hr": {"footnotes-sep"},
    "input": {"task-list-item-checkbox"},
    "li": {"footnote-item", "task-list-item"},
    "ol": {"footnotes-list"},
    "pre": {"highlight"},
    "section": {"footnotes"},
    "span": {CLASS_PREFIX + name for name in STANDARD_TYPES.values() if name},
    "sup": {"footnote-ref"},
    "ul": {"contains-task-list"},
}
URL_SCHEMES: Final = frozenset(("http", "https", "mailto"))


class DocumentTooLarge(Exception):
    """More than 2 MiB."""


def render(file: BinaryIO) -> str:
    """The body of an HTML document. Raises DocumentTooLarge.

    The text is UTF-8, with or without a byte order mark; what isn't UTF-8 is replaced. Every id begins with
    `user-content-`, as does every address within the document.
    """
    encoded = file.read(DOCUMENT_LIMIT_BYTES + 1)
    if len(encoded) > DOCUMENT_LIMIT_BYTES:
        raise DocumentTooLarge("the document is larger than 2 MiB")
    text = encoded.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    return _cleaner().clean(_parser().render(text))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"highlight": _highlighted}).enable(["table", "strikethrough"])
    parser.use(tasklists_plugin).use(footnote_plugin).use(anchors_plugin, max_level=6)
    parser.core.ruler.push("aligned_cells", _align_cells)
    return parser


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_filtered,
        tag_attribute_values=CHOICES,
        set_tag_attribute_values=FIXED,
        allowed_classes=CLASSES,
        url_schemes=set(URL_SCHEMES),
        link_rel="noopener nofollow noreferrer",
        id_prefix=ID_PREFIX,
        strip_comments=True,
    )


def _filtered(_tag: str, name: str, value: str) -> str:
    """Addresses within the document follow the ids there."""
    return f"#{ID_PREFIX}{value[1:]}" if name == "href" and value.startswith("#") and value != "#" else value


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """Nothing where there are no colours for it: then the parser shows it as it is."""
    if not language or len(code) > HIGHLIGHTED_CHARACTERS:
        return ""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return ""
    coloured: str = highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX))
    return f'<pre class="highlight"><code>{coloured}</code></pre>'


def _align_cells(state: StateCore) -> None:
    """An attribute in place of the inline style that the parser makes."""
    for token in state.tokens:
        style = token.attrs.pop("style", "") if token.type in {"td_open", "th_open"} else ""
        if style:
            token.attrs["align"] = str(style).removeprefix("text-align:")
