"""Addresses of Password Pusher's, and what they lead to."""

import pytest

from tests.web.pushes.reaching import ask, make
from tests.web.reading import read

TOKEN = "abcdefgh12345678"


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/p", "/p/new"),
        ("/f/new", "/p/new?tab=file"),
        ("/r/new", "/p/new?tab=url"),
        (f"/f/{TOKEN}", f"/p/{TOKEN}"),
        (f"/r/{TOKEN}/r", f"/p/{TOKEN}/r"),
        (f"/f/{TOKEN}/passphrase?a=b%20c", f"/p/{TOKEN}/passphrase?a=b%20c"),
        (f"/r/{TOKEN}?passphrase=a%26b", f"/p/{TOKEN}?passphrase=a%26b"),
        (f"/de/p/{TOKEN}", f"/p/{TOKEN}?locale=de"),
        (f"/pt-BR/p/{TOKEN}/r?x=y", f"/p/{TOKEN}/r?locale=pt-BR&x=y"),
        ("/users/token", "/user/api_keys"),
        ("/api_tokens", "/user/api_keys"),
        ("/api", "/docs/api"),
        ("/help/api", "/docs/api"),
    ],
)
async def test_an_old_address_leads_to_the_new_one(anyone, path, leads_to):
    answer = await ask(anyone, path)
    assert (answer.status, answer.headers["Location"]) == (301, leads_to)


async def test_nothing_leads_to_another_site(anyone):
    for path in ("/f/%2F%2Fevil.example", "/r/..%2F..%2Fx", "/de/p/%0d%0aX"):
        location = (await ask(anyone, path)).headers.get("Location", "/p/")
        assert location.startswith("/p/")
        assert "\r" not in location


async def test_the_page_of_keys_says_that_they_are_tokens(alice):
    assert "take a key as their API token" in read(await ask(alice, "/user/api_keys")).text


async def test_a_page_and_the_api_share_an_address(anyone):
    token = await make(anyone, retrieval_step="false")
    assert (await anyone.get(f"/p/{token}", headers={"Accept": "application/json"})).json["url_token"] == token
    assert read(await ask(anyone, f"/p/{token}")).status == 200


async def test_robots_stay_away_from_secrets_and_not_from_the_site(anyone):
    lines = (await ask(anyone, "/robots.txt")).body.decode().splitlines()
    assert {"Disallow: /p/", "Disallow: /f/", "Disallow: /r/"} <= set(lines)
    assert "Disallow: /" not in lines


async def test_up_answers_as_health_does(anyone):
    assert (await anyone.get("/up")).body == (await anyone.get("/health")).body
