"""The three steps of the document: a token, a file, a secured file to somebody; and that nothing lies open on disk."""

from pathlib import Path

from pixelhost.core import stats
from pixelhost.site import Site
from tests.support.mailbox import last_mail
from tests.support.people import Person
from tests.support.transfers import Sender

SECRET = b"the plaintext of a secret file " * 5000


def found_on_disk(directory: Path, what: bytes) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and what in path.read_bytes()]


async def with_token(person: Person) -> Sender:
    made = await Sender("", person.key, person.client).data("POST", "/api/tokens", 201, json={"name": "laptop"})
    assert len(made["token"]) == 60
    return Sender(person.name, made["token"], person.client)


async def test_a_token_a_file_and_a_message_that_its_recipient_downloads(alice: Sender, bob: Sender, site: Site):
    sender = await with_token(alice)
    file = await sender.send_file("payment.pdf", SECRET)
    sent = await sender.send_mail("bob@example.com", files=[file["id"]], body="the body of a secret message")
    assert (sent["status"], sent["recipient"]["email"], sent["url"]) == ("queued", "bob@example.com", "")

    recipient = await with_token(bob)
    (received,) = await recipient.data("GET", "/api/inbox?include=download.files")
    assert (received["subject"], received["opened"]) == ("Invoice", False)
    assert [one["full_filename"] for one in received["download"]["files"]] == ["payment.pdf"]
    key = await recipient.key_for(received["download"]["id"])
    answer = await Person("", "", bob.client).get(f"/api/downloads/{received['download']['id']}/{key}")

    assert (answer.status, answer.body) == (200, SECRET)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="payment.pdf"')
    await stats.flush(site)
    assert found_on_disk(site.settings.data_dir, SECRET[:40]) == []
    assert found_on_disk(site.settings.data_dir, b"the body of a secret") == []


async def test_a_client_without_an_account_reads_it_by_the_link_of_the_letter(
    alice: Sender, stranger: Sender, site: Site
):
    file = await alice.send_file("payment.pdf", SECRET)
    sent = await alice.send_mail("client@example.org", files=[file["id"]], body="only for you")

    letter = await last_mail(site, "client@example.org")
    assert "only for you" not in letter.text + letter.html
    assert "alice" in letter.text
    assert "Invoice" in letter.text
    assert str(letter.link) == sent["url"]
    redirected = await stranger.get(letter.link.path)
    assert redirected.status == 302
    push = redirected.headers["Location"].removesuffix("/r")
    seen = (await stranger.get(f"{push}.json")).json
    assert (seen["payload"], [one["filename"] for one in seen["files"]]) == ("only for you", ["payment.pdf"])
    (link,) = [one["url"] for one in seen["files"]]
    assert (await stranger.get(link.partition(str(stranger.client.port))[2])).body == SECRET

    shown = await alice.data("GET", f"/api/mails/{sent['id']}")
    assert shown["opened_at"] != ""
    assert shown["downloads"] == 1
