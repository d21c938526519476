"""Writing a message: what the form takes, what it says when something is wrong, and what was sent to whom."""

import pytest

from tests.support.mailbox import last_mail
from tests.web.account.conftest import problem
from tests.web.reading import read
from tests.web.transfers.reaching import BOB, CLIENT, FILES, NEW, TEXT, look, refused, send, state, upload, write


async def test_what_was_sent_to_whom_is_shown_with_the_link_of_whoever_has_no_account(alice, bob, site):
    answer = await send(
        alice, NEW, {"invoice.pdf": b"%PDF"}, recipients=f"{BOB}, {CLIENT}", subject="Invoice", body=TEXT
    )
    page = await look(alice, answer.headers["Location"])
    assert "Sent." in page.source
    assert page.one("h1").text == "Sent: Invoice"
    link = (await last_mail(site, CLIENT)).link
    assert [one.text for one in page.all("p", class_="secret-link")] == [str(link)]
    assert page.one("button", class_="button")["data-copy"] == str(link)
    assert "Finds it in the inbox of the account here." in page.text
    assert "invoice.pdf" in page.text
    assert (await last_mail(site, BOB)).link.path.startswith("/user/inbox/")
    assert (await alice.get(link.path)).headers["Location"].startswith("/p/")


async def test_all_that_the_form_offers_is_kept(alice, bob):
    (sent,) = await write(alice, BOB, days="7", max_downloads="3", passphrase="sesame")
    page = await look(alice, f"/user/transfers/{sent}")
    shown = await state(alice, sent)
    assert (shown["To"], shown["State"], shown["Opened"]) == (BOB, "On its way", "not yet")
    assert (shown["Downloads"], shown["Passphrase"]) == ("0 of 3", "yes")
    assert page.one("p", class_="letter").text == TEXT
    assert "<b>" not in page.source


async def test_a_passphrase_of_blanks_is_refused_beside_its_field(alice, bob):
    for blanks in ("  ", "\u00a0"):
        page = await refused(alice, NEW, recipients=BOB, subject="Invoice", body=TEXT, passphrase=blanks)
        assert problem(page, "passphrase") == "Write something else than blanks, or leave it empty."
    assert "Invoice" not in (await look(alice, "/user/transfers")).text


async def test_files_that_are_here_already_are_ticked_and_sent(alice, bob):
    ids = await upload(alice, {"a.txt": b"a", "b.txt": b"b"})
    form = await look(alice, f"{NEW}?file={ids['a.txt']}&file=nonsense")
    ticks = {one["name"]: "checked" in one.attributes for one in form.all("input", type="checkbox")}
    assert ticks == {f"file-{ids['a.txt']}": True, f"file-{ids['b.txt']}": False}
    (sent,) = await write(alice, BOB, files={"c.txt": b"c"}, **{f"file-{ids['a.txt']}": "true"})
    page = await look(alice, f"/user/transfers/{sent}")
    assert [one.text for one in page.all("bdi")] == ["a.txt", "c.txt"]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"recipients": " , \n"}, "recipients", "Write at least one address."),
        ({"recipients": f"{BOB}, <nobody>"}, "recipients", "“<nobody>” is not an e-mail address."),
        ({"recipients": ",".join(f"p{n}@example.org" for n in range(51))}, "recipients", "At most 50 people"),
        ({"subject": " "}, "subject", "This is needed."),
        ({"subject": "a\tb"}, "subject", "Write one line"),
        ({"subject": "x" * 256}, "subject", "at most 255 characters. It has 256."),
        ({"body": " "}, "body", "Write something, or add a file."),
        ({"body": "x" * 65_537}, "body", "at most 65536 characters"),
        ({"days": "0"}, "days", "This must be between 1 and 90."),
        ({"days": "91"}, "days", "This must be between 1 and 90."),
        ({"max_downloads": "0"}, "max_downloads", "This must be between 1 and 1000000."),
        ({"passphrase": "x" * 1001}, "passphrase", "at most 1000 characters"),
        ({"file-00000000-0000-4000-8000-000000000000": "true"}, "files", "isn't there any more"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(alice, wrong, field, said):
    given = {"recipients": BOB, "subject": "Invoice", "body": TEXT} | wrong
    page = read(await send(alice, NEW, **given))
    assert page.status in {400, 422}
    assert said in problem(page, field)


async def test_at_the_limits_everything_is_taken(alice):
    many = [f"p{number}@example.org" for number in range(50)]
    sent = await write(alice, *many, subject="x" * 255, body="☃" * 65_536, days="90", passphrase="x" * 1000)
    assert len(sent) == 50


async def test_files_that_arrived_with_a_mistyped_address_are_not_sent_again(alice, bob):
    page = read(await send(alice, NEW, {"a.txt": b"a"}, recipients="bob", subject="Invoice", body=TEXT))
    assert problem(page, "recipients") == "“bob” is not an e-mail address."
    assert "data-kept" in page.one("div", id="kept-files").attributes
    (tick,) = page.all("input", type="checkbox")
    assert "checked" in tick.attributes
    (sent,) = await write(alice, BOB, **{tick["name"]: "true"})
    assert "a.txt" in (await look(alice, f"/user/transfers/{sent}")).text


async def test_a_file_that_is_refused_leaves_none_behind(alice):
    given = {"recipients": BOB, "subject": "Invoice", "body": TEXT}
    page = read(await send(alice, NEW, {"good.txt": b"a", "x" * 256: b"b"}, **given))
    assert "more than 255 characters" in problem(page, "files")
    page = read(await send(alice, NEW, {f"{number}.txt": b"" for number in range(101)}, **given))
    assert problem(page, "files") == "At most 100 files go together."
    assert "There are no files yet." in (await look(alice, FILES)).text


async def test_a_stranger_is_led_to_the_login(anyone):
    for path in (NEW, "/user/transfers", FILES, "/user/inbox", "/user/pin"):
        answer = await anyone.get(path, headers={"Accept": "text/html"})
        assert answer.headers["Location"].startswith("/login?redirect=")
    assert (await send(anyone, NEW, {"a.txt": b"x"}, recipients=BOB)).status == 401


async def test_the_passphrase_is_in_no_page_that_comes_back(alice):
    page = await refused(alice, NEW, recipients="", subject="Invoice", body=TEXT, passphrase="sesame")
    assert "sesame" not in page.source
