"""rclone, with its Pixeldrain backend as it is and no flag to help it along, as somebody's daily driver."""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import Running, data_directory, serving, until

pytestmark = pytest.mark.journey

RCLONE = Path(sys.executable).with_name("rclone")
PATIENCE_SECONDS = 120
DIRECTORY_NOT_FOUND = 3
MANY_FILES = 1000
PLANS = """
[unlimited]
name = "Unlimited"
type = "unlimited"
filesystem_access = true

[small]
name = "Small"
type = "free"
storage_space = 1_000_000
filesystem_access = true
"""

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


class Rclone:
    """Runs it in a home of its own, with the remote `pd:` and nothing else configured."""

    def __init__(self, home: Path, url: str, key: str) -> None:
        self.home = home
        config = home / "rclone.conf"
        config.write_text(f"[pd]\ntype = pixeldrain\napi_key = {key}\napi_url = {url}/api\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RCLONE_", "XDG_"))}
        self.env = kept | {"RCLONE_CONFIG": str(config), "HOME": str(home)}

    def try_(self, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [RCLONE, *map(str, arguments)],
            env=self.env,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def __call__(self, *arguments: object, stdin: bytes = b"") -> str:
        """What it says when it succeeds without a complaint."""
        done = self.try_(*arguments, stdin=stdin)
        complaints = done.stderr.decode()
        assert (done.returncode, "ERROR" in complaints) == (0, False), complaints[-3000:]
        return done.stdout.decode()

    def listed(self, remote: str) -> dict[str, dict[str, Any]]:
        """Everything below, by path, with hashes and metadata."""
        found = json.loads(self("lsjson", "-R", "--hash", "-M", remote))
        return {entry["Path"]: entry for entry in found}

    def names(self, remote: str) -> list[str]:
        return sorted(entry["Name"] for entry in json.loads(self("lsjson", remote)))

    @contextlib.contextmanager
    def begun(self, *arguments: object) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """It runs beside the block, at whose end it is killed; and the file that it writes its messages to."""
        messages = self.home / "messages.txt"
        with messages.open("wb") as file:
            process = subprocess.Popen([RCLONE, *map(str, arguments)], env=self.env, stdin=subprocess.PIPE, stderr=file)
        try:
            yield process, messages
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with data_directory() as directory:
        plans = directory / "plans.toml"
        plans.write_text(PLANS)
        with serving(directory, plans_file=plans) as running:
            yield running


@pytest.fixture(scope="module")
def rclone(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Rclone:
    return Rclone(tmp_path_factory.mktemp("home"), server.url, server.key)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of Python's own library, which the tests may change."""
    left_out = shutil.ignore_patterns("site-packages", "dist-packages", "__pycache__", "*.a")
    target = tmp_path_factory.mktemp("library") / "python"
    shutil.copytree(sysconfig.get_path("stdlib"), target, ignore=left_out, ignore_dangling_symlinks=True)
    return target


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


def files_of(top: Path) -> dict[str, Path]:
    return {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_file()}


def directories_of(top: Path) -> dict[str, Path]:
    return {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_dir()}


def assert_same(left: Path, right: Path) -> None:
    """Two local trees, bytes and times."""
    assert files_of(left).keys() == files_of(right).keys()
    assert directories_of(left).keys() == directories_of(right).keys()
    for name, path in files_of(left).items():
        assert filecmp.cmp(path, right / name, shallow=False), name
        assert milliseconds(path) == milliseconds(right / name), name


def milliseconds(path: Path) -> int:
    """When it was changed; rclone's backend keeps that much of it."""
    return path.stat().st_mtime_ns // 1_000_000


def moment(text: str) -> int:
    """A time of lsjson in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def fetched(url: str) -> tuple[int, bytes]:
    """As somebody without any key gets it."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.read()


def test_a_library_of_thousands_of_files_is_copied_checked_listed_and_synced(server, rclone, library):
    """And every byte, hash, time and mode is the same there as here."""
    rclone("copy", library, "pd:library")

    local = files_of(library)
    assert len(local) > MANY_FILES
    rclone("check", library, "pd:library")
    there = rclone.listed("pd:library")
    assert {path for path, entry in there.items() if not entry["IsDir"]} == local.keys()
    assert {path for path, entry in there.items() if entry["IsDir"]} == directories_of(library).keys()
    for name, path in local.items():
        entry = there[name]
        assert entry["Hashes"] == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        assert entry["Size"] == path.stat().st_size
        assert moment(entry["ModTime"]) == milliseconds(path)
        assert entry["Metadata"].keys() == {"btime", "mode", "mtime"}
        assert entry["Metadata"]["mode"] == "644"

    shutil.rmtree(library / "json")
    (library / "os.py").unlink()
    (library / "re" / "__init__.py").write_text("nothing any more\n")
    os.utime(library / "ast.py", (1_000_000_000, 1_000_000_000.5))
    (library / "new").mkdir()
    (library / "new" / "file.py").write_text("new\n")
    (library / "logging").rename(library / "lumbering")
    sent = rclone.try_("sync", "-v", library, "pd:library")

    assert (sent.returncode, b"ERROR" in sent.stderr) == (0, False)
    renamed = len(list((library / "lumbering").iterdir()))
    assert sent.stderr.count(b": Copied (") == renamed + 2
    rclone("check", library, "pd:library")
    assert rclone.names("pd:library") == sorted(path.name for path in library.iterdir())
    assert rclone.listed("pd:library/lumbering").keys() == files_of(library / "lumbering").keys()
    (touched,) = json.loads(rclone("lsjson", "--stat", "pd:library/ast.py").join("[]"))
    assert touched["ModTime"] == "2001-09-09T01:46:40.500Z"
    assert rclone("cat", "pd:library/re/__init__.py") == "nothing any more\n"
    rclone("purge", "pd:library")
    assert rclone.try_("lsf", "pd:library").returncode == DIRECTORY_NOT_FOUND
    assert server.fsck()["problems"] == []


def test_a_download_of_a_tree_has_the_bytes_and_times_of_the_upload(rclone, library, tmp_path):
    rclone("copy", library / "asyncio", "pd:asyncio")
    sizes = [path.stat().st_size for path in files_of(library / "asyncio").values()]
    assert json.loads(rclone("size", "--json", "pd:asyncio")) == {
        "count": len(sizes), "bytes": sum(sizes), "sizeless": 0
    }  # fmt: skip

    rclone("copy", "pd:asyncio", tmp_path / "back")

    assert_same(library / "asyncio", tmp_path / "back")


def test_the_times_of_directories_are_kept(rclone, tmp_path):
    (tmp_path / "tree" / "old").mkdir(parents=True)
    (tmp_path / "tree" / "old" / "file").touch()
    os.utime(tmp_path / "tree" / "old", (1_000_000_000, 1_000_000_000.25))

    rclone("copy", tmp_path / "tree", "pd:dated")

    (entry,) = json.loads(rclone("lsjson", "pd:dated"))
    assert (entry["Name"], entry["ModTime"]) == ("old", "2001-09-09T01:46:40.250Z")


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


def test_moveto_renames_files_and_moves_whole_directories_without_sending_bytes(server, rclone):
    rclone("rcat", "pd:from/a.txt", stdin=b"a")
    rclone("rcat", "pd:from/deep/b.txt", stdin=b"b")
    before = rclone.listed("pd:from")

    rclone("moveto", "pd:from/a.txt", "pd:from/new parent/c.txt")
    assert rclone("cat", "pd:from/new parent/c.txt") == "a"
    rclone("moveto", "pd:from", "pd:somewhere/else")

    moved = rclone.listed("pd:somewhere/else")
    assert [path for path, entry in sorted(moved.items()) if not entry["IsDir"]] == ["deep/b.txt", "new parent/c.txt"]
    for old, new in (("a.txt", "new parent/c.txt"), ("deep/b.txt", "deep/b.txt")):
        assert before[old]["Metadata"] == moved[new]["Metadata"]
    assert "from" not in rclone.names("pd:")


def test_a_move_onto_a_file_replaces_it(rclone):
    rclone("rcat", "pd:onto/old.txt", stdin=b"old")
    rclone("rcat", "pd:onto/new.txt", stdin=b"new")

    rclone("moveto", "pd:onto/new.txt", "pd:onto/old.txt")

    assert rclone.names("pd:onto") == ["old.txt"]
    assert rclone("cat", "pd:onto/old.txt") == "new"


def test_a_public_link_works_without_a_key_until_it_is_taken_back(server, rclone):
    rclone("rcat", "pd:shared/file.txt", stdin=b"for everybody")

    link = rclone("link", "pd:shared/file.txt").strip()
    of_directory = rclone("link", "pd:shared").strip()

    share_id = link.rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9]{8}", share_id)
    assert link == f"{server.url}/d/{share_id}"
    assert fetched(f"{server.url}/api/filesystem/{share_id}") == (200, b"for everybody")
    assert fetched(f"{server.url}/api/filesystem/{of_directory[-8:]}/file.txt") == (200, b"for everybody")
    assert rclone("link", "pd:shared/file.txt").strip() == link
    rclone("link", "--unlink", "pd:shared/file.txt")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        fetched(f"{server.url}/api/filesystem/{share_id}")
    assert refusal.value.code == 404


def test_what_was_shared_is_a_remote_of_its_own_for_others(server, rclone, tmp_path):
    rclone("copy", "/etc/hostname", "pd:given")
    bucket = rclone("link", "pd:given").strip()[-8:]
    key = server.command("user", "add", "reader").stdout.splitlines()[-1]
    (tmp_path / "home").mkdir()
    theirs = Rclone(tmp_path / "home", server.url, key)
    with (tmp_path / "home" / "rclone.conf").open("a") as config:
        config.write(f"root_folder_id = {bucket}\n")

    assert theirs.names("pd:") == ["hostname"]
    assert theirs("cat", "pd:hostname") == Path("/etc/hostname").read_text()
    denied = theirs.try_("rcat", "pd:intruder", stdin=b"x")
    assert denied.returncode != 0
    assert b"permission" in denied.stderr
    assert rclone.names("pd:given") == ["hostname"]


def test_directories_are_made_and_removed_as_asked(rclone):
    rclone("mkdir", "pd:made/a/b")
    rclone("mkdir", "pd:made/a/b")
    rclone("mkdir", "pd:made/c/d")
    rclone("rcat", "pd:made/e/file", stdin=b"x")

    refused = rclone.try_("rmdir", "pd:made/a")
    assert refused.returncode != 0
    assert b"directory not empty" in refused.stderr
    rclone("rmdir", "pd:made/a/b")
    assert rclone.names("pd:made/a") == []
    rclone("rmdirs", "pd:made")
    assert rclone.listed("pd:made").keys() == {"e", "e/file"}
    rclone("delete", "pd:made")
    assert rclone.listed("pd:made").keys() == {"e"}
    rclone("purge", "pd:made")
    assert "made" not in rclone.names("pd:")


def test_rcat_writes_and_cat_reads_from_anywhere(rclone):
    data = bytes(range(256)) * 1000
    rclone("rcat", "pd:streamed.bin", stdin=data)
    rclone("rcat", "pd:nothing.bin", stdin=b"")

    def cat(*arguments: object) -> bytes:
        done = rclone.try_("cat", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert cat("pd:streamed.bin") == data
    assert cat("--offset", 250, "--count", 12, "pd:streamed.bin") == data[250:262]
    assert cat("--offset", -5, "pd:streamed.bin") == data[-5:]
    assert cat("--head", 3, "pd:streamed.bin") == data[:3]
    assert cat("--tail", 3, "pd:streamed.bin") == data[-3:]
    assert cat("pd:nothing.bin") == b""
    assert cat("--offset", 5, "pd:nothing.bin") == b""


def test_touch_sets_the_time_of_files_old_and_new(rclone):
    rclone("rcat", "pd:touched/file", stdin=b"x")
    before = rclone.listed("pd:touched")["file"]

    rclone("touch", "-t", "2001-02-03T04:05:06.123", "pd:touched/file")
    rclone("touch", "-t", "1969-07-20T20:17:40", "pd:touched/new")

    after = rclone.listed("pd:touched")
    assert after["file"]["ModTime"] == "2001-02-03T04:05:06.123Z"
    assert after["file"]["Hashes"] == before["Hashes"]
    assert after["file"]["Metadata"]["btime"] == before["Metadata"]["btime"]
    assert (after["new"]["Size"], after["new"]["ModTime"]) == (0, "1969-07-20T20:17:40.000Z")


def test_metadata_goes_there_and_back(rclone, tmp_path):
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o751)

    rclone("copy", "-M", tmp_path / "script", "pd:scripts")
    rclone("copy", "-M", "pd:scripts/script", tmp_path / "back")

    assert rclone.listed("pd:scripts")["script"]["Metadata"]["mode"] == "751"
    assert (tmp_path / "back" / "script").stat().st_mode & 0o7777 == 0o751


def test_about_tells_what_is_used_and_the_quota_where_there_is_one(server, rclone, tmp_path):
    used = server.ask("GET", "/api/user").json["storage_space_used"]
    assert json.loads(rclone("about", "--json", "pd:")) == {"used": used}

    key = server.command("user", "add", "small", "--plan", "small").stdout.splitlines()[-1]
    (tmp_path / "home").mkdir()
    small = Rclone(tmp_path / "home", server.url, key)
    small("rcat", "pd:file", stdin=b"x" * 1000)
    assert json.loads(small("about", "--json", "pd:")) == {"total": 1_000_000, "used": 1000}
    full = small.try_("rcat", "pd:large", stdin=b"x" * 1_000_000)
    assert full.returncode != 0
    assert small.names("pd:") == ["file"]


def test_bisync_carries_changes_of_both_sides_to_the_other(rclone, tmp_path):
    here = tmp_path / "here"
    for name in ("kept", "deleted here", "deleted there", "changed here", "changed there", "日本/深い"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    rclone("mkdir", "pd:both")
    rclone("bisync", "--resync", here, "pd:both")

    (here / "deleted here").unlink()
    (here / "changed here").write_text("changed")
    (here / "new here").write_text("new")
    rclone("deletefile", "pd:both/deleted there")
    rclone("rcat", "pd:both/changed there", stdin=b"changed too")
    rclone("rcat", "pd:both/new there/file", stdin=b"new too")
    rclone("bisync", here, "pd:both")

    assert {name: path.read_text() for name, path in files_of(here).items()} == {
        "kept": "kept", "日本/深い": "日本/深い", "changed here": "changed", "new here": "new",
        "changed there": "changed too", "new there/file": "new too",
    }  # fmt: skip
    rclone("check", here, "pd:both")


def test_changes_made_elsewhere_are_noticed(rclone):
    """As a mount does, which polls the activity log."""
    with rclone.begun("test", "changenotify", "pd:", "--poll-interval", "1s") as (_, messages):
        until(lambda: "Waiting for changes" in messages.read_text())
        rclone("rcat", "pd:noticed/file", stdin=b"x")
        rclone("mkdir", "pd:noticed/directory")
        rclone("moveto", "pd:noticed/file", "pd:noticed/moved")

        until(lambda: messages.read_text().count('"noticed/file": 1') == 2)
        assert '"noticed": 0' in messages.read_text()
        assert '"noticed/directory": 0' in messages.read_text()


def test_an_upload_killed_midway_leaves_nothing_behind(server, rclone):
    rclone("rcat", "pd:killed/old.bin", stdin=b"the old version")
    piece = os.urandom(1 << 20)
    for name in ("old.bin", "new.bin"):
        with rclone.begun("rcat", f"pd:killed/{name}") as (process, _):
            assert process.stdin is not None
            for _ in range(24):
                process.stdin.write(piece)
            until(lambda: server.incoming)
            process.kill()
        until(lambda: server.incoming == [])

    assert rclone.names("pd:killed") == ["old.bin"]
    assert rclone("cat", "pd:killed/old.bin") == "the old version"
    assert server.fsck()["problems"] == []


def test_a_wrong_key_is_refused_in_words(server, tmp_path):
    intruder = Rclone(tmp_path, server.url, "00000000-0000-4000-8000-000000000000")

    refused = intruder.try_("lsd", "pd:")

    assert refused.returncode != 0
    assert b"authentication" in refused.stderr


def test_times_are_kept_to_the_millisecond_in_any_zone(rclone):
    rclone("touch", "--localtime", "-t", "2024-02-29T12:00:00.001", "pd:zoned")

    (entry,) = json.loads(rclone("lsjson", "pd:zoned"))

    local = datetime(2024, 2, 29, 12, 0, 0, 1000).astimezone()
    assert moment(entry["ModTime"]) == round(local.astimezone(UTC).timestamp() * 1000)
