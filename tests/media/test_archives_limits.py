"""Archives that hold more than is looked through: nothing of them is silently short."""

import io
import zipfile
from collections.abc import Callable

import pytest

from pixelhost.media import archive_7z, archive_zip, archives, filetree
from tests.media.archive_samples import MAKERS, Maker, zip_of

# What comes when three files and directories are there, or three characters in their names, is the last of them.
INSIDE = {"a/1": b"first", "a/2": b"second", "b/3": b"third"}

every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def extracted(data: bytes, path: str) -> bytes:
    return b"".join(archives.content(io.BytesIO(data), path))


def zipped(data: bytes, path: str) -> list[str]:
    packed = b"".join(archives.directory_zip(io.BytesIO(data), path))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


ASKED: list[Callable[[bytes, str], object]] = [
    lambda data, path: archives.entry(io.BytesIO(data), path),
    extracted,
    zipped,
]


@every_kind
def test_an_archive_at_the_limit_is_looked_through_whole(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetree, "NODES_LIMIT", 4)
    monkeypatch.setattr(filetree, "NAMES_LIMIT_CHARACTERS", 4)
    data = make(INSIDE)
    assert extracted(data, "b/3") == b"third"
    assert zipped(data, "a") == ["1", "2"]
    assert archives.entry(io.BytesIO(data), "").size_bytes == 16
    with pytest.raises(archives.NoSuchMember):
        extracted(data, "b/4")


@every_kind
@pytest.mark.parametrize("limit", [("NODES_LIMIT", 3), ("NAMES_LIMIT_CHARACTERS", 3)])
def test_one_past_the_limit_what_was_seen_can_be_had_and_the_rest_is_refused(
    make: Maker, limit: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filetree, *limit)
    data = make(INSIDE)
    assert extracted(data, "a/2") == b"second"
    for path in ("b/3", "b", "a", "", "absent"):
        for ask in ASKED:
            with pytest.raises(archives.ArchiveTooLarge):
                ask(data, path)


@pytest.mark.parametrize(("module", "maker"), [(archive_zip, "zip-stored"), (archive_7z, "7z-copy")])
def test_what_the_kind_itself_leaves_out_is_refused_too(
    module: object, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = MAKERS[maker](INSIDE)
    monkeypatch.setattr(module, "NODES_LIMIT", 3)
    assert zipped(data, "a") == ["1", "2"]
    monkeypatch.setattr(module, "NODES_LIMIT", 2)
    assert extracted(data, "a/2") == b"second"
    for ask in ASKED:
        with pytest.raises(archives.ArchiveTooLarge):
            ask(data, "a")


def test_a_directory_of_a_zip_with_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zip_of(INSIDE)
    monkeypatch.setattr(archive_zip, "DIRECTORY_LIMIT_BYTES", 3 * (46 + 3))
    assert zipped(data, "a") == ["1", "2"]
    monkeypatch.setattr(archive_zip, "DIRECTORY_LIMIT_BYTES", 3 * (46 + 3) - 1)
    for path in ("b/3", "a"):
        with pytest.raises(archives.ArchiveTooLarge):
            archives.entry(io.BytesIO(data), path)


@every_kind
@pytest.mark.parametrize(("depth", "is_whole"), [(64, True), (65, False)])
def test_a_directory_is_not_given_without_what_lies_too_deep(make: Maker, depth: int, is_whole: bool) -> None:
    data = make({"d/" * (depth - 1) + "x": b"1", "y": b"2"})
    assert extracted(data, "y") == b"2"
    if is_whole:
        assert len(zipped(data, "")) == 2
        return
    for ask in ASKED:
        with pytest.raises(archives.ArchiveTooLarge):
            ask(data, "")
