"""Byte ranges and conditions, case by case from RFC 9110."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.wire import ranges
from pixelhost.wire.ranges import Extent, Unsatisfiable

SIZE = 10_000
MOMENT = datetime(2024, 2, 4, 18, 34, 13, 466_276, tzinfo=UTC)
AT, BEFORE, AFTER = "Sun, 04 Feb 2024 18:34:13 GMT", "Sun, 04 Feb 2024 18:34:12 GMT", "Sun, 04 Feb 2024 18:34:14 GMT"


def found(header: str, size: int = SIZE) -> list[tuple[int, int]]:
    """(first byte, last byte) of each range, as Content-Range tells them."""
    return [(extent.start, extent.stop - 1) for extent in ranges.parse(header, size)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", [(0, 499)]),
        ("bytes=500-999", [(500, 999)]),
        ("bytes=0-0", [(0, 0)]),
        ("bytes=-500", [(9500, 9999)]),
        ("bytes=-1", [(9999, 9999)]),
        ("bytes=9500-", [(9500, 9999)]),
        ("bytes=0-", [(0, 9999)]),
        ("bytes=9999-", [(9999, 9999)]),
        ("bytes=9999-20000", [(9999, 9999)]),
        ("bytes=-20000", [(0, 9999)]),
        ("bytes=0-0,-1", [(0, 0), (9999, 9999)]),
        ("bytes= 0-999 , 4500-5499 ,-1000", [(0, 999), (4500, 5499), (9000, 9999)]),
        ("bytes=500-600,601-999", [(500, 600), (601, 999)]),
        ("bytes=601-999,500-600", [(601, 999), (500, 600)]),
        ("bytes=0-1,,2-3,", [(0, 1), (2, 3)]),
        ("BYTES=0-1", [(0, 1)]),
        ("bytes=0-1,20000-30000", [(0, 1)]),
        ("bytes=0-99999999999999999999999999", [(0, 9999)]),
        ("bytes=-99999999999999999999999999", [(0, 9999)]),
        ("bytes=0-1,-0", [(0, 1)]),
    ],
)
def test_a_satisfiable_range_is_answered(header: str, expected: list[tuple[int, int]]):
    assert found(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "bytes=10000-",
        "bytes=10000-10001",
        "bytes=-0",
        "bytes=20000-30000,-0",
        "bytes=99999999999999999999999999-",
        "bytes=99999999999999999999999998-99999999999999999999999999",
    ],
)
def test_a_range_past_the_end_is_unsatisfiable(header: str):
    with pytest.raises(Unsatisfiable):
        ranges.parse(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=a-b",
        "bytes=1",
        "bytes=2-1",
        "bytes=--1",
        "bytes=0-1-2",
        "bytes=+1-2",
        "bytes=1.0-2",
        "bytes=0x0-0x9",
        "bytes=٠-١",
        "bytes=0 - 1",
        "bytes=0-1,oops",
        "bytes:0-1",
        "items=0-1",
        "=0-1",
        "bytes=0-9,5-15",
        "bytes=5-15,0-9",
        "bytes=0-,0-",
    ],
)
def test_a_malformed_or_overlapping_range_is_ignored(header: str):
    assert ranges.parse(header, SIZE) == []


def test_no_range_is_the_whole_and_an_empty_content_has_no_ranges():
    assert ranges.parse(None, SIZE) == []
    for header in ("bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-9"):
        assert ranges.parse(header, 0) == []


def test_sixteen_ranges_are_answered_and_seventeen_are_too_many():
    sixteen = ",".join(f"{at}-{at}" for at in range(0, 32, 2))
    assert len(ranges.parse(f"bytes={sixteen}", SIZE)) == 16
    assert ranges.parse(f"bytes={sixteen},99-99", SIZE) == []


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 1000), st.integers(0, 1100), st.integers(0, 1100))
def test_a_range_means_what_a_slice_does(size: int, first: int, last: int):
    content = bytes(index % 251 for index in range(size))
    try:
        extents = ranges.parse(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
        return
    if last < first:
        assert extents == []
    else:
        assert [content[one.start : one.stop] for one in extents] == [content[first : last + 1]]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="bytes=-,0123456789 ", max_size=40), st.integers(0, 100))
def test_any_header_gives_ranges_inside_the_content(header: str, size: int):
    try:
        extents = ranges.parse(header, size)
    except Unsatisfiable:
        return
    assert all(0 <= one.start < one.stop <= size for one in extents)
    assert all(isinstance(one, Extent) for one in extents)


@pytest.mark.parametrize(
    ("header", "weakly", "strongly"),
    [
        ('"abc"', True, True),
        ('W/"abc"', True, False),
        ('"x", "abc"', True, True),
        ('W/"x","abc"', True, True),
        ("*", True, True),
        ('"abd"', False, False),
        ("abc", False, False),
        ("", False, False),
    ],
)
def test_entity_tags_are_compared_weakly_or_strongly(header: str, weakly: bool, strongly: bool):
    assert ranges.etag_matches(header, "abc", weakly=True) is weakly
    assert ranges.etag_matches(header, "abc", weakly=False) is strongly


@pytest.mark.parametrize(
    ("none_match", "modified_since", "expected"),
    [
        (None, None, False),
        ('"abc"', None, True),
        ('W/"abc"', None, True),
        ("*", None, True),
        ('"x"', None, False),
        ('"x"', AFTER, False),
        ('"abc"', BEFORE, True),
        (None, AT, True),
        (None, AFTER, True),
        (None, BEFORE, False),
        (None, "yesterday", False),
    ],
)
def test_a_copy_is_current_by_its_tag_or_else_its_date(none_match: str, modified_since: str, expected: bool):
    assert ranges.is_not_modified(none_match, modified_since, "abc", MOMENT) is expected


@pytest.mark.parametrize(
    ("match", "unmodified_since", "expected"),
    [
        (None, None, False),
        ('"abc"', None, False),
        ("*", None, False),
        ('"x"', None, True),
        ('W/"abc"', None, True),
        ('"abc"', BEFORE, False),
        (None, AT, False),
        (None, AFTER, False),
        (None, BEFORE, True),
        (None, "yesterday", False),
    ],
)
def test_another_version_than_wanted_fails_the_precondition(match: str, unmodified_since: str, expected: bool):
    assert ranges.is_precondition_failed(match, unmodified_since, "abc", MOMENT) is expected


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        (None, True),
        ('"abc"', True),
        ('"x"', False),
        ('W/"abc"', False),
        ("abc", False),
        (AT, True),
        (BEFORE, False),
        (AFTER, False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_download_resumes_only_on_exactly_what_it_began_with(if_range: str, expected: bool):
    assert ranges.may_resume(if_range, "abc", MOMENT) is expected


def test_a_date_is_sent_in_gmt_without_fractions():
    assert ranges.format_http_date(MOMENT) == AT
    assert ranges.http_date(AT) == MOMENT.replace(microsecond=0)
    assert ranges.http_date("Sun, 04 Feb 2024 19:34:13 +0100") == MOMENT.replace(microsecond=0)
    assert ranges.http_date("Sunday, 04-Feb-24 18:34:13 GMT") == MOMENT.replace(microsecond=0)
    assert ranges.http_date("Sun Feb  4 18:34:13 2024") == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "x", "0", "Sun, 99 Feb 2024 18:34:13 GMT", "Sun, 04 Feb 99999 18:34:13 GMT"])
def test_what_is_no_date_is_ignored(text: str):
    assert ranges.http_date(text) is None


@settings(max_examples=30, deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=30_000)))
def test_a_date_survives_its_way(since: timedelta):
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + since).replace(microsecond=0)
    assert ranges.http_date(ranges.format_http_date(moment)) == moment
