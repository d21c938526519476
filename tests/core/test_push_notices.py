"""Notices of what happened to pushes: letters to their owners, once each, that say nothing secret."""

import asyncio
from typing import Any

import pytest

from pixelhost import jobs
from pixelhost.core import delivery, pushnotices
from pixelhost.site import Site
from tests.pwpush.pushing import expire, push, push_token, show
from tests.support.clock import MovableClock
from tests.support.letters import Sending, outbox
from tests.support.mailbox import last_mail, mail_to
from tests.support.mailserver import MailServer
from tests.support.people import Person, make_person

ADDRESS = "ann@example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
async def ann(site: Site, client) -> Person:
    return await make_person(site, client, "ann", email=ADDRESS)


async def viewed(who: Person, token: str, **headers: str) -> None:
    assert (await who.get(f"/p/{token}.json", headers=headers)).status == 200


async def test_a_view_is_told_by_mail_with_when_and_from_where(
    sending: Sending, smtp: MailServer, ann, anyone, clock: MovableClock
):
    clock.hold()
    site = sending(smtp)
    made = await push(ann, "s3cret", name="front door", note="n0te", notify_on_view=True, expire_after_views=3)
    await viewed(anyone, made["url_token"], **{"User-Agent": FIREFOX})
    assert await jobs.run(site, "notices") == 1
    assert await delivery.deliver(site) == 1
    (letter,) = smtp.arrived
    assert letter.recipient == ADDRESS
    text = letter.part("plain")
    for told in ("front door", "127.0.0.1", "Firefox · Linux", "2 more times", f"{site.clock.now():%d %B %Y}"):
        assert told in text
        assert told in letter.part("html")
    for secret in ("s3cret", "n0te", made["url_token"], "http"):
        assert secret not in text
        assert secret not in letter.part("html")


async def test_the_end_is_told_whether_views_ran_out_or_time_or_somebody_deleted_it(
    site: Site, ann, anyone, clock: MovableClock
):
    used_up = await push_token(ann, name="used up", notify_on_expiry=True, expire_after_views=1)
    deleted = await push_token(ann, name="deleted", notify_on_expiry=True)
    await push_token(ann, name="too old", notify_on_expiry=True, expire_after_days=1)
    await show(anyone, used_up)
    await expire(anyone, deleted)
    clock.advance(days=1)
    await jobs.run(site, "pushes")
    assert await jobs.run(site, "notices") == 3
    texts = {name: text for name in ("used up", "deleted", "too old") for text in await texts_with(site, name)}
    assert len(texts) == 3
    assert "somebody deleted a text" in texts["deleted"]
    assert "127.0.0.1" in texts["deleted"]
    for name in ("used up", "too old"):
        assert "the time or the views were over" in texts[name]
        assert "Address" not in texts[name]


async def texts_with(site: Site, words: str) -> list[str]:
    return [mail.text for mail in await mail_to(site, ADDRESS) if words in mail.text]


async def test_each_event_is_told_once_however_many_tell_at_once(site: Site, ann, anyone):
    token = await push_token(ann, notify_on_view=True, expire_after_views=100)
    for _ in range(60):
        await viewed(anyone, token)
    told = await asyncio.gather(*(pushnotices.tell(site) for _ in range(4)))
    assert sum(told) == 60
    assert len(await outbox(site)) == 60
    assert await pushnotices.tell(site) == 0


@pytest.mark.parametrize("fields", [{}, {"notify_on_expiry": True}, {"notify_on_view": False}])
async def test_a_view_of_a_push_that_is_not_to_be_told_is_not(site: Site, ann, anyone, fields: dict[str, Any]):
    await viewed(anyone, await push_token(ann, **fields))
    await jobs.run(site, "notices")
    assert await outbox(site) == []


async def test_the_owners_own_views_and_wrong_passphrases_are_not_told(site: Site, ann, anyone):
    token = await push_token(ann, notify_on_view=True, passphrase="right")
    assert (await ann.get(f"/p/{token}.json?passphrase=right")).status == 200
    assert (await anyone.get(f"/p/{token}.json?passphrase=wrong")).status == 401
    await jobs.run(site, "notices")
    assert await outbox(site) == []


async def test_an_address_that_was_not_confirmed_gets_nothing(site: Site, ann, anyone):
    await site.db.execute("UPDATE users SET email_verified = false")
    await viewed(anyone, await push_token(ann, notify_on_view=True))
    assert await jobs.run(site, "notices") == 1
    assert await outbox(site) == []


async def test_an_owner_without_an_address_gets_nothing(site: Site, bob, anyone):
    await viewed(anyone, await push_token(bob, notify_on_view=True))
    assert await jobs.run(site, "notices") == 1
    assert await outbox(site) == []


async def test_an_anonymous_push_tells_nobody(site: Site, anyone):
    await viewed(anyone, await push_token(anyone, notify_on_view=True, notify_on_expiry=True, expire_after_views=1))
    assert await jobs.run(site, "notices") == 0


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("curl/8.5.0", "curl/8.5.0"),
        ("evil.example/1 click http://evil.example", ""),
        ("http://evil.example", ""),
        ("", ""),
    ],
)
async def test_a_letter_names_a_program_and_never_an_address_that_a_stranger_chose(
    site: Site, ann, anyone, user_agent: str, shown: str
):
    await viewed(anyone, await push_token(ann, notify_on_view=True), **{"User-Agent": user_agent})
    await jobs.run(site, "notices")
    letter = await last_mail(site, ADDRESS)
    assert ("Program" in letter.text) is bool(shown)
    assert shown in letter.text
    assert "evil" not in letter.text + letter.html


async def test_a_name_with_markup_stays_text(site: Site, ann, anyone):
    await viewed(anyone, await push_token(ann, notify_on_view=True, name="<b>door</b>"))
    await jobs.run(site, "notices")
    letter = await last_mail(site, ADDRESS)
    assert "<b>door</b>" in letter.text
    assert "&lt;b&gt;door" in letter.html
