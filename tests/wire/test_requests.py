"""What is read from the head of a request: keys, digests, addresses, origins, and the target itself."""

import base64
import hashlib
import ipaddress
from typing import Any

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from pixelhost.errors import ApiError
from pixelhost.wire import credentials, digests, security, target

KEY = "550e8400-e29b-41d4-a716-446655440000"
COOKIE = ("Cookie", f"pd_auth_key={KEY}")
PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def request(*headers: tuple[str, str], method: str = "GET", path: str = "/", peer: str = "10.0.0.1") -> Any:
    made = make_mocked_request(method, path, CIMultiDict(headers))
    return made.clone(remote=peer)


def sent_key(*headers: tuple[str, str]) -> tuple[str, bool] | None:
    found = credentials.sent(request(*headers))
    return (found.key, found.is_cookie) if found else None


def code_of(raised: pytest.ExceptionInfo[ApiError]) -> str:
    return raised.value.kind.code


@pytest.mark.parametrize("user", ["", "me", "grüße"])
def test_the_key_is_the_basic_password_whatever_the_user(user: str):
    assert sent_key(("Authorization", encode_basic_auth(user, KEY, encoding="utf-8"))) == (KEY, False)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER  "])
def test_the_key_may_be_a_bearer_token(scheme: str):
    assert sent_key(("Authorization", f"{scheme} {KEY}")) == (KEY, False)


def test_the_authorization_header_beats_the_cookie():
    assert sent_key(COOKIE) == (KEY, True)
    assert sent_key(COOKIE, ("Authorization", "Bearer other")) == ("other", False)
    assert sent_key(("Cookie", "theme=dark"), ("Authorization", "Bearer other")) == ("other", False)


def test_empty_basic_credentials_are_none_and_leave_the_cookie_to_count():
    nothing = ("Authorization", encode_basic_auth("", ""))
    assert sent_key(nothing) is None
    assert sent_key(nothing, COOKIE) == (KEY, True)


def test_no_header_or_an_empty_cookie_is_no_key():
    assert sent_key() is None
    assert sent_key(("Cookie", "pd_auth_key=")) is None
    assert sent_key(("Cookie", "; ;=;==")) is None


@pytest.mark.parametrize(
    "value",
    ["", "Basic !!!", "Basic /w==", "Bearer", "Basic é"],
    ids=ascii,
)
def test_a_header_that_is_not_understood_is_a_wrong_key_not_none(value: str):
    """The empty key is never valid, so the request is refused instead of served to a stranger."""
    found = sent_key(("Authorization", value))
    assert found is not None
    assert found[0] == ""


@pytest.mark.parametrize("value", [KEY, f"Token {KEY}", f'Token token="x",  {KEY}', f"Bearer   {KEY}"])
def test_the_last_word_of_any_other_scheme_is_a_key(value: str):
    assert sent_key(("Authorization", value)) == (KEY, False)


def test_the_headers_of_old_clients_beat_authorization_whatever_their_e_mail_address():
    old = ("X-User-Email", "nobody@example.com"), ("X-User-Token", KEY)
    assert sent_key(*old, ("Authorization", "Bearer other"), COOKIE) == (KEY, False)


def test_a_token_without_its_e_mail_header_is_a_wrong_key():
    assert sent_key(("X-User-Token", KEY), COOKIE) == ("", False)
    assert sent_key(("X-User-Email", "a@example.com")) is None


def test_a_user_name_alone_is_a_wrong_key():
    assert sent_key(("Authorization", encode_basic_auth(KEY, ""))) == ("", False)


def encoded(algorithm: str, data: bytes = b"x") -> str:
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


def test_digests_are_read_from_all_three_headers():
    headers = [
        ("Content-Digest", f"sha-256=:{encoded('sha256')}:"),
        ("Repr-Digest", f"SHA-512=:{encoded('sha512')}:;q=1"),
        ("Content-MD5", encoded("md5")),
    ]
    assert digests.sent(request(*headers).headers) == {
        "sha-256": hashlib.sha256(b"x").digest(),
        "sha-512": hashlib.sha512(b"x").digest(),
        "md5": hashlib.md5(b"x").digest(),
    }


def test_several_digests_may_stand_in_one_header_or_in_repeated_ones():
    both = f"sha-256=:{encoded('sha256')}:, sha-512=:{encoded('sha512')}:"
    assert set(digests.sent(request(("Content-Digest", both)).headers)) == {"sha-256", "sha-512"}
    repeated = [("Repr-Digest", one) for one in both.split(", ")]
    assert set(digests.sent(request(*repeated).headers)) == {"sha-256", "sha-512"}


def test_unknown_algorithms_are_passed_over():
    assert digests.sent(request(("Content-Digest", "crc32c=:AAAAAA==:, unixsum=:AA==:")).headers) == {}
    assert digests.sent(request(("Content-Digest", "")).headers) == {}
    assert digests.sent(request().headers) == {}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Digest", "sha-256=abc"),
        ("Content-Digest", "sha-256=:"),
        ("Content-Digest", "sha-256=:!!!:"),
        ("Content-Digest", "sha-256=:AAAA:"),
        ("Repr-Digest", "sha-512=:AAAA:"),
        ("Repr-Digest", "sha-256=:é:"),
        ("Content-MD5", "AAAA"),
        ("Content-MD5", ""),
        ("Content-MD5", "é"),
    ],
    ids=ascii,
)
def test_a_malformed_digest_is_refused_with_the_name_of_its_header(header: str, value: str):
    with pytest.raises(ApiError) as raised:
        digests.sent(request((header, value)).headers)
    assert code_of(raised) == "base64_parse_failed"
    assert raised.value.extra == {"field": header}


def test_digests_that_contradict_each_other_are_refused_and_equal_ones_are_not():
    one, other = (f"sha-256=:{encoded('sha256', data)}:" for data in (b"x", b"y"))
    assert len(digests.sent(request(("Content-Digest", one), ("Repr-Digest", one)).headers)) == 1
    with pytest.raises(ApiError) as raised:
        digests.sent(request(("Content-Digest", one), ("Repr-Digest", other)).headers)
    assert code_of(raised) == "error_reading_input"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2, 10.0.0.3"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.7, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [" , ,"], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("fd00::1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_a_forwarded_address_is_believed_only_from_trusted_proxies(peer: str, forwarded: list[str], expected: str):
    asked = request(*(("X-Forwarded-For", one) for one in forwarded), peer=peer)
    assert security.client_ip(asked, PROXIES) == expected


def test_without_trusted_proxies_nothing_forwarded_is_believed():
    asked = request(("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https"))
    assert security.client_ip(asked, ()) == "10.0.0.1"
    assert not security.is_https(asked, ())
    assert security.is_https(asked, PROXIES)


def test_links_use_the_configured_address_else_that_of_the_request():
    asked = request(("Host", "files.example.com"), ("X-Forwarded-Proto", "https"))
    assert security.base_url(asked, "https://x.example.com", ()) == "https://x.example.com"
    assert security.base_url(asked, "", ()) == "http://files.example.com"
    assert security.base_url(asked, "", PROXIES) == "https://files.example.com"


OUR_HOST = ("Host", "files.example.com")


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ([], False),
        ([("Sec-Fetch-Site", "same-origin")], False),
        ([("Sec-Fetch-Site", "none")], False),
        ([("Sec-Fetch-Site", "same-site")], True),
        ([("Sec-Fetch-Site", "cross-site")], True),
        ([("Sec-Fetch-Site", "nonsense")], True),
        ([("Origin", "https://files.example.com")], False),
        ([("Origin", "https://FILES.example.com")], False),
        ([("Origin", "https://files.example.com.evil.example")], True),
        ([("Origin", "https://evil.example")], True),
        ([("Origin", "https://files.example.com:8443")], True),
        ([("Origin", "null")], True),
        ([("Origin", "")], True),
        ([("Origin", "http://[")], True),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", "https://files.example.com")], True),
    ],
)
def test_a_write_by_cookie_must_come_from_our_own_pages(headers: list[tuple[str, str]], is_refused: bool):
    for method in ("POST", "PUT", "DELETE"):
        asked = request(OUR_HOST, *headers, method=method)
        if is_refused:
            with pytest.raises(ApiError) as raised:
                security.refuse_other_sites(asked)
            assert code_of(raised) == "request_origin_invalid"
        else:
            security.refuse_other_sites(asked)
    security.refuse_other_sites(request(OUR_HOST, *headers, method="GET"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/file/a.txt", "a.txt"),
        ("/api/file/a+b%2Bc%20d", "a+b+c d"),
        ("/api/file/%C3%A4%0A", "ä\n"),
        ("/api/file/a%2Fb/c", "a/b/c"),
        ("/api/file/a?name=b", "a"),
        ("/api/file/%2541", "%41"),
        ("/api/file/100%", "100%"),
        ("/api/file/", ""),
    ],
)
def test_the_end_of_a_path_is_decoded_once_and_strictly(path: str, expected: str):
    assert target.path_tail(request(path=path), "/api/file/", "name") == expected


@pytest.mark.parametrize("text", ["%FF", "%C3", "%ED%A0%80", "\udcff"], ids=ascii)
def test_a_path_that_is_no_utf_8_is_refused(text: str):
    with pytest.raises(ApiError) as raised:
        target.decoded(text, "name")
    assert code_of(raised) == "utf8_string_parse_failed"
    assert raised.value.extra == {"field": "name"}


def test_a_segment_is_taken_before_it_is_decoded():
    asked = request(path="/api/file/a%2Fb%2Cc/info")
    assert [target.path_segment(asked, index, "id") for index in range(5)] == ["api", "file", "a/b,c", "info", ""]


def test_an_absolute_target_has_the_same_path():
    asked = request(path="http://files.example.com/api/file/x?a=b")
    assert target.raw_path(asked) == "/api/file/x"
    assert target.raw_query(asked) == "a=b"


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40))
def test_percent_encoded_bytes_come_back_or_are_refused(data: bytes):
    text = "".join(f"%{byte:02X}" for byte in data)
    try:
        expected = data.decode("utf-8")
    except UnicodeDecodeError:
        with pytest.raises(ApiError):
            target.decoded(text, "name")
    else:
        assert target.decoded(text, "name") == expected
