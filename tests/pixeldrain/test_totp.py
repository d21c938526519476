"""POST /user/totp, and logins with a second factor."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.clock import MovableClock
from tests.support.mailbox import last_mail
from tests.support.people import Answer, Person, make_person

ADDRESS = "alice@example.com"


@pytest.fixture
async def alice(site: Site, client) -> Person:
    return await make_person(site, client, "alice", email=ADDRESS, password="correct horse")


@pytest.fixture
def noon(clock: MovableClock) -> MovableClock:
    """The clock, at the beginning of an hour."""
    now = clock.now()
    clock.advance(seconds=3600 - (now.minute * 60 + now.second))
    return clock


@pytest.fixture
async def app(alice: Person, noon: MovableClock) -> pyotp.TOTP:
    """Alice's authenticator app. The code that it was set up with is a minute old."""
    made = await alice.post("/api/user/totp", data={"action": "generate"})
    app = pyotp.TOTP(made.json["secret"])
    answer = await alice.post("/api/user/totp", data={"action": "verify", "secret": app.secret, "otp": code(app, noon)})
    assert answer.json["value"] == "ok"
    noon.advance(seconds=60)
    return app


def code(app: pyotp.TOTP, clock: MovableClock, steps: int = 0) -> str:
    return app.at(clock.now() + timedelta(seconds=30 * steps))


def wrong_code(app: pyotp.TOTP, clock: MovableClock) -> str:
    right = {code(app, clock, steps) for steps in range(-2, 3)}
    return next(guess for guess in map("{:06}".format, range(10)) if guess not in right)


async def login(person: Person, totp: str | None = None, password: str = "correct horse") -> Answer:
    fields = {} if totp is None else {"totp": totp}
    return await person.post("/api/user/login", data={"username": "alice", "password": password} | fields)


async def test_a_new_secret_comes_with_its_uri_and_its_qr_code_and_changes_nothing(alice: Person, anyone: Person):
    made = (await alice.post("/api/user/totp", data={"action": "generate"})).json
    assert len(made["secret"]) == 32
    assert made["uri"] == (
        f"otpauth://totp/Pixelhost:alice?algorithm=SHA1&digits=6&issuer=Pixelhost&period=30&secret={made['secret']}"
    )
    assert made["qr_svg"].startswith("<svg ")
    assert made["qr_svg"].endswith("</svg>")
    assert (await alice.get("/api/user")).json["otp_enabled"] is False
    assert (await login(anyone)).status == 201


async def test_after_it_was_verified_logins_need_a_code(alice: Person, anyone: Person, app: pyotp.TOTP, noon):
    assert (await alice.get("/api/user")).json["otp_enabled"] is True
    assert (await login(anyone)).refusal == (400, "otp_required")
    assert (await login(anyone, "")).refusal == (400, "otp_required")
    assert (await login(anyone, wrong_code(app, noon))).refusal == (400, "otp_incorrect")
    assert (await login(anyone, code(app, noon))).status == 201


async def test_a_code_without_the_password_is_nothing(anyone: Person, app: pyotp.TOTP, noon):
    assert (await login(anyone, code(app, noon), "wrong horse")).refusal == (400, "password_incorrect")
    assert (await login(anyone, code(app, noon))).status == 201


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_the_clocks_may_differ_by_one_step(anyone: Person, app: pyotp.TOTP, noon, steps: int, is_right: bool):
    assert (await login(anyone, code(app, noon, steps))).status == (201 if is_right else 400)


async def test_a_code_counts_once(anyone: Person, app: pyotp.TOTP, noon):
    used = code(app, noon)
    assert (await login(anyone, used)).status == 201
    assert (await login(anyone, used)).refusal == (400, "otp_incorrect")
    assert (await login(anyone, code(app, noon, -1))).refusal == (400, "otp_incorrect")
    noon.advance(seconds=30)
    assert (await login(anyone, code(app, noon))).status == 201


async def test_of_two_logins_with_one_code_at_once_one_gets_in(anyone: Person, app: pyotp.TOTP, noon):
    answers = await asyncio.gather(*(login(anyone, code(app, noon)) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 400, 400, 400, 400]


async def test_the_code_that_turned_it_on_is_used_up(alice: Person, anyone: Person, noon: MovableClock):
    secret = (await alice.post("/api/user/totp", data={"action": "generate"})).json["secret"]
    used = code(pyotp.TOTP(secret), noon)
    answer = await alice.post("/api/user/totp", data={"action": "verify", "secret": secret, "otp": used})
    assert answer.status == 200
    assert (await login(anyone, used)).refusal == (400, "otp_incorrect")


async def test_a_wrong_code_does_not_turn_it_on(alice: Person, anyone: Person, noon: MovableClock):
    app = pyotp.TOTP((await alice.post("/api/user/totp", data={"action": "generate"})).json["secret"])
    for secret, otp in (
        (app.secret, wrong_code(app, noon)),
        (app.secret, ""),
        ("A" * 24, code(app, noon)),
        ("not base 32!", code(app, noon)),
        ("", ""),
    ):
        answer = await alice.post("/api/user/totp", data={"action": "verify", "secret": secret, "otp": otp})
        assert answer.refusal == (400, "otp_incorrect")
    assert (await login(anyone)).status == 201


async def test_what_is_missing_is_told(alice: Person):
    assert (await alice.post("/api/user/totp", data={"action": "verify"})).value == "multiple_errors"
    refused = await alice.post("/api/user/totp", data={"action": "verify", "secret": "A" * 32})
    assert (refused.refusal, refused.json["extra"]) == ((400, "missing_field"), {"field": "otp"})
    assert (await alice.post("/api/user/totp")).refusal == (400, "missing_field")
    refused = await alice.post("/api/user/totp", data={"action": "steal"})
    assert refused.refusal == (422, "enum_parse_failed")
    assert refused.json["extra"]["allowed_values"] == ["generate", "verify", "delete"]


async def test_strangers_have_no_second_factor(anyone: Person):
    for action in ("generate", "verify", "delete"):
        refused = await anyone.post("/api/user/totp", data={"action": action})
        assert refused.refusal == (401, "authentication_required")


async def test_turned_off_logins_need_no_code(alice: Person, anyone: Person, app: pyotp.TOTP):
    assert (await alice.post("/api/user/totp", data={"action": "delete"})).json["value"] == "ok"
    assert (await alice.get("/api/user")).json["otp_enabled"] is False
    assert (await login(anyone)).status == 201


async def test_the_secret_is_not_in_the_database(site: Site, alice: Person, app: pyotp.TOTP):
    sealed = await site.db.fetchval("SELECT totp_secret_sealed FROM users")
    assert app.byte_secret() not in sealed
    assert app.secret.encode() not in sealed


async def test_a_login_link_needs_the_code_too_and_stays_good_until_it_comes(
    site: Site, anyone: Person, app: pyotp.TOTP, noon
):
    assert (await anyone.post("/api/user/login", data={"username": ADDRESS})).status == 202
    link = dict((await last_mail(site, ADDRESS)).link.query)
    assert (await anyone.post("/api/user/login", data=link)).refusal == (400, "otp_required")
    wrong = link | {"totp": wrong_code(app, noon)}
    assert (await anyone.post("/api/user/login", data=wrong)).refusal == (400, "otp_incorrect")
    right = link | {"totp": code(app, noon)}
    assert (await anyone.post("/api/user/login", data=right)).status == 201


async def test_codes_cannot_be_guessed_and_guessing_does_not_keep_the_owner_out(
    limited, site: Site, alice: Person, app: pyotp.TOTP, noon
):
    place: Place = await limited()
    own = place.visitor(200)
    assert (await login(own, code(app, noon))).status == 201
    noon.advance(seconds=60)

    guesses = await asyncio.gather(*(login(place.visitor(n), wrong_code(app, noon)) for n in range(1, 31)))
    assert (
        sorted(guess.refusal for guess in guesses)
        == [(400, "otp_incorrect")] * 10 + [(429, "ip_rate_limit_reached")] * 20
    )
    assert (await login(place.visitor(40), code(app, noon))).refusal == (429, "ip_rate_limit_reached")

    assert (await login(own, code(app, noon))).status == 201
    noon.advance(seconds=60)
    assert (await own.post("/api/user/login", data={"username": ADDRESS})).status == 202
    link = dict((await last_mail(site, ADDRESS)).link.query)
    by_link = link | {"totp": code(app, noon)}
    assert (await place.visitor(41).post("/api/user/login", data=by_link)).status == 201
    noon.advance(hours=1)
    assert (await login(place.visitor(40), code(app, noon))).status == 201
