"""Colours for source code, by pygments: classes behind `hl-`, as in markdown, and no styles."""

from typing import BinaryIO, Final

from pygments.formatters import HtmlFormatter
from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name, get_lexer_for_mimetype
from pygments.token import Text, Whitespace
from pygments.util import ClassNotFound

from pixelhost.media.markdown import CLASS_PREFIX
from pixelhost.media.texts import decoded

PLAIN: Final = frozenset({"text/plain", "text/csv", "text/tab-separated-values", "text/markdown"})
LINE_MAX_CHARACTERS: Final = 20_000
"""A lexer may take a time that grows with the square of a line."""


def language_of(name: str, mime_type: str) -> str:
    """The alias of what a file is written in, by its name and else by its type; empty for plain text."""
    found = find_lexer_class_for_filename(name)
    if found is None and mime_type not in PLAIN:
        try:
            found = type(get_lexer_for_mimetype(mime_type))
        except ClassNotFound:
            return ""
    return "" if found is None or found.name == "Text only" or not found.aliases else str(found.aliases[0])


def render(file: BinaryIO, language: str, limit_bytes: int) -> str:
    """Lines of HTML, each whole in itself, of at most so many bytes of a text. Empty when there are no colours for it.

    Blocking: call in a media worker.
    """
    head = file.read(limit_bytes + 1)
    text = decoded(head[:limit_bytes], is_truncated=len(head) > limit_bytes).replace("\r\n", "\n").replace("\r", "\n")
    if max(map(len, text.split("\n"))) > LINE_MAX_CHARACTERS:
        return ""
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    formatter = HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)
    out = _Lines()
    tokens = lexer.get_tokens(text)
    formatter.format(((Text if kind is Whitespace else kind, value) for kind, value in tokens), out)
    return "".join(out.pieces)


class _Lines:
    """What a formatter writes to."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def write(self, piece: str) -> None:
        self.pieces.append(piece)
