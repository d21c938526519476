"""Files to look at, and a browser to look with."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from tests.support.people import Person
from tests.web import contents
from tests.web.browsing import chromium

# A slow machine may take longer than the five seconds that are usual.
EXPECT_MS = 60_000


@pytest.fixture(scope="session")
def png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of a process: each opens contexts of its own in it, which share nothing."""
    expect.set_options(timeout=EXPECT_MS)
    async with chromium("--disable-gpu") as browser:
        yield browser


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A minute of WebM, noisy enough that a browser doesn't fetch all of it at once."""
    path: Path = tmp_path_factory.mktemp("film") / "long.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=5)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 180, "yuv420p", 1_000_000
        stream.options = {"g": "5", "deadline": "realtime", "cpu-used": "8"}
        for _ in range(300):
            frame = av.VideoFrame.from_image(Image.effect_noise((320, 180), 90).convert("RGB"))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture
async def files(alice: Person, png: bytes, long_film: bytes) -> dict[str, str]:
    """A file for every viewer, by the viewer's name."""
    kinds = {
        "image": ("photo.png", png),
        "video": ("film.webm", long_film),
        "audio": ("song.mp3", b"ID3\4" + bytes(500)),
        "text": ("greet.py", contents.CODE),
        "markdown": ("readme.md", contents.MARKDOWN),
        "pdf": ("paper.pdf", contents.pdf()),
        "archive": ("backup.zip", contents.zipped({"a/b.txt": b"x", "a/c.txt": b"y", "readme.md": b"# hi"})),
        "torrent": ("film.torrent", contents.torrent()),
        "other": ("walk.bin", bytes(100)),
    }
    return {kind: await alice.upload(name, data) for kind, (name, data) in kinds.items()}
