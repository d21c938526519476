"""Whatever is thrown at the API is answered in its own way, as the sender's mistake, and leaves nothing behind."""

import json
import random
import re

import pytest

from pixelhost import privasfer
from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.transfers import Sender

ROUTES = [(route.method, route.path) for route in privasfer.DIALECT.routes if route.method != "OPTIONS"]
RANDOM = random.Random(20240204)
ODD = [
    *("%00", "%FF", "%C3%28", "%ED%A0%80", "..", "%2e%2e", "%2F", "a" * 5000, "%", "%zz", "'\"<>", ";", "%0d%0aX:y"),
    "00000000-0000-0000-0000-000000000000",
    "{fad2027a-ac89-4ef4-baab-95b2fb316cf1}",
    "urn:uuid:fad2027a-ac89-4ef4-baab-95b2fb316cf1",
]
NAMES = (
    *("name", "recipients", "recipient_email", "subject", "body", "files", "expires_in_days", "max_downloads"),
    *("passphrase", "opened", "revoked", "filename", "category_id", "trashed", "pin", "current_pin", "pinKey"),
)
VALUES = [
    *('"\\u0000"', '"a"', "0", "-1", "1e400", "99999999999999999999999", "true", "null", "[]", "{}", '[""]', "[null]"),
    *('["\\u0000"]', '[{"a": []}]', '"\\ud800"', '["fad2027a-ac89-4ef4-baab-95b2fb316cf1"]', '"' + "x" * 70_000 + '"'),
]
BODIES = [
    *(
        ("application/json", ("{" + ",".join(f'"{name}": {value}' for name in NAMES) + "}").encode())
        for value in VALUES
    ),
    ("application/json", b"\xff"),
    ("application/json", b"[" * 50_000),
    ("application/json", b'{"files":' * 50_000),
    ("application/x-www-form-urlencoded", b"%FF=%FF&&&===&name=%00&subject=%FF"),
    ("application/x-www-form-urlencoded", b"files[]=%00&files[0]=x&recipients[]=@&subject=a&trashed=x&opened=7"),
    ("application/x-www-form-urlencoded", b"files=x&recipients=x&expires_in_days=" + b"9" * 5000),
    ("application/x-www-form-urlencoded", b"\xff\xfe"),
    ("multipart/form-data", b"--x--"),
    ("multipart/form-data; boundary=b", b""),
    ("multipart/form-data; boundary=b", b"--b\r\n\r\n\xff\r\n--b--"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--b--\r\n'),
    (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\nx\r\n--b--\r\n',
    ),
    (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\0b"\r\n\r\nx\r\n--b--\r\n',
    ),
    (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\n{}\r\n--b--\r\n',
    ),
    ("text/plain; charset=\xff", RANDOM.randbytes(1000)),
]
QUERIES = [
    *("include=%FF", "sort=%00", "keyword=%00", "keyword=%FF", "page=-1", "page=99999999999999999999", "per_page=x"),
    *("sort=,,-,", "include=,", "sort=--size", "trashed=%00", "folder=%FF", "passphrase=%00", "pinKey=%FF", "%FF=%FF"),
]


def checked(answer: bytes) -> int:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert b"Traceback" not in answer
    assert status < 500, answer[:500]
    if status >= 400:
        assert b"application/json" in head, answer[:500]
        refusal = json.loads(body)
        assert refusal.keys() <= {"message", "errors"}
        assert refusal["message"]
        assert all(isinstance(each, list) and each for each in refusal.get("errors", {"x": ["x"]}).values())
    return status


async def throw(who: Sender, line: str, body: bytes = b"", kind: str = "application/json") -> int:
    head = [line, "Host: x", "Connection: close", f"Authorization: Bearer {who.key}", f"Content-Length: {len(body)}"]
    sent = "\r\n".join([*head, f"Content-Type: {kind}", "", ""]).encode("latin-1") + body
    return checked(await raw_exchange(who.client.port, sent))


def filled(path: str, value: str) -> str:
    return re.sub(r"\{\w+\}", lambda _: value, path)


async def nothing_changed(site: Site) -> None:
    for table in ("transfer_files", "mails", "downloads", "temporary_keys", "blobs"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert list(site.store.incoming.iterdir()) == []


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda part: ascii(part[:40]))
async def test_bodies_of_any_kind(alice: Sender, site: Site, kind: str, body: bytes):
    for method, path in ROUTES:
        if method != "GET":
            line = f"{method} {filled(path, '00000000-0000-0000-0000-000000000000')} HTTP/1.1"
            assert await throw(alice, line, body, kind) < 500
    await nothing_changed(site)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd[:20]))
async def test_odd_names_and_ids(alice: Sender, site: Site, odd: str):
    for method, path in ROUTES:
        if "{" in path:
            assert 400 <= await throw(alice, f"{method} {filled(path, odd)} HTTP/1.1", b"{}") < 500
    await nothing_changed(site)


@pytest.mark.parametrize("query", QUERIES)
async def test_odd_queries(alice: Sender, site: Site, query: str):
    for method, path in ROUTES:
        await throw(alice, f"{method} {filled(path, 'x')}?{query} HTTP/1.1", b"{}")
    await nothing_changed(site)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_what_is_not_for_strangers_is_refused_before_anything_is_looked_at(
    stranger: Sender, method: str, path: str
):
    answer = await stranger.ask(method, filled(path, "x"), data=b"\xff" if method != "GET" else None)
    if path == "/api/downloads/{id}/{key}":
        assert (answer.status, answer.json) == (404, {"message": "Not Found."})
    else:
        assert (answer.status, answer.json) == (401, {"message": "Unauthenticated."})
