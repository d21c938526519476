"""End-to-end encryption in a real browser, and what the server gets of it: nothing that it could read."""

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

from pixelhost.web.docs import guides
from tests.web.browsing import opened, press
from tests.web.pushes.browsing import TEXT, led_to, make, making, shown
from tests.web.pushes.reaching import views
from tests.web.test_browser_upload import file

pytestmark = pytest.mark.journey

LINK = re.compile(r"/p/[a-z0-9]{18}/r#[A-Za-z0-9_-]{43}")
BIG = os.urandom((2 << 20) + 12345)


async def encrypting(page):
    await page.get_by_label("Encrypt it end to end").check()


async def made_text(browser, person, text=TEXT, tab="text", label="Text"):
    async with making(browser, person, tab) as page:
        await page.get_by_label(label, exact=True).fill(text)
        await encrypting(page)
        path = await make(page)
        assert LINK.fullmatch(path)
        assert page.url.endswith(path[-44:])
        await expect(page.locator("#share img")).to_have_count(0)
    return path


async def test_the_server_and_its_log_see_neither_the_text_nor_the_key(browser, alice, anyone, caplog):
    caplog.set_level(logging.DEBUG)
    seen = []
    async with making(browser, alice) as page:
        page.on("request", lambda request: seen.append(f"{request.url} {request.headers} {request.post_data_buffer!r}"))
        await page.get_by_label("Text", exact=True).fill(TEXT)
        await encrypting(page)
        path = await make(page)
        await page.get_by_role("link", name="Print").click()
        await expect(page.locator("#link")).to_have_text(re.compile(f"{re.escape(path)}$"))
        await page.get_by_role("link", name="Back").click()
        await page.get_by_role("button", name="Deutsch").click()
        await expect(page.locator("#link")).to_have_text(re.compile(f"{re.escape(path)}$"))
    key = path.partition("#")[2]
    (listed,) = (await alice.get("/p/active.json")).json
    assert listed["end_to_end"] is True
    payload = (await alice.get(f"/p/{listed['url_token']}.json")).json["payload"]
    assert set(json.loads(payload)) == {"v", "n", "c"}
    async with led_to(browser, anyone, path) as page:
        assert await shown(page) == TEXT
    assert seen
    for told in (
        payload,
        caplog.text,
        *(one.replace(f"#{key}", "") if one.startswith("blob:") else one for one in seen),
    ):
        assert key not in told
        assert "battery staple" not in told


async def test_the_key_survives_the_step_the_passphrase_and_a_wrong_one(browser, alice, anyone):
    async with making(browser, alice) as page:
        await page.get_by_label("Text", exact=True).fill(TEXT)
        await page.get_by_label("Passphrase").fill("sesame")
        await encrypting(page)
        path = await make(page)
    async with led_to(browser, anyone, path, excused=["401"]) as page:
        for passphrase in ("wrong", "sesame"):
            await page.get_by_label("Passphrase").fill(passphrase)
            await press(page, "Enter")
        assert await shown(page) == TEXT


async def test_without_the_key_no_view_is_taken_and_it_is_said_what_is_missing(browser, alice, anyone):
    path = await made_text(browser, alice)
    token = path.split("/")[2]
    async with opened(browser, anyone.client, path.partition("#")[0]) as page:
        await expect(page.get_by_role("alert")).to_contain_text("what comes after the # is missing")
        await expect(page.get_by_role("link", name="Show the secret")).to_be_hidden()
    assert await views(alice, token) == 0
    async with opened(browser, anyone.client, f"/p/{token}") as page:
        await expect(page.get_by_role("alert")).to_contain_text("what comes after the # is missing")
    async with opened(browser, anyone.client, f"/p/{token}#{'A' * 43}") as page:
        await expect(page.get_by_role("alert")).to_contain_text("doesn't open the secret")
    async with opened(browser, alice.client, f"/p/{token}/preview", person=alice) as page:
        await expect(page.get_by_text("this server has never had it")).to_be_visible()


async def test_files_are_encrypted_with_their_names_and_saved_again(browser, alice, anyone, tmp_path):
    files = {"photo ☃.bin": BIG, "exactly.bin": BIG[: 1 << 20], "empty.txt": b""}
    async with making(browser, alice, "file") as page:
        await page.locator("#files").set_input_files([file(name, data) for name, data in files.items()])
        await page.get_by_label("A message to go with them").fill(TEXT)
        await encrypting(page)
        path = await make(page)
    token = path.split("/")[2]
    kept = (await alice.get(f"/p/{token}.json")).json
    assert [one["filename"] for one in kept["files"]] == ["1", "2", "3"]
    assert "photo" not in json.dumps(kept)
    for one, data in zip(kept["files"], files.values(), strict=True):
        sealed = (await alice.get("/p/" + one["url"].partition("/p/")[2])).body
        assert len(sealed) == len(data) + 16 + 16 * max(1, -(-len(data) >> 20))
        assert not data or data[:64] not in sealed
    async with led_to(browser, anyone, path) as page:
        await expect(page.locator(".secret-files li")).to_have_count(3)
        for name, data in files.items():
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name=f"Download: {name}").click()
            download = await downloading.value
            assert (download.suggested_filename, (await download.path()).read_bytes()) == (name, data)
        assert await shown(page) == TEXT


async def test_a_file_that_was_tampered_with_is_not_saved(browser, alice, anyone):
    async with making(browser, alice, "file") as page:
        await page.locator("#files").set_input_files([file("a.bin", BIG)])
        await encrypting(page)
        path = await make(page)
    async with led_to(browser, anyone, path) as page:

        async def cut(route) -> None:
            whole = await (await route.fetch()).body()
            await route.fulfill(body=whole[: 16 + (1 << 20) + 16])

        await page.route("**/files/**", cut)
        await page.get_by_role("button", name="Download: a.bin").click()
        await expect(page.get_by_text("The file could not be decrypted")).to_be_visible()


async def test_a_link_is_shown_and_not_followed(browser, alice, anyone):
    path = await made_text(browser, alice, "https://example.org/a?b", "url", "Link")
    async with led_to(browser, anyone, path) as page:
        link = page.get_by_role("link", name="https://example.org/a?b")
        await expect(link).to_have_attribute("rel", "noreferrer noopener")
        assert page.url.endswith(path[-44:])


async def test_a_qr_code_is_text_because_the_server_would_draw_it(browser, alice, anyone):
    path = await made_text(browser, alice, "WIFI:T:WPA;;", "qr", "What the code holds")
    async with led_to(browser, anyone, path) as page:
        await expect(page.get_by_text("The server draws them, and it must not see")).to_be_visible()
        assert await shown(page) == "WIFI:T:WPA;;"


async def test_the_program_of_the_documentation_reads_what_a_browser_has_made(browser, alice, tmp_path: Path):
    here = str(alice.client.make_url("/")).rstrip("/")
    program = tmp_path / "decrypt.py"
    program.write_text(guides.DECRYPTING)
    async with making(browser, alice, "file") as page:
        await page.locator("#files").set_input_files([file("photo.bin", BIG), file("empty.bin", b"")])
        await page.get_by_label("A message to go with them").fill(TEXT)
        await page.get_by_label("Passphrase").fill("sesame ☃")
        await encrypting(page)
        path = await make(page)
    command = [sys.executable, str(program), here + path, "sesame ☃"]
    done = await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (TEXT + "\n", "")
    assert (tmp_path / "photo.bin").read_bytes() == BIG
    assert (tmp_path / "empty.bin").read_bytes() == b""
    path = await made_text(browser, alice)
    done = await asyncio.to_thread(
        subprocess.run, [*command[:2], here + path], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (TEXT + "\n", "")
