"""Pages in Chromium: when the largest thing of a first view is painted, with nothing in the browser's cache."""

from __future__ import annotations

import io
import json
import shutil
from functools import partial

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.bench import load, servers
from tests.bench.bench import Bench, Contender, SkippedError
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit

REPETITIONS = 9
CODE = b"def add(left: int, right: int) -> int:\n    return left + right\n\n\n" * 500

# The last of the candidates, as the browser reports them: https://www.w3.org/TR/largest-contentful-paint/
LARGEST_PAINT_MS = """() => new Promise((done) => {
  let largest = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) largest = entry.startTime;
  }).observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => done(largest), 1000);
})"""


def first_view(bench: Bench) -> list[Figure]:
    """The largest paint of the page of a picture, of code and of the front page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SkippedError("there is no Chromium on this machine (apt-get install chromium)")
    with (
        servers.pixelhost(bench.folder) as ours,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        paths = {
            "of a picture": f"/u/{_uploaded(ours, 'photo.jpg', _picture())}",
            "of code": f"/u/{_uploaded(ours, 'add.py', CODE)}",
            "at the front": "/",
        }
        contenders = [
            Contender(name, partial(_largest_paint, browser, f"http://127.0.0.1:{ours.port}{path}"), [ours.pid])
            for name, path in paths.items()
        ]
        got = bench.take_turns(contenders, REPETITIONS, "s")
    return [Limit(f"page {name}: largest paint", "s", got[name], 0.5) for name in paths]


def _uploaded(ours: Pixelhost, name: str, body: bytes) -> str:
    answers: list[bytes] = []
    load.drive(ours.port, iter([load.put(f"/api/file/{name}", ours.key, body)]), 1, answers.append)
    return str(json.loads(answers[0])["id"])


def _largest_paint(browser: Browser, url: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.goto(url)
        seconds: float = page.evaluate(LARGEST_PAINT_MS) / 1000
    finally:
        context.close()
    if not seconds:
        raise SkippedError(f"the browser reported no largest paint of {url}")
    return seconds


def _picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()
