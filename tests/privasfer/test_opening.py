"""What counts as having read a message, what may be changed of it before and after, and what stays known at its end."""

import pytest

from pixelhost.core import mails
from pixelhost.site import Site
from tests.privasfer.test_message_links import looked_at, push_of
from tests.support.clock import MovableClock
from tests.support.mailbox import mail_to
from tests.support.transfers import Sender

OPENED = ["The message has been opened already."]
ENDED = ["The message has ended."]


async def test_who_has_downloaded_the_files_of_a_message_has_read_it(alice: Sender, bob: Sender, stranger: Sender):
    file = await alice.send_file()
    sent = await alice.send_mail(bob.email, files=[file["id"]])
    (listed,) = await bob.data("GET", "/api/inbox?include=download.files")
    assert (listed["opened"], listed["body"]) == (False, "Here it is")
    address = f"/api/downloads/{listed['download']['id']}/{await bob.key_for(listed['download']['id'])}"
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"] == ""
    assert (await stranger.get(address)).status == 200
    shown = await alice.data("GET", f"/api/mails/{sent['id']}")
    assert (shown["downloads"], shown["opened_at"] != "") == (1, True)
    assert (await bob.data("GET", "/api/inbox"))[0]["opened"] is True
    assert await alice.refused("PATCH", f"/api/mails/{sent['id']}", json={"body": "other words"}) == {"body": OPENED}


async def test_a_message_that_ended_unread_is_marked_as_read_and_was_never_opened(
    alice: Sender, bob: Sender, clock: MovableClock, site: Site
):
    sent, locked = [await alice.send_mail(bob.email, expires_in_days=1, passphrase=one) for one in (None, "sesame")]
    clock.advance(days=1)
    assert [one["opened"] for one in await bob.data("GET", "/api/inbox")] == [False, False]
    for one in (sent, locked):
        shown = await bob.data("GET", f"/api/inbox/{one['id']}")
        assert (shown["expired"], shown["body"], shown["opened"]) == (True, None, True)
        assert (await alice.data("GET", f"/api/mails/{one['id']}"))["opened_at"] == ""


async def test_in_read_only_mode_an_unread_message_is_shown_and_stays_unread(alice: Sender, bob: Sender, site: Site):
    sent = await alice.send_mail(bob.email)
    path = f"/api/inbox/{sent['id']}"
    await site.runtime.set("read_only_mode", "true")
    shown = await bob.data("GET", path)
    assert (shown["body"], shown["opened"]) == ("Here it is", False)
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"] == ""
    await site.runtime.set("read_only_mode", "false")
    assert (await bob.data("GET", path))["opened"] is True


async def test_that_it_had_a_passphrase_stays_known_after_the_end(alice: Sender, bob: Sender, clock: MovableClock):
    for sent in await alice.send_mail(bob.email, "x@example.org", passphrase="sesame"):
        path = f"/api/mails/{sent['id']}"
        assert (await alice.data("PATCH", path, json={"revoked": True}))["has_passphrase"] is True
        assert (await alice.data("GET", path))["has_passphrase"] is True
    assert (await bob.data("GET", "/api/inbox"))[0]["has_passphrase"] is True
    assert (await alice.send_mail(bob.email))["has_passphrase"] is False


@pytest.mark.parametrize("blanks", [" ", "\t", "\n ", "\u00a0", "\u3000"], ids=ascii)
async def test_a_passphrase_of_blanks_is_refused(alice: Sender, bob: Sender, site: Site, blanks: str):
    fields = {"recipients": [bob.email, "x@example.org"], "subject": "a", "body": "b", "passphrase": blanks}
    told = {"passphrase": ["The passphrase must have other characters than blanks."]}
    assert await alice.refused("POST", "/api/mails", json=fields) == told
    assert await alice.data("GET", "/api/mails") == []
    assert await mail_to(site, "x@example.org") == []
    for none in ("", None):
        sent = await alice.data("POST", "/api/mails", 201, json=fields | {"passphrase": none})
        assert [one["has_passphrase"] for one in sent] == [False, False]


async def test_a_new_subject_loses_the_blanks_around_it_as_the_first_one_does(alice: Sender, bob: Sender):
    sent = await alice.send_mail(bob.email, subject=" a ")
    path = f"/api/mails/{sent['id']}"
    assert sent["subject"] == "a"
    assert (await alice.data("PATCH", path, json={"subject": " b\t"}))["subject"] == "b"
    assert await alice.refused("PATCH", path, json={"subject": "  "}) == {"subject": ["The subject field is required."]}


@pytest.mark.parametrize("more", [{"subject": "x"}, {"body": "x"}, {"expires_in_days": 3}], ids=str)
async def test_a_message_is_revoked_without_other_changes(alice: Sender, bob: Sender, more: dict[str, object]):
    for sent in await alice.send_mail(bob.email, "x@example.org"):
        path = f"/api/mails/{sent['id']}"
        refused = await alice.refused("PATCH", path, json={"revoked": True} | more)
        assert refused == {"revoked": ["A message is revoked without other changes."]}
        assert await alice.data("GET", path) == {name: sent[name] for name in sent if name != "download"}
        assert (await alice.data("PATCH", path, json={"revoked": False} | more))["revoked"] is False
        for _ in range(2):
            assert (await alice.data("PATCH", path, json={"revoked": True}))["revoked"] is True
        assert await alice.refused("PATCH", path, json={"revoked": False}) == {"revoked": ENDED}


async def test_a_message_whose_link_was_used_up_is_not_prolonged(alice: Sender, stranger: Sender):
    file = await alice.send_file()
    sent = await alice.send_mail("x@example.org", files=[file["id"]])
    path, push = f"/api/mails/{sent['id']}", await push_of(stranger, sent)
    for _ in range(mails.PUSH_VIEWS - 1):
        assert await looked_at(stranger, push)
    assert (await alice.data("PATCH", path, json={"expires_in_days": 31}))["expires_at"] > sent["expires_at"]
    assert await looked_at(stranger, push)
    assert await alice.refused("PATCH", path, json={"expires_in_days": 31}) == {"expires_in_days": ENDED}
    assert (await alice.data("PATCH", path, json={"revoked": True}))["revoked"] is True
