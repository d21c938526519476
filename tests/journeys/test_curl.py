"""curl, as people use it from a terminal, against a real server."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.running import Running, data_directory, serving

pytestmark = pytest.mark.journey

LARGE_BYTES = 100_000_000
SOON_SECONDS = 60
INFO_KEYS = {
    "success", "id", "name", "size", "views", "bandwidth_used", "bandwidth_used_paid", "downloads", "date_upload",
    "date_last_view", "mime_type", "thumbnail_href", "hash_sha256", "delete_after_date", "delete_after_downloads",
    "availability", "availability_message", "abuse_type", "abuse_reporter_name", "can_edit", "can_download",
    "show_ads", "allow_video_player", "download_speed_limit",
}  # fmt: skip

PLANS = """
[unlimited]
name = "Unlimited"
type = "unlimited"

[small]
name = "Small"
type = "free"
file_size_limit = 1_000_000

[full]
name = "Full"
type = "free"
storage_space = 0
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with data_directory() as directory:
        plans = directory / "plans.toml"
        plans.write_text(PLANS)
        with serving(directory, plans_file=plans) as running:
            yield running


@pytest.fixture(scope="module")
def small_key(server: Running) -> str:
    """The key of an account that takes files up to a million bytes."""
    return server.command("user", "add", "small", "--plan", "small").stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.bin"
    with path.open("wb") as file:
        for _ in range(LARGE_BYTES // 10_000_000):
            file.write(os.urandom(10_000_000))
    return path


class Curled:
    """What one run of curl came to. `status` and `seconds` are of the last transfer."""

    def __init__(self, *arguments: object, cwd: Path, stdin: Any = None) -> None:
        shown = "\n%{http_code} %{time_total}"
        self.done = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "180", "-w", shown, *map(str, arguments)],
            cwd=cwd,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=200,
            check=False,
        )
        self.body, _, last = self.done.stdout.rpartition(b"\n")
        status, seconds = last.split()
        self.status, self.seconds = int(status), float(seconds)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        refusal = self.json
        assert refusal["success"] is False
        assert refusal["message"]
        return self.status, refusal["value"]


@pytest.fixture
def curl(tmp_path: Path):
    def run(*arguments: object, stdin: Any = None) -> Curled:
        return Curled(*arguments, cwd=tmp_path, stdin=stdin)

    return run


@pytest.fixture
def upload(server: Running, curl):
    """curl -T with the key of admin."""

    def run(source: object, target: str = "", *more: object, stdin: Any = None) -> Curled:
        return curl("-T", source, "-u", f":{server.key}", *more, f"{server.url}/api/file/{target}", stdin=stdin)

    return run


def test_the_documented_line_uploads_a_file_and_answers_with_all_about_it(server, curl, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 a photo")

    answer = curl("-T", "photo.jpg", "-u", f":{server.key}", f"{server.url}/api/file/")

    assert answer.status == 201
    info = answer.json
    assert info.keys() >= INFO_KEYS
    assert (info["success"], info["name"], info["size"], info["mime_type"]) == (True, "photo.jpg", 12, "image/jpeg")
    assert info["hash_sha256"] == hashlib.sha256(b"\xff\xd8\xff\xe0 a photo").hexdigest()
    assert info["can_edit"] is True
    assert curl(f"{server.url}/api/file/{info['id']}").body == b"\xff\xd8\xff\xe0 a photo"


@pytest.mark.parametrize(
    "name",
    [
        "two words.txt",
        "  spaces around  ",
        "it's.txt",
        'so "called".txt',
        "😀 smile 👨‍👩‍👧.txt",
        "写真 フォト 사진.txt",
        "naïve café.txt",
        "100%.txt",
        "100%25.txt",
        "%2F.txt",
        "a+b=c.txt",
        "question? #1 & more;.txt",
        "[1]{a,b}.txt",
        "a" * 251 + ".txt",
    ],
)
def test_a_name_arrives_as_the_file_is_called(upload, curl, server, tmp_path, name):
    (tmp_path / name).write_text("content of " + name)

    answer = upload(name, "", "--globoff")

    assert answer.status == 201, answer.body
    assert answer.json["name"] == name
    headers = curl("-I", f"{server.url}/api/file/{answer.json['id']}").body.decode()
    assert unquote(headers.partition("filename*=UTF-8''")[2].split()[0]) == name


def test_standard_input_is_uploaded_in_chunks_of_unknown_total(upload, curl, server):
    data = os.urandom(3_000_000)

    answer = upload("-", "from-a-pipe.bin", stdin=data)

    assert answer.status == 201
    assert answer.json["size"] == len(data)
    assert answer.json["hash_sha256"] == hashlib.sha256(data).hexdigest()


def test_standard_input_is_stored_while_the_other_program_still_writes(server, upload):
    with subprocess.Popen(["sh", "-c", "echo one; sleep 0.5; echo two"], stdout=subprocess.PIPE) as writer:
        answer = upload(".", "slow.txt", stdin=writer.stdout)

    assert (answer.status, answer.json["size"]) == (201, len("one\ntwo\n"))


def test_several_files_go_with_one_line(upload, tmp_path):
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name)

    done = upload("{a.txt,b.txt,c.txt}")

    lines = done.done.stdout.decode().splitlines()
    assert [json.loads(line[line.index("{") :])["name"] for line in lines if "{" in line] == ["a.txt", "b.txt", "c.txt"]


def test_an_empty_file_is_refused(upload, tmp_path):
    (tmp_path / "empty.txt").touch()

    assert upload("empty.txt").refusal == (422, "no_file")
    assert upload("-", "empty.txt", stdin=b"").refusal == (422, "no_file")


def test_without_a_name_in_the_address_standard_input_is_refused(upload):
    answer = upload("-", stdin=b"nameless")

    assert answer.refusal == (400, "missing_field")
    assert answer.json["extra"] == {"field": "name"}


def test_a_file_of_100_megabytes_comes_back_byte_for_byte(upload, curl, server, large_file, tmp_path):
    uploaded = upload(large_file)
    assert (uploaded.status, uploaded.json["size"]) == (201, LARGE_BYTES)

    curl("-o", "back.bin", f"{server.url}/api/file/{uploaded.json['id']}")

    assert filecmp.cmp(large_file, tmp_path / "back.bin", shallow=False)


def test_a_cut_download_is_resumed_where_it_ended(upload, curl, server, large_file, tmp_path):
    url = f"{server.url}/api/file/{upload(large_file).json['id']}"
    cut = curl("--max-time", "5", "--limit-rate", "10M", "-o", "back.bin", url)
    assert cut.done.returncode == 28
    got = (tmp_path / "back.bin").stat().st_size
    assert 0 < got < LARGE_BYTES

    resumed = curl("-C", "-", "-o", "back.bin", url)

    assert resumed.status == 206
    assert filecmp.cmp(large_file, tmp_path / "back.bin", shallow=False)


def test_resuming_a_download_that_is_whole_changes_nothing(upload, curl, server, tmp_path):
    (tmp_path / "whole.txt").write_text("whole")
    url = f"{server.url}/api/file/{upload('whole.txt').json['id']}"

    resumed = curl("-C", "-", "-o", "whole.txt", url)

    assert (resumed.status, resumed.done.returncode) == (416, 0)
    assert (tmp_path / "whole.txt").read_text() == "whole"


def test_a_form_uploads_a_file_too(server, curl, tmp_path):
    (tmp_path / "über uns.txt").write_text("in a form")

    answer = curl("-F", "file=@über uns.txt", "-u", f":{server.key}", f"{server.url}/api/file")

    assert (answer.status, answer.json.keys()) == (201, {"success", "id"})
    info = curl(f"{server.url}/api/file/{answer.json['id']}/info").json
    assert (info["name"], info["size"]) == ("über uns.txt", 9)


@pytest.mark.parametrize("fields", [("name=called.txt", "file=@on-disk.txt"), ("file=@on-disk.txt", "name=called.txt")])
def test_the_name_in_a_form_wins_wherever_it_stands(server, curl, tmp_path, fields):
    (tmp_path / "on-disk.txt").write_text("in a form")

    answer = curl("-F", fields[0], "-F", fields[1], "-u", f":{server.key}", f"{server.url}/api/file/")

    assert curl(f"{server.url}/api/file/{answer.json['id']}/info").json["name"] == "called.txt"


def test_a_download_is_saved_under_the_name_that_it_was_uploaded_with(upload, curl, server, tmp_path):
    (tmp_path / "annual report (final).txt").write_text("figures")
    file_id = upload("annual report (final).txt").json["id"]
    (tmp_path / "annual report (final).txt").unlink()

    saved = curl("-O", "-J", f"{server.url}/api/file/{file_id}?download")

    assert saved.done.returncode == 0
    assert (tmp_path / "annual report (final).txt").read_text() == "figures"


def test_the_page_of_a_file_leads_curl_to_the_file(upload, curl, server, tmp_path):
    (tmp_path / "page.txt").write_text("not a page")
    page = f"{server.url}/u/{upload('page.txt').json['id']}"

    assert curl(page).status == 303
    assert curl("-L", page).body == b"not a page"


def test_a_bearer_token_is_as_good_as_a_password(server, curl, tmp_path):
    (tmp_path / "b.txt").write_text("b")

    sent = curl("-T", "b.txt", "-H", f"Authorization: Bearer {server.key}", f"{server.url}/api/file/")

    assert sent.status == 201


CHUNKED = ("-H", "Transfer-Encoding: chunked")
UNASKED = ("-H", "Expect:")
EVERY_WAY = pytest.mark.parametrize("way", [(), UNASKED, CHUNKED, CHUNKED + UNASKED])


@EVERY_WAY
@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        ("5f45f184-64bb-4eaa-be19-4a5f0459db49", (401, "authentication_failed")),
        ("rubbish", (401, "authentication_failed")),
        (None, (401, "authentication_required")),
    ],
)
def test_an_upload_without_a_right_key_ends_quickly_with_the_reason(server, curl, large_file, key, refusal, way):
    login = ("-u", f":{key}") if key else ()

    began = time.monotonic()
    answer = curl("-T", large_file, *login, *way, f"{server.url}/api/file/")

    assert answer.refusal == refusal
    assert time.monotonic() - began < SOON_SECONDS


@EVERY_WAY
def test_a_file_that_the_plan_does_not_allow_ends_quickly_with_the_reason(server, curl, large_file, small_key, way):
    began = time.monotonic()
    answer = curl("-T", large_file, "-u", f":{small_key}", *way, f"{server.url}/api/file/")

    assert answer.refusal == (413, "file_too_large")
    assert time.monotonic() - began < SOON_SECONDS


def test_a_form_with_a_file_that_the_plan_does_not_allow_ends_quickly_too(server, curl, large_file, small_key):
    began = time.monotonic()
    answer = curl("-F", f"file=@{large_file}", "-u", f":{small_key}", f"{server.url}/api/file")

    assert answer.refusal == (413, "file_too_large")
    assert time.monotonic() - began < SOON_SECONDS


def test_an_account_without_room_is_refused(server, curl, large_file):
    key = server.command("user", "add", "full", "--plan", "full").stdout.splitlines()[-1]

    assert curl("-T", large_file, "-u", f":{key}", f"{server.url}/api/file/").refusal == (400, "user_out_of_space")


def test_a_refused_upload_sends_nothing_of_a_body_that_waits_for_the_word(server, curl, large_file):
    sent = curl(
        "-T",
        large_file,
        "--expect100-timeout",
        "60",
        "-u",
        ":rubbish",
        "-w",
        "\n%{size_upload}\n%{http_code} %{time_total}",
        server.url + "/api/file/",
    )

    assert int(sent.body.splitlines()[-1]) == 0


def test_after_all_of_this_nothing_is_staged_and_rows_and_bytes_agree(server):
    assert server.incoming == []
    assert server.fsck()["problems"] == []
