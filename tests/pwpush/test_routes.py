"""The map: every path of every version, and what isn't on it."""

import pytest

from pixelhost import __version__
from tests.pwpush.pushing import SHOWN, V2, WAYS, made, push, push_files, push_token
from tests.support.people import Person

NOT_FOUND = {"error": "not-found"}


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_the_version_tells_what_there_is(anyone: Person, suffix: str):
    first = await anyone.get(f"/api/v1/version{suffix}")
    assert first.json == {"application_version": __version__, "api_version": "1.5", "edition": "oss"}
    second = (await anyone.get(f"/api/v2/version{suffix}")).json
    assert second == {
        "application_version": __version__,
        "api_version": "2.1",
        "edition": "oss",
        "features": {
            "anonymous_access": True,
            "api_token_authentication": True,
            "accounts": {"enabled": False},
            "pushes": {
                "enabled": True,
                "email_auto_dispatch": False,
                "file_attachments": {"enabled": True, "requires_authentication": True},
                "url_pushes": {"enabled": True},
                "qr_code_pushes": {"enabled": True},
                "end_to_end_encryption": {"enabled": True},
            },
            "requests": {"enabled": False},
        },
    }


async def test_the_version_follows_the_settings(changed):
    place = await changed(push_kinds=("text",), anonymous_pushes="off")
    features = (await place.visitor(1).get("/api/v2/version")).json["features"]
    assert features["anonymous_access"] is False
    assert features["pushes"]["file_attachments"]["enabled"] is False
    assert features["pushes"]["url_pushes"] == features["pushes"]["qr_code_pushes"] == {"enabled": False}


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_every_path_of_version_2_may_end_in_json(alice: Person, anyone: Person, suffix: str):
    token = made(await alice.post(V2 + suffix, json={"push": {"payload": "x"}}))["url_token"]
    for path in (f"{token}", f"{token}/preview", f"{token}/audit", "active", "expired"):
        assert (await alice.get(f"{V2}/{path}{suffix}")).status == 200
    assert (await alice.delete(f"{V2}/{token}{suffix}")).status == 200


@pytest.mark.parametrize("kind", ["text", "file", "url", "qr"])
async def test_a_push_answers_under_every_letter(alice: Person, anyone: Person, kind: str):
    for letter in "pfr":
        token = await push_token(alice, "http://x", kind=kind)
        assert (await anyone.get(f"/{letter}/{token}.json")).json["payload"] == "http://x"
        assert (await anyone.get(f"/{letter}/{token}/preview.json")).status == 200
        assert (await alice.get(f"/{letter}/{token}/audit.json")).status == 200
        assert (await alice.delete(f"/{letter}/{token}.json")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v2/requests", "/api/v2/requests.json", "/api/v2/accounts", "/api/v2/accounts.json"),
        *("/api/v2/requests/abcdefgh", "/api/v2", "/api/v2/", "/api/v1/", "/api/v1/pushes", "/api/v2/nothing"),
        *(
            "/api/v3/version",
            "/p/short.json",
            f"/p/{'x' * 41}.json",
            "/p/UPPERCASE1.json",
            "/f/x.json",
            "/r/%C3%A9.json",
        ),
        *(f"{V2}/short", f"{V2}/{'x' * 41}", f"{V2}/{'x' * 18}/nothing", f"{V2}/", "/p/abcdefgh/nothing.json"),
    ],
)
async def test_what_isnt_there_is_not_found_whoever_asks(alice: Person, anyone: Person, path: str):
    for who in (anyone, alice):
        for method in ("GET", "POST"):
            gone = await who.ask(method, path)
            assert gone.status == 404
            if path != "/api/v3/version":
                assert gone.json == NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("PUT", "/p.json"), ("GET", "/p.json"), ("DELETE", "/p.json"), ("GET", "/f.json"), ("OPTIONS", "/f.json")),
        *(("PUT", V2), ("GET", V2), ("PATCH", V2 + "/{}"), ("POST", V2 + "/{}"), ("PUT", "/p/{}.json")),
        *(("POST", "/p/{}.json"), ("POST", V2 + "/{}/audit"), ("DELETE", V2 + "/active"), ("POST", "/p/active.json")),
        *(("POST", "/api/v1/version"), ("DELETE", "/api/v2/version"), ("OPTIONS", V2)),
    ],
)
async def test_another_method_is_none(alice: Person, method: str, path: str):
    token = await push_token(alice)
    refused = await alice.ask(method, path.format(token))
    assert refused.status in {404, 405}
    assert list(refused.json) == ["error"]
    assert refused.status == 404 or refused.headers["Allow"]


@pytest.mark.parametrize(("path", "envelope"), WAYS)
async def test_pages_of_other_sites_push_texts_by_version_1_only(anyone: Person, path: str, envelope: str):
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = await anyone.post(path, json={envelope: {"payload": "x"}}, headers=headers)
    is_open = path == "/p.json"
    assert answer.status == (201 if is_open else 400)
    assert (answer.headers.get("Access-Control-Allow-Origin") == "*") is is_open
    refused = await anyone.post(path, json={}, headers=headers)
    assert (refused.headers.get("Access-Control-Allow-Origin") == "*") is is_open


async def test_nothing_else_is_open_to_other_sites(alice: Person):
    token = await push_token(alice)
    headers = {"Origin": "https://elsewhere.example"}
    for path in (*SHOWN, "/p/active.json", f"{V2}/active", "/p/{}/preview.json", "/p/{}/audit.json"):
        answer = await alice.get(path.format(token), headers=headers)
        assert "Access-Control-Allow-Origin" not in answer.headers
    for path in ("/f.json", "/r.json"):
        answer = await alice.post(path, json={}, headers={"Origin": "https://elsewhere.example"})
        assert (answer.status, "Access-Control-Allow-Origin" in answer.headers) == (400, False)


async def test_a_browser_is_told_beforehand_that_it_may_push(anyone: Person):
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-anything",
    }
    told = await anyone.ask("OPTIONS", "/p.json", headers=asked)
    assert told.status == 204
    assert told.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in told.headers["Access-Control-Allow-Methods"]
    assert told.headers["Access-Control-Allow-Headers"] == "*, Authorization"
    for path in ("/f.json", "/r.json", V2, f"/p/{'x' * 18}.json"):
        assert "Access-Control-Allow-Origin" not in (await anyone.ask("OPTIONS", path, headers=asked)).headers


async def test_directories_of_the_other_api_stay_where_they_are(alice: Person):
    await alice.write("/me/active.json/x.txt", b"x")
    page = await alice.get("/d/me/active.json", headers={"Accept": "text/html"})
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")


async def test_the_letters_have_each_their_envelope(alice: Person):
    for path, envelope, kind in (
        *(("/p.json", "password", "text"), ("/f.json", "file_push", "file"), ("/f.json", "file", "file")),
        *(("/r.json", "url", "url"), ("/passwords.json", "password", "text"), (V2, "push", "text")),
    ):
        assert made(await alice.post(path, json={envelope: {"payload": "http://x"}}))["kind"] == kind
        form = {f"{envelope}[payload]": "http://x"}
        assert made(await alice.post(path, data=form))["kind"] == kind


async def test_a_push_of_files_is_read_as_any_other(alice: Person, anyone: Person):
    token = (await push_files(alice, ("a.txt", b"x"), path="/f.json"))["url_token"]
    for path in SHOWN:
        (file,) = (await alice.get(path.format(token))).json["files"]
        assert file["filename"] == "a.txt"
    await push(alice)
