"""Mailing the link of a push when it is made and later, over HTTP and a real SMTP server."""

from typing import Any

import pytest

from pixelhost import jobs
from pixelhost.core import delivery
from tests.pixeldrain.conftest import Place
from tests.pwpush.pushing import V2, expire, log_of, made, push, push_token
from tests.support import mailserver
from tests.support.clock import MovableClock
from tests.support.letters import outbox
from tests.support.mailserver import MailServer
from tests.support.people import Answer, Person, make_person


@pytest.fixture
async def smtp():
    async with mailserver.running() as smtp:
        yield smtp


@pytest.fixture
async def post(changed, smtp: MailServer) -> Place:
    """A server whose mail goes to `smtp`."""
    return await changed(smtp_url=f"smtp://127.0.0.1:{smtp.port}")


@pytest.fixture
async def ann(post: Place) -> Person:
    return await make_person(post.site, post.client, "ann", email="ann@example.com")


async def create(who: Person, to: Any, **fields: Any) -> Answer:
    return await who.post(V2, json={"push": {"payload": "s3cret", "notify_emails_to": to} | fields})


async def notify(who: Person, token: str, to: Any, **fields: Any) -> Answer:
    return await who.post(f"{V2}/{token}/notify_emails", json={"push": {"notify_emails_to": to} | fields})


async def mailing(owner: Person, token: str) -> dict[str, Any]:
    """What the log tells of the only one."""
    (row,) = [row for row in await log_of(owner, token) if row["kind"] == "creation_email_send"]
    told: dict[str, Any] = row["notify_by_email"]
    return told


async def test_recipients_get_the_link_and_not_the_secret(post, ann, smtp):
    answer = await create(ann, "bob@example.com, carol@example.com", notify_emails_to_locale="de", passphrase="pp")
    pushed = made(answer)
    assert pushed["notify_emails_to"] == "bob@example.com, carol@example.com"
    assert pushed["notify_emails_to_locale"] == "de"
    assert await delivery.deliver(post.site) == 2
    assert smtp.recipients == ["bob@example.com", "carol@example.com"]
    for letter in smtp.arrived:
        assert f"{pushed['html_url']}?locale=de" in letter.part("plain")
        assert "ann" in letter.message["Subject"]
        assert "It takes a passphrase" in letter.part("plain")
        assert "s3cret" not in letter.raw.decode()
        assert "bob@example.com, carol" not in letter.raw.decode()


async def test_a_push_that_is_there_is_mailed_with_or_without_an_envelope(post, ann, smtp):
    token = await push_token(ann)
    answers = [
        await notify(ann, token, "bob@example.com"),
        await ann.post(f"{V2}/{token}/notify_emails.json", json={"notify_emails_to": "carol@example.com"}),
        await ann.post(f"{V2}/{token}/notify_emails", data={"push[notify_emails_to]": "dan@example.com"}),
        await ann.post(f"{V2}/{token}/notify_emails", data={"notify_emails_to": "eve@example.com"}),
    ]
    assert [answer.status for answer in answers] == [201] * 4
    assert "queued" in answers[0].json["message"]
    await delivery.deliver(post.site)
    assert smtp.recipients == [f"{name}@example.com" for name in ("bob", "carol", "dan", "eve")]


async def test_five_recipients_and_no_sixth(post, ann):
    five = ",".join(f"{number}@example.com" for number in range(5))
    assert (await create(ann, five)).status == 201
    refused = await create(ann, five + ",6@example.com")
    assert (refused.status, list(refused.json)) == (422, ["notify_emails_to"])
    assert (await notify(ann, await push_token(ann), five + ",6@example.com")).status == 422
    assert len(await outbox(post.site)) == 5


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("bob@example.com,Bob@example.com", "twice"),
        ("bob@example.com,nobody", "no e-mail address"),
        ("bob@example.com;carol@example.com", "no e-mail address"),
        ("bob@example.com\r\nBcc: eve@example.com", "no e-mail address"),
        ("bob@example.com,", "comma"),
        (",bob@example.com", "comma"),
        ("bob@example.com,,carol@example.com", "comma"),
        (",", "comma"),
    ],
)
async def test_what_is_wrong_with_recipients_is_told_and_nothing_is_made_or_sent(post, ann, to, said):
    token = await push_token(ann)
    for refused in (await create(ann, to), await notify(ann, token, to)):
        assert refused.status == 422, refused.body
        assert said in refused.json["notify_emails_to"][0]
    assert await outbox(post.site) == []
    assert len((await ann.get(f"{V2}/active")).json) == 1


@pytest.mark.parametrize("to", ["", "   ", None])
async def test_nobody_is_asked_for_later_and_fine_when_a_push_is_made(post, ann, to):
    answer = await create(ann, to)
    assert answer.status == 201
    assert "notify_emails_to" not in answer.json
    fields = {} if to is None else {"notify_emails_to": to}
    refused = await ann.post(f"{V2}/{answer.json['url_token']}/notify_emails", json={"push": fields})
    assert (refused.status, refused.json) == (422, {"notify_emails_to": ["must be given"]})


@pytest.mark.parametrize("locale", ["d", "../", "de?x=1", "deutsch"])
async def test_a_language_that_is_none_is_refused(post, ann, locale):
    refused = await create(ann, "bob@example.com", notify_emails_to_locale=locale)
    assert (refused.status, list(refused.json)) == (422, ["notify_emails_to_locale"])


async def test_strangers_have_nothing_mailed(post, ann, anyone):
    stranger = Person("", "", post.client)
    refused = await create(stranger, "bob@example.com")
    assert (refused.status, list(refused.json)) == (422, ["notify_emails_to"])
    assert (await notify(stranger, await push_token(ann), "bob@example.com")).status == 401
    assert await outbox(post.site) == []


async def test_only_the_owner_has_a_push_mailed(post, ann):
    bob = await make_person(post.site, post.client, "bob")
    assert (await notify(bob, await push_token(ann), "bob@example.com")).status == 403
    assert (await notify(ann, "nosuchtoken12345", "bob@example.com")).status == 404
    assert await outbox(post.site) == []


async def test_a_secret_that_has_expired_is_not_mailed(post, ann):
    token = await push_token(ann)
    await expire(ann, token)
    assert (await notify(ann, token, "bob@example.com")).status == 422


async def test_a_secret_that_is_encrypted_end_to_end_is_not_mailed_for_the_server_has_no_key(post, ann):
    refused = await create(ann, "bob@example.com", end_to_end=True)
    assert (refused.status, list(refused.json)) == (422, ["notify_emails_to"])
    assert (await notify(ann, await push_token(ann, end_to_end=True), "bob@example.com")).status == 422
    assert await outbox(post.site) == []


async def test_without_a_mail_server_the_route_is_not_there_and_creating_says_so(alice):
    assert (await create(alice, "bob@example.com")).json == {"notify_emails_to": ["are not available"]}
    refused = await notify(alice, await push_token(alice), "bob@example.com")
    assert (refused.status, refused.json) == (404, {"error": "not-found"})
    assert (await alice.get("/api/v2/version")).json["features"]["pushes"]["email_auto_dispatch"] is False


async def test_five_mailings_a_minute_and_no_sixth(post, ann, clock: MovableClock):
    token = await push_token(ann)
    clock.advance(seconds=61 - post.site.clock.now().second)
    answers = [await notify(ann, token, "bob@example.com") for _ in range(4)]
    answers += [await create(ann, "bob@example.com"), await notify(ann, token, "bob@example.com")]
    assert [answer.status for answer in answers] == [201] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json["error"]
    assert (await create(ann, "bob@example.com")).status == 429
    assert (await push(ann))["url_token"]
    bob = await make_person(post.site, post.client, "bob")
    assert (await create(bob, "ann@example.com")).status == 201
    clock.advance(seconds=60)
    assert (await notify(ann, token, "bob@example.com")).status == 201


async def test_version_1_knows_nothing_of_mailing(post, ann):
    answer = await ann.post("/p.json", json={"password": {"payload": "x", "notify_emails_to": "bob@example.com"}})
    assert answer.status == 201
    assert await outbox(post.site) == []


# What became of it.


async def test_the_log_tells_what_becomes_of_the_letters(post, ann, smtp, clock):
    smtp.answer_to = lambda to: "550 no such user" if to.startswith("nobody") else mailserver.OK
    good = made(await create(ann, "bob@example.com,carol@example.com"))["url_token"]
    bad = made(await create(ann, "nobody@example.com,bob@example.com"))["url_token"]
    queued = await mailing(ann, good)
    assert queued == {"recipients": "bob@example.com, carol@example.com", "locale": "", "status": "queued"} | {
        "successful_sends": ""
    }
    await delivery.deliver(post.site)
    sent = await mailing(ann, good)
    assert sent["status"] == "success"
    assert sorted(sent["successful_sends"].split(", ")) == ["bob@example.com", "carol@example.com"]
    assert sent["proceed_at"].endswith("Z")
    failed = await mailing(ann, bad)
    assert (failed["status"], failed["successful_sends"]) == ("failed", "bob@example.com")
    assert failed["error_message"] == "nobody@example.com: 550 no such user"


async def test_a_month_later_the_log_still_tells_it(post, ann, smtp, clock):
    smtp.answer_to = lambda to: "550 no such user" if to.startswith("nobody") else mailserver.OK
    tokens = [
        made(await create(ann, to))["url_token"] for to in ("bob@example.com", "nobody@example.com,bob@example.com")
    ]
    await jobs.run(post.site, "push-mails")
    assert (await mailing(ann, tokens[0]))["status"] == "queued"
    await delivery.deliver(post.site)
    before = [await mailing(ann, token) for token in tokens]
    await jobs.run(post.site, "push-mails")
    assert [await mailing(ann, token) for token in tokens] == before
    clock.advance(days=31)
    await jobs.run(post.site, "usage")
    assert await outbox(post.site) == []
    await jobs.run(post.site, "push-mails")
    assert [await mailing(ann, token) for token in tokens] == before
    assert await jobs.run(post.site, "push-mails") == 0


async def test_a_letter_on_its_way_is_followed_until_it_is_done(post, ann, smtp, clock):
    smtp.answer_to = lambda _: "451 later"
    token = made(await create(ann, "bob@example.com"))["url_token"]
    await delivery.deliver(post.site)
    assert await jobs.run(post.site, "push-mails") == 0
    assert (await mailing(ann, token))["status"] == "queued"
    smtp.answer_to = lambda _: mailserver.OK
    clock.advance(minutes=2)
    await delivery.deliver(post.site)
    assert await jobs.run(post.site, "push-mails") == 1
    assert (await mailing(ann, token))["status"] == "success"
