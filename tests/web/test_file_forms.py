"""Forms about a file, as they work without a script."""

from typing import Any

import pytest

from pixelhost.site import Site
from tests.support.people import Answer, Person
from tests.web.reading import HOSTILE, Page, read, take_down, visit

EDIT = {"name": "new.txt", "delete_after_date": "", "delete_after_downloads": ""}


async def send(person: Person, path: str, **fields: str) -> Answer:
    return await person.post(path, data=fields, headers={"Accept-Encoding": "identity"})


def went_to(answer: Answer) -> str:
    assert answer.status == 303, answer.body
    return answer.headers["Location"]


def field(page: Page, name: str) -> Any:
    return page.one("input", id=name)


async def test_the_owner_renames_a_file_and_sets_when_it_goes(alice: Person):
    file_id = await alice.upload("old.txt")
    page = await visit(alice, f"/u/{file_id}/edit")
    assert field(page, "name")["value"] == "old.txt"
    assert field(page, "delete_after_date")["value"] == field(page, "delete_after_downloads")["value"] == ""

    wanted = EDIT | {"delete_after_date": "2099-12-24T18:30", "delete_after_downloads": "5"}
    assert went_to(await send(alice, f"/u/{file_id}/edit", **wanted)) == f"/u/{file_id}?done=saved"

    info = await alice.info(file_id)
    assert (info["name"], info["delete_after_date"]) == ("new.txt", "2099-12-24T18:30:00.000000Z")
    assert info["delete_after_downloads"] == 5
    page = await visit(alice, f"/u/{file_id}/edit")
    assert field(page, "delete_after_date")["value"] == "2099-12-24T18:30"
    assert "Saved." in (await visit(alice, f"/u/{file_id}?done=saved")).text

    await send(alice, f"/u/{file_id}/edit", **EDIT)
    info = await alice.info(file_id)
    assert (info["delete_after_date"], info["delete_after_downloads"]) == ("0001-01-01T00:00:00Z", 0)


async def test_renaming_leaves_the_seconds_of_a_date_that_was_set_elsewhere(alice: Person):
    file_id = await alice.upload("old.txt")
    date = "2099-12-24T18:30:45.678Z"
    await alice.post(f"/api/file/{file_id}", data={"action": "update", "delete_after_date": date})
    before = (await alice.info(file_id))["delete_after_date"]
    assert before.startswith("2099-12-24T18:30:45.678")
    shown = field(await visit(alice, f"/u/{file_id}/edit"), "delete_after_date")["value"]
    await send(alice, f"/u/{file_id}/edit", **EDIT | {"delete_after_date": shown})
    info = await alice.info(file_id)
    assert (info["name"], info["delete_after_date"]) == ("new.txt", before)
    await send(alice, f"/u/{file_id}/edit", **EDIT | {"delete_after_date": "2099-12-24T18:31"})
    assert (await alice.info(file_id))["delete_after_date"] == "2099-12-24T18:31:00.000000Z"


async def test_a_name_and_a_date_are_saved_together_or_not_at_all(alice: Person, monkeypatch: pytest.MonkeyPatch):
    file_id = await alice.upload("old.txt")

    async def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("pixelhost.db.files.set_delete_after_downloads", fail)
    assert (await send(alice, f"/u/{file_id}/edit", **EDIT | {"delete_after_date": "2099-12-24T18:30"})).status == 500
    info = await alice.info(file_id)
    assert (info["name"], info["delete_after_date"]) == ("old.txt", "0001-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("wrong", "value", "status"),
    [
        ("name", "", 400),
        ("name", "a/b", 422),
        ("name", "x" * 256, 422),
        ("delete_after_date", "tomorrow", 422),
        ("delete_after_date", "2001-01-01T00:00", 422),
        ("delete_after_downloads", "-1", 422),
        ("delete_after_downloads", "many", 422),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(alice: Person, wrong, value, status):
    file_id = await alice.upload("old.txt")
    page = read(await send(alice, f"/u/{file_id}/edit", **EDIT | {wrong: value}))
    assert page.status == status
    assert field(page, wrong)["aria-invalid"] == "true"
    assert field(page, wrong)["value"] == value
    assert page.one("p", class_="problem", id=f"{wrong}-said").text
    assert (await alice.info(file_id))["name"] == "old.txt"


async def test_the_owner_deletes_a_file_after_being_asked(alice: Person):
    file_id = await alice.upload(HOSTILE)
    page = await visit(alice, f"/u/{file_id}/delete")
    assert HOSTILE.replace("\u202e", "\ufffd").split()[0] in page.text
    assert (await visit(alice, f"/u/{file_id}")).status == 200
    assert went_to(await send(alice, f"/u/{file_id}/delete")) == "/?done=deleted"
    assert (await visit(alice, f"/u/{file_id}")).status == 404


@pytest.mark.parametrize("form", ["edit", "delete"])
async def test_only_the_owner_may_change_a_file(alice: Person, bob: Person, anyone: Person, form: str):
    file_id = await alice.upload("old.txt")
    assert (await visit(bob, f"/u/{file_id}/{form}")).status == 403
    assert (await send(bob, f"/u/{file_id}/{form}", **EDIT)).status == 403
    assert (await send(anyone, f"/u/{file_id}/{form}", **EDIT)).status == 401
    asked = await anyone.get(f"/u/{file_id}/{form}", headers={"Accept": "text/html"})
    assert went_to(asked) == f"/login?redirect=%2Fu%2F{file_id}%2F{form}"
    assert (await alice.info(file_id))["name"] == "old.txt"


async def test_a_file_is_copied_into_ones_own_account(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload("walk.bin", b"some bytes")
    page = await visit(bob, f"/u/{file_id}")
    made = went_to(await send(bob, page.one("form", id="grab")["action"]))
    assert made.endswith("?done=copied")
    copied = await visit(bob, made)
    assert "your own copy" in copied.text
    assert copied.json("file")["can_edit"] is True
    assert (await send(anyone, f"/u/{file_id}/grab")).status == 401


async def test_a_visitor_reports_a_file_once(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload("bad.txt")
    page = await visit(anyone, f"/u/{file_id}/report")
    assert len(page.all("input", type="radio")) == 7
    sent = await send(anyone, f"/u/{file_id}/report", type="malware", description="It is one.")
    assert went_to(sent) == f"/u/{file_id}?done=reported"
    assert "passed on" in (await visit(anyone, f"/u/{file_id}?done=reported")).text
    again = read(await send(anyone, f"/u/{file_id}/report", type="gore"))
    assert again.status == 400
    assert "reported from your address already" in again.one("div", class_="wrong").text
    assert [row["type"] for row in await site.db.fetch("SELECT type FROM abuse_reports")] == ["malware"]


async def test_a_report_without_a_type_says_so_and_keeps_what_was_written(alice: Person, anyone: Person):
    file_id = await alice.upload("bad.txt")
    page = read(await send(anyone, f"/u/{file_id}/report", description="look at 0:42"))
    assert page.status == 400
    assert page.one("p", id="type-said", class_="problem").text
    assert page.one("textarea").text.strip() == "look at 0:42"


async def test_what_was_taken_down_needs_no_report(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload("bad.txt")
    await take_down(site, file_id)
    assert (await visit(anyone, f"/u/{file_id}/report")).status == 451


async def test_each_sees_what_he_may_do(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload("walk.bin")
    forms = {"edit", "delete", "report"}
    for person, wanted in ((alice, {"edit", "delete"}), (bob, {"report"}), (anyone, {"report"})):
        page = await visit(person, f"/u/{file_id}")
        links = {link["href"].rpartition("/")[2] for link in page.all("a") if "data-form" in link.attributes}
        assert links & forms == wanted
        assert bool(page.all("form", id="grab")) is (person is bob)
    assert (await visit(anyone, f"/u/{file_id}")).one("a", href=f"/login?redirect=/u/{file_id}")


async def test_nothing_is_changed_while_the_server_is_read_only(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload("old.txt")
    await site.runtime.set("read_only_mode", "true")
    for path in ("edit", "delete", "grab", "report"):
        assert (await send(alice, f"/u/{file_id}/{path}", **EDIT)).status == 503
    await site.runtime.set("read_only_mode", "false")
    assert (await alice.info(file_id))["name"] == "old.txt"


async def test_the_page_of_another_site_changes_nothing(alice: Person):
    file_id = await alice.upload("old.txt")
    for path in ("edit", "delete", "grab", "report"):
        answer = await alice.client.post(
            f"/u/{file_id}/{path}",
            data=EDIT,
            headers={"Cookie": f"pd_auth_key={alice.key}", "Sec-Fetch-Site": "cross-site"},
            allow_redirects=False,
        )
        assert answer.status == 400, path
    assert (await alice.info(file_id))["name"] == "old.txt"
