"""Parameters: declared as dataclasses, every mistake told, in the order of declaration."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.unset import UNSET, Unset
from pixelhost.wire import params
from pixelhost.wire.params import Between, Length

utc = partial(datetime, tzinfo=UTC)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Everything:
    text: str = ""
    whole: int = 0
    flag: bool = False
    moment: datetime | None = None
    key: UUID | None = None
    colour: Colour = Colour.RED
    choice: Literal["a", "b"] = "a"
    numbers: list[int] = ()
    percent: Annotated[int, Between(0, 100)] = 0
    word: Annotated[str, Length(1, 3)] = "x"
    maybe: str | Unset = UNSET
    maybe_percent: Annotated[int, Between(0, 100)] | Unset = UNSET


def read(**sent: str) -> Everything:
    return params.from_text(sent, Everything)


def refusal(wanted: type = Everything, **sent: str) -> tuple[int, str, Any]:
    with pytest.raises(ApiError) as raised:
        params.from_text(sent, wanted)
    return raised.value.status, raised.value.kind.code, raised.value.extra


def test_what_is_not_sent_has_its_default_and_what_is_unknown_is_ignored():
    assert read(surprise="x") == Everything()
    assert read().maybe is UNSET
    assert read(maybe="").maybe == ""


def test_every_type_is_read_from_text():
    made = read(
        text="grüße",
        whole="-17",
        flag="true",
        moment="2024-02-04T18:34:13Z",
        key="550e8400-e29b-41d4-a716-446655440000",
        colour="blue",
        choice="b",
        numbers="[1,2]",
    )
    assert (made.text, made.whole, made.flag, made.colour, made.choice) == ("grüße", -17, True, Colour.BLUE, "b")
    assert made.moment == datetime(2024, 2, 4, 18, 34, 13, tzinfo=UTC)
    assert made.key == UUID("550e8400-e29b-41d4-a716-446655440000")
    assert made.numbers == [1, 2]


@pytest.mark.parametrize("text", ["", "x", "1.5", "1e3", "0x10", " 1", "1_000", "٣", "--1"])
def test_a_whole_number_is_decimal_digits_and_a_sign(text: str):
    assert refusal(whole=text) == (422, "integer_parse_failed", {"field": "whole"})


@pytest.mark.parametrize("value", [-(2**63), 2**63 - 1])
def test_a_whole_number_has_64_bits(value: int):
    assert read(whole=str(value)).whole == value
    one_past = value + (1 if value > 0 else -1)
    assert refusal(whole=str(one_past))[:2] == (422, "integer_out_of_range")
    assert refusal(whole="9" * 5000)[1] in {"integer_out_of_range", "integer_parse_failed"}


def test_a_number_may_be_at_both_ends_of_its_range_and_not_one_past():
    assert read(percent="0").percent == 0
    assert read(percent="100").percent == 100
    expected = {"field": "percent", "min_val": 0, "max_val": 100}
    assert refusal(percent="-1") == (422, "integer_out_of_range", expected | {"val": -1})
    assert refusal(percent="101") == (422, "integer_out_of_range", expected | {"val": 101})


def test_a_range_also_holds_for_a_number_that_may_be_left_out():
    assert read().maybe_percent is UNSET
    assert read(maybe_percent="100").maybe_percent == 100
    assert refusal(maybe_percent="101")[:2] == (422, "integer_out_of_range")
    assert refusal(maybe_percent="x")[:2] == (422, "integer_parse_failed")


def test_a_text_is_measured_in_characters():
    assert read(word="äöü").word == "äöü"
    expected = {"field": "word", "min_len": 1, "max_len": 3}
    assert refusal(word="") == (422, "string_out_of_range", expected | {"len": 0})
    assert refusal(word="äöüß") == (422, "string_out_of_range", expected | {"len": 4})


@pytest.mark.parametrize("text", ["", "1", "TRUE", "yes", "True"])
def test_a_boolean_is_true_or_false(text: str):
    assert read(flag="false").flag is False
    assert refusal(flag=text) == (422, "bool_parse_failed", {"field": "flag"})


@pytest.mark.parametrize("text", ["", "550e8400", "g" * 32])
def test_a_uuid_must_be_one(text: str):
    assert refusal(key=text) == (422, "uuid_parse_failed", {"field": "key"})


def test_a_choice_must_be_one_of_those_told_back():
    assert refusal(colour="green") == (422, "enum_parse_failed", {"field": "colour", "allowed_values": ["red", "blue"]})
    assert refusal(choice="c") == (422, "enum_parse_failed", {"field": "choice", "allowed_values": ["a", "b"]})


@pytest.mark.parametrize("text", ["", "[1", '["x"]', "{}", "[1]x"])
def test_json_in_a_field_must_be_of_its_type(text: str):
    assert refusal(numbers=text) == (422, "json_parse_failed", {"field": "numbers"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-04T18:34:13Z", utc(2024, 2, 4, 18, 34, 13)),
        ("2024-02-04t18:34:13z", utc(2024, 2, 4, 18, 34, 13)),
        ("2024-02-04T18:34:13.4Z", utc(2024, 2, 4, 18, 34, 13, 400_000)),
        ("2024-02-04T18:34:13.123456789Z", utc(2024, 2, 4, 18, 34, 13, 123_456)),
        ("2024-02-04T18:34:13.999999999Z", utc(2024, 2, 4, 18, 34, 13, 999_999)),
        ("2024-02-04T18:34:13+01:00", utc(2024, 2, 4, 17, 34, 13)),
        ("2024-02-04T18:34:13.5-05:30", utc(2024, 2, 5, 0, 4, 13, 500_000)),
        ("2024-01-01T00:00:00+23:59", utc(2023, 12, 31, 0, 1)),
        ("2024-02-29T00:00:00-00:00", utc(2024, 2, 29)),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1)),
        ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
        ("9999-12-31T23:59:59.999999Z", utc(9999, 12, 31, 23, 59, 59, 999_999)),
    ],
)
def test_a_time_is_rfc_3339_cut_to_microseconds_and_never_rounded(text: str, expected: datetime):
    assert read(moment=text).moment == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1706000000",
        "2024-02-04",
        "2024-02-04T18:34:13",
        "2024-02-04T18:34Z",
        "2024-02-30T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-02-04T24:00:00Z",
        "2024-02-04T18:34:61Z",
        "2024-02-04T18:34:13+24:00",
        "2024-02-04T18:34:13+00:60",
        "2024-02-04T18:34:13.Z",
        "2024-02-04T18:34:13 01:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٤-02-04T18:34:13Z",
        "2024-02-04T18:34:13Z\n",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text: str):
    assert refusal(moment=text) == (422, "time_parse_failed", {"field": "moment"})


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(utc(2, 1, 1).replace(tzinfo=None), utc(9998, 1, 1).replace(tzinfo=None)),
    st.integers(0, 999),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_a_time_survives_its_way_with_nanoseconds_and_any_offset(moment: datetime, nanoseconds: int, offset: int):
    local = (moment + timedelta(minutes=offset)).isoformat(timespec="microseconds")
    hours, minutes = divmod(abs(offset), 60)
    sent = f"{local}{nanoseconds:03}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    assert read(moment=sent).moment == moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Demanding:
    first: int
    second: str
    third: Annotated[int, Between(1, 2)]


def test_every_mistake_is_told_in_the_order_of_declaration():
    with pytest.raises(ApiErrors) as raised:
        params.from_text({"third": "3", "first": "x"}, Demanding)
    assert [(error.kind.code, error.extra["field"]) for error in raised.value.errors] == [
        ("integer_parse_failed", "first"),
        ("missing_field", "second"),
        ("integer_out_of_range", "third"),
    ]


def test_one_mistake_is_told_as_itself():
    assert refusal(Demanding, first="1", third="2") == (400, "missing_field", {"field": "second"})


def test_a_query_is_decoded_strictly_and_the_first_of_a_name_counts():
    assert params.pairs("a=1&a=2&b=x+y%2B&c&&d=%C3%A4=z") == {"a": "1", "b": "x y+", "c": "", "d": "ä=z"}
    assert params.pairs("") == {}


@pytest.mark.parametrize(("query", "field"), [("name=%FF", "name"), ("name=%C3", "name"), ("%FF=1", "query")])
def test_invalid_utf_8_is_refused_with_the_name_of_its_field(query: str, field: str):
    with pytest.raises(ApiError) as raised:
        params.pairs(query)
    assert (raised.value.status, raised.value.kind.code) == (422, "utf8_string_parse_failed")
    assert raised.value.extra == {"field": field}


def test_a_question_mark_in_a_query_is_part_of_its_value():
    request = make_mocked_request("GET", "/x?text=a?b")
    assert params.query(request, Everything).text == "a?b"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_no_query_does_worse_than_being_refused(text: str):
    refused = None
    try:
        params.from_text(params.pairs(text), Everything)
    except (ApiError, ApiErrors) as error:
        refused = error.status
    assert refused in {None, 400, 422}
