"""Whatever is thrown at the API is answered in its own envelope, as the sender's mistake, and leaves nothing behind."""

import json
import random
import re

import pytest

from pixelhost import pixeldrain
from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.people import Person

TAKES_NOTHING = {"/misc/recaptcha", "/misc/altcha"}
"""What anybody gets, whatever else is sent."""
ROUTES = [
    (route.method, re.sub(r"\{\w+:[^}]*\]\*\}", "{name}", route.path))
    for route in pixeldrain.ROUTES
    if route.path not in TAKES_NOTHING
]
ROUTES += [("GET", "/nothing"), ("PATCH", "/file"), ("DELETE", "/list"), ("BREW", "/user"), ("POST", ""), ("GET", "/")]
WITH_AND_WITHOUT_KEY = pytest.mark.parametrize("has_key", [False, True], ids=["stranger", "alice"])

ODD = [
    "%00",
    "%FF",
    "%C3%28",
    "%ED%A0%80",
    "..",
    "%2e%2e",
    "%2F",
    "a" * 5000,
    "%",
    "%zz",
    "💥",
    "'\"<>",
    "AAAAAAAA,%00",
    ";",
    "%0d%0aX:y",
]

RANDOM = random.Random(20240204)
BODIES = [
    ("application/octet-stream", b"\0\xff\xfe"),
    ("application/json", b"{"),
    ("application/json", b"\xff"),
    ("application/json", b'{"title": "\\u0000", "files": [{"id": "\\u0000"}], "username": "\\u0000"}'),
    ("application/json", b"[" * 50_000),
    ("application/json", b'{"files":' * 50_000),
    ("application/json", b"1" * 10_000),
    ("application/x-www-form-urlencoded", b"%FF=%FF&&&===&action=%00&username=%FF"),
    ("application/x-www-form-urlencoded", b"username=%00&password=%00&action=rename&name=%00&app_name=%00&totp=%00"),
    ("application/x-www-form-urlencoded", b"action=update&delete_after_downloads=-99999999999999999999&username=x"),
    ("application/x-www-form-urlencoded", b"action=update&delete_after_date=0001-01-01T00:00:00%2B23:59&username=x"),
    ("application/x-www-form-urlencoded", b"grab_file=%00&link_login_id=x&name=%FF"),
    ("application/x-www-form-urlencoded", b"\xff\xfe"),
    ("multipart/form-data", b"--x--"),
    ("multipart/form-data; boundary=b", b""),
    ("multipart/form-data; boundary=b", b"--b\r\n\r\n\xff\r\n--b--"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--b--\r\n'),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="action"\r\n\r\nx'),
    (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n\0\r\n--b--\r\n',
    ),
    ('multipart/form-data; boundary="', b'--"--'),
    ("\xff", b"x"),
    ("text/plain; charset=\xff", RANDOM.randbytes(1000)),
]


def checked(answer: bytes) -> int:
    """The status of an answer in the envelope; 0 when the connection was closed without one."""
    if not answer:
        return 0
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert b"Traceback" not in answer
    assert b'File "' not in answer
    if status >= 400:
        assert b"content-type: application/json" in head.lower(), answer[:500]
        refusal = json.loads(body.split(b"HTTP/1.")[0]) if body else {"success": False, "value": "", "message": "x"}
        assert (refusal["success"], bool(refusal["message"])) == (False, True)
        # Documented methods that are still to come say so.
        assert status < 500 or refusal["value"] == "api_not_implemented", answer[:500]
    return status


async def throw(port: int, head: bytes, body: bytes = b"", *headers: bytes) -> int:
    lines = [head, b"Host: x", b"Connection: close", *headers]
    if body or not head.startswith(b"GET"):
        lines.append(b"Content-Length: %d" % len(body))
    return checked(await raw_exchange(port, b"\r\n".join([*lines, b"", b""]) + body))


def line(method: str, path: str, tail: str = "") -> bytes:
    return f"{method} /api{path}{tail} HTTP/1.1".encode()


async def nothing_changed(site: Site) -> None:
    for table in ("lists", "blobs", "files"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert list(site.store.incoming.iterdir()) == []
    assert await site.db.fetchval("SELECT count(*) FROM users") <= 1


def key_of(person: Person, is_sent: bool) -> list[bytes]:
    return [f"Authorization: Bearer {person.key}".encode()] if is_sent else []


@WITH_AND_WITHOUT_KEY
@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda part: ascii(part[:40]))
async def test_bodies_of_any_kind(alice: Person, port: int, site: Site, kind: str, body: bytes, has_key: bool):
    for method, path in ROUTES:
        if (method, path) == ("DELETE", "/user/session"):
            continue  # an honest request, whatever its body
        filled = path.replace("{name}", "%00").replace("{id}", "AAAAAAAA")
        headers = [b"Content-Type: " + kind.encode("latin-1"), *key_of(alice, has_key)]
        assert 0 <= await throw(port, line(method, filled), body, *headers) < 600
    await nothing_changed(site)


@WITH_AND_WITHOUT_KEY
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd[:20]))
async def test_odd_names_and_ids(alice: Person, port: int, site: Site, odd: str, has_key: bool):
    for method, path in ROUTES:
        if "{" in path:
            filled = re.sub(r"\{\w+\}", lambda _: odd, path)
            status = await throw(port, line(method, filled), b"", *key_of(alice, has_key))
            assert status == 0 or status >= 400, (method, path)
    await nothing_changed(site)


QUERIES = [
    "%FF",
    "%FF=%FF",
    "width=%FF&height=x",
    "&&&==",
    "a=%00&name=%00",
    "x" * 20_000,
    "width=" + "9" * 5000,
    "\u20ac",
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: ascii(query[:20]))
async def test_queries_of_any_kind(anyone: Person, port: int, site: Site, query: str):
    for method, path in ROUTES:
        filled = path.replace("{name}", "x").replace("{id}", "AAAAAAAA")
        status = await throw(port, line(method, filled, f"?{query}"))
        assert status == 0 or status >= 400, (method, path)
    await nothing_changed(site)


HEADERS = [
    b"Authorization: Basic \xff",
    b"Authorization: Basic caf\xc3\xa9",
    b"Authorization: Bearer \xff",
    b"Authorization: " + b"x" * 20_000,
    b"Authorization: Basic " + b"Og==" * 2000,
    b"Cookie: pd_auth_key=\xff",
    b"Cookie: " + b";=," * 3000,
    b"Range: bytes=\xff-",
    b"Range: bytes=" + b"9" * 20_000 + b"-",
    b"If-None-Match: \xff",
    b"If-Modified-Since: \xff",
    b"If-Range: " + b"W/" * 5000,
    b"Referer: http://[\xff",
    b"Origin: \xff",
    b"Expect: \xff",
    b"Expect: something else",
    b"Content-Encoding: gzip",
    b"Content-Digest: sha-256=:\xff:",
    b"Repr-Digest: " + b"sha-256=::," * 500,
    b"Content-MD5: \xff",
    b"User-Agent: \xff\xfe",
    b"X-Forwarded-For: \xff",
    b"X-Big: " + b"x" * 31_000,
    b"X-Too-Big: " + b"x" * 40_000,
    b"Upgrade: h2c",
    b"Upgrade: websocket",
    b"Host: \xff",
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: ascii(header[:40]))
async def test_headers_of_any_kind(anyone: Person, port: int, site: Site, header: bytes):
    for method, path in ROUTES:
        filled = path.replace("{name}", "x").replace("{id}", "AAAAAAAA")
        status = await throw(port, line(method, filled), b"", header)
        assert status == 0 or status >= 400, (method, path)
    await nothing_changed(site)


NOT_HTTP = [
    b"\r\n",
    b"hello\r\n\r\n",
    b"\0\0\0\0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET /api/user\r\n\r\n",
    b"GET /api/user HTTP/9.9\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\n: empty\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET /api/user HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200_000 + b"\r\n",
    b"GET /api/file/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/file/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //api/user HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("sent", NOT_HTTP, ids=lambda sent: ascii(sent[:40]))
async def test_what_is_not_http(port: int, sent: bytes):
    try:
        answer = await raw_exchange(port, sent, half_close=True)
    except ConnectionError:
        return
    if not answer.startswith(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html"):  # a page's answer to a page's path
        assert (status := checked(answer)) == 0 or 400 <= status < 500


SMUGGLED = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"Content-Length: -5\r\n\r\nhello",
    b"Content-Length: +5\r\n\r\nhello",
    b"Content-Length: 0x5\r\n\r\nhello",
    b"Content-Length: 5,5\r\n\r\nhello",
    b"Content-Length: " + b"9" * 30 + b"\r\n\r\nhello",
    b"Transfer-Encoding: oops\r\n\r\nhello",
    b"Transfer-Encoding: chunked, oops\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip\r\n\r\nhello",
    b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nhello",
    b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("sent", SMUGGLED, ids=lambda sent: ascii(sent[:50]))
async def test_ambiguous_bodies(alice: Person, port: int, site: Site, sent: bytes):
    head = f"PUT /api/file/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {alice.key}\r\n".encode()
    try:
        status = checked(await raw_exchange(port, head + sent, half_close=True))
    except ConnectionError:
        status = 0
    assert status == 0 or 400 <= status < 500
    await nothing_changed(site)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", "/api//user", "/api/user/", "/api/file/a/b/c", "/api/%75ser/x"]
)
async def test_an_unknown_endpoint_is_told_in_the_envelope(anyone: Person, path: str):
    for method in ("GET", "POST", "DELETE", "PATCH"):
        refused = await anyone.ask(method, path)
        assert refused.status in {404, 405}
        assert refused.value == "invalid_endpoint"
    assert (await anyone.ask("HEAD", path)).status in {404, 405}


async def test_a_method_that_an_endpoint_lacks_is_told_with_those_it_has(anyone: Person):
    refused = await anyone.ask("PATCH", "/api/list/AAAAAAAA")
    assert refused.refusal == (405, "invalid_endpoint")
    assert {"GET", "PUT", "DELETE"} <= set(refused.headers["Allow"].replace(" ", "").split(","))


async def test_random_bytes(port: int, site: Site):
    for size in (1, 10, 100, 10_000):
        try:
            status = checked(await raw_exchange(port, RANDOM.randbytes(size) + b"\r\n\r\n", half_close=True))
        except ConnectionError:
            continue
        assert status == 0 or 400 <= status < 500
    await nothing_changed(site)
