"""The lines for curl of the API page, run as they stand there, each by a shell of its own."""

import asyncio
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import bencodepy
import pytest
from aiohttp import FormData

from pixelhost.app import DIALECTS, build_app
from pixelhost.site import Site
from pixelhost.web.docs import reference
from pixelhost.wire.manual import JSON, Operation
from tests.support.client import RealServer, fresh_client
from tests.support.clock import MovableClock
from tests.support.mailbox import last_mail
from tests.support.money import to_month
from tests.support.people import Person, make_person
from tests.support.transfers import Sender

OPERATIONS = {one.name: one for dialect in DIALECTS for one in dialect.manual.operations}

NOT_RUN = {
    "GET /file_stats": "curl doesn't speak websocket: test_file_stats does",
}
ADDRESS = "admin@example.com"
SENT_AS = {
    "GET /file/{id}": ("image/png",),
    "GET /file/{id}/info/zip/{path}": ("text/plain",),
    "GET /filesystem/{path}": ("text/plain",),
    "GET /filesystem/{path} ?attach": ("text/plain",),
    "GET /filesystem/{path} ?zip_file": ("text/plain",),
    "GET /p/{token}/files/{link}/{name}": ("text/plain",),
    "GET /files/{id}/download": ("text/plain",),
    "GET /downloads/{id}/{key}": ("text/plain",),
}
"""Files come with types of their own."""
CURLRC = 'silent\nshow-error\nwrite-out = "\\n%{http_code} %{content_type}"\n'


@dataclass(frozen=True)
class Shell:
    """Where lines are typed: a directory with the files that they name, and the variables of the page."""

    directory: Path
    here: str
    variables: Mapping[str, str]

    async def run(self, line: str) -> tuple[str, int, str]:
        """What curl printed, the status, and the type of the answer."""
        environment = os.environ | {"CURL_HOME": str(self.directory), "no_proxy": "*"} | self.variables
        process = await asyncio.create_subprocess_exec(
            "bash",
            *("-u", "-c", reference.filled(line, self.here)),
            cwd=self.directory,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        body, _, facts = printed.decode().rpartition("\n")
        status, _, content_type = facts.partition(" ")
        return body, int(status), content_type.partition(";")[0]


@pytest.fixture
async def shell(site: Site, clock: MovableClock, png: bytes, tmp_path: Path) -> AsyncIterator[Shell]:
    """Of an administrator in January 2026, who has one of everything that the page speaks of."""
    to_month(clock, 2026, 1)
    settings = replace(site.settings, test_payments="on", registration="open", smtp_url="smtp://127.0.0.1:9")
    open_to_all = replace(site, settings=replace(settings, webhook_networks=(ip_network("127.0.0.0/8"),)))
    async with RealServer(build_app(open_to_all)) as server, fresh_client(server) as client:
        admin = await make_person(open_to_all, client, "admin", is_admin=True, email=ADDRESS, password="correct horse")
        await make_person(open_to_all, client, "maria", password="battery staple", email="maria@example.com")
        await make_person(open_to_all, client, "carol")
        (tmp_path / ".curlrc").write_text(CURLRC)
        files = {"photo.jpg": png, "notes.txt": b"notes\n", "README.md": b"# Read\n"}
        files |= {"archive.zip": _archive(), "film.torrent": _torrent()}
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
            await admin.write(f"/me/documents/{name}", data)
        ids = {name: await admin.upload(name, data) for name, data in files.items()}
        variables = {
            "ID": ids["photo.jpg"],
            "LIST": await admin.make_list(ids["photo.jpg"], title="Holiday"),
            "ARCHIVE": ids["archive.zip"],
            "TORRENT": ids["film.torrent"],
            "NAME": "maria",
            "PASSWORD": "battery staple",
            "BANNED": "carol",
        }
        variables |= await _secrets(admin)
        variables |= await _transfers(admin)
        variables |= await _past(open_to_all, admin)
        assert variables.keys() == reference.VARIABLES.keys()
        yield Shell(tmp_path, str(client.make_url("/")).rstrip("/"), variables)


async def _past(site: Site, admin: Person) -> dict[str, str]:
    """What has happened before the lines are typed."""
    await _done(admin.post("/api/admin/user_ban", data={"name": "carol", "reason": "Spam"}))
    await _done(admin.post("/api/admin/ip_ban", data={"address": "198.51.100.7", "reason": "Spam"}))
    await site.db.execute(
        """UPDATE nodes SET custom_domain_name = 'films.example.com'
            WHERE parent_id IS NULL AND owner_id = (SELECT id FROM users WHERE name = 'maria')"""
    )
    await _done(admin.post("/api/admin/give_credit", data={"name": "admin", "credit": "5000000"}))
    await _done(admin.post("/api/user/password_reset", data={"email": ADDRESS}))
    invoice = await admin.post("/api/user/invoice", data={"amount": "10000000", "network": "test", "country": "DE"})
    key = await admin.post("/api/user/session", data={"app_name": "curl"})
    await site.db.execute(
        """INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
           SELECT id, $1, 'file_instance_expired', 'abcd1234', 'old.jpg', 'file_expired' FROM users WHERE is_admin""",
        site.clock.now(),
    )
    await _done(admin.post("/api/admin/abuse_reporter", data={"name": "Hotline"}))
    taken, reported = await admin.upload("film.mp4", b"a film"), await admin.upload("trojan.exe", b"a trojan")
    report = {"type": "malware", "description": "A trojan"}
    await _done(admin.post(f"/api/file/{reported}/report_abuse", data=report))
    for file_id in (taken, await admin.upload("other.mp4", b"another film")):
        await _done(admin.post("/api/admin/block_files", data={"text": file_id, "type": "copyright"}))
    other, takedown = [one["id"] for one in (await admin.get("/api/admin/takedown")).json["takedowns"]]
    await _done(admin.post(f"/api/user/takedown/{other}", data={"text": "It is my own."}))
    [appeal] = (await admin.get("/api/admin/abuse_appeal")).json
    return {
        "TAKEDOWN": str(takedown),
        "APPEAL": str(appeal["id"]),
        "KEY": key.json["auth_key"],
        "INVOICE": invoice.json["invoice_id"],
        "LINK": (await last_mail(site, ADDRESS)).link.query["key"],
    }


async def _secrets(admin: Person) -> dict[str, str]:
    """Pushes, one of which has ended, and what belongs to them."""
    ended = await _push(admin, payload="gone")
    await _done(admin.delete(f"/api/v2/pushes/{ended}"))
    sent = await admin.post("/f.json", data=FormData({"file_push[files][]": io.BytesIO(b"notes\n")})())
    asked = await admin.post("/api/v2/request_links", json={"name": "A password"})
    receiver = "http://127.0.0.1:9/messages"
    hook = await admin.post("/api/v2/webhooks", json={"url": receiver, "events": ["push.expired"]})
    await admin.post(f"/api/v2/webhooks/{hook.json['id']}/test")
    return {
        "PUSH": await _push(admin, payload="correct horse battery staple"),
        "SENT": sent.json["url_token"],
        "REQUEST": asked.json["token"],
        "HOOK": hook.json["id"],
        "RECEIVER": receiver,
    }


async def _push(admin: Person, **fields: Any) -> str:
    token: str = (await admin.post("/api/v2/pushes", json={"push": fields})).json["url_token"]
    return token


async def _transfers(admin: Person) -> dict[str, str]:
    """A file in a category, sent to somebody and to oneself."""
    sender = Sender("admin", admin.key, admin.client)
    category = await sender.data("POST", "/api/categories", 201, json={"name": "Invoices"})
    file = await sender.send_file("notes.txt", b"notes\n", category_id=category["id"])
    sent = await sender.send_mail(ADDRESS, files=[file["id"]], max_downloads=3)
    return {
        "TRANSFER": file["id"],
        "CATEGORY": category["id"],
        "MAIL": (await sender.send_mail("client@example.org", files=[file["id"]], max_downloads=3))["id"],
        "RECEIVED": sent["id"],
        "DOWNLOAD": sent["download"]["id"],
        "DOWNLOAD_KEY": await sender.key_for(sent["download"]["id"]),
        "TOKEN": (await sender.data("POST", "/api/tokens", 201, json={"name": "phone"}))["id"],
    }


async def _done(asked: Any) -> None:
    answer = await asked
    assert answer.status in {200, 201}, answer.body


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("notes.txt", "notes\n")
    return out.getvalue()


def _torrent() -> bytes:
    info = {b"name": b"film.webm", b"length": 5, b"piece length": 16384, b"pieces": bytes(20)}
    encoded: bytes = bencodepy.encode({b"announce": b"https://tracker.example.com/announce", b"info": info})
    return encoded


def shape(value: Any) -> Any:
    """Keys and types; of an array that of the first element, and an empty one is like any."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value[:1]]
    return type(value).__name__


GROUPS = {chapter.name: chapter.operations for dialect in DIALECTS for chapter in dialect.manual.chapters}
SPOILERS = ("POST /user/password_reset_confirm",)
"""After these, the key is good no more: they get a scene of their own."""


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    """Reading first and deleting last, the parts before the whole."""
    methods = ("GET", "PUT", "POST", "PATCH", "DELETE")
    kept = [one for one in operations if one.name not in {*NOT_RUN, *SPOILERS}]
    return sorted(kept, key=lambda one: (methods.index(one.method), -len(one.path) * (one.method == "DELETE")))


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine: the lines are not tried")
@pytest.mark.parametrize("group", [*GROUPS, *SPOILERS])
async def test_the_lines_work_as_they_stand_and_are_answered_as_the_page_says(shell: Shell, group: str):
    chosen = in_order(GROUPS[group]) if group in GROUPS else [OPERATIONS[group]]
    found = [(one.name, await problem(shell, one)) for one in chosen]
    assert [(name, wrong) for name, wrong in found if wrong] == []


async def problem(shell: Shell, operation: Operation) -> str:
    """What is not as the page says."""
    body, status, content_type = await shell.run(operation.curl)
    if status != operation.status:
        return f"{status} {body}"
    if operation.media_type != JSON:
        return "" if content_type in {operation.media_type, *SENT_AS.get(operation.name, ())} else content_type
    answer = json.loads(body)
    return "" if shape(operation.answer) == shape(answer) else f"{answer}"


def test_only_what_curl_cannot_do_is_left_out():
    assert NOT_RUN.keys() <= OPERATIONS.keys()
    assert all(one.curl for one in OPERATIONS.values())


def test_a_line_has_no_variables_but_those_that_the_page_explains():
    used = {name for one in OPERATIONS.values() for name in re.findall(r"\$(\w+)", one.curl)}
    assert used == reference.VARIABLES.keys()
