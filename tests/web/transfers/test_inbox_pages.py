"""The inbox: what is unread, a message as text, its files one by one or as a zip, the passphrase and the PIN."""

import io
import zipfile

from tests.web.account.conftest import alert, problem
from tests.web.reading import read
from tests.web.transfers.reaching import BOB, TEXT, done, look, press, refused, state, write


async def test_a_message_is_unread_until_its_page_is_opened(alice, bob):
    (sent,) = await write(alice, BOB, subject="Invoice of May", files={"a.txt": b"a"})
    listed = await look(bob, "/user/inbox")
    row = listed.one("tr", class_="unread")
    assert " ".join(row.text.split()).startswith("Invoice of May alice · alice@example.com unread 1 ")
    await bob.ask("HEAD", f"/user/inbox/{sent}")
    assert (await bob.get(f"/user/inbox/{sent}", headers={"Sec-Purpose": "prefetch"})).status == 503
    assert (await state(alice, sent))["Opened"] == "not yet"
    page = await look(bob, f"/user/inbox/{sent}")
    assert page.one("p", class_="letter").text == TEXT
    assert "<b>" not in page.source
    assert not (await look(bob, "/user/inbox")).all("tr", class_="unread")
    opened = (await state(alice, sent))["Opened"]
    assert opened != "not yet"
    assert (await bob.ask("PATCH", f"/api/inbox/{sent}", json={"opened": False})).status == 200
    assert (await look(bob, "/user/inbox")).one("tr", class_="unread")
    assert (await state(alice, sent))["Opened"] == opened


async def test_files_are_downloaded_one_by_one_or_all_as_a_zip(alice, bob):
    (sent,) = await write(alice, BOB, files={"a.txt": b"first", "b ☃.txt": b"second"})
    page = await look(bob, f"/user/inbox/{sent}")
    buttons = {one.text: one["value"] for one in page.all("button", name="file")}
    one = await press(bob, f"/user/inbox/{sent}", action="download", file=buttons["Download: b ☃.txt"])
    assert (one.status, one.body) == (200, b"second")
    assert one.headers["Content-Disposition"].startswith("attachment; ")
    assert one.headers["Cache-Control"] == "no-store"
    zipped = await press(bob, f"/user/inbox/{sent}", action="download", file=buttons["Download all as a zip"])
    with zipfile.ZipFile(io.BytesIO(zipped.body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.txt": b"first", "b ☃.txt": b"second"}
    assert (await state(alice, sent))["Downloads"] == "2"


async def test_after_as_many_downloads_as_its_sender_allows_there_are_none(alice, bob):
    (sent,) = await write(alice, BOB, files={"a.txt": b"a"}, max_downloads="2")
    for _ in range(2):
        assert (await press(bob, f"/user/inbox/{sent}", action="download")).body == b"a"
    page = await refused(bob, f"/user/inbox/{sent}", 410, action="download")
    assert alert(page) == "The files of this message were downloaded as often as its sender allows."
    assert not page.all("button", name="file")


async def test_a_message_that_is_over_says_so_and_shows_nothing(alice, bob, clock):
    (sent,) = await write(alice, BOB, files={"a.txt": b"a"}, days="1")
    clock.advance(days=1)
    page = await look(bob, f"/user/inbox/{sent}")
    assert "This message has expired." in page.text
    assert TEXT not in page.text
    assert not (await look(bob, "/user/inbox")).all("tr", class_="unread")
    assert (await state(alice, sent))["Opened"] == "not yet"
    assert (await press(bob, f"/user/inbox/{sent}", action="download")).status == 410
    assert "over" in (await look(bob, "/user/inbox")).text


async def test_a_message_with_a_passphrase_shows_neither_text_nor_files_without_it(alice, bob, clock):
    (sent,) = await write(alice, BOB, files={"a.txt": b"a"}, passphrase="sesame")
    path = f"/user/inbox/{sent}"
    locked = await look(bob, path)
    assert "It has a passphrase" in locked.text
    assert "a.txt" not in locked.source
    wrong = await refused(bob, path, action="unlock", passphrase="open")
    assert "This is not the passphrase." in problem(wrong, "passphrase")
    assert problem(await refused(bob, path, action="unlock", passphrase=""), "passphrase") == "This is needed."
    assert problem(await refused(bob, path, action="download", passphrase="open"), "passphrase")
    assert (await state(alice, sent))["Opened"] == "not yet"
    clock.advance(minutes=1)
    opened = read(await press(bob, path, action="unlock", passphrase="sesame"))
    assert opened.one("p", class_="letter").text == TEXT
    answer = await press(bob, path, action="download", passphrase="sesame")
    assert (answer.status, answer.body) == (200, b"a")


async def test_the_sixth_passphrase_within_a_minute_is_not_tried(alice, bob, clock):
    (sent,) = await write(alice, BOB, passphrase="sesame")
    clock.advance(seconds=61 - clock.now().second)
    for _ in range(5):
        await refused(bob, f"/user/inbox/{sent}", action="unlock", passphrase="wrong")
    answer = await press(bob, f"/user/inbox/{sent}", action="unlock", passphrase="sesame")
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert alert(read(answer)) == "Too many passphrases were tried. Try again in a minute."


async def test_an_account_with_a_pin_downloads_with_it_only(alice, bob):
    (sent,) = await write(alice, BOB, files={"a.txt": b"a"})
    await done(bob, "/user/pin", pin="1234")
    path = f"/user/inbox/{sent}"
    assert (await look(bob, path)).one("input", id="pin")["type"] == "password"
    assert problem(await refused(bob, path, 400, action="download"), "pin") == "This is needed."
    wrong = await refused(bob, path, action="download", pin="4321")
    assert "This is not your PIN." in problem(wrong, "pin")
    assert "4321" not in wrong.source
    assert (await press(bob, path, action="download", pin="1234")).body == b"a"
    assert (await state(alice, sent))["Downloads"] == "1"


async def test_a_message_is_deleted_after_a_question_and_its_sender_still_has_it(alice, bob):
    (sent,) = await write(alice, BOB)
    question = read(await press(bob, f"/user/inbox/{sent}", action="delete"))
    assert question.one("h1").text == "Delete this message?"
    to = await done(bob, f"/user/inbox/{sent}", action="delete", confirmed="true")
    assert "Nobody has sent you anything yet." in (await look(bob, to)).text
    assert (await bob.get(f"/user/inbox/{sent}")).status == 404
    assert (await state(alice, sent))["To"] == BOB
