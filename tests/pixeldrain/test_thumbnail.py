"""GET /file/{id}/thumbnail: a PNG of the file, or of its type."""

import io

import pytest
from PIL import Image

from pixelhost.site import Site
from tests.support.people import Answer, Person


def picture(width: int, height: int, colour: str = "red") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "PNG")
    return written.getvalue()


def image_of(answer: Answer) -> Image.Image:
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    image = Image.open(io.BytesIO(answer.body))
    image.load()
    return image


async def test_the_thumbnail_of_a_picture_shows_it_at_most_256_wide(alice: Person, anyone: Person):
    file_id = await alice.upload("a.png", picture(1000, 500))
    image = image_of(await anyone.get(f"/api/file/{file_id}/thumbnail"))
    assert max(image.size) == 256
    assert image.convert("RGB").getpixel((image.width // 2, image.height // 2)) == (255, 0, 0)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (128, 256), (256, 16), (240, 112)])
async def test_a_thumbnail_fits_into_the_size_asked_for(alice: Person, width: int, height: int):
    file_id = await alice.upload("a.png", picture(1000, 1000))
    image = image_of(await alice.get(f"/api/file/{file_id}/thumbnail?width={width}&height={height}"))
    assert image.width <= width
    assert image.height <= height


@pytest.mark.parametrize("size", ["0", "8", "15", "17", "255", "257", "272", "-16", "4096", str(2**62)])
async def test_a_size_is_a_multiple_of_16_from_16_to_256(alice: Person, size: str):
    file_id = await alice.upload()
    for side in ("width", "height"):
        refused = await alice.get(f"/api/file/{file_id}/thumbnail?{side}={size}")
        assert refused.refusal == (400, "invalid_thumbnail_size")


@pytest.mark.parametrize("size", ["", "x", "16.0", "0x10"])
async def test_a_size_is_a_whole_number(alice: Person, size: str):
    refused = await alice.get(f"/api/file/{await alice.upload()}/thumbnail?width={size}")
    assert refused.refusal == (422, "integer_parse_failed")


@pytest.mark.parametrize(
    "data", [b"text", b"\x89PNG\r\n\x1a\nbroken", picture(10, 10)[:-20], b"\xff\xd8\xff\xe0broken"]
)
async def test_what_cannot_be_shown_has_the_icon_of_its_type(alice: Person, data: bytes):
    image_of(await alice.get(f"/api/file/{await alice.upload('a', data)}/thumbnail?width=64&height=64"))


async def test_unknown_parameters_are_ignored_and_copies_are_kept_long(alice: Person):
    path = f"/api/file/{await alice.upload('a.png', picture(32, 32))}/thumbnail"
    got = await alice.get(path + "?mod=1700000000000")
    assert got.body == (await alice.get(path)).body
    assert "max-age=" in got.headers["Cache-Control"]
    again = await alice.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_other_bytes_or_another_size_have_another_tag(alice: Person):
    ids = [await alice.upload(colour, picture(32, 32, colour)) for colour in ("red", "blue")]
    paths = [f"/api/file/{file_id}/thumbnail{size}" for file_id in ids for size in ("", "?width=16")]
    assert len({(await alice.get(path)).headers["ETag"] for path in paths}) == 4


async def test_a_thumbnail_of_a_file_that_is_gone_is_gone(alice: Person, site: Site):
    file_id = await alice.upload("a.png", picture(32, 32))
    assert (await alice.get(f"/api/file/{file_id}/thumbnail")).status == 200
    await alice.delete(f"/api/file/{file_id}")
    assert (await alice.get(f"/api/file/{file_id}/thumbnail")).refusal == (404, "not_found")


async def test_bytes_missing_from_the_disk_are_an_internal_error(alice: Person, site: Site):
    file_id = await alice.upload("a.png", picture(33, 33))
    async for stored in site.store.listing():
        await site.store.delete(stored.location)
    assert (await alice.get(f"/api/file/{file_id}/thumbnail?width=48")).refusal == (500, "internal")
