"""What an answer is made of: at least every key of the documents, each of its type."""

import re

import pytest

from tests.pwpush.pushing import V2, expire, push, push_files, push_token, show
from tests.support.people import Person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ALWAYS = {
    "expire_after_views": int, "expired": bool, "url_token": str, "deletable_by_viewer": bool, "retrieval_step": bool,
    "expired_on": None, "passphrase": str, "created_at": TIME, "updated_at": TIME, "expire_after_days": int,
    "days_remaining": int, "views_remaining": int, "deleted": bool, "json_url": str, "html_url": str,
}  # fmt: skip
DOCUMENTED = {"expires_at": TIME, "expires_on": None, "views_total": int, "kind": str}
BEYOND = {"end_to_end": bool}
EVERY = ALWAYS | DOCUMENTED | BEYOND
OWN = {"name": str, "note": str, "notify_on_view": bool, "notify_on_expiry": bool}
SECRET = {"payload": str, "files": list}
ENDED = {"expired_on": TIME, "expires_on": TIME, "passphrase": None, "payload": None}


def assert_shaped(got: dict[str, object], wanted: dict[str, object]) -> None:
    """Exactly these keys: a type, a pattern or None each."""
    assert got.keys() == wanted.keys()
    for name, kind in wanted.items():
        value = got[name]
        if isinstance(kind, re.Pattern):
            assert isinstance(value, str), name
            assert kind.fullmatch(value), name
        else:
            assert value is None if kind is None else type(value) is kind, name


async def test_what_is_made_is_told_with_what_its_owner_wrote(alice: Person, anyone: Person):
    for who in (alice, anyone):
        assert_shaped(await push(who), EVERY | OWN | {"files": list})
    url = await push(alice, "http://x", kind="url")
    assert_shaped(url, EVERY | OWN | {"files": list, "deletable_by_viewer": None})


async def test_what_is_shown_is_told_with_its_secret(alice: Person, anyone: Person):
    token = await push_token(alice)
    for who in (alice, anyone):
        assert_shaped(await show(who, token), EVERY | SECRET)
    await expire(alice, token)
    assert_shaped(await show(alice, token), EVERY | SECRET | ENDED)


async def test_what_is_ended_is_told_without_either(alice: Person):
    token = await push_token(alice)
    ended = {name: kind for name, kind in ENDED.items() if name != "payload"}
    assert_shaped((await expire(alice, token)).json, EVERY | ended)


async def test_what_is_listed_is_told_with_what_its_owner_wrote(alice: Person):
    token = await push_token(alice)
    assert_shaped((await alice.get(f"{V2}/active")).json[0], EVERY | OWN)
    await expire(alice, token)
    ended = {name: kind for name, kind in ENDED.items() if name != "payload"}
    assert_shaped((await alice.get(f"{V2}/expired")).json[0], EVERY | OWN | ended)


async def test_a_file_is_told_with_a_link(alice: Person, anyone: Person):
    token = (await push_files(alice, ("a b.txt", b"bytes")))["url_token"]
    (file,) = (await show(anyone, token))["files"]
    assert_shaped(file, {"filename": str, "content_type": str, "size": int, "url": str})
    assert (file["filename"], file["content_type"], file["size"]) == ("a b.txt", "text/plain", 5)
    here = str(anyone.client.make_url("/"))
    assert file["url"].startswith(here)
    assert file["url"].endswith("/a%20b.txt")


@pytest.mark.parametrize("step", [True, False])
@pytest.mark.parametrize(("locale", "query"), [("", ""), ("de", "?locale=de"), ("zh-Hant", "?locale=zh-Hant")])
async def test_the_addresses_follow_the_step_and_the_language(anyone: Person, step: bool, locale: str, query: str):
    body = {"push": {"payload": "x", "retrieval_step": step}, "push_locale": locale}
    pushed = (await anyone.post(V2, json=body)).json
    address = str(anyone.client.make_url(f"/p/{pushed['url_token']}")) + ("/r" if step else "")
    assert (pushed["html_url"], pushed["json_url"]) == (address + query, f"{address}.json{query}")


async def test_the_addresses_are_those_that_are_configured(changed):
    place = await changed(base_url="https://files.example.com")
    pushed = await push(place.visitor(1), retrieval_step=False)
    assert pushed["html_url"] == f"https://files.example.com/p/{pushed['url_token']}"


async def test_times_are_of_this_moment_in_utc(anyone: Person, clock, site):
    clock.hold()
    clock.advance(days=1)
    pushed = await push(anyone, expire_after_days=2)
    now = site.clock.now()
    assert pushed["created_at"] == pushed["updated_at"]
    assert pushed["created_at"][:16] == f"{now:%Y-%m-%dT%H:%M}"
    clock.advance(minutes=5)
    seen = await show(anyone, pushed["url_token"])
    assert seen["created_at"] == pushed["created_at"]
    assert seen["expires_at"] == pushed["expires_at"]
    assert seen["updated_at"] > pushed["updated_at"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/p/active.json", 401), ("GET", f"/p/{'x' * 18}.json", 404), ("POST", "/p.json", 400)),
        *(("GET", f"{V2}/nothing-there/at/all", 404), ("PUT", V2, 405), ("GET", "/api/v2/nothing", 404)),
    ],
)
async def test_a_refusal_is_an_error_in_words(anyone: Person, method: str, path: str, status: int):
    refused = await anyone.ask(method, path)
    assert refused.status == status
    assert list(refused.json) == ["error"]
    assert isinstance(refused.json["error"], str)
    assert refused.json["error"]
