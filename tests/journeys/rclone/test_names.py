"""Names that are trouble."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.rclone import assert_same

pytestmark = pytest.mark.journey

NASTY_NAMES = [
    "line\nbreak", "tab\there", "carriage\rreturn", "bell\x07 and \x1b[31m escape", "del\x7f", "\x01first", "last\x1f",
    " leading", "trailing ", "  both  ", "\u00a0unbreakable\u00a0", "it's", 'so "called"', "back\\slash", "`ticks`",
    "$HOME & ; | <x>", "🙂 emoji 👩\u200d👩\u200d👧", "日本語のファイル名.txt", "中文", "한국어",
    "e\u0301 decomposed", "\u00e9 composed", "a\u0308\u0323", ".hidden", "..two", "...", "....",
    "%2F", "%00", "%FF", "%", "100%", "a+b", "a b", "a%20b", "a%2Bb", "?query=1", "?stat", "#fragment", "a&b=c",
    "semi;colon", "-rf", "~", "*", "[x]", "{y}", "(z)", "|", "me", "@at", "name:with:colons", "CON", "nul.txt",
    "trailing.", "\u202egnp.exe", "\ufeffmark", "\u200bzero width", "\u2028line", "\u0085next", "％2F", "␀", "␊",
    "∕", "／", ",comma", "x" * 255, "é" * 127 + "x", "🙂" * 63,
]  # fmt: skip
NASTY_DIRECTORIES = ["with space ", " led", ".dot", "日本", "%2F", "a+b", "new\nline", '"q"', "🙂", "?stat", "d" * 255]


@pytest.fixture
def nasty(tmp_path: Path) -> Path:
    """Files whose names are trouble, with contents that tell them apart."""
    top = tmp_path / "nasty"
    top.mkdir()
    (top / "empty").touch()
    for number, name in enumerate(NASTY_NAMES):
        (top / name).write_text(f"{number}")
    for name in NASTY_DIRECTORIES:
        (top / f"in {len(name)}").mkdir(exist_ok=True)
        (top / f"in {len(name)}" / name).mkdir()
        (top / f"in {len(name)}" / name / "☃ within").write_text(name)
    return top


def test_names_that_are_trouble_go_there_and_come_back_as_they_were(rclone, nasty, tmp_path):
    rclone("copy", nasty, "pd:nasty")

    rclone("check", nasty, "pd:nasty")
    rclone("copy", "pd:nasty", tmp_path / "back")
    assert_same(nasty, tmp_path / "back")


def test_directories_with_such_names_are_moved_and_deleted(rclone, nasty):
    rclone("copy", nasty, "pd:troubled")
    # By the names that rclone has for them, where control characters are pictures.
    found = [path for path in rclone.listed("pd:troubled") if path.startswith("in ") and path.count("/") == 1]
    assert len(found) == len(NASTY_DIRECTORIES)

    for path in found:
        rclone("moveto", f"pd:troubled/{path}", f"pd:troubled/moved/{path.partition('/')[2]}")
    names = sorted(path.partition("/")[2] for path in found)
    assert rclone.names("pd:troubled/moved") == names
    for name in names:
        rclone("purge", f"pd:troubled/moved/{name}")
    assert rclone.names("pd:troubled/moved") == []


def test_test_info_finds_only_what_no_utf_8_name_can_hold(rclone, tmp_path):
    """Its survey of all names, lengths, normalizations and streams: nothing is worse than the backend can be."""
    report_file = tmp_path / "report.json"

    said = rclone("test", "info", "--all", "pd:survey", "--write-json", report_file)

    escaped = re.search(r"stringNeedsEscaping = \[\]rune\{\s*(.*?)\s*\}", said, re.DOTALL)
    assert escaped is not None
    # A separator, the end of a C string, and two bytes that are no UTF-8.
    assert escaped[1].split(", ") == ["'/'", r"'\x00'", r"'\xbf'", r"'\xfe'"]
    lengths = {int(width): int(length) for length, width in re.findall(r"maxFileLength = (\d+) // for (\d) byte", said)}
    assert lengths == {1: 255, 2: 127, 3: 85, 4: 63}
    facts = dict(re.findall(r"^(\w+) *= (true|false)\b", said, re.MULTILINE))
    assert facts == {"canWriteUnnormalized": "true", "canReadUnnormalized": "true", "canReadRenormalized": "false",
                     "canStream": "true", "base32768isOK": "true"}  # fmt: skip
    seen = json.loads(report_file.read_text())["ControlCharacters"]
    hidden = {char for char, result in seen.items() if set(result["InList"].values()) != {"present"}}
    assert hidden <= {"/", "\0", "\ufffd", "\xbf", "\xfe"}
    assert rclone.names("pd:survey") == []
