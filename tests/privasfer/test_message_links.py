"""Messages that a push shows to whoever has no account: both end together, and only the message can be changed."""

from dataclasses import replace

import pytest

from pixelhost import jobs
from pixelhost.core import mails, pushes
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.transfers import Sender
from tests.web.reading import read

HTML = {"Accept": "text/html", "Accept-Encoding": "identity"}


async def push_of(stranger: Sender, sent: dict[str, str]) -> str:
    """The path of the push that the link of a message leads to."""
    location: str = (await stranger.get("/m/" + sent["url"].rpartition("/")[2])).headers["Location"]
    return location.removesuffix("/r")


async def looked_at(stranger: Sender, push: str) -> bool:
    """Whether there was anything to see."""
    return (await stranger.get(f"{push}.json")).json["payload"] is not None


async def end(how: str, sender: Sender, stranger: Sender, push: str, clock: MovableClock, site: Site) -> None:
    """What a push is ended by."""
    if how == "its last view":
        for _ in range(mails.PUSH_VIEWS - 1):
            assert await looked_at(stranger, push)
    elif how == "its sender's API":
        assert (await sender.delete(f"{push}.json")).status == 200
    elif how == "its sender's page":
        assert (await sender.post(f"{push}/expire", headers=HTML)).status == 303
    else:
        clock.advance(days=30)
        if how == "the job":
            assert await jobs.run(site, "pushes") == 1
        else:
            assert not await looked_at(stranger, push)


ENDS = {
    "its last view": False,
    "its sender's API": True,
    "its sender's page": True,
    "the job": False,
    "somebody too late": False,
}
"""What ends a push, and whether that is to revoke the message."""


@pytest.mark.parametrize("how", ENDS)
async def test_a_message_ends_with_its_push_and_keeps_when_it_was_opened(
    how: str, alice: Sender, stranger: Sender, site: Site, clock: MovableClock
):
    sent = await alice.send_mail("x@example.org")
    path, push = f"/api/mails/{sent['id']}", await push_of(stranger, sent)
    assert await looked_at(stranger, push)
    opened_at = (await alice.data("GET", path))["opened_at"]
    clock.advance(minutes=1)
    await end(how, alice, stranger, push, clock, site)
    ended_at = await site.db.fetchval("SELECT ended_at FROM mails WHERE body_sealed IS NULL")
    assert ended_at is not None
    fields = ("body", "expired", "revoked", "opened_at")
    ended = [None, not ENDS[how], ENDS[how], opened_at]
    shown = await alice.data("GET", path)
    assert [shown[field] for field in fields] == ended
    assert list(await alice.refused("PATCH", path, json={"body": "again"})) == ["body"]
    clock.advance(days=31)
    purging = replace(site, settings=replace(site.settings, push_purge_days=30))
    assert await pushes.purge(purging) == 1
    await mails.end_due(site)
    shown = await alice.data("GET", path)
    assert [shown[field] for field in fields] == ended
    assert await site.db.fetchval("SELECT ended_at FROM mails") == ended_at


async def test_a_message_with_files_ends_when_the_links_of_the_last_view_are_dead(
    alice: Sender, stranger: Sender, site: Site, clock: MovableClock
):
    file = await alice.send_file()
    sent = await alice.send_mail("x@example.org", files=[file["id"]])
    push = await push_of(stranger, sent)
    for _ in range(mails.PUSH_VIEWS):
        assert await looked_at(stranger, push)
    assert not await looked_at(stranger, push)
    clock.advance(minutes=5)
    assert await jobs.run(site, "pushes") == 1
    shown = await alice.data("GET", f"/api/mails/{sent['id']}?include=download.files")
    assert (shown["body"], shown["expired"], shown["download"]["files"]) == (None, True, [])


async def test_the_end_of_a_message_that_came_first_stays(
    alice: Sender, stranger: Sender, site: Site, clock: MovableClock
):
    sent = await alice.send_mail("x@example.org", expires_in_days=1)
    push = await push_of(stranger, sent)
    assert await looked_at(stranger, push)
    opened_at = (await alice.data("GET", f"/api/mails/{sent['id']}"))["opened_at"]
    clock.advance(days=1)
    assert await jobs.run(site, "mails") == 1
    ended_at = await site.db.fetchval("SELECT ended_at FROM mails")
    clock.advance(minutes=1)
    assert (await alice.delete(f"{push}.json")).status == 200
    shown = await alice.data("GET", f"/api/mails/{sent['id']}")
    assert (shown["expired"], shown["revoked"], shown["opened_at"]) == (True, False, opened_at)
    assert await site.db.fetchval("SELECT ended_at FROM mails") == ended_at


async def test_the_secret_that_shows_a_message_is_not_changed_behind_its_back(alice: Sender, stranger: Sender):
    sent = await alice.send_mail("x@example.org")
    push = await push_of(stranger, sent)
    audit = read(await alice.get(f"{push}/audit", headers=HTML))
    assert audit.all("a", href=f"{push}/edit") == []
    assert audit.one("a", class_="button", href=f"/user/transfers/{sent['id']}").text == "Its message"
    assert audit.one("a", class_="button danger", href=f"{push}/expire")
    for refused in (
        await alice.get(f"{push}/edit", headers=HTML),
        await alice.post(f"{push}/edit", data={"payload": "other words", "views": "1"}, headers=HTML),
    ):
        assert refused.status == 403
        assert read(refused).one("h1").text == "This secret shows a message"
    assert (await stranger.get(f"{push}.json")).json["payload"] == "Here it is"
    assert [one["kind"] for one in (await alice.get(f"{push}/audit.json")).json["views"]] == ["creation", "view"]


async def test_what_was_changed_of_a_message_its_link_shows(alice: Sender, stranger: Sender, clock: MovableClock):
    sent = await alice.send_mail("x@example.org", expires_in_days=1)
    push = await push_of(stranger, sent)
    await alice.data("PATCH", f"/api/mails/{sent['id']}", json={"body": "other words", "expires_in_days": 3})
    clock.advance(days=2, hours=23)
    assert (await stranger.get(f"{push}.json")).json["payload"] == "other words"
