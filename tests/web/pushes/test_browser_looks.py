"""Every page of secrets, by day and by night: no barrier for a screen reader, and room for it on a small phone."""

import pytest

from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened
from tests.web.pushes.reaching import HTML, make, send

pytestmark = pytest.mark.journey

LONG = "W" * 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_barriers_or_is_too_wide_for_a_small_phone(browser, alice, bob, anyone, scheme):
    text = await make(alice, payload=LONG, name=LONG, note=LONG, passphrase="a", expire_after_views="100")
    await send(anyone, f"/p/{text}/access", passphrase="wrong")
    await anyone.get(f"/p/{text}?passphrase=a", headers=HTML | {"User-Agent": LONG})
    files = await make(alice, kind="file", payload="", files={f"{LONG}.txt": b"x", "b.txt": b"y"})
    code = await make(alice, kind="qr", payload="x" * 1024, expire_after_views="100")
    sealed = await anyone.post("/p.json", json={"password": {"payload": "{}", "end_to_end": True}})
    unreadable = sealed.json["url_token"]
    ended = await make(alice)
    await alice.post(f"/p/{ended}/expire", headers=HTML)
    pages = {
        alice: [
            *("/p/new", "/p/new?tab=file", "/p/new?tab=url", "/p/new?tab=qr", "/p/active", "/p/expired"),
            *(f"/p/{text}/{page}" for page in ("preview", "print_preview", "audit", "edit", "expire")),
            *(f"/p/{files}/edit", f"/p/{ended}/audit", f"/p/{code}", "/docs/end-to-end"),
        ],
        anyone: [
            *("/p/new", "/p/new?tab=file", f"/p/{text}/r", f"/p/{text}/passphrase", f"/p/{text}?passphrase=a"),
            *(f"/p/{files}", f"/p/{code}", f"/p/{unreadable}/r", f"/p/{unreadable}", "/p/never-was-there"),
        ],
        bob: [f"/p/{text}/audit", "/p/active"],
    }
    found = []
    for person, paths in pages.items():
        who = person if person.key else None
        for viewport in (DESKTOP, SMALL_PHONE):
            async with opened(
                *(browser, anyone.client, "/p/new"),
                person=who,
                viewport=viewport,
                color_scheme=scheme,
                excused=["403"],
            ) as page:
                for path in paths:
                    await page.goto(str(anyone.client.make_url("/")).rstrip("/") + path)
                    found += [f"{path}: {one}" for one in await barriers(page)]
                    if await is_too_wide(page):
                        found.append(f"{path} is too wide")
    assert found == []
