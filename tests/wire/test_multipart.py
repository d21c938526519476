"""Multipart bodies, in whatever pieces they come: what is a delimiter, what is content, and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import pytest
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.errors import ApiError
from pixelhost.wire.multipart import HEADERS_BYTES, PADDING_BYTES, Parts

FORM = "multipart/form-data; boundary=b-1"
FILE = b'Content-Disposition: form-data; name="file"; filename="cat.txt"\r\nContent-Type: text/plain'
NAME = b'Content-Disposition: form-data; name="name"'

Found = tuple[str | None, str | None, bytes]


def body_of(*parts: tuple[bytes, bytes], end: bytes = b"--b-1--\r\n") -> bytes:
    return b"".join(b"--b-1\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts) + end


def source(pieces: Iterable[bytes]) -> Callable[[], Awaitable[bytes]]:
    left = iter([piece for piece in pieces if piece])

    async def read() -> bytes:
        return next(left, b"")

    return read


async def parts_of(pieces: Iterable[bytes], content_type: str = FORM) -> list[Found]:
    parts = Parts(content_type, source(pieces))
    found: list[Found] = []
    while part := await parts.next_part():
        content = b""
        while piece := await parts.read():
            content += piece
        found.append((part.name, part.file_name, content))
    assert await parts.next_part() is None
    return found


def cut_up(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


TRICKY = b"\r\n--b-\r\n-\r\n--\r\r\n--B-1\r\n\r"


async def test_a_body_means_the_same_wherever_it_is_split():
    body = body_of((NAME, b"dog.txt"), (FILE, TRICKY), (FILE, b""), (b"X: y", b"end"))
    expected = [("name", None, b"dog.txt"), ("file", "cat.txt", TRICKY), ("file", "cat.txt", b""), (None, None, b"end")]
    for at in range(len(body) + 1):
        assert await parts_of([body[:at], body[at:]]) == expected
    for size in range(1, 20):
        assert await parts_of(cut_up(body, size)) == expected


LOOKALIKES = [b"\r\n--b-", b"\r\n", b"\r", b"-", b"--b-1", b"x", b"\n--b-1--", b"\r\r\n--B-1"]


@settings(deadline=None)
@given(pieces=st.lists(st.sampled_from(LOOKALIKES)), size=st.integers(1, 40))
async def test_content_ends_where_the_first_delimiter_begins(pieces: list[bytes], size: int):
    content = (b"x" + b"".join(pieces)).partition(b"\r\n--b-1")[0]
    assert await parts_of(cut_up(body_of((FILE, content)), size)) == [("file", "cat.txt", content)]


async def test_a_part_may_say_nothing_about_itself():
    assert await parts_of([b"--b-1\r\n\r\nx\r\n--b-1--"]) == [(None, None, b"x")]
    assert await parts_of([body_of((NAME, b"x"))]) == [("name", None, b"x")]


async def test_what_stands_before_and_after_the_parts_is_passed_over():
    body = body_of((NAME, b"x"))
    expected = [("name", None, b"x")]
    for before in (b"\r\n", b"This is a form.\r\n", b"\r\n--b-\r\n", b"--b\r\n" * 1000):
        assert await parts_of(cut_up(before + body, 7)) == expected
    for after in (b"", b"\r\n", b"epilogue", b"--b-1\r\n" + NAME + b"\r\n\r\ny\r\n--b-1--\r\n"):
        assert await parts_of(cut_up(body + after, 7)) == expected
    assert await parts_of([body.removesuffix(b"\r\n")]) == expected
    assert await parts_of([b"--b-1--"]) == []


@pytest.mark.parametrize("blanks", [b" ", b"\t", b" \t " * 50, b" " * PADDING_BYTES], ids=len)
async def test_blanks_may_follow_a_delimiter(blanks: bytes):
    body = b"--b-1" + blanks + b"\r\n" + NAME + b"\r\n\r\nx\r\n--b-1--" + blanks[2:] + b"\r\n"
    for size in (1, 5, len(body)):
        assert await parts_of(cut_up(body, size)) == [("name", None, b"x")]


async def test_a_boundary_may_be_quoted_and_have_70_characters():
    body = b"--" + b"b" * 70 + b"\r\n" + NAME + b"\r\n\r\nx\r\n--" + b"b" * 70 + b"--"
    assert await parts_of([body], f'multipart/form-data; boundary="{"b" * 70}"') == [("name", None, b"x")]
    with pytest.raises(ValueError, match="boundary"):
        await parts_of([body], f"multipart/form-data; boundary={'b' * 71}")


@pytest.mark.parametrize("kind", ["", "multipart/form-data", "multipart/form-data; boundary=", 'x; boundary=""'])
async def test_without_a_boundary_there_are_no_parts(kind: str):
    with pytest.raises(ValueError, match="boundary"):
        await parts_of([body_of((NAME, b"x"))], kind)


async def test_a_body_that_is_cut_off_anywhere_is_refused():
    body = body_of((NAME, b"dog.txt"), (FILE, b"meow"), end=b"--b-1--")
    for end in range(len(body)):
        with pytest.raises(ValueError, match=r"cut off|delimiter"):
            await parts_of([body[:end]])
    assert len(await parts_of([body])) == 2


@pytest.mark.parametrize("after", [b"x", b"-", b"--x", b"--\x00", b" x", b" --", b" " * (PADDING_BYTES + 1), b"\n"])
async def test_a_delimiter_stands_alone_in_its_line(after: bytes):
    for size in (1, 1000):
        with pytest.raises(ValueError, match="delimiter"):
            await parts_of(cut_up(body_of((NAME, b"x"), end=b"--b-1" + after + b"\r\n"), size))


def headers_of(size: int) -> bytes:
    return NAME + b"\r\n" + b"X: " + b"y" * (size - len(NAME) - 5)


async def test_the_headers_of_a_part_may_have_16_kib():
    for size in (100, HEADERS_BYTES):
        assert len(headers_of(size)) == size
        for piece_bytes in (1000, 1_000_000):
            assert await parts_of(cut_up(body_of((headers_of(size), b"x")), piece_bytes)) == [("name", None, b"x")]
    for piece_bytes in (1000, 1_000_000):
        with pytest.raises(ValueError, match="endless headers"):
            await parts_of(cut_up(body_of((headers_of(HEADERS_BYTES + 1), b"x")), piece_bytes))


@pytest.mark.parametrize("head", [b"no colon", b": y", b" X: y", b"X : y", b"X\x00: y", NAME + b"\r\nbroken"])
async def test_headers_that_are_none_are_refused(head: bytes):
    with pytest.raises(HttpProcessingError):
        await parts_of([body_of((head, b"x"))])


async def test_parts_within_a_part_are_refused():
    with pytest.raises(ValueError, match="within another"):
        await parts_of([body_of((b"Content-Type: Multipart/mixed; boundary=c", b"--c--"))])


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable", b"8bit", b"binary", b"gzip"])
async def test_content_is_taken_as_it_was_sent_whatever_its_encoding(encoding: bytes):
    """Senders of forms don't encode any more (RFC 7578, 4.7), and a file may well be base64 itself."""
    head = FILE + b"\r\nContent-Transfer-Encoding: " + encoding
    content = b"bWVvdw==\r\n=C3=A4 bWVvd"
    assert await parts_of([body_of((head, content))]) == [("file", "cat.txt", content)]


async def test_names_may_be_in_any_script_but_must_be_utf_8():
    head = 'Content-Disposition: form-data; name="grüße[files][]"; filename="🎉.txt"'.encode()
    assert await parts_of([body_of((head, b"x"))]) == [("grüße[files][]", "🎉.txt", b"x")]
    for broken in (b'form-data; name="\xff"', b'form-data; name="a"; filename="\xff"'):
        with pytest.raises(ApiError) as refused:
            await parts_of([body_of((b"Content-Disposition: " + broken, b"x"))])
        assert refused.value.status == 422


async def test_parts_that_nobody_reads_are_passed_over():
    parts = Parts(FORM, source(cut_up(body_of((NAME, b"x" * 1000), (FILE, b"y" * 1000), (NAME, b"z")), 11)))
    names = []
    while part := await parts.next_part():
        names.append(part.name)
        if part.name == "file":
            assert await parts.read()
    assert names == ["name", "file", "name"]


async def test_content_is_given_out_as_it_comes():
    """Nothing is gathered: after each piece at most what may be a delimiter's beginning is held back."""
    given = 0
    parts = Parts(FORM, source([b"--b-1\r\n" + FILE + b"\r\n\r\n", *[b"x" * 1000] * 10, b"\r\n--b-1--"]))
    assert await parts.next_part()
    sizes = []
    while piece := await parts.read():
        given += len(piece)
        sizes.append(len(piece))
    assert given == 10_000
    assert max(sizes) <= 1000 + len(b"\r\n--b-1")
