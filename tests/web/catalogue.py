"""The catalogues of languages: `python -m tests.web.catalogue` brings them up to date with what the sources say.

New messages come without a translation, and those that no source says any more go; nothing is guessed.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "pixelhost"
FOLDER = PACKAGE / "web" / "languages"

Extracted = tuple[int, None, str, list[str]]


def refusals(file: BinaryIO, _keywords: object, _tags: object, options: object) -> Iterator[Extracted]:
    """Of a module that knows nothing of pages: the words that it refuses with instead of those of the registry."""
    tree = ast.parse(file.read())
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "message":
            value = constants.get(node.value.id) if isinstance(node.value, ast.Name) else node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield node.lineno, None, value.value, []


METHODS = [
    ("web/templates/**.html", "jinja2"),
    ("web/static/**.js", "javascript"),
    ("web/**.py", "python"),
    ("errors.py", "python"),
    ("core/**.py", refusals),
    ("wire/**.py", refusals),
]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "mark": None,
    "plural": (1, 2),
    "ErrorKind": (3,),
    "t": None,
    "n": (2, 3),
}
HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: pixelhost\\n"
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms};\\n"

"""
OPTIONS = {
    "web/templates/**.html": {"trimmed": "true", "silent": "false"},
    "web/static/**.js": {"parse_template_string": "true"},
}


def gathered() -> Catalog:
    """Everything that pages say, with the files that say it. Line numbers are left out: they would change daily."""
    found = Catalog(project="pixelhost", charset="utf-8", fuzzy=False)
    for path, _, message, comments, context in extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS):
        found.add(message, None, [(f"pixelhost/{path}", 0)], auto_comments=comments, context=context)
    return found


def catalogues() -> Iterator[Path]:
    yield from sorted(FOLDER.glob("*.po"))


def updated(path: Path) -> int:
    """Bring a catalogue up to date. How many of its messages still want a translation."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.stem.replace("-", "_"))
    catalog.update(gathered(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    with path.open("wb") as file:
        file.write(HEADER.format(tag=path.stem, plural_forms=catalog.plural_forms.rstrip(";")).encode())
        write_po(file, catalog, width=120, omit_header=True, include_lineno=False, sort_by_file=True)
    return len(missing(catalog))


def missing(catalog: Catalog) -> list[str]:
    """What is not translated, or only guessed."""
    return [
        str(message.id) for message in catalog if message.id and (message.fuzzy or not _is_complete(message.string))
    ]


def _is_complete(string: str | tuple[str, ...]) -> bool:
    return bool(string) if isinstance(string, str) else bool(string) and all(string)


if __name__ == "__main__":
    for catalogue in catalogues():
        sys.stdout.write(f"{catalogue.relative_to(ROOT)}: {updated(catalogue)} messages want a translation\n")
