"""Seeing a secret: the step, the passphrase, the view, and its end."""

import asyncio

import pytest

from tests.support.elsewhere import change_rows
from tests.web.account.conftest import problem
from tests.web.pushes.reaching import HTML, SECRET, ask, cookies, kinds, look, make, send, stranger_where, views
from tests.web.reading import read

NEVER = "neverwasthereatall"
ODD = (
    "x",
    "UPPERCASE1",
    "a" * 41,
    "with%20space",
    "%00%00%00%00%00%00%00%00",
    "%ff%fe%fd%fc%ff%fe%fd%fc",
    "a.b.c.d.e.f",
    "%E2%98%83",
)


async def test_the_step_has_one_button_and_takes_no_view(alice, anyone):
    token = await make(alice)
    page = await look(anyone, f"/p/{token}/r")
    assert page.one("a", id="proceed")["href"] == f"/p/{token}"
    assert page.all("form", action=f"/p/{token}") == []
    assert page.all("link", rel="prefetch") == []
    assert SECRET not in page.source
    assert await views(alice, token) == 0


async def test_each_look_takes_a_view_and_the_last_says_so(alice, anyone):
    token = await make(alice, expire_after_views="2")
    page = await look(anyone, f"/p/{token}")
    assert SECRET in page.text
    assert "Views left 1 of 2" in page.text
    page = await look(anyone, f"/p/{token}")
    assert SECRET in page.text
    assert "This was the last view." in page.text
    assert page.all("a", href=f"/p/{token}/expire") == []
    page = await look(anyone, f"/p/{token}")
    assert "This secret can't be seen" in page.text
    assert (await kinds(alice, token))[:3] == ["creation", "view", "view"]


async def test_a_secret_is_in_a_page_character_by_character(anyone):
    text = "\n\r\n tab\tand </pre><script>alert(1)</script> & \u2028 \u202e\r"
    made = await anyone.post("/p.json", json={"password": {"payload": text}})
    page = await look(anyone, f"/p/{made.json['url_token']}")
    # As HTML has it, the first line break of the element is the template's own.
    assert page.one("pre", id="secret-text").text == "\n" + text
    assert page.all("script", src="") == []


async def test_without_scripts_the_text_is_folded_away(anyone):
    token = await make(anyone)
    page = await look(anyone, f"/p/{token}")
    assert "open" not in page.one("details", id="secret").attributes
    assert page.one("pre", id="secret-text").text.strip() == SECRET


async def test_the_views_of_its_owner_and_of_administrators_do_not_count(site, alice, bob):
    token = await make(alice, expire_after_views="1")
    assert "looking at it doesn't count" in (await look(alice, f"/p/{token}")).text
    await change_rows(site, "UPDATE users SET is_admin = true WHERE name = 'bob'")
    await look(bob, f"/p/{token}")
    assert await views(alice, token) == 0
    assert await kinds(alice, token) == ["creation", "owner_view", "admin_view"]


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}])
async def test_what_is_fetched_before_anybody_asks_for_it_takes_no_view(alice, anyone, headers):
    token = await make(alice)
    answer = await ask(anyone, f"/p/{token}", **headers)
    assert (answer.status, SECRET.encode() in answer.body) == (503, False)
    assert await views(alice, token) == 0


async def test_head_takes_no_view_and_tells_nothing(alice, anyone):
    token = await make(alice)
    there = await ask(anyone, f"/p/{token}", "HEAD")
    never = await ask(anyone, f"/p/{NEVER}", "HEAD")
    assert there.status == never.status == 200
    assert {name: value for name, value in there.headers.items() if name != "Date"} == {
        name: value for name, value in never.headers.items() if name != "Date"
    }
    assert await views(alice, token) == 0


async def test_of_20_readers_one_sees_a_secret_of_one_view(anyone):
    token = await make(anyone, expire_after_views="1")
    answers = await asyncio.gather(*(ask(anyone, f"/p/{token}") for _ in range(20)))
    assert sum(b"correct horse" in answer.body for answer in answers) == 1


async def test_what_cannot_be_seen_has_the_same_page_whatever_it_was(alice, anyone, clock):
    made = {
        "used up": await make(alice, expire_after_views="1"),
        "deleted": await make(alice),
        "too old": await make(alice, kind="url", payload="https://example.org/", expire_after_duration="0"),
        "locked and too old": await make(alice, passphrase="x", expire_after_duration="0"),
        "a QR code too old": await make(alice, kind="qr", expire_after_duration="0"),
    }
    await look(anyone, f"/p/{made['used up']}")
    await anyone.post(f"/p/{made['deleted']}/expire", headers=HTML)
    clock.advance(minutes=15)
    bodies = set()
    for token in (NEVER, *ODD, *made.values()):
        for page in ("", "/r", "/passphrase", "/expire"):
            answer = await ask(anyone, f"/p/{token}{page}")
            assert answer.status == 200, (token, page)
            read(answer)
            bodies.add(answer.body)
        answer = await anyone.post(f"/p/{token}/access", data={"passphrase": "x"}, headers=HTML, allow_redirects=True)
        assert answer.status == 200
        bodies.add(answer.body)
    assert len(bodies) == 1
    assert "It has expired, it was deleted, or it was never there." in bodies.pop().decode()


async def test_a_token_of_no_shape_is_not_found_for_programs(anyone):
    answer = await anyone.get("/p/UPPER.json")
    assert (answer.status, answer.json) == (404, {"error": "not-found"})


async def test_a_passphrase_is_asked_for_before_a_view_is_taken(alice, anyone):
    token = await make(alice, passphrase="open sesame ☃")
    led = await ask(anyone, f"/p/{token}")
    assert (led.status, led.headers["Location"]) == (302, f"/p/{token}/passphrase")
    page = await look(anyone, led.headers["Location"])
    assert page.one("form", action=f"/p/{token}/access")
    assert await kinds(alice, token) == ["creation"]


async def test_the_right_passphrase_opens_once_and_by_a_cookie_that_does_not_hold_it(alice, anyone):
    token = await make(alice, passphrase="open sesame ☃")
    opened = await anyone.post(f"/p/{token}/access", data={"passphrase": "open sesame ☃"}, headers=HTML)
    assert (opened.status, opened.headers["Location"]) == (302, f"/p/{token}")
    cookie = opened.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", f"Path=/p/{token}", "Max-Age=180"):
        assert part in cookie
    assert "sesame" not in cookie
    seen = await ask(anyone, f"/p/{token}", Cookie=cookies(opened))
    assert SECRET in read(seen).text
    assert "Max-Age=0" in seen.headers["Set-Cookie"]
    assert await kinds(alice, token) == ["creation", "view"]


async def test_the_cookie_is_good_for_three_minutes_and_for_its_own_secret(alice, anyone, clock):
    token, other = await make(alice, passphrase="a"), await make(alice, passphrase="a")
    opened = await anyone.post(f"/p/{token}/access", data={"passphrase": "a"}, headers=HTML)
    assert (await ask(anyone, f"/p/{other}", Cookie=cookies(opened))).status == 302
    clock.advance(seconds=179)
    await look(anyone, f"/p/{token}", Cookie=cookies(opened))
    clock.advance(seconds=1)
    assert (await ask(anyone, f"/p/{token}", Cookie=cookies(opened))).status == 302


async def test_another_passphrase_makes_the_cookie_void(alice, anyone):
    token = await make(alice, passphrase="a")
    opened = await anyone.post(f"/p/{token}/access", data={"passphrase": "a"}, headers=HTML)
    await send(alice, f"/p/{token}/edit", passphrase="b")
    assert (await ask(anyone, f"/p/{token}", Cookie=cookies(opened))).status == 302


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "!" * 40, "a" * 400])
async def test_a_made_up_cookie_opens_nothing(alice, anyone, cookie):
    token = await make(alice, passphrase="a")
    answer = await ask(anyone, f"/p/{token}", Cookie=f"pd_push_opened={cookie}; pd_push_made={cookie}")
    assert (answer.status, answer.headers["Location"]) == (302, f"/p/{token}/passphrase")


async def test_a_wrong_passphrase_is_told_beside_its_field_and_takes_no_view(alice, anyone):
    token = await make(alice, passphrase="a")
    answer = await anyone.post(f"/p/{token}/access", data={"passphrase": "<b>wrong"}, headers=HTML)
    page = read(answer)
    assert (answer.status, problem(page, "passphrase").startswith("This is not the passphrase.")) == (401, True)
    assert "<b>wrong" not in page.source
    assert "wrong" not in page.one("input", id="passphrase").attributes.get("value", "")
    assert await views(alice, token) == 0
    assert await kinds(alice, token) == ["creation", "failed_passphrase"]


async def test_no_passphrase_at_all_is_told_and_not_logged(alice, anyone):
    token = await make(alice, passphrase="a")
    answer = await anyone.post(f"/p/{token}/access", data={"passphrase": " "}, headers=HTML)
    assert problem(read(answer), "passphrase") == "This is needed."
    assert await kinds(alice, token) == ["creation"]


async def test_the_sixth_attempt_within_a_minute_is_refused_right_or_wrong(alice, anyone, clock):
    clock.hold()
    token = await make(alice, passphrase="right")
    for _ in range(5):
        assert (await anyone.post(f"/p/{token}/access", data={"passphrase": "wrong"}, headers=HTML)).status == 401
    answer = await anyone.post(f"/p/{token}/access", data={"passphrase": "right"}, headers=HTML)
    assert (answer.status, "Retry-After" in answer.headers) == (429, True)
    assert "That was too fast" in read(answer).text
    clock.advance(minutes=1)
    assert (await anyone.post(f"/p/{token}/access", data={"passphrase": "right"}, headers=HTML)).status == 302


async def test_five_right_ones_are_five_looks(alice, anyone):
    token = await make(alice, passphrase="a")
    for _ in range(5):
        opened = await anyone.post(f"/p/{token}/access", data={"passphrase": "a"}, headers=HTML)
        await look(anyone, f"/p/{token}", Cookie=cookies(opened))


async def test_the_passphrase_may_stand_in_the_address(alice, anyone):
    token = await make(alice, passphrase="a&b ☃")
    assert SECRET in (await look(anyone, f"/p/{token}?passphrase=a%26b%20%E2%98%83")).text
    page = read(await ask(anyone, f"/p/{token}?passphrase=wrong"))
    assert (page.status, problem(page, "passphrase") != "") == (401, True)
    assert (await ask(anyone, f"/p/{token}?passphrase=%ff")).status == 422


async def test_a_secret_without_passphrase_needs_none(anyone):
    token = await make(anyone)
    for answer in (
        await ask(anyone, f"/p/{token}/passphrase"),
        await anyone.post(f"/p/{token}/access", data={"passphrase": "x"}, headers=HTML),
    ):
        assert (answer.status, answer.headers["Location"]) == (302, f"/p/{token}")


async def test_a_link_leads_on_at_once_and_says_not_where_from(anyone):
    token = await make(anyone, kind="url", payload=" https://example.org/a?b=c#d ")
    answer = await ask(anyone, f"/p/{token}")
    assert (answer.status, answer.headers["Location"]) == (303, "https://example.org/a?b=c#d")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_link_leads_on_after_the_passphrase_only(anyone):
    token = await make(anyone, kind="url", payload="https://example.org/", passphrase="a")
    assert (await ask(anyone, f"/p/{token}")).headers["Location"] == f"/p/{token}/passphrase"
    opened = await anyone.post(f"/p/{token}/access", data={"passphrase": "a"}, headers=HTML)
    answer = await ask(anyone, f"/p/{token}", Cookie=cookies(opened))
    assert answer.headers["Location"] == "https://example.org/"


async def test_a_qr_code_is_in_the_page_itself(anyone):
    token = await make(anyone, kind="qr", payload="WIFI:T:WPA;S:guest;P:secret;;")
    page = await look(anyone, f"/p/{token}")
    assert page.one("svg")["viewbox"]
    assert page.all("img", alt="QR code") == []
    assert page.one("pre", id="secret-text").text.strip() == "WIFI:T:WPA;S:guest;P:secret;;"


async def test_what_is_too_much_for_a_code_is_shown_as_text(anyone):
    token = await make(anyone, kind="qr", payload="☃" * 1024)
    page = await look(anyone, f"/p/{token}")
    assert page.all("svg") == []
    assert "more than a QR code can hold" in page.text
    assert "☃" * 1024 in page.text


async def test_a_viewer_deletes_a_secret_after_a_question(alice, anyone):
    token = await make(alice)
    assert (await look(anyone, f"/p/{token}")).one("a", href=f"/p/{token}/expire")
    question = await look(anyone, f"/p/{token}/expire")
    assert question.one("form", action=f"/p/{token}/expire", method="post")
    gone = await anyone.post(f"/p/{token}/expire", headers=HTML)
    page = await look(anyone, gone.headers["Location"])
    assert "The secret is deleted." in page.text
    assert SECRET not in (await look(anyone, f"/p/{token}")).text
    assert (await kinds(alice, token))[:3] == ["creation", "view", "expire"]


async def test_it_is_deleted_by_the_method_that_password_pusher_has_too(alice, anyone):
    token = await make(alice)
    assert (await ask(anyone, f"/p/{token}/expire", "DELETE")).status == 303
    assert (await alice.get("/p/expired.json")).json[0]["deleted"] is True


async def test_what_its_viewers_may_not_delete_only_the_owner_does(alice, bob, anyone):
    token = await make(alice, deletable_by_viewer="false")
    assert (await look(anyone, f"/p/{token}")).all("a", href=f"/p/{token}/expire") == []
    for person in (anyone, bob):
        assert (await ask(person, f"/p/{token}/expire")).status == 401
        assert (await person.post(f"/p/{token}/expire", headers=HTML)).status == 401
    deleted = await alice.post(f"/p/{token}/expire", headers=HTML)
    assert "Deleted" in (await look(alice, deleted.headers["Location"])).text


async def test_another_site_deletes_nothing(alice, anyone):
    token = await make(alice)
    answer = await anyone.post(f"/p/{token}/expire", headers=HTML | {"Origin": "https://evil.example"})
    assert answer.status == 400
    assert (await alice.get("/p/active.json")).json[0]["expired"] is False


async def test_the_language_of_the_link_is_that_of_its_pages(anyone):
    token = await make(anyone, passphrase="a")
    page = await look(anyone, f"/p/{token}/r?locale=de")
    assert page.one("html")["lang"] == "de"
    assert page.one("a", id="proceed")["href"] == f"/p/{token}?locale=de"
    led = await ask(anyone, f"/p/{token}?locale=de")
    assert led.headers["Location"] == f"/p/{token}/passphrase?locale=de"
    form = await look(anyone, led.headers["Location"])
    assert form.one("form", action=f"/p/{token}/access?locale=de")
    opened = await anyone.post(f"/p/{token}/access?locale=de", data={"passphrase": "a"}, headers=HTML)
    assert opened.headers["Location"] == f"/p/{token}?locale=de"


async def test_the_page_of_a_secret_has_nothing_that_would_lead_back_to_it(anyone):
    token = await make(anyone)
    page = await look(anyone, f"/p/{token}")
    assert page.all("form", action="/language") == []
    assert page.all("button", name="language") == []


async def test_in_read_only_mode_nothing_is_shown_that_would_be_counted(site, anyone):
    token = await make(anyone)
    await site.runtime.set("read_only_mode", "true")
    assert (await ask(anyone, f"/p/{token}")).status == 503


async def test_what_was_encrypted_end_to_end_is_given_as_it_came(anyone):
    sealed = '{"v":1,"n":"AAAAAAAAAAAAAAAA","c":"</script><b>"}'
    made = await anyone.post("/p.json", json={"password": {"payload": sealed, "kind": "url", "end_to_end": True}})
    token = made.json["url_token"]
    step = await look(anyone, f"/p/{token}/r")
    assert "it takes a browser with JavaScript" in step.one("noscript").text
    page = await look(anyone, f"/p/{token}")
    assert page.json("sealed") == {"kind": "url", "payload": sealed, "files": []}
    assert "it takes a browser with JavaScript" in page.one("noscript").text


async def test_strangers_see_nothing_where_secrets_are_for_accounts(site, alice):
    token = await make(alice)
    async with stranger_where(site, anonymous_pushes="off") as stranger:
        answer = await stranger.post(f"/p/{token}/expire", headers=HTML)
        assert answer.status == 401
    assert await views(alice, token) == 0


async def test_pages_count_together_with_the_api(site, anyone, clock):
    clock.hold()
    token = await make(anyone)
    async with stranger_where(site, push_requests_per_minute=3) as stranger:
        assert (await ask(stranger, f"/p/{token}/r")).status == 200
        assert (await stranger.get(f"/p/{token}.json")).status == 200
        assert (await send(stranger, payload="x")).status == 303
        for answer in (await ask(stranger, f"/p/{token}/r"), await send(stranger, payload="x")):
            assert (answer.status, "Retry-After" in answer.headers) == (429, True)
            assert "That was too fast" in read(answer).text
