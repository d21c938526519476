"""What the owner of secrets is told: lists, and what happened to each."""

from tests.web.pushes.reaching import HTML, SECRET, ask, look, make, send
from tests.web.reading import HOSTILE, read


async def test_the_lists_are_empty_at_first_and_say_so(alice):
    page = await look(alice, "/p/active")
    assert "You share no secrets at the moment." in page.text
    assert "Active" in [one.text for one in page.all("a", href="/p/active", aria_current="page")]
    assert "None of yours has expired yet." in (await look(alice, "/p/expired")).text


async def test_a_secret_is_in_the_one_list_and_then_in_the_other(alice, bob):
    token = await make(alice, name="Router", note="in the cellar")
    page = await look(alice, "/p/active")
    assert page.one("a", href=f"/p/{token}/audit").text == "Router"
    assert "in the cellar" in page.text
    assert "0 / 5" in page.text
    assert SECRET not in page.source
    assert f"/p/{token}" not in (await look(bob, "/p/active")).source
    await alice.post(f"/p/{token}/expire", headers=HTML)
    assert f"/p/{token}" not in (await look(alice, "/p/active")).source
    page = await look(alice, "/p/expired")
    assert "Router" in page.text
    assert "deleted" in page.text


async def test_a_page_has_50_and_leads_to_the_next(alice):
    for _ in range(50):
        await make(alice, payload="x")
    assert (await look(alice, "/p/active")).one("a", rel="next")["href"] == "/p/active?page=2"
    assert "There are no more." in (await look(alice, "/p/active?page=2")).text
    await make(alice, payload="x", name="the newest")
    first, second = await look(alice, "/p/active"), await look(alice, "/p/active?page=2")
    assert [len(page.all("td", class_="named")) for page in (first, second)] == [50, 1]
    assert "the newest" in first.text
    assert second.one("a", rel="prev")["href"] == "/p/active?page=1"
    assert second.all("a", rel="next") == []


async def test_pages_are_numbered_as_the_api_does_it(alice):
    for number in ("0", "-1", "abc", ""):
        assert (await look(alice, f"/p/active?page={number}")).status == 200
    assert (await ask(alice, "/p/active?page=200")).status == 200
    assert (await ask(alice, "/p/active?page=201")).status == 400


async def test_the_audit_tells_the_oldest_first_and_in_words(alice, anyone):
    token = await make(alice, passphrase="a", name="Router")
    await anyone.post(f"/p/{token}/access", data={"passphrase": "wrong"}, headers=HTML)
    await anyone.get(f"/p/{token}?passphrase=a", headers=HTML | {"User-Agent": HOSTILE.encode().decode("latin-1")})
    await look(alice, f"/p/{token}?passphrase=a")
    page = await look(alice, f"/p/{token}/audit")
    words = [one.text for one in page.all("td") if one.text in {"Made", "Wrong passphrase", "Viewed", "Viewed by you"}]
    assert words == ["Made", "Wrong passphrase", "Viewed", "Viewed by you"]
    assert "127.0.0.1" in page.text
    assert "1 of 5" in page.text
    assert "<script>alert" not in page.source
    assert SECRET not in page.source


async def test_the_audit_of_one_with_many_events_has_pages(site, alice):
    token = await make(alice)
    await site.db.execute(
        """INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at)
           SELECT p.id, 'view', '192.0.2.' || n, '', '', now() FROM pushes p, generate_series(1, 50) n"""
    )
    first, second = await look(alice, f"/p/{token}/audit"), await look(alice, f"/p/{token}/audit?page=2")
    assert first.one("a", rel="next")["href"] == f"/p/{token}/audit?page=2"
    assert "192.0.2.50" not in first.text
    assert "192.0.2.50" in second.text


async def test_of_what_is_over_nothing_can_be_changed(alice, clock):
    token = await make(alice, expire_after_duration="0", note="remember")
    clock.advance(minutes=15)
    page = await look(alice, f"/p/{token}/audit")
    assert page.all("a", href=f"/p/{token}/edit") == []
    assert "remember" in page.text
    assert "over" in (await look(alice, "/p/active")).text


async def test_what_is_somebody_elses_looks_like_what_was_never_there(alice, bob):
    token = await make(alice)
    for page in ("preview", "print_preview", "audit", "edit"):
        theirs = await ask(bob, f"/p/{token}/{page}")
        never = await ask(bob, f"/p/neverwasthereatall/{page}")
        assert theirs.status == never.status == 403
        assert read(theirs).text == read(never).text
    assert (await send(bob, f"/p/{token}/edit", name="mine")).status == 403


async def test_strangers_are_led_to_the_login(alice, anyone):
    token = await make(alice)
    for path in ("/p/active", "/p/expired", *(f"/p/{token}/{page}" for page in ("preview", "audit", "edit"))):
        assert (await ask(anyone, path)).headers["Location"].startswith("/login?redirect="), path


async def test_the_account_leads_to_its_secrets(alice):
    page = read(await ask(alice, "/user"))
    assert {one.text for one in page.all("a", href="/p/active")} == {"Secrets"}
