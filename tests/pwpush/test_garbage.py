"""Whatever is thrown at this API is answered as the sender's mistake, in JSON, and leaves nothing half-made."""

import json
import random
import re

import pytest

from pixelhost import pwpush
from pixelhost.site import Site
from tests.pwpush.pushing import V2, push_token
from tests.support.client import raw_exchange
from tests.support.people import Person

RANDOM = random.Random(20260101)
ODD = ["%00", "%FF", "%ED%A0%80", "..", "%2e%2e", "%2F", "a" * 5000, "%", "💥", "'\"<>", ";", "%0d%0aX:y", "active"]
JSON_BODIES = [
    *(b"{", b"\xff", b"null", b"[]", b"1" * 10_000, b"[" * 50_000, b'{"push":' * 50_000, b'{"push": "\\ud800"}'),
    *(b'{"push": {"payload": "\\u0000", "kind": "\\u0000", "name": "\\u0000", "passphrase": "\\u0000"}}',),
    *(b'{"push": {"payload": {"a": [1, {}]}, "files": {"a": 1}, "kind": [], "expire_after_days": 1e400}}',),
    *(b'{"push": {"payload": "x", "expire_after_days": 1e308, "expire_after_views": -0.0, "kind": 1}}',),
    *(b'{"push": [{"payload": "x"}], "push_locale": {"a": 1}}', b'{"push": {"": ""}}', b'{"": {"payload": "x"}}'),
]
FORMS = [
    *(b"%FF=%FF&&&===", b"push[payload]=%00&push[kind]=%00", b"push[payload][x]=1", b"push[]=1", b"[payload]=1"),
    *(b"push[payload", b"push[payload]=x&push[payload]=y", b"push[files][]=%FF", b"\xff\xfe", b"push%5Bname%5D=%00"),
]
PARTS = [
    *(b"", b"--b--", b"--b\r\n\r\n\xff\r\n--b--", b"--x--", b"--b\r\n--b\r\n--b--\r\n"),
    b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="push[payload]"\r\n\r\n\xff\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="\xff"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="\0"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="a"\r\n\r\nx',
    b'--b\r\nContent-Disposition: form-data; name="push[name]"\r\n\r\n\0\r\n--b--\r\n',
    b"--b\r\nContent-Disposition: attachment; filename*=UTF-8''%FF\r\n\r\nx\r\n--b--\r\n",
]
BODIES = [
    *(("application/json", body) for body in JSON_BODIES),
    *(("application/x-www-form-urlencoded", body) for body in FORMS),
    *(("multipart/form-data; boundary=b", body) for body in PARTS),
    *(("multipart/form-data", b"--b--"), ("multipart/form-data; boundary=", b"x"), ("\xff", b"x"), ("", b"\0")),
    *(("text/plain; charset=\xff", b"push[payload]=x"), ("application/x-anything+json", b"x")),
    *(("application/octet-stream", RANDOM.randbytes(1000)) for _ in range(5)),
]
PATHS = sorted({re.sub(r"\{[^{}]*(?:\{[^}]*\}[^{}]*)*\}", "{}", route.path) for route in pwpush.ROUTES})


def checked(answer: bytes) -> int:
    """The status of an answer; 0 when the connection was closed without one."""
    if not answer:
        return 0
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert status < 500, answer[:500]
    assert b"Traceback" not in answer
    if status >= 400 and body and b"application/json" in head:
        assert isinstance(json.loads(body.split(b"HTTP/1.")[0]), dict)
    return status


async def exchange(port: int, method: str, target: str, key: str, more: bytes = b"", body: bytes = b"") -> int:
    line = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
    head = line + (f"Authorization: Bearer {key}\r\n".encode() if key else b"") + more
    return checked(await raw_exchange(port, head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body))


@pytest.mark.parametrize("content_type", sorted({kind for kind, _ in BODIES}))
@pytest.mark.parametrize("path", [V2, "/p.json", "/f.json", "/r.json"])
async def test_no_body_is_more_than_a_mistake(site: Site, alice: Person, port: int, path: str, content_type: str):
    for key in ("", alice.key):
        for kind, body in BODIES:
            if kind == content_type:
                more = f"Content-Type: {kind}\r\n".encode("latin-1")
                assert await exchange(port, "POST", path, key, more, body) in {201, 400, 401, 413, 422}
    assert list(site.store.incoming.iterdir()) == []
    assert await site.db.fetchval("SELECT count(*) FROM pushes WHERE key_sealed IS NULL") == 0


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_and_no_query_is_more_than_a_mistake(alice: Person, port: int, path: str):
    token = await push_token(alice)
    for odd in ODD:
        for method in ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "BREW"):
            target = path.replace("{}", odd)
            await exchange(port, method, target, alice.key)
        for name in ("page", "passphrase", "push_locale", "x", ""):
            await exchange(port, "GET", f"{path.replace('{}', token)}?{name}={odd}", alice.key)


@pytest.mark.parametrize("sent", [b"\xff", b"\xc3", b"%FF", b"\xf0\x9f\x98\x80", b"&&==", b"?", b"%"])
async def test_a_passphrase_of_any_bytes_is_right_or_wrong(alice: Person, port: int, sent: bytes):
    token = await push_token(alice, passphrase="p")
    for path in (f"/p/{token}.json", f"{V2}/{token}", f"{V2}/{token}/preview"):
        line = f"GET {path}?passphrase=".encode() + sent + b"&push_locale=" + sent
        answer = await raw_exchange(port, line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert checked(answer) in {200, 400, 401}


@pytest.mark.parametrize("header", [b"User-Agent", b"Referer", b"X-User-Email", b"X-User-Token", b"Authorization"])
async def test_headers_of_any_bytes_are_taken(alice: Person, port: int, header: bytes):
    token = await push_token(alice)
    for value in (b"\xff\xfe", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"x" * 8000, b"", b"Basic \xff", b"Bearer"):
        more = header + b": " + value + b"\r\n"
        assert await exchange(port, "GET", f"/p/{token}.json", "", more) in {200, 400, 401}


async def test_random_fields_are_never_more_than_a_mistake(anyone: Person):
    values = [None, True, False, 0, -1, 10**30, 1.5, "", "x", "\0", "😀", [], ["x"], {}, {"a": 1}, "1", "true", "file"]
    names = [
        *("payload", "kind", "files", "expire_after_days", "expire_after_views", "expire_after_duration", "name"),
        *("note", "passphrase", "deletable_by_viewer", "retrieval_step", "end_to_end", "notify_on_view", "x"),
    ]
    for _ in range(300):
        fields = {name: RANDOM.choice(values) for name in RANDOM.sample(names, RANDOM.randrange(len(names)))}
        answer = await anyone.post(V2, json={"push": fields, "push_locale": RANDOM.choice(values)})
        assert answer.status in {201, 400, 401, 422}, fields
