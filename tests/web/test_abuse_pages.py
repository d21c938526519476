"""The pages of the abuse desk, and that on which an owner appeals."""

from urllib.parse import urlencode

import pytest

from pixelhost.site import Site
from tests.support.admins import block
from tests.support.people import Person, make_person
from tests.web.reading import HOSTILE, Page, read, visit


@pytest.fixture
async def admin(site: Site, client) -> Person:
    return await make_person(site, client, "admin", is_admin=True)


async def send(person: Person, path: str, **fields: str) -> Page:
    """Send a form; the page that it is answered with, or leads on to."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answer = await person.post(path, data=urlencode(fields), headers=headers | {"Accept-Encoding": "identity"})
    return await visit(person, answer.headers["Location"]) if answer.status == 303 else read(answer)


async def report(person: Person, file_id: str, kind: str, text: str = "") -> None:
    form = {"type": kind, "description": text}
    assert (await person.post(f"/api/file/{file_id}/report_abuse", data=form)).status == 200


async def takedown_of(admin: Person) -> int:
    number: int = (await admin.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    return number


async def test_a_report_is_looked_at_and_granted(admin: Person, alice: Person, bob: Person):
    file_id = await alice.upload("notes.txt", b"<b>secret</b> address\n")
    copy = await bob.upload("copy.txt", b"<b>secret</b> address\n")
    await report(bob, file_id, "doxing", HOSTILE)
    listed = await visit(admin, "/admin/reports")
    assert "notes.txt" in listed.text
    assert "Doxing" in listed.text

    page = await visit(admin, f"/admin/reports/{file_id}")

    for part in ("notes.txt", "Doxing", "127.0.0.1", "bob", "copy.txt", "text/plain"):
        assert part in page.text, part
    assert "&lt;b&gt;" in page.source or "&lt;b" in page.source
    assert "<b>secret" not in page.source
    assert [one["value"] for one in page.all("option") if "selected" in one.attributes] == ["doxing"]

    done = await send(admin, f"/admin/reports/{file_id}", action="grant", type="doxing", reporter="Police", note="7")

    assert "Taken down, with everything" in done.text
    assert "To the takedown" in done.text
    for one in (file_id, copy):
        assert (await visit(bob, f"/u/{one}")).status == 451
    assert "Nothing waits for a decision." in (await visit(admin, "/admin/reports")).text
    assert "notes.txt" in (await visit(admin, "/admin/reports?status=granted")).text


async def test_a_report_is_rejected(admin: Person, alice: Person, bob: Person):
    file_id = await alice.upload("fine.txt")
    await report(bob, file_id, "gore")
    assert "Rejected." in (await send(admin, f"/admin/reports/{file_id}", action="reject")).text
    assert (await visit(bob, f"/u/{file_id}")).status == 200


async def test_administrators_see_a_preview_of_what_is_taken_down_and_nobody_else_does(
    admin: Person, alice: Person, png: bytes
):
    file_id = await alice.upload("a.png", png)
    before = (await alice.get(f"/api/file/{file_id}/thumbnail?width=256&height=256")).body
    await block(admin, file_id, "gore")
    thumbnail = await admin.get(f"/admin/reports/{file_id}/thumbnail")
    assert (thumbnail.status, thumbnail.headers["Content-Type"], thumbnail.body) == (200, "image/png", before)
    assert thumbnail.headers["Cache-Control"].startswith("private")
    assert (await alice.get(f"/admin/reports/{file_id}/thumbnail")).status == 403
    assert (await alice.get(f"/api/file/{file_id}/thumbnail?width=256&height=256")).body != before


async def test_what_is_wrong_with_a_decision_stands_beside_its_field(admin: Person, alice: Person):
    file_id = await alice.upload()
    page = await send(admin, f"/admin/reports/{file_id}", action="grant", type="boredom", reporter="x" * 101)
    assert page.status == 422
    assert page.one("p", id="reporter-said").text.startswith("This must have between 1 and 100")
    page = await send(admin, f"/admin/reports/{file_id}", action="grant", type="boredom", reporter="x" * 100)
    assert page.one("p", id="type-said").text == "Choose one of those that are offered."
    assert (await visit(alice, f"/u/{file_id}")).status == 200


async def test_a_letter_of_a_reporter_is_pasted_and_lifted_again(admin: Person, alice: Person):
    file_id = await alice.upload("a.bin", b"bad")
    text = f"Dear all,\nplease remove https://files.example/u/{file_id} and /u/zzzzzzzz."
    page = await send(admin, "/admin/takedowns", text=text, type="copyright", reporter="A lawyer")
    assert "Taken down: 1" in page.text
    assert "/u/zzzzzzzz" in page.text
    assert "Violation of copyright" in page.text
    assert "Violation of copyright" in (await visit(alice, f"/u/{file_id}")).text

    one = await visit(admin, f"/admin/takedowns/{await takedown_of(admin)}")
    for part in ("A lawyer", "a.bin", "alice", "admin"):
        assert part in one.text
    done = await send(admin, f"/admin/takedowns/{await takedown_of(admin)}")
    assert "The takedown is lifted" in done.text
    assert "Nothing is taken down." in done.text
    assert (await visit(alice, f"/u/{file_id}")).status == 200


async def test_a_letter_that_names_nothing_is_shown_again(admin: Person):
    page = await send(admin, "/admin/takedowns", text="Dear all", type="gore", reporter="A")
    assert page.status == 400
    assert page.one("textarea", id="text").text.strip() == "Dear all"
    assert "names no file" in page.one("p", id="text-said").text


async def test_an_owner_appeals_on_a_page_and_an_administrator_brings_it_back(
    admin: Person, alice: Person, bob: Person
):
    file_id = await alice.upload("film.bin", b"mine")
    await block(admin, file_id, "copyright", reporter="A lawyer")
    refused = await visit(alice, f"/u/{file_id}")
    url = f"/appeal/{await takedown_of(admin)}"
    assert (refused.status, refused.one("a", href=url).text) == (451, "This is wrong: appeal")
    assert not (await visit(bob, f"/u/{file_id}")).all("a", href=url)
    page = await visit(alice, url)
    for part in ("film.bin", "A lawyer", "Violation of copyright"):
        assert part in page.text

    done = await send(alice, url, text=HOSTILE)

    assert "Your appeal was passed on." in done.text
    assert not done.all("textarea")
    waiting = await visit(admin, "/admin/appeals")
    assert "alice" in waiting.text
    appeal = waiting.one("input", name="appeal")["value"]
    assert "The takedown is lifted" in (await send(admin, "/admin/appeals", appeal=appeal, action="grant")).text
    assert (await visit(bob, f"/u/{file_id}")).status == 200
    assert (await visit(alice, url)).status == 404


async def test_a_rejected_appeal_tells_why(admin: Person, alice: Person):
    await block(admin, await alice.upload("film.bin", b"mine"), "copyright")
    url = f"/appeal/{await takedown_of(admin)}"
    await send(alice, url, text="Please")
    appeal = (await visit(admin, "/admin/appeals")).one("input", name="appeal")["value"]
    await send(admin, "/admin/appeals", appeal=appeal, action="reject", answer="No, it is theirs.")
    page = await visit(alice, url)
    assert "not granted" in page.text
    assert "No, it is theirs." in page.text


async def test_appeals_of_strangers_and_without_a_word_are_refused(admin: Person, alice: Person, bob: Person, anyone):
    await block(admin, await alice.upload("film.bin", b"mine"), "copyright")
    url = f"/appeal/{await takedown_of(admin)}"
    assert (await visit(bob, url)).status == 404
    assert (await anyone.get(url, headers={"Accept": "text/html"})).headers["Location"].startswith("/login?")
    assert (await send(anyone, url, text="x")).status == 401
    empty = await send(alice, url, text="  ")
    assert (empty.status, len(empty.all("p", id="text-said"))) == (422, 1)


async def test_the_owner_sees_what_is_in_a_folder_that_is_down_and_may_appeal(admin: Person, alice: Person, anyone):
    await alice.write("/me/d/a.txt")
    share_id = await alice.share("/me/d")
    await block(admin, f"/d/{share_id}", "copyright")
    url = f"/appeal/{await takedown_of(admin)}"
    page = await visit(alice, "/d/me/d")
    assert (page.status, "This folder was taken down" in page.text, "a.txt" in page.text) == (200, True, True)
    assert page.one("a", href=url)
    inside = await visit(alice, "/d/me/d/a.txt")
    assert (inside.status, len(inside.all("a", href=url))) == (451, 1)
    assert (await visit(anyone, f"/d/{share_id}")).status == 451
    assert (await visit(anyone, f"/d/{share_id}/a.txt")).status == 451


async def test_reporters_are_kept_on_a_page(admin: Person, alice: Person):
    fields = {"name": "Hotline", "from_address": "a@hotline.example", "user": "alice", "type:gore": "true"}
    page = await send(admin, "/admin/reporters", **fields)
    for part in ("Saved.", "Hotline", "alice", "Gore", "a@hotline.example"):
        assert part in page.text
    assert (await alice.post("/api/admin/block_files", data={"text": "/u/zzzzzzzz", "type": "gore"})).status == 200
    wrong = await send(admin, "/admin/reporters", name="Other", user="nobody")
    assert "no account" in wrong.one("p", id="user-said").text
    gone = await send(admin, "/admin/reporters", remove="Hotline")
    assert "There are no reporters." in gone.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_for_administrators_is_for_nobody_else(admin: Person, alice: Person, anyone: Person, method: str):
    file_id = await alice.upload()
    await block(admin, file_id, "gore")
    for path in (f"/admin/reports/{file_id}", f"/admin/takedowns/{await takedown_of(admin)}"):
        assert (await alice.ask(method, path)).status == 403
        assert (await anyone.ask(method, path)).status == 401
    for path in ("/admin/reports/zzzzzzzz", "/admin/takedowns/999999", "/admin/takedowns/x"):
        assert (await visit(admin, path)).status == 404
