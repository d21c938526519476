"""Messages that were sent: their list, their state, and their end before its time."""

from tests.support.mailbox import last_mail
from tests.web.account.conftest import alert, problem
from tests.web.transfers.reaching import BOB, CLIENT, HTML, TEXT, done, look, press, read, refused, state, write


async def test_the_list_says_how_each_message_fares_newest_first(alice, bob, clock):
    (first,) = await write(alice, BOB, subject="First", max_downloads="2", files={"a.txt": b"a"})
    clock.advance(minutes=1)
    await write(alice, CLIENT, subject="Second")
    await look(bob, f"/user/inbox/{first}")
    await press(bob, f"/user/inbox/{first}", action="download", file="")
    page = await look(alice, "/user/transfers")
    rows = [" ".join(one.text.split()) for one in page.all("tr")][1:]
    assert rows[0].startswith(f"Second {CLIENT} On its way not yet 0 ")
    assert rows[1].startswith(f"First {BOB} On its way ")
    assert " 1 / 2 " in rows[1]
    assert "not yet" not in rows[1]
    found = await look(alice, "/user/transfers?q=FIRST")
    assert "Second" not in found.text


async def test_the_list_has_pages(alice):
    for start in (0, 50):
        await write(alice, *(f"p{start + number}@example.org" for number in range(min(50, 51 - start))))
    first, second = await look(alice, "/user/transfers"), await look(alice, "/user/transfers?page=2")
    assert (len(first.all("tr")), len(second.all("tr"))) == (51, 2)
    assert first.one("a", rel="next")["href"] == "/user/transfers?page=2"
    assert len((await look(alice, "/user/transfers?page=99")).all("tr")) == 2


async def test_the_end_is_moved_for_both_sides(alice, bob, clock):
    to_bob, to_client = await write(alice, BOB, CLIENT, days="1")
    clock.advance(hours=23)
    for one in (to_bob, to_client):
        assert (await done(alice, f"/user/transfers/{one}", action="extend", days="90")).endswith("done=saved")
    clock.advance(days=89, hours=23)
    assert TEXT in (await look(bob, f"/user/inbox/{to_bob}")).one("p", class_="letter").text
    for days in ("0", "91"):
        page = await refused(alice, f"/user/transfers/{to_bob}", action="extend", days=days)
        assert problem(page, "days") == "This must be between 1 and 90."


async def test_what_is_over_is_not_brought_back(alice, bob, clock):
    (sent,) = await write(alice, BOB, days="1")
    clock.advance(days=1)
    page = await refused(alice, f"/user/transfers/{sent}", action="extend", days="1")
    assert alert(page) == "The message has ended: nothing of it can be changed."
    assert not page.all("input", id="days")
    assert "over" in (await state(alice, sent))["State"]


async def test_a_message_is_revoked_after_a_question_and_its_link_shows_nothing(alice, anyone, site):
    (sent,) = await write(alice, CLIENT)
    link = (await last_mail(site, CLIENT)).link
    push = (await anyone.get(link.path)).headers["Location"]
    page = await look(alice, f"/user/transfers/{sent}")
    assert page.one("button", class_="button")["data-copy"] == str(link)
    question = read(await press(alice, f"/user/transfers/{sent}", action="revoke"))
    assert question.one("h1").text == "Revoke this message?"
    assert "revoked" not in (await state(alice, sent))["State"]
    to = await done(alice, f"/user/transfers/{sent}", action="revoke", confirmed="true")
    page = await look(alice, to)
    assert "Revoked. Nobody can read it" in page.source
    assert str(link) not in page.source
    assert TEXT not in page.text
    assert not page.all("p", class_="letter")
    assert "This secret can't be seen" in read(await anyone.get(push, headers=HTML)).text


async def test_a_deleted_message_leaves_the_list_and_is_revoked(alice, bob):
    (sent,) = await write(alice, BOB)
    await press(alice, f"/user/transfers/{sent}", action="delete")
    assert (await done(alice, f"/user/transfers/{sent}", action="delete", confirmed="true")).startswith(
        "/user/transfers?"
    )
    assert "You have sent nothing yet." in (await look(alice, "/user/transfers")).text
    assert "revoked by its sender" in (await look(bob, f"/user/inbox/{sent}")).text


async def test_messages_of_others_are_not_there(alice, bob):
    (sent,) = await write(alice, BOB)
    for path in (f"/user/transfers/{sent}", "/user/transfers/nonsense", f"/user/transfers/files/{sent}"):
        assert (await bob.get(path)).status == 404
        assert (await press(bob, path, action="delete", confirmed="true")).status == 404
    assert (await alice.get(f"/user/inbox/{sent}")).status == 404
    assert (await bob.get(f"/user/transfers/made?ids={sent}")).headers["Location"] == "/user/transfers"
    assert (await state(alice, sent))["State"] == "On its way"
