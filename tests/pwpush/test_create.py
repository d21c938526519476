"""What can be pushed, what holds where something isn't said, and what is refused."""

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from aiohttp import FormData

from pixelhost.core.pusharrivals import FORM_BYTES
from tests.pwpush.pushing import V2, WAYS, made, path_of, push, push_files, send_files, show
from tests.support.people import Answer, Person

TEXT_MAX = 1 << 20
both = pytest.mark.parametrize(("path", "envelope"), WAYS)

DURATIONS = ["15m", "30m", "45m", "1h", "6h", "12h"] + [
    f"{days}d" for days in (1, 2, 3, 4, 5, 6, 7, 14, 21, 30, 60, 90)
]
SECONDS = {"m": 60, "h": 3600, "d": 86400}


@both
async def test_what_isnt_said_is_as_it_is_documented(anyone: Person, path: str, envelope: str):
    pushed = made(await anyone.post(path, json={envelope: {"payload": "x"}}))
    told = {
        "kind": "text", "expire_after_days": 7, "expire_after_views": 5, "days_remaining": 7, "views_remaining": 5,
        "deletable_by_viewer": True, "retrieval_step": True, "passphrase": "", "name": "", "note": "", "expired": False,
        "expired_on": None, "deleted": False, "views_total": 0, "files": [], "end_to_end": False,
    }  # fmt: skip
    assert {name: pushed[name] for name in told} == told
    assert "payload" not in pushed


@both
async def test_what_is_said_is_answered_and_shown(alice: Person, anyone: Person, path: str, envelope: str):
    wanted = {
        "kind": "text", "expire_after_days": 90, "expire_after_views": 100, "deletable_by_viewer": False,
        "retrieval_step": False, "passphrase": "pass ☃", "name": "Name ü", "note": "Note 😀", "notify_on_view": True,
        "notify_on_expiry": True, "end_to_end": True,
    }  # fmt: skip
    pushed = made(await alice.post(path, json={envelope: wanted | {"payload": "s3cret"}, "account_id": "42"}))
    assert {name: pushed[name] for name in wanted} == wanted
    seen = await show(anyone, pushed["url_token"], "pass ☃")
    assert seen["payload"] == "s3cret"
    assert seen.keys().isdisjoint({"name", "note", "notify_on_view", "notify_on_expiry"})


@both
async def test_values_may_all_be_texts_in_a_form(alice: Person, path: str, envelope: str):
    sent = {
        "payload": "a+b c%20&=\r\nü", "expire_after_days": "3", "expire_after_views": "2", "passphrase": "p p+p",
        "deletable_by_viewer": "off", "retrieval_step": "1", "note": "", "unknown": "x",
    }  # fmt: skip
    form = "&".join(f"{quote(f'{envelope}[{name}]', safe='')}={quote_plus(value)}" for name, value in sent.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    pushed = made(await alice.post(path, data=form, headers=headers))
    assert (pushed["expire_after_days"], pushed["expire_after_views"], pushed["passphrase"]) == (3, 2, "p p+p")
    assert (pushed["deletable_by_viewer"], pushed["retrieval_step"]) == (False, True)
    assert (await show(alice, pushed["url_token"], "p p+p"))["payload"] == sent["payload"]


@both
async def test_a_body_without_a_content_type_is_a_form(anyone: Person, path: str, envelope: str):
    sent = f"{envelope}[payload]=a%2Bb+c".encode()
    pushed = made(await anyone.post(path, data=sent, skip_auto_headers=["Content-Type"]))
    assert (await show(anyone, pushed["url_token"]))["payload"] == "a+b c"


@both
async def test_a_multipart_form_without_files_is_a_form(anyone: Person, path: str, envelope: str):
    form = FormData(default_to_multipart=True)
    form.add_field(f"{envelope}[payload]", "in parts")
    form.add_field(f"{envelope}[expire_after_views]", "9")
    pushed = made(await anyone.post(path, data=form()))
    assert (pushed["kind"], pushed["expire_after_views"]) == ("text", 9)
    assert (await show(anyone, pushed["url_token"]))["payload"] == "in parts"


async def test_numbers_in_json_may_be_the_payload(anyone: Person):
    pushed = made(await anyone.post(V2, json={"push": {"payload": 12345, "passphrase": 678}}))
    assert (await show(anyone, pushed["url_token"], "678"))["payload"] == "12345"


def in_json(payload: str) -> dict[str, Any]:
    return {"data": json.dumps({"push": {"payload": payload}}, ensure_ascii=False).encode(), "headers": JSON}


def in_escaped_json(payload: str) -> dict[str, Any]:
    return {"data": json.dumps({"push": {"payload": payload}}).encode(), "headers": JSON}


def in_form(payload: str) -> dict[str, Any]:
    return {"data": b"push[payload]=" + quote(payload).encode(), "headers": {"Content-Type": FORM}}


def in_parts(payload: str) -> dict[str, Any]:
    form = FormData(default_to_multipart=True)
    form.add_field("push[payload]", payload)
    return {"data": form()}


JSON = {"Content-Type": "application/json"}
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("sent", [in_json, in_escaped_json, in_form, in_parts])
@pytest.mark.parametrize("char", ["x", "😀"])
async def test_a_text_may_have_1_048_576_characters_however_it_is_sent(
    anyone: Person, nothing_is_left, sent, char: str
):
    refused = await anyone.post(V2, **sent(char * (TEXT_MAX + 1)))
    assert (refused.status, list(refused.json)) == (422, ["payload"])
    assert await nothing_is_left()
    pushed = made(await anyone.post(V2, **sent(char * TEXT_MAX)))
    assert (await show(anyone, pushed["url_token"]))["payload"] == char * TEXT_MAX


@pytest.mark.parametrize("payload", ["", " ", "\n\t \r", None, [], {"a": "b"}])
@both
async def test_nothing_is_no_push(anyone: Person, nothing_is_left, path: str, envelope: str, payload: Any):
    refused = await anyone.post(path, json={envelope: {"payload": payload, "note": "n"}})
    assert (refused.status, list(refused.json)) == (422, ["payload"])
    refused = await anyone.post(path, json={envelope: {"payload": payload}})
    assert (refused.status, list(refused.json)) == (422, ["payload"])
    refused = await anyone.post(path, json={envelope: {"note": "n"}})
    assert (refused.status, list(refused.json)) == (422, ["payload"])
    assert await nothing_is_left()


@pytest.mark.parametrize("char", ["x", "😀"])
async def test_a_qr_code_may_have_1_024_characters(anyone: Person, char: str):
    assert (await push(anyone, char * 1024, kind="qr"))["kind"] == "qr"
    for payload in (char * 1025, " "):
        refused = await anyone.post(V2, json={"push": {"payload": payload, "kind": "qr"}})
        assert (refused.status, list(refused.json)) == (422, ["payload"])


@pytest.mark.parametrize(
    "url", ["http://example.com", "HTTPS://example.com/ü?q=1#f", "http://[::1]:8080/", "https://e.x/" + "a" * 100_000]
)
async def test_a_url_is_of_http_or_https(alice: Person, anyone: Person, url: str):
    for pushed in (
        await push(anyone, url, kind="url"),
        made(await alice.post("/r.json", json={"url": {"payload": url}})),
    ):
        assert (pushed["kind"], pushed["deletable_by_viewer"]) == ("url", None)
        assert (await show(anyone, pushed["url_token"]))["payload"] == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://example.com",
            "javascript:alert(1)",
            "data:text/html,x",
            "example.com",
            "//example.com",
            "http://",
            "",
        ),
        *(
            "http:///x",
            "https:example.com",
            " ",
            "http://exa mple.com",
            "http://e.x/\njavascript:x",
            "http://[::1",
            "x",
        ),
    ],
)
async def test_other_urls_are_refused(alice: Person, nothing_is_left, url: str):
    for path, envelope in [("/r.json", "url"), *WAYS]:
        refused = await alice.post(path, json={envelope: {"payload": url, "kind": "url"}})
        assert (refused.status, list(refused.json)) == (422, ["payload"])
    assert await nothing_is_left()


async def test_what_was_encrypted_before_may_be_longer_and_is_whatever_it_is(anyone: Person):
    ciphertext = "A" * (6 << 20)
    pushed = await push(anyone, ciphertext, kind="url", end_to_end=True)
    assert pushed["end_to_end"] is True
    seen = await show(anyone, pushed["url_token"])
    assert (seen["payload"], seen["end_to_end"]) == (ciphertext, True)
    refused = await anyone.post(V2, json={"push": {"payload": ciphertext + "A", "end_to_end": True}})
    assert refused.status == 422


@pytest.mark.parametrize(("field", "longest"), [("name", 255), ("note", 10_000), ("passphrase", 1_000)])
async def test_names_notes_and_passphrases_have_a_longest(alice: Person, field: str, longest: int):
    assert (await push(alice, **{field: "😀" * longest}))[field] == "😀" * longest
    refused = await alice.post(V2, json={"push": {"payload": "x", field: "x" * (longest + 1)}})
    assert (refused.status, list(refused.json)) == (422, [field])
    refused = await alice.post(V2, json={"push": {"payload": "x", field: "a\0b"}})
    assert (refused.status, list(refused.json)) == (422, [field])


async def test_everything_that_is_wrong_is_told_at_once(anyone: Person):
    refused = await anyone.post(V2, json={"push": {"payload": "", "name": "x" * 256, "note": "\0"}})
    assert refused.status == 422
    assert refused.json.keys() == {"payload", "name", "note"}
    assert all(isinstance(told, list) and isinstance(told[0], str) for told in refused.json.values())


@pytest.mark.parametrize(("field", "most", "default"), [("expire_after_days", 90, 7), ("expire_after_views", 100, 5)])
@both
async def test_days_and_views_out_of_range_are_as_if_they_werent_sent(
    anyone: Person, path: str, envelope: str, field: str, most: int, default: int
):
    for sent in (1, most, str(most), f" {most} "):
        pushed = made(await anyone.post(path, json={envelope: {"payload": "x", field: sent}}))
        assert pushed[field] == int(sent)
    for odd in (0, most + 1, -1, "abc", "", "0", 1.5, True, None, [3], {"a": 3}, 10**30, "9" * 5000):
        pushed = made(await anyone.post(path, json={envelope: {"payload": "x", field: odd}}))
        assert pushed[field] == default, odd


@pytest.mark.parametrize(("index", "duration"), list(enumerate(DURATIONS)))
async def test_a_duration_counts_to_the_minute(anyone: Person, clock, index: int, duration: str):
    seconds = int(duration[:-1]) * SECONDS[duration[-1]]
    days = max(1, seconds // 86400)
    clock.hold()
    pushed = await push(anyone, expire_after_duration=index, expire_after_days=33)
    assert (pushed["expire_after_days"], pushed["days_remaining"]) == (days, days)
    clock.advance(seconds=seconds - 1)
    assert (await show(anyone, pushed["url_token"]))["payload"] == "s3cret"
    clock.advance(seconds=1)
    assert (await show(anyone, pushed["url_token"]))["expired"] is True


@pytest.mark.parametrize("odd", [18, -1, "x", "", None, 1.5])
async def test_a_duration_that_is_none_leaves_the_days_to_count(anyone: Person, odd: Any):
    assert (await push(anyone, expire_after_duration=odd, expire_after_days=33))["expire_after_days"] == 33
    assert (await push(anyone, expire_after_duration=odd))["expire_after_days"] == 7


@pytest.mark.parametrize("field", ["deletable_by_viewer", "retrieval_step"])
async def test_what_is_true_is_one_of_five_words(anyone: Person, field: str):
    for true in ("on", "yes", "checked", "true", "1", "TRUE", "Yes", True, 1):
        assert (await push(anyone, **{field: true}))[field] is True, true
    for false in ("off", "no", "false", "0", "", "y", "t", "2", False, 0, 2):
        assert (await push(anyone, **{field: false}))[field] is False, false
    assert (await push(anyone))[field] is True


@pytest.mark.parametrize(
    ("path", "envelope"), [*WAYS, ("/f.json", "file_push"), ("/r.json", "url"), ("/passwords.json", "password")]
)
async def test_a_missing_or_empty_envelope_is_told_by_its_name(
    alice: Person, nothing_is_left, path: str, envelope: str
):
    bodies: list[dict[str, Any]] = [
        {"json": {}}, {"json": {envelope: {}}}, {"json": {envelope: None}}, {"json": {envelope: "x"}},
        {"json": {envelope: ["x"]}}, {"json": {"other": {"payload": "x"}}}, {"json": {"payload": "x"}}, {"json": []},
        {"json": None}, {"json": 1}, {"json": "x"}, {"data": b""}, {"data": b"payload=x"}, {"data": b"x[payload]=x"},
        {"data": f"{envelope}=x".encode()}, {"data": f"{envelope}[payload".encode()}, {"data": FormData({"a": "b"})()},
    ]  # fmt: skip
    for body in bodies:
        refused = await alice.post(path, **body)
        assert (refused.status, list(refused.json)) == (400, ["error"]), body
        assert envelope in refused.json["error"]
    assert await nothing_is_left()


@pytest.mark.parametrize(
    "body", [b"{", b'{"push": {"payload": "x"}', b"\xff", b'{"push": {"payload": "\\ud800"}}', b""]
)
async def test_what_isnt_json_is_a_bad_request(anyone: Person, nothing_is_left, body: bytes):
    refused = await anyone.post(V2, data=body, headers=JSON)
    assert (refused.status, list(refused.json)) == (400, ["error"])
    assert await nothing_is_left()


@pytest.mark.parametrize("body", [b"push[payload]=%FF", b"push[payload]=\xff", b"%FF=x"])
async def test_a_form_that_isnt_utf_8_is_a_bad_request(anyone: Person, nothing_is_left, body: bytes):
    refused = await anyone.post(V2, data=body, headers={"Content-Type": FORM})
    assert (refused.status, list(refused.json)) == (400, ["error"])
    assert await nothing_is_left()


async def test_a_body_may_have_16_mib(anyone: Person, nothing_is_left):
    head = b"push[payload]=x&more="
    largest = head + b"a" * (FORM_BYTES - len(head))
    refused = await anyone.post(V2, data=largest + b"a", headers={"Content-Type": FORM})
    assert (refused.status, list(refused.json)) == (413, ["error"])
    assert await nothing_is_left()
    made(await anyone.post(V2, data=largest, headers={"Content-Type": FORM}))


async def test_the_kind_follows_the_path_and_what_is_sent(alice: Person):
    async def kind(path: str, envelope: str, **fields: Any) -> str:
        found: str = made(await alice.post(path, json={envelope: {"payload": "http://x"} | fields}))["kind"]
        return found

    assert await kind("/p.json", "password") == "text"
    assert await kind("/p.json", "password", kind="") == "text"
    assert await kind("/p.json", "password", kind=None) == "text"
    assert await kind("/p.json", "password", files=[]) == "file"
    assert await kind("/p.json", "password", files=[], kind="text") == "text"
    assert await kind("/passwords.json", "password") == "text"
    assert await kind("/f.json", "file_push") == "file"
    assert await kind("/f.json", "file") == "file"
    assert await kind("/f.json", "file_push", kind="text") == "file"
    assert await kind("/r.json", "url") == "url"
    assert await kind("/r.json", "url", kind="qr") == "url"
    assert await kind(V2, "push") == "text"
    assert await kind(V2, "push", files=[]) == "text"
    assert await kind(V2, "push", files=[""]) == "text"
    for each in ("text", "file", "url", "qr"):
        assert await kind(V2, "push", kind=each) == each
        assert await kind("/p.json", "password", kind=each) == each


@pytest.mark.parametrize("kind", ["TEXT", "password", "x", "\0", "0", True, 1])
@both
async def test_a_kind_that_there_isnt_is_refused(anyone: Person, nothing_is_left, path: str, envelope: str, kind: Any):
    refused = await anyone.post(path, json={envelope: {"payload": "x", "kind": kind}})
    assert (refused.status, list(refused.json)) == (422, ["kind"])
    assert await nothing_is_left()


@pytest.mark.parametrize("kind", ["text", "file", "url", "qr"])
async def test_a_kind_that_is_disabled_is_refused(changed, kind: str):
    place = await changed(push_kinds=tuple({"text", "file", "url", "qr"} - {kind}))
    alice = await place.person("alice", "unlimited")
    for path, envelope in WAYS:
        refused = await alice.post(path, json={envelope: {"payload": "http://x", "kind": kind}})
        assert (refused.status, list(refused.json)) == (422, ["kind"])
        assert refused.json["kind"][0].endswith("pushes are disabled.")
    others = {"/f.json": ("file", "file_push"), "/r.json": ("url", "url")}
    for path, (its_kind, envelope) in others.items():
        answer = await alice.post(path, json={envelope: {"payload": "http://x"}})
        assert answer.status == (404 if its_kind == kind else 201)


@pytest.mark.parametrize(("kind", "letter"), [("file", "f"), ("url", "r")])
async def test_a_letter_whose_kind_is_disabled_has_no_routes(changed, alice: Person, kind: str, letter: str):
    token = (await push(alice))["url_token"]
    place = await changed(push_kinds=tuple({"text", "file", "url", "qr"} - {kind}))
    there = Person("", alice.key, place.client)
    for path in ("active.json", "expired.json", f"{token}.json", f"{token}/preview.json", f"{token}/audit.json"):
        gone = await there.get(f"/{letter}/{path}")
        assert (gone.status, gone.json) == (404, {"error": "not-found"})
        assert (await there.get(f"/p/{path}")).status == 200
    assert (await there.delete(f"/{letter}/{token}.json")).status == 404


async def test_a_push_of_files_may_have_none(alice: Person, anyone: Person):
    pushed = made(await alice.post("/f.json", json={"file_push": {"note": "none"}}))
    seen = await show(anyone, pushed["url_token"])
    assert (seen["kind"], seen["payload"], seen["files"]) == ("file", "", [])


@pytest.mark.parametrize("path", [V2, "/p.json", "/f.json"])
async def test_a_push_may_have_10_files(alice: Person, anyone: Person, nothing_is_left, path: str):
    eleven = [(f"{number}.txt", f"file {number}".encode()) for number in range(11)]
    refused = await send_files(alice, *eleven, path=path)
    assert (refused.status, list(refused.json)) == (422, ["files"])
    assert await nothing_is_left()
    pushed = await push_files(alice, *eleven[:10], path=path, payload="with them")
    assert (pushed["kind"], pushed["files"]) == ("file", [])
    seen = await show(anyone, pushed["url_token"])
    assert [file["filename"] for file in seen["files"]] == [f"{number}.txt" for number in range(10)]
    assert seen["payload"] == "with them"


@pytest.mark.parametrize(("char", "longest"), [("😀", 255), ("a", 3060)])
async def test_a_file_name_may_have_255_characters_or_more_if_they_are_plain(
    alice: Person, anyone: Person, nothing_is_left, char: str, longest: int
):
    refused = await send_files(alice, (char * longest + "a", b"x"))
    assert (refused.status, list(refused.json)) == (422, ["files"])
    assert await nothing_is_left()
    pushed = await push_files(alice, (char * longest, b"x"))
    (file,) = (await show(anyone, pushed["url_token"]))["files"]
    assert file["filename"] == char * longest
    answer = await anyone.get(path_of(anyone, file["url"]))
    assert (answer.status, answer.body) == (200, b"x")


async def test_a_field_of_files_without_any_is_no_file(alice: Person):
    form = FormData(default_to_multipart=True)
    form.add_field("push[files][]", b"", filename="", content_type="application/octet-stream")
    form.add_field("push[files][]", "")
    form.add_field("push[payload]", "only text")
    assert made(await alice.post(V2, data=form()))["kind"] == "text"


@pytest.mark.parametrize("files", [["data:text/plain,x"], "x", [{"name": "x"}], {"0": "x"}, 1])
async def test_files_that_arent_files_arent_dropped_in_silence(alice: Person, nothing_is_left, files: Any):
    refused = await alice.post(V2, json={"push": {"payload": "x", "files": files}})
    assert (refused.status, list(refused.json)) == (422, ["files"])
    refused = await alice.post(V2, data={"push[payload]": "x", "push[files][]": "x"})
    assert (refused.status, list(refused.json)) == (422, ["files"])
    form = FormData(default_to_multipart=True)
    form.add_field("push[files][]", "x")
    refused = await alice.post(V2, data=form())
    assert (refused.status, list(refused.json)) == (422, ["files"])
    assert await nothing_is_left()


def refused_for_want_of_a_key(answer: Answer) -> bool:
    return (answer.status, list(answer.json)) == (401, ["error"])


async def test_strangers_push_texts_urls_and_codes_but_no_files(anyone: Person, nothing_is_left):
    for path, envelope in WAYS:
        for fields in ({"files": []}, {"kind": "file"}, {"files": ["x"]}, {"files": [], "kind": "text"}):
            answer = await anyone.post(path, json={envelope: {"payload": "x"} | fields})
            assert refused_for_want_of_a_key(answer), fields
        answer = await send_files(anyone, ("a.txt", b"x"), path=path)
        assert refused_for_want_of_a_key(answer)
    assert refused_for_want_of_a_key(await anyone.post("/f.json", json={"file_push": {"payload": "x"}}))
    assert refused_for_want_of_a_key(await anyone.post("/r.json", json={"url": {"payload": "http://x"}}))
    assert await nothing_is_left()
    for kind, payload in (("text", "x"), ("url", "http://x"), ("qr", "x")):
        assert (await push(anyone, payload, kind=kind))["kind"] == kind


async def test_what_only_an_owner_can_be_told_isnt_kept_for_strangers(anyone: Person):
    pushed = await push(anyone, notify_on_view=True, notify_on_expiry=True)
    assert (pushed["notify_on_view"], pushed["notify_on_expiry"]) == (False, False)


async def test_a_token_is_long_and_of_small_letters_and_digits(anyone: Person):
    tokens = [(await push(anyone))["url_token"] for _ in range(20)]
    assert len(set(tokens)) == 20
    for token in tokens:
        assert len(token) >= 16
        assert token == token.lower()
        assert token.replace("-", "").replace("_", "").isalnum()


async def test_a_form_may_ask_for_the_language_of_its_link(anyone: Person):
    pushed = made(await anyone.post("/p.json", json={"password": {"payload": "x"}, "push_locale": "de"}))
    assert pushed["html_url"].endswith("/r?locale=de")
    pushed = made(await anyone.post("/p.json?push_locale=pt-BR", data={"password[payload]": "x"}))
    assert pushed["json_url"].endswith("/r.json?locale=pt-BR")
    for odd in ("%22", "x" * 3000, "de%26a=b", "%0A"):
        pushed = made(await anyone.post(f"/p.json?push_locale={odd}", json={"password": {"payload": "x"}}))
        assert pushed["html_url"].endswith("/r")
