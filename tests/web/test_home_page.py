"""The front page: what strangers are told, what an account may upload, and uploading without JavaScript."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import FormData

from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from pixelhost.wire.credentials import COOKIE
from tests.support.elsewhere import change_rows
from tests.support.people import Person, make_person
from tests.web.reading import HOSTILE, read, stranger_at, visit

TINY = Plan(id="tiny", name="Tiny", type="free", file_size_limit=1000, storage_space=2500, file_count_limit=3)


@pytest.fixture
async def tina(site: Site) -> AsyncIterator[Person]:
    """Somebody on a plan with little room."""
    tight = replace(site, settings=replace(site.settings, plans={**BUILT_IN, "tiny": TINY}))
    async with stranger_at(tight) as stranger:
        yield await make_person(tight, stranger.client, "tina", plan_id="tiny")


async def send(person: Person, *uploads: tuple[str, bytes]):
    """What a browser makes of a form with these files."""
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, data in uploads:
        form.add_field("file", data, filename=name, content_type="application/octet-stream")
    headers = {"Cookie": f"{COOKIE}={person.key}", "Sec-Fetch-Site": "same-origin", "Accept-Encoding": "identity"}
    return await replace(person, key="").post("/upload", data=form, headers=headers)


async def test_strangers_read_what_this_is_and_how_to_come_in(anyone):
    page = await visit(anyone, "/")
    assert "send somebody the link" in page.text
    assert "Log in to upload" in page.text
    assert "Whoever runs this server makes one for you" in page.text
    assert page.all("form", action="/upload") == []
    assert page.all("input", type="file") == []


async def test_where_registration_is_open_strangers_are_led_there(site):
    async with stranger_at(replace(site, settings=replace(site.settings, registration="open"))) as stranger:
        page = await visit(stranger, "/")
    assert page.one("a", class_="button primary")["href"] == "/register"


async def test_an_account_finds_a_form_and_what_its_plan_allows(tina):
    page = await visit(tina, "/")
    assert page.one("form", id="drop")["action"] == "/upload"
    assert "0 bytes of 2.50 kB used." in page.text
    assert "A file has at most 1.00 kB." in page.text
    room = page.json("room")
    assert room["subscription"]["file_size_limit"] == 1000
    assert room["file_count_limit"] == 3


async def test_a_key_is_not_printed_into_the_page(alice):
    headers = {"Cookie": f"{COOKIE}={alice.key}"}
    assert alice.key not in (await visit(replace(alice, key=""), "/", **headers)).source


async def test_a_full_account_is_told_so_instead_of_being_offered_a_form(tina):
    for name in ("a", "b", "c"):
        await tina.upload(name)
    page = await visit(tina, "/")
    assert "The account holds as many files as its plan allows" in page.text
    assert page.all("form", id="drop") == []
    assert "/user/filemanager" in [link["href"] for link in page.all("a")]


async def test_whoever_is_banned_is_told_so(alice, site):
    await change_rows(site, "UPDATE users SET banned_at = now()")
    page = await visit(alice, "/")
    assert "Your account is banned" in page.text
    assert page.all("form", id="drop") == []


async def test_while_the_server_is_read_only_nothing_is_offered_nor_taken(alice, site):
    await site.runtime.set("read_only_mode", "true")
    page = await visit(alice, "/")
    assert "The server is in read-only mode" in page.text
    assert page.all("form", id="drop") == []
    answer = await send(alice, ("a.txt", b"hello"))
    assert read(answer).status == 503
    assert (await alice.get("/api/user")).json["file_count"] == 0


async def test_a_form_with_one_file_leads_to_its_page(alice):
    answer = await send(alice, ("Grüße & more.txt", b"hello"))
    assert answer.status == 303
    page = await visit(alice, answer.headers["Location"])
    assert page.one("h1").text == "Grüße & more.txt"
    file_id = answer.headers["Location"].removeprefix("/u/")
    assert (await alice.get(f"/api/file/{file_id}")).body == b"hello"


async def test_a_form_with_several_files_leads_to_their_links_and_a_list_of_them(alice):
    answer = await send(alice, ("a.txt", b"1"), ("b.txt", b"22"), (HOSTILE.replace('"', ""), b"333"))
    assert answer.status == 303
    page = await visit(alice, answer.headers["Location"])
    assert page.one("h1").text == "Uploaded: 3 files"
    ids = page.one("input", name="files")["value"].split(",")
    assert [(await alice.info(file_id))["size"] for file_id in ids] == [1, 2, 3]
    assert str(alice.client.make_url(f"/u/{ids[0]}")) in page.text
    made = await alice.post("/upload/list", data={"files": ",".join(ids), "title": "Three"})
    assert made.status == 303
    listed = (await alice.get(f"/api/list/{made.headers['Location'].removeprefix('/l/')}")).json
    assert listed["title"] == "Three"
    assert [file["id"] for file in listed["files"]] == ids


async def test_a_title_that_is_too_long_is_said_beside_it_and_kept(alice):
    ids = f"{await alice.upload('a')},{await alice.upload('b')}"
    page = read(
        await alice.post(
            "/upload/list", data={"files": ids, "title": "x" * 301}, headers={"Accept-Encoding": "identity"}
        )
    )
    assert page.status == 413
    assert "at most 300 characters" in page.one("p", id="title-said").text
    assert page.one("input", id="title")["value"] == "x" * 301


async def test_a_file_that_is_refused_keeps_no_other_from_being_taken(alice):
    page = read(await send(alice, ("a.txt", b"1"), ("empty.txt", b""), ("x" * 256, b"2"), ("b.txt", b"3")))
    assert page.status == 200
    assert page.one("h1").text == "Uploaded: 2 files"
    assert "empty.txt : It is empty" in page.text
    assert "Its name is longer than 255 characters" in page.text


async def test_a_form_stops_where_the_account_is_full(tina):
    page = read(await send(tina, ("a", b"1" * 900), ("b", b"2" * 900), ("c", b"3" * 900), ("d", b"4")))
    assert page.one("h1").text == "Uploaded: 2 files"
    assert "c : The account has no room for this" in page.text
    assert (await tina.get("/api/user")).json["file_count"] == 2


async def test_a_form_cannot_hold_more_files_than_the_plan(tina):
    page = read(await send(tina, *[(name, b"1") for name in "abcd"]))
    assert page.one("h1").text == "Uploaded: 3 files"
    assert "d : The account holds as many files as its plan allows" in page.text


async def test_a_form_that_is_too_large_for_the_account_is_refused_before_it_is_read(tina):
    page = read(await send(tina, ("a", b"1" * 200_000)))
    assert page.status == 400
    assert "The account has no room for this" in page.text


async def test_a_form_without_a_file_says_what_is_missing(alice):
    page = read(await send(alice, ("", b"")))
    assert page.status == 422
    assert page.one("h1").text == "Nothing was uploaded"
    assert "Choose a file first" in page.text


async def test_a_form_of_somebody_who_is_logged_out_leads_to_the_login(anyone):
    answer = await send(anyone, ("a.txt", b"1"))
    assert answer.status == 303
    assert answer.headers["Location"] == "/login?redirect=%2F"


async def test_a_form_from_another_site_is_refused(alice, anyone):
    headers = {"Cookie": f"{COOKIE}={alice.key}", "Sec-Fetch-Site": "cross-site"}
    answer = await anyone.post("/upload", data={"file": b"1"}, headers=headers)
    assert answer.status == 400
    assert (await alice.get("/api/user")).json["file_count"] == 0


async def test_the_address_of_results_without_files_leads_home(alice):
    assert (await alice.get("/upload")).headers["Location"] == "/"
    assert (await alice.get("/upload?files=nothing1")).headers["Location"] == "/"


def sharex_path(person: Person) -> str:
    url = person.client.make_url("/")
    return f"/misc/sharex/{url.host}:{url.port}.sxcu"


async def follow(person: Person, configuration: dict, name: str, data: bytes):
    """Upload as ShareX does with a configuration; what it makes of the answer."""
    assert configuration["Body"] == "MultipartFormData"
    form = FormData()
    form.add_field(configuration["FileFormName"], data, filename=name)
    here = str(person.client.make_url("/")).rstrip("/")
    assert configuration["RequestURL"].startswith(here)
    answer = await replace(person, key="").ask(
        configuration["RequestMethod"],
        configuration["RequestURL"].removeprefix(here),
        data=form,
        headers=configuration["Headers"],
    )
    told = answer.json
    if answer.status >= 400:
        return configuration["ErrorMessage"].replace("{json:message}", told["message"])
    return configuration["URL"].removeprefix(here).replace("{json:id}", told["id"])


async def test_the_sharex_configuration_of_an_account_uploads_into_it(alice):
    answer = await alice.post(sharex_path(alice))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="127.0.0.1.sxcu"')
    assert answer.headers["Cache-Control"] == "private, no-store"
    configuration = json.loads(answer.body)
    assert configuration["DestinationType"] == "ImageUploader, TextUploader, FileUploader"
    assert configuration["Version"] == "14.1.0"
    path = await follow(alice, configuration, "screen.png", b"a picture")
    file_id = path.removeprefix("/u/")
    assert (await alice.info(file_id))["can_edit"] is True
    thumbnail = configuration["ThumbnailURL"].replace("{json:id}", file_id)
    assert thumbnail == str(alice.client.make_url(f"/api/file/{file_id}/thumbnail"))


async def test_asking_for_the_sharex_configuration_again_makes_no_second_key(alice):
    first, second = await alice.post(sharex_path(alice)), await alice.post(sharex_path(alice))
    assert first.body == second.body
    names = [session["app_name"] for session in (await alice.get("/api/user/session")).json]
    assert sorted(names) == ["ShareX", "tests"]


async def test_the_sharex_configuration_for_everybody_has_a_place_for_a_key(anyone, alice):
    configuration = (await anyone.get(sharex_path(anyone))).json
    assert "API-KEY" in configuration["Headers"]["Authorization"]
    # ShareX encodes what stands in these braces.
    credential = base64.b64encode(f"sharex:{alice.key}".encode()).decode()
    filled = configuration | {"Headers": {"Authorization": f"Basic {credential}"}}
    assert (await follow(alice, filled, "screen.png", b"a picture")).startswith("/u/")


async def test_the_sharex_configuration_never_holds_the_key_of_a_login(alice, anyone):
    answer = await anyone.get(sharex_path(anyone), headers={"Cookie": f"{COOKIE}={alice.key}"})
    assert "API-KEY" in answer.json["Headers"]["Authorization"]
    by_key = await alice.get(sharex_path(alice))
    assert (await follow(alice, by_key.json, "a.png", b"1")).startswith("/u/")


async def test_sharex_shows_why_an_upload_was_refused(tina):
    configuration = (await tina.post(sharex_path(tina))).json
    assert "larger than your plan allows" in await follow(tina, configuration, "big.png", b"1" * 1001)


async def test_a_sharex_configuration_of_another_host_is_not_given(alice, anyone):
    assert (await alice.get("/misc/sharex/example.org.sxcu")).status == 404
    assert (await alice.get("/misc/sharex/")).status == 404
    assert (await anyone.post(sharex_path(anyone))).status == 401


async def test_a_script_without_a_login_is_not_answered_in_a_way_that_makes_the_browser_ask_for_a_password(anyone):
    by_script = await anyone.put("/api/file/a.txt", data=b"1", headers={"Sec-Fetch-Mode": "cors"})
    assert by_script.headers["WWW-Authenticate"].startswith("Bearer")
    by_program = await anyone.put("/api/file/a.txt", data=b"1")
    assert by_program.headers["WWW-Authenticate"].startswith("Basic")
