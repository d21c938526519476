"""One-time passwords against the vectors of RFC 6238 and against pyotp."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.core import totp

RFC_SECRET = b"12345678901234567890"
# Appendix B has eight digits; six are the last of them.
RFC_VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str):
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_of(RFC_SECRET, totp.step_at(moment)) == code[-6:]


@settings(deadline=None)
@given(st.integers(0, 2**35))
def test_codes_are_those_that_apps_make(seconds: int):
    moment = datetime.fromtimestamp(seconds, UTC)
    secret = totp.new_secret()
    decoded = totp.decoded(secret)
    assert decoded is not None
    assert totp.code_of(decoded, totp.step_at(moment)) == pyotp.TOTP(secret).at(moment)


def test_a_code_is_right_from_one_step_before_to_one_step_after():
    now = datetime(2024, 2, 4, 12, 0, tzinfo=UTC)
    for steps in range(-3, 4):
        code = totp.code_of(RFC_SECRET, totp.step_at(now) + steps)
        found = totp.step_of(RFC_SECRET, code, now + timedelta(seconds=29))
        assert found == (totp.step_at(now) + steps if abs(steps) <= 1 else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٣٣٣٣٣٣", "\x00", "abcdef", "-00001"])
def test_what_is_no_code_is_wrong(code: str):
    assert totp.step_of(RFC_SECRET, code, datetime.now(UTC)) is None


def test_blanks_in_a_code_do_not_matter():
    now = datetime.now(UTC)
    code = totp.code_of(RFC_SECRET, totp.step_at(now))
    assert totp.step_of(RFC_SECRET, f" {code[:3]} {code[3:]} ", now) is not None


def test_a_new_secret_has_160_random_bits_in_32_characters():
    secrets = {totp.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret) == 32 and len(totp.decoded(secret) or b"") == 20 for secret in secrets)


@pytest.mark.parametrize("secret", ["", "A" * 24, "0189" * 8, "é" * 32, "A=B" * 12, "\x00" * 32])
def test_what_is_no_secret_of_128_bits_is_none(secret: str):
    assert totp.decoded(secret) is None


def test_a_secret_is_read_as_people_write_it():
    secret = totp.new_secret()
    assert totp.decoded(f"{secret[:16].lower()} {secret[16:]}") == totp.decoded(secret)


def test_the_uri_holds_everything_that_an_app_asks_for():
    secret = totp.new_secret()
    uri = totp.uri("some_user", secret)
    assert uri == (
        f"otpauth://totp/Pixelhost:some_user?algorithm=SHA1&digits=6&issuer=Pixelhost&period=30&secret={secret}"
    )
    read = pyotp.parse_uri(uri)
    assert (read.issuer, read.name, read.secret) == ("Pixelhost", "some_user", secret)
