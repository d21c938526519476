"""The abuse desk in a real browser: nothing a screen reader stumbles over, nothing too wide for a phone."""

import pytest
from playwright.async_api import expect

from tests.support.admins import block
from tests.support.people import make_person
from tests.web.browsing import DESKTOP, POOR_CONTRAST, SMALL_PHONE, barriers, is_too_wide, opened

pytestmark = pytest.mark.journey


async def test_a_report_goes_from_the_file_to_the_appeal_and_back(browser, site, client, alice, png):
    root = await make_person(site, client, "root", is_admin=True)
    file_id = await alice.upload("a rather long name of a picture that somebody does not like at all.png", png)
    await alice.post(f"/api/file/{file_id}/report_abuse", data={"type": "doxing", "description": "My address is on it"})
    async with opened(browser, client, "/admin/reports", person=root) as page:
        await page.get_by_role("link", name="a rather long name").click()
        preview = page.get_by_role("img", name="Preview")
        assert await preview.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256
        await page.get_by_label("Note").fill("case 7")
        await page.get_by_role("button", name="Take it down").click()
        await expect(page.get_by_role("status")).to_contain_text("Taken down")
    number = (await root.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    async with opened(browser, client, f"/u/{file_id}", person=alice, excused=["451"]) as page:
        await page.get_by_role("link", name="This is wrong: appeal").click()
        await page.get_by_label("Why this is wrong").fill("That is my own house.")
        await page.get_by_role("button", name="Send the appeal").click()
        await expect(page.get_by_role("status")).to_contain_text("passed on")
    async with opened(browser, client, "/admin/appeals", person=root) as page:
        await expect(page.get_by_text("That is my own house.")).to_be_visible()
        await page.get_by_role("button", name="Bring it back").click()
        await expect(page.get_by_role("status")).to_contain_text("lifted")
    assert (await alice.get(f"/appeal/{number}")).status == 404
    assert (await alice.get(f"/u/{file_id}", headers={"User-Agent": "Mozilla"})).status == 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_its_pages_can_be_read_by_everybody(browser, site, client, alice, bob, scheme):
    root = await make_person(site, client, "root", is_admin=True)
    waiting = await alice.upload("w" * 200 + ".txt", b"line of text that is rather long\n" * 60)
    await bob.post(f"/api/file/{waiting}/report_abuse", data={"type": "gore", "description": "x" * 500})
    down = await alice.upload("down.bin", b"down")
    await block(root, down, "copyright", reporter="R" * 100, note="n" * 500)
    number = (await root.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    await alice.post(f"/api/user/takedown/{number}", data={"text": "t" * 2000})
    reporter = {"name": "N" * 100, "user": "bob", "types": "gore,malware", "from_address": "a@example.com"}
    assert (await root.post("/api/admin/abuse_reporter", data=reporter)).status == 200
    paths = [
        "reports",
        f"reports/{waiting}",
        f"reports/{down}",
        "appeals",
        "takedowns",
        f"takedowns/{number}",
        "reporters",
    ]
    for person, path in [*((root, f"/admin/{path}") for path in paths), (alice, f"/appeal/{number}")]:
        async with opened(browser, client, path, person=person, viewport=DESKTOP, color_scheme=scheme) as page:
            assert await barriers(page) == [], path
            assert await page.evaluate(POOR_CONTRAST) == [], path
            await page.set_viewport_size(SMALL_PHONE)
            assert not await is_too_wide(page), path
