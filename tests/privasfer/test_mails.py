"""Messages that somebody sends, and what their recipients see of them."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from pixelhost.core import mailfields, mails
from pixelhost.core.mails import RECIPIENTS_AN_HOUR
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.mailbox import last_mail, mail_to
from tests.support.transfers import Sender, make_sender

NOBODY = str(uuid4())


async def test_a_message_is_shown_as_it_is_documented(alice: Sender, bob: Sender):
    sent = await alice.send_mail("bob@example.com", subject="Offer", body="<p>Hello</p>")
    assert len(sent["identifier"]) == 4
    known = {
        "subject": "Offer",
        "body": "<p>Hello</p>",
        "sender": {"name": "alice", "email": "alice@example.com"},
        "recipient_email": "bob@example.com",
        "status": "queued",
        "opened_at": "",
        "url": "",
        "expired": False,
        "revoked": False,
        "has_passphrase": False,
        "max_downloads": None,
        "downloads": 0,
    }
    assert known.items() <= sent.items()
    assert sent["recipient"].keys() == {"name", "initials", "email", "photo_url", "timezone"}
    listed = await alice.data("GET", "/api/mails")
    assert [one | {"download": sent["download"]} for one in listed] == [sent]
    (received,) = await bob.data("GET", "/api/inbox?include=author")
    assert received["id"] == sent["id"]
    assert received["author"]["email"] == "alice@example.com"
    assert "download" not in received


async def test_reading_a_message_opens_it_and_listing_it_or_a_head_does_not(alice: Sender, bob: Sender):
    sent = await alice.send_mail("bob@example.com")
    path = f"/api/inbox/{sent['id']}"
    await bob.data("GET", "/api/inbox")
    assert (await bob.ask("HEAD", path)).status == 200
    assert await bob.status("GET", path, headers={"Sec-Purpose": "prefetch"}) == 503
    assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"] == ""
    assert (await bob.data("GET", path))["opened"] is True
    opened_at = (await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"]
    assert opened_at != ""
    assert (await bob.data("PATCH", path, json={"opened": False}))["opened"] is False
    assert list(await bob.refused("PATCH", path, json={})) == ["opened"]
    assert list(await bob.refused("PATCH", path, json={"opened": "perhaps"})) == ["opened"]


async def test_what_was_read_stays_so_for_its_sender_also_when_it_is_marked_as_unread(
    alice: Sender, bob: Sender, clock: MovableClock
):
    sent = await alice.send_mail("bob@example.com")
    inside, outside = f"/api/inbox/{sent['id']}", f"/api/mails/{sent['id']}"
    assert (await bob.data("PATCH", inside, json={"opened": False}))["opened"] is False
    assert (await alice.data("GET", outside))["opened_at"] == ""
    await bob.data("GET", inside)
    opened_at = (await alice.data("GET", outside))["opened_at"]
    clock.advance(minutes=1)
    assert (await bob.data("PATCH", inside, json={"opened": False}))["opened"] is False
    assert (await bob.data("GET", "/api/inbox"))[0]["opened"] is False
    assert sorted(await alice.refused("PATCH", outside, json={"subject": "x", "body": "y"})) == ["body", "subject"]
    assert (await bob.data("GET", inside))["opened"] is True
    assert (await alice.data("GET", outside))["opened_at"] == opened_at != ""


async def test_each_of_several_recipients_has_a_message_of_their_own(alice: Sender, bob: Sender, site: Site):
    file = await alice.send_file()
    sent = await alice.send_mail("client@example.org", "BOB@example.com", "client@example.org", files=[file["id"]])
    assert [one["recipient_email"] for one in sent] == ["client@example.org", "BOB@example.com"]
    assert [bool(one["url"]) for one in sent] == [True, False]
    assert len({one["id"] for one in sent}) == 2
    assert len(await bob.data("GET", "/api/inbox")) == 1
    letter = await last_mail(site, "BOB@example.com")
    assert letter.link.path == f"/user/inbox/{sent[1]['id']}"
    space = "SELECT storage_used_bytes FROM users WHERE name = 'alice'"
    assert await site.db.fetchval(space) == file["size"]


async def test_one_recipient_may_be_named_alone_and_sent_as_a_form(alice: Sender):
    file = await alice.send_file()
    fields = f"recipient_email=x%40example.org&subject=a&files[]={file['id']}&expires_in_days=3"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = await alice.data("POST", "/api/mails", 201, data=fields, headers=kind)
    assert sent["recipient_email"] == "x@example.org"
    assert [one["id"] for one in sent["download"]["files"]] == [file["id"]]


async def test_every_mistake_is_told_at_once(alice: Sender):
    wrong = {
        "recipients": ["alice", "x@example.org", "@"],
        "subject": "",
        "files": [NOBODY, 7, "x"],
        "expires_in_days": 0,
        "max_downloads": "many",
        "passphrase": "p" * 1001,
    }
    refused = await alice.refused("POST", "/api/mails", json=wrong)
    assert sorted(refused) == [
        *("expires_in_days", "files", "max_downloads", "passphrase", "recipients.0", "recipients.2", "subject")
    ]
    wrong["files"] = [NOBODY, "x"]
    assert {"files.0", "files.1"} <= (await alice.refused("POST", "/api/mails", json=wrong)).keys()
    assert await alice.refused("POST", "/api/mails", json={}) == {
        "recipients": ["The recipients field is required."],
        "subject": ["The subject field is required."],
        "body": ["The body field is required when there are no files."],
    }
    assert await alice.data("GET", "/api/mails") == []


@pytest.mark.parametrize("sent", [b"{", b"[]", b"7", b"\xff", b'{"subject": "\\ud800"}x', b"[" * 10_000])
async def test_a_body_that_is_no_object_is_a_bad_request(alice: Sender, sent: bytes):
    assert await alice.status("POST", "/api/mails", data=sent) == 400


@pytest.mark.parametrize(
    ("field", "best", "wrong"),
    [
        ("subject", "s" * mailfields.SUBJECT_MAX, "s" * (mailfields.SUBJECT_MAX + 1)),
        ("subject", "ünï ☃", "two\nlines"),
        ("body", "b" * mailfields.BODY_MAX, "b" * (mailfields.BODY_MAX + 1)),
        ("expires_in_days", 90, 91),
        ("expires_in_days", 1, 0),
        ("max_downloads", 1, 0),
        ("max_downloads", mailfields.DOWNLOADS_MAX, mailfields.DOWNLOADS_MAX + 1),
        ("passphrase", "p" * mailfields.PASSPHRASE_MAX, "p" * (mailfields.PASSPHRASE_MAX + 1)),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_fields_may_be_just_so_large(alice: Sender, field: str, best: object, wrong: object):
    fields = {"recipients": ["x@example.org"], "subject": "a", "body": "b"}
    await alice.data("POST", "/api/mails", 201, json=fields | {field: best})
    assert list(await alice.refused("POST", "/api/mails", json=fields | {field: wrong})) == [field]


async def test_so_many_recipients_and_files_may_be_and_not_one_more(alice: Sender):
    files = [(await alice.send_file(f"{number}"))["id"] for number in range(mailfields.FILES_MAX + 1)]
    recipients = [f"{number}@example.org" for number in range(mailfields.RECIPIENTS_MAX + 1)]
    fields = {"subject": "a", "recipients": recipients[:-1], "files": files[:-1]}
    sent = await alice.data("POST", "/api/mails", 201, json=fields)
    assert (len(sent), len(sent[0]["download"]["files"])) == (mailfields.RECIPIENTS_MAX, mailfields.FILES_MAX)
    refused = await alice.refused("POST", "/api/mails", json={"subject": "a", "recipients": recipients, "files": files})
    assert sorted(refused) == ["files", "recipients"]


async def test_files_of_others_and_a_file_twice_are_refused(alice: Sender, bob: Sender):
    own, other = await alice.send_file(), await bob.send_file()
    fields = {"recipients": ["x@example.org"], "subject": "a"}
    ids = [own["id"], other["id"], own["id"]]
    refused = await alice.refused("POST", "/api/mails", json=fields | {"files": ids})
    assert refused == {
        "files.1": ["The selected files.1 is invalid."],
        "files.2": ["The files.2 field has a duplicate value."],
    }


async def test_an_account_sends_to_so_many_an_hour(alice: Sender, site: Site, clock: MovableClock):
    clock.advance(minutes=60 - clock.now().minute)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    user_id = await site.db.fetchval("SELECT id::text FROM users WHERE name = 'alice'")
    await site.db.execute(
        "INSERT INTO rate_windows VALUES ('mails', $1, $2, $3)", user_id, hour, RECIPIENTS_AN_HOUR - 1
    )
    fields = {"subject": "a", "body": "b"}
    assert await alice.status("POST", "/api/mails", json=fields | {"recipients": ["x@a.org", "y@a.org"]}) == 429
    await alice.send_mail("x@a.org")
    refused = await alice.ask("POST", "/api/mails", json=fields | {"recipients": ["y@a.org"]})
    again_in = int(refused.headers["Retry-After"])
    assert (refused.status, refused.json) == (429, {"message": "At most 500 messages an hour can be sent"})
    assert 0 < again_in <= 3600
    assert await mail_to(site, "y@a.org") == []
    clock.advance(seconds=again_in)
    await alice.send_mail("y@a.org")


async def test_the_text_can_be_changed_until_somebody_has_opened_it(alice: Sender, bob: Sender, stranger: Sender):
    for to, reads in (("bob@example.com", bob), ("x@example.org", None)):
        sent = await alice.send_mail(to)
        path = f"/api/mails/{sent['id']}"
        changed = await alice.data("PATCH", path, json={"subject": "New", "body": "other words"})
        assert (changed["subject"], changed["body"]) == ("New", "other words")
        assert list(await alice.refused("PATCH", path, json={"subject": None})) == ["subject"]
        if reads is not None:
            assert (await reads.data("GET", f"/api/inbox/{sent['id']}"))["body"] == "other words"
        else:
            push = (await stranger.get("/m/" + sent["url"].rpartition("/")[2])).headers["Location"]
            assert (await stranger.get(push.removesuffix("/r") + ".json")).json["payload"] == "other words"
        refused = await alice.refused("PATCH", path, json={"subject": "x", "body": "y", "expires_in_days": 91})
        assert sorted(refused) == ["body", "expires_in_days", "subject"]
        assert (await alice.data("PATCH", path, json={"expires_in_days": 2}))["expires_at"] < sent["expires_at"]


async def test_a_text_may_become_empty_where_there_are_files_only(alice: Sender, bob: Sender):
    file = await alice.send_file()
    empty = {"body": ["The body field is required when there are no files."]}
    for to in ("bob@example.com", "x@example.org"):
        sent, alone = await alice.send_mail(to, files=[file["id"]]), await alice.send_mail(to)
        assert (await alice.data("PATCH", f"/api/mails/{sent['id']}", json={"body": ""}))["body"] == ""
        for body in ("", None, " \n"):
            assert await alice.refused("PATCH", f"/api/mails/{alone['id']}", json={"body": body}) == empty
        assert (await alice.data("GET", f"/api/mails/{alone['id']}"))["body"] == "Here it is"


async def test_a_revoked_message_says_nothing_any_more(alice: Sender, bob: Sender, stranger: Sender, site: Site):
    file = await alice.send_file()
    inside, outside = await alice.send_mail("bob@example.com", "x@example.org", files=[file["id"]])
    push = (await stranger.get("/m/" + outside["url"].rpartition("/")[2])).headers["Location"].removesuffix("/r")
    for sent in (inside, outside):
        revoked = await alice.data("PATCH", f"/api/mails/{sent['id']}", json={"revoked": True})
        assert (revoked["revoked"], revoked["expired"], revoked["body"]) == (True, False, None)
        assert list(await alice.refused("PATCH", f"/api/mails/{sent['id']}", json={"body": "x"})) == ["body"]
    received = await bob.data("GET", f"/api/inbox/{inside['id']}?include=download.files")
    assert (received["revoked"], received["body"], received["download"]["files"]) == (True, None, [])
    refused = await bob.ask("POST", f"/api/downloads/{received['download']['id']}/keys", json={})
    assert (refused.status, refused.json) == (410, {"message": "This message was revoked by its sender."})
    seen = (await stranger.get(f"{push}.json")).json
    assert (seen["expired"], seen["payload"], seen["files"]) == (True, None, [])
    assert await site.db.fetchval("SELECT count(*) FROM mails WHERE body_sealed IS NOT NULL") == 0
    assert await alice.data("GET", "/api/files") == [file]


async def test_an_expired_message_says_nothing_any_more_also_before_the_job_comes(
    alice: Sender, bob: Sender, site: Site, clock: MovableClock
):
    file = await alice.send_file()
    sent = await alice.send_mail("bob@example.com", files=[file["id"]], expires_in_days=1)
    clock.advance(hours=23, minutes=59)
    assert (await bob.data("GET", "/api/inbox"))[0]["body"] == "Here it is"
    clock.advance(minutes=1, seconds=1)
    for _ in range(2):
        (received,) = await bob.data("GET", "/api/inbox")
        assert (received["expired"], received["body"]) == (True, None)
        download_id = sent["download"]["id"]
        refused = await bob.ask("POST", f"/api/downloads/{download_id}/keys", json={})
        assert (refused.status, refused.json) == (410, {"message": "This message has expired."})
        assert (await alice.data("GET", f"/api/mails/{sent['id']}"))["body"] is None
        await mails.end_due(site)
    assert await site.db.fetchval("SELECT body_sealed FROM mails") is None


async def test_a_message_lives_thirty_days_where_nothing_else_is_said(alice: Sender, site: Site):
    await alice.send_mail("x@example.org")
    assert await site.db.fetchval("SELECT expires_at - created_at FROM mails") == timedelta(days=30)
    assert await site.db.fetchval("SELECT expires_at - created_at FROM pushes") == timedelta(days=30)


async def test_a_message_deleted_by_its_sender_is_revoked_and_one_by_its_recipient_only_gone_there(
    alice: Sender, bob: Sender, stranger: Sender, site: Site
):
    inside, outside = await alice.send_mail("bob@example.com", "x@example.org")
    kept = await alice.send_mail("bob@example.com", subject="kept")
    for sent in (inside, outside):
        assert await alice.status("DELETE", f"/api/mails/{sent['id']}") == 204
        assert await alice.status("GET", f"/api/mails/{sent['id']}") == 404
    assert (await bob.data("GET", f"/api/inbox/{inside['id']}"))["revoked"] is True
    assert await bob.status("DELETE", f"/api/inbox/{inside['id']}") == 204
    assert await bob.status("DELETE", f"/api/inbox/{kept['id']}") == 204
    assert await bob.data("GET", "/api/inbox") == []
    assert await bob.status("POST", f"/api/downloads/{kept['download']['id']}/keys", json={}) == 404
    assert [one["subject"] for one in await alice.data("GET", "/api/mails")] == ["kept"]
    assert await mails.end_due(site) == 2
    assert await site.db.fetchval("SELECT count(*) FROM mails") == 1
    assert (await stranger.get("/m/" + outside["url"].rpartition("/")[2])).status == 404


async def test_messages_of_others_are_not_there(alice: Sender, bob: Sender, site: Site):
    carol = await make_sender(site, alice.client, "carol")
    sent = await alice.send_mail("bob@example.com")
    for method, body in (("GET", None), ("PATCH", {"revoked": True, "opened": True}), ("DELETE", None)):
        for box in ("mails", "inbox", "messages"):
            assert await carol.status(method, f"/api/{box}/{sent['id']}", json=body) == 404
        assert await alice.status(method, f"/api/inbox/{sent['id']}", json=body) == 404
        assert await bob.status(method, f"/api/mails/{sent['id']}", json=body) == 404
    assert await carol.status("POST", f"/api/downloads/{sent['download']['id']}/keys", json={}) == 404


async def test_a_passphrase_is_needed_to_read_and_to_download(alice: Sender, bob: Sender):
    file = await alice.send_file()
    sent = await alice.send_mail("bob@example.com", files=[file["id"]], passphrase="open sesame")
    assert sent["has_passphrase"] is True
    path = f"/api/inbox/{sent['id']}?include=download.files"
    for locked in (await bob.data("GET", path), *await bob.data("GET", "/api/inbox?include=download.files")):
        assert (locked["locked"], locked["body"], locked["opened"]) == (True, None, False)
        assert locked["download"]["files"] == []
    assert await bob.refused("GET", f"{path}&passphrase=wrong") == {"passphrase": ["Invalid passphrase."]}
    keys = f"/api/downloads/{sent['download']['id']}/keys"
    assert list(await bob.refused("POST", keys, json={})) == ["passphrase"]
    assert list(await bob.refused("POST", keys, json={"passphrase": "wrong"})) == ["passphrase"]
    read = await bob.data("GET", f"{path}&passphrase=open+sesame")
    assert (read["locked"], read["body"], len(read["download"]["files"])) == (False, "Here it is", 1)
    await bob.key_for(sent["download"]["id"], passphrase="open sesame")


async def test_passphrases_are_tried_five_times_a_minute(alice: Sender, bob: Sender, clock: MovableClock):
    sent = await alice.send_mail("bob@example.com", passphrase="right")
    path = f"/api/inbox/{sent['id']}?passphrase="
    clock.advance(seconds=61 - clock.now().second)
    for _ in range(5):
        await bob.refused("GET", path + "wrong")
    answer = await bob.get(path + "right")
    told = {"message": "Too many passphrases were tried. Try again in a minute"}
    assert (answer.status, answer.json) == (429, told)
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    clock.advance(minutes=1)
    assert (await bob.data("GET", path + "right"))["body"] == "Here it is"


async def test_a_deleted_file_leaves_messages_and_links(alice: Sender, bob: Sender, stranger: Sender):
    file, other = await alice.send_file("gone"), await alice.send_file("kept")
    sent = await alice.send_mail("bob@example.com", "x@example.org", files=[file["id"], other["id"]])
    push = (await stranger.get("/m/" + sent[1]["url"].rpartition("/")[2])).headers["Location"].removesuffix("/r")
    assert await alice.status("DELETE", f"/api/files/{file['id']}") == 204
    (received,) = await bob.data("GET", "/api/inbox?include=download.files")
    assert [one["filename"] for one in received["download"]["files"]] == ["kept"]
    assert [one["filename"] for one in (await stranger.get(f"{push}.json")).json["files"]] == ["kept"]


async def test_messages_are_found_and_sorted(alice: Sender, bob: Sender, clock: MovableClock):
    for subject, to in (("b", "bob@example.com"), ("C", "zoe@example.org"), ("a", "bob@example.com")):
        await alice.send_mail(to, subject=subject)
        clock.advance(seconds=1)

    async def subjects(who: Sender, query: str) -> str:
        return "".join(one["subject"] for one in await who.data("GET", query))

    assert await subjects(alice, "/api/mails") == "aCb"
    assert await subjects(alice, "/api/mails?sort=subject") == "abC"
    assert await subjects(alice, "/api/mails?sort=-recipient_email,created_at") == "Cba"
    assert await subjects(alice, "/api/mails?sort=sent_at,created_at&keyword=BOB") == "ba"
    assert await subjects(bob, "/api/inbox?sort=-received_at") == "ab"
    assert await subjects(bob, "/api/inbox?sort=created_by_email,-subject&keyword=alice") == "ba"
    assert await subjects(bob, "/api/inbox?keyword=zoe") == ""
    assert (await bob.get("/api/inbox?sort=created_at")).status == 400
    assert (await bob.get("/api/inbox?include=files")).status == 400
    assert (await alice.get("/api/mails?include=download.keys")).status == 400
    assert (await alice.get("/api/mails?per_page=2")).json["meta"]["total"] == 3


async def test_messages_is_another_name_for_both_boxes(alice: Sender, bob: Sender):
    sent = await alice.data("POST", "/api/messages", 201, json={"recipients": [bob.email], "subject": "a", "body": "b"})
    path = f"/api/messages/{sent['id']}"
    assert [one["id"] for one in await alice.data("GET", "/api/messages?folder=sent")] == [sent["id"]]
    assert await alice.data("GET", "/api/messages") == []
    assert [one["id"] for one in await bob.data("GET", "/api/messages?folder=inbox")] == [sent["id"]]
    assert list(await bob.refused("GET", "/api/messages?folder=x")) == ["folder"]
    assert "sent_at" in await alice.data("GET", path)
    assert (await alice.data("PATCH", path, json={"subject": "new"}))["subject"] == "new"
    assert "received_at" in await bob.data("GET", path)
    assert (await bob.data("PATCH", path, json={"opened": False}))["opened"] is False
    assert await bob.status("DELETE", path) == 204
    assert await alice.status("DELETE", path) == 204


async def test_a_message_to_oneself_has_both_sides(alice: Sender):
    sent = await alice.send_mail(alice.email)
    path = f"/api/messages/{sent['id']}"
    assert (await alice.data("PATCH", path, json={"opened": True}))["opened"] is True
    assert (await alice.data("PATCH", path, json={"revoked": True}))["revoked"] is True


async def test_when_the_sender_is_gone_the_message_stays_without_files(alice: Sender, bob: Sender, site: Site):
    file = await alice.send_file()
    await alice.send_mail("bob@example.com", "x@example.org", files=[file["id"]])
    await site.db.execute("DELETE FROM users WHERE name = 'alice'")
    (received,) = await bob.data("GET", "/api/inbox?include=download.files")
    assert (received["body"], received["sender"]["name"]) == ("Here it is", "alice")
    assert received["download"]["files"] == []
    assert await site.db.fetchval("SELECT count(*) FROM pushes") == 0


async def test_files_may_be_deleted_while_they_are_sent(alice: Sender, bob: Sender):
    for _ in range(5):
        files = [(await alice.send_file(f"{number}"))["id"] for number in range(8)]
        recipients = ["bob@example.com", *(f"{number}@example.org" for number in range(10))]
        fields = {"recipients": recipients, "subject": "a", "body": "b", "files": files}
        sendings = [alice.ask("POST", "/api/mails", json=fields) for _ in range(3)]
        deletions = [alice.ask("DELETE", f"/api/files/{file_id}") for file_id in files]
        answers = await asyncio.gather(*sendings, *deletions)
        assert {answer.status for answer in answers[:3]} <= {201, 422, 429}
        assert {answer.status for answer in answers[3:]} == {204}
    assert await alice.data("GET", "/api/files") == []
