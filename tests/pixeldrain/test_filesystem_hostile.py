"""Looking inside of bytes that are made to exhaust or mislead: a documented refusal or an icon, and nothing worse."""

import random

import aiohttp
import py7zr
import pytest

from tests.support.people import Person

pytest.importorskip("av")
pytest.importorskip("pillow_heif")

from tests.media.hostile_samples import BOMBS, WHOLE, damaged, seven_zip_of_zeros, tar_xz_of_zeros

REFUSALS = {
    (400, "not_a_zip"),
    (400, "invalid_zip_file"),
    (400, "unsupported_zip_compression"),
    (404, "path_not_found"),
}
FLIPS = 12
MIB = 1 << 20
# Those that take seconds to make; the bench has them.
LARGE = {"zeros.tar.xz", "zeros.7z", "large.heic", "image.pdf", "frame.avi", "large.mp4", "largest.mp3", "large.avif"}


async def ask(person: Person, name: str, data: bytes, question: str) -> None:
    """Fails unless the answer is a picture, the refusal of an archive, or content that breaks off."""
    await person.write(f"/me/{name}", data)
    try:
        answer = await person.fs("GET", f"/me/{name}", f"?{question}")
    except aiohttp.ClientError:
        assert question.startswith("zip_file"), "only what is sent while it is unpacked may break off"
        return
    if question == "thumbnail":
        assert answer.status == 200
        assert answer.body.startswith(b"\x89PNG")
    elif answer.status != 200:
        assert answer.refusal in REFUSALS


@pytest.mark.parametrize("name", WHOLE)
async def test_damaged_files_are_refused_or_shown_as_an_icon(alice: Person, name: str):
    make, question = WHOLE[name]
    whole = make()
    for data in damaged(whole, random.Random(name), FLIPS):
        await ask(alice, name, data, question)


@pytest.mark.parametrize("name", WHOLE)
async def test_files_that_are_cut_off_are_refused_or_shown_as_an_icon(alice: Person, name: str):
    make, question = WHOLE[name]
    whole = make()
    for length in (1, 16, len(whole) // 3, len(whole) * 2 // 3, len(whole) - 1):
        await ask(alice, name, whole[:length], question)


@pytest.mark.parametrize("name", sorted(set(BOMBS) - LARGE))
async def test_what_is_made_to_exhaust_is_refused_or_shown_as_an_icon(alice: Person, name: str):
    make, question = BOMBS[name]
    await ask(alice, name, make(), question)
    await alice.write("/me/after.zip", WHOLE["a.zip"][0]())
    assert (await alice.fs("GET", "/me/after.zip", "?zip_info")).status == 200


@pytest.mark.parametrize("name", ["zeros.tar.xz", "zeros.7z"])
async def test_a_member_of_many_zeros_comes_whole_and_in_ranges(alice: Person, name: str):
    """What it unpacks to is a thousand times what was uploaded, and is passed on as it is made."""
    size_bytes = 64 * MIB
    make = {
        "zeros.tar.xz": tar_xz_of_zeros,
        "zeros.7z": lambda size: seven_zip_of_zeros(size, id=py7zr.FILTER_LZMA2, preset=0),
    }[name]
    await alice.write(f"/me/{name}", make(size_bytes))
    whole = await alice.fs("GET", f"/me/{name}", "?zip_file=zeros")
    end = await alice.fs("GET", f"/me/{name}", "?zip_file=zeros", headers={"Range": "bytes=-10"})

    assert (whole.status, len(whole.body), whole.body.strip(b"\0")) == (200, size_bytes, b"")
    assert (end.status, end.body) == (206, bytes(10))


async def test_a_member_shorter_than_it_says_never_ends_as_if_it_were_whole(alice: Person):
    await alice.write("/me/a.tar.xz", tar_xz_of_zeros(4 * MIB, 1 << 30))
    with pytest.raises(aiohttp.ClientError):
        await alice.fs("GET", "/me/a.tar.xz", "?zip_file=zeros")
    assert (await alice.fs("GET", "/me/a.tar.xz", "?zip_info")).refusal == (400, "invalid_zip_file")
