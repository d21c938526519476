"""Settings: what they are by default, and that every mistake is told at once."""

import ipaddress
import os
from pathlib import Path

import pytest

from pixelhost import plans, settings
from pixelhost.settings import SettingsError, load


def problems_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(environ)
    assert str(raised.value).splitlines() == raised.value.problems
    return raised.value.problems


def test_without_any_setting_the_documented_defaults_hold():
    made = load({})
    assert made.listen == ("127.0.0.1", 8080)
    assert made.base_url == ""
    assert made.database_url == ""
    assert made.blob_store == ""
    assert made.workers == os.cpu_count()
    assert made.secret_key == ""
    assert made.smtp_url == ""
    assert made.mail_from == "pixelhost@localhost"
    assert made.plans_file is None
    assert made.default_plan == "unlimited"
    assert made.registration == "closed"
    assert made.trusted_proxies == ()
    assert made.content_origin == ""
    assert made.accel == ""
    assert made.login_attempts_per_minute == 10
    assert set(made.plans) == {"free", "prepaid", "prepaid_lite", "pro", "unlimited"}
    assert made.blobs_dir == made.data_dir / "blobs"


def test_the_data_directory_is_the_users_own_unless_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load({}).data_dir == tmp_path / "pixelhost"
    assert load({"PIXELHOST_DATA_DIR": "/srv/files"}).data_dir == Path("/srv/files")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert load({}).data_dir == Path("~/.local/share/pixelhost").expanduser()


def test_every_setting_can_be_given():
    made = load(
        {
            "PIXELHOST_LISTEN": "[::1]:0",
            "PIXELHOST_BASE_URL": "https://files.example.com/",
            "PIXELHOST_DATABASE_URL": "postgresql://me:pw@db/pixelhost",
            "PIXELHOST_BLOB_STORE": "file:///srv/blobs",
            "PIXELHOST_WORKERS": "3",
            "PIXELHOST_SECRET_KEY": "k" * 32,
            "PIXELHOST_SMTP_URL": "smtp://me:pw@mail:587?starttls=1",
            "PIXELHOST_MAIL_FROM": "files@example.com",
            "PIXELHOST_DEFAULT_PLAN": "free",
            "PIXELHOST_REGISTRATION": "open",
            "PIXELHOST_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "PIXELHOST_CONTENT_ORIGIN": "https://raw.example.com",
            "PIXELHOST_ACCEL": "nginx",
            "PIXELHOST_LOGIN_ATTEMPTS_PER_MINUTE": "1",
        }
    )
    assert made.listen == ("::1", 0)
    assert made.base_url == "https://files.example.com"
    assert made.blobs_dir == Path("/srv/blobs")
    assert made.workers == 3
    assert made.default_plan == "free"
    assert made.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert made.login_attempts_per_minute == 1


def test_an_empty_setting_is_as_good_as_none():
    assert load({"PIXELHOST_LISTEN": "", "PIXELHOST_WORKERS": ""}).listen == ("127.0.0.1", 8080)


def test_other_programs_variables_are_nobodys_business():
    load({"PATH": "/bin", "AWS_REGION": "x", "MYPIXELHOST_LISTEN": "x"})


WRONG = {
    "PIXELHOST_LISTEN": "nowhere",
    "PIXELHOST_BASE_URL": "ftp://files.example.com",
    "PIXELHOST_DATABASE_URL": "mysql://db",
    "PIXELHOST_BLOB_STORE": "file://relative",
    "PIXELHOST_WORKERS": "0",
    "PIXELHOST_SECRET_KEY": "k" * 31,
    "PIXELHOST_SECRET_KEY_PREVIOUS": "k" * 32 + "," + "j" * 31,
    "PIXELHOST_SMTP_URL": "mail.example.com",
    "PIXELHOST_ABUSE_CONTACT": "Abuse <abuse@example.com>",
    "PIXELHOST_REGISTRATION": "perhaps",
    "PIXELHOST_TRUSTED_PROXIES": "10.0.0.0/33",
    "PIXELHOST_CONTENT_ORIGIN": "raw.example.com",
    "PIXELHOST_ACCEL": "apache",
    "PIXELHOST_LOGIN_ATTEMPTS_PER_MINUTE": "many",
    "PIXELHOST_DEFAULT_PLAN": "gold",
    "PIXELHOST_SURPRISE": "1",
}


def test_every_mistake_is_reported_at_once_and_names_its_setting():
    assert {problem.partition(":")[0] for problem in problems_of(WRONG)} == set(WRONG)


def test_custom_domains_need_to_know_which_names_are_the_sites_own():
    listen = {"PIXELHOST_TLS_LISTEN": ":443"}
    (problem,) = problems_of(listen)
    assert problem.startswith("PIXELHOST_TLS_LISTEN: ")
    assert settings.load(listen | {"PIXELHOST_BASE_URL": "https://files.example.com"}).tls_listen == ("", 443)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "http://mail.example.com",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?starttls=yes",
        "smtp://mail.example.com?tls=1",
        "smtps://mail.example.com?starttls=1",
        "smtp://mail.example.com:99999",
    ],
)
def test_what_is_no_mail_server_is_refused(url: str):
    (problem,) = problems_of({"PIXELHOST_SMTP_URL": url})
    assert problem.startswith("PIXELHOST_SMTP_URL: ")


@pytest.mark.parametrize(
    "sender",
    [
        "files",
        "@example.com",
        "files@",
        "files@a..b",
        "a b@example.com",
        "x@y\r\nBcc: z@y",
        "Files <a@b> <c@d>",
        "x\0@y",
    ],
)
def test_what_is_no_sender_of_mail_is_refused(sender: str):
    (problem,) = problems_of({"PIXELHOST_MAIL_FROM": sender})
    assert problem.startswith("PIXELHOST_MAIL_FROM: ")


@pytest.mark.parametrize(
    "sender",
    [
        "files@example.com",
        "My Files <files@bücher.example>",
        '"Files, Inc." <files@example.com>',
        "<files@example.com>",
        "pixelhost@localhost",
    ],
)
def test_a_sender_of_mail_is_an_address_with_or_without_a_name(sender: str):
    assert load({"PIXELHOST_MAIL_FROM": sender}).mail_from == sender


@pytest.mark.parametrize("variable", WRONG)
def test_a_single_mistake_is_the_only_one_reported(variable: str):
    problems = problems_of({variable: WRONG[variable]})
    assert len(problems) == 1
    assert problems[0].startswith(variable + ":")


@pytest.mark.parametrize(
    "secret", ["PIXELHOST_DATABASE_URL", "PIXELHOST_SECRET_KEY", "PIXELHOST_SECRET_KEY_PREVIOUS", "PIXELHOST_SMTP_URL"]
)
def test_a_wrong_secret_is_not_repeated_in_the_message(secret: str):
    assert "hunter2" not in problems_of({secret: "x://hunter2"})[0]


@pytest.mark.parametrize(
    "address", ["8080", "host:", "host:x", "host:65536", "::1:80", "host:-1", "host:\u0663"], ids=ascii
)
def test_an_address_to_listen_on_is_host_and_port(address: str):
    assert problems_of({"PIXELHOST_LISTEN": address})[0].startswith("PIXELHOST_LISTEN:")


@pytest.mark.parametrize(("given", "is_right"), [("0", False), ("1", True), ("256", True), ("257", False)])
def test_a_number_is_taken_up_to_its_limits(given: str, is_right: bool):
    if is_right:
        assert load({"PIXELHOST_WORKERS": given}).workers == int(given)
    else:
        assert problems_of({"PIXELHOST_WORKERS": given})


def test_a_setting_can_come_from_a_file(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("s" * 40 + "\n", encoding="utf-8")
    assert load({"PIXELHOST_SECRET_KEY_FILE": str(secret)}).secret_key == "s" * 40
    secret.write_text("short", encoding="utf-8")
    assert "PIXELHOST_SECRET_KEY" in problems_of({"PIXELHOST_SECRET_KEY_FILE": str(secret)})[0]


def test_a_setting_from_a_file_that_is_missing_unreadable_or_given_twice_is_a_mistake(tmp_path: Path):
    assert "PIXELHOST_MAIL_FROM_FILE" in problems_of({"PIXELHOST_MAIL_FROM_FILE": str(tmp_path / "none")})[0]
    (tmp_path / "mail").write_bytes(b"\xff\xfe")
    assert "PIXELHOST_MAIL_FROM" in problems_of({"PIXELHOST_MAIL_FROM_FILE": str(tmp_path / "mail")})[0]
    twice = {"PIXELHOST_MAIL_FROM": "a@b", "PIXELHOST_MAIL_FROM_FILE": str(tmp_path / "mail")}
    assert "only one" in problems_of(twice)[0]


def test_a_mistyped_setting_is_refused_with_the_nearest_name():
    assert problems_of({"PIXELHOST_LISTNE": "x"}) == [
        "PIXELHOST_LISTNE: there is no such setting; did you mean PIXELHOST_LISTEN?"
    ]
    assert "did you mean" not in problems_of({"PIXELHOST_QQQQ": "x"})[0]


def test_the_command_line_beats_the_environment():
    assert load({"PIXELHOST_WORKERS": "3"}, workers=5, listen=None).workers == 5


def test_earlier_secret_keys_are_a_list(tmp_path: Path):
    assert load({}).secret_key_previous == ()
    given = f"{'a' * 32}, {'b' * 40},"
    assert load({"PIXELHOST_SECRET_KEY_PREVIOUS": given}).secret_key_previous == ("a" * 32, "b" * 40)
    (tmp_path / "keys").write_text(given + "\n", encoding="utf-8")
    from_file = load({"PIXELHOST_SECRET_KEY_PREVIOUS_FILE": str(tmp_path / "keys")})
    assert from_file.secret_key_previous == ("a" * 32, "b" * 40)


def test_the_shown_settings_hide_every_secret():
    earlier = {"PIXELHOST_SECRET_KEY_PREVIOUS": "j" * 32}
    shown = settings.shown(load({"PIXELHOST_SECRET_KEY": "k" * 32, "PIXELHOST_LISTEN": "[::]:80"} | earlier))
    assert shown["PIXELHOST_SECRET_KEY_PREVIOUS"] == "(set, hidden)"
    assert shown["PIXELHOST_SECRET_KEY"] == "(set, hidden)"
    assert shown["PIXELHOST_DATABASE_URL"] == ""
    assert shown["PIXELHOST_LISTEN"] == "[::]:80"
    assert set(shown) == set(settings.FIELDS)


@pytest.mark.parametrize("variable", settings.FIELDS)
def test_every_setting_has_a_help_text(variable: str):
    assert settings.FIELDS[variable].metadata["help"]


def plans_file(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "plans.toml"
    path.write_text(text, encoding="utf-8")
    return {"PIXELHOST_PLANS_FILE": str(path), "PIXELHOST_DEFAULT_PLAN": "small"}


SMALL = '[small]\nname = "Small"\ntype = "free"\n'


def test_a_plans_file_replaces_the_built_in_plans(tmp_path: Path):
    made = load(plans_file(tmp_path, SMALL + "storage_space = 1_000\nfile_expiry_days = 3\nhotlinking = true\n"))
    assert set(made.plans) == {"small"}
    small = made.plans["small"]
    assert (small.id, small.name, small.storage_space, small.file_expiry_days) == ("small", "Small", 1000, 3)
    assert small.hotlinking


def test_a_key_left_out_of_a_plan_means_no_limit_or_false(tmp_path: Path):
    small = load(plans_file(tmp_path, SMALL)).plans["small"]
    assert (small.file_size_limit, small.storage_space, small.file_count_limit) == (-1, -1, -1)
    assert (small.downloads_per_ip_per_day, small.transfer_per_ip_per_day, small.monthly_transfer_cap) == (-1, -1, -1)
    assert (small.file_expiry_days, small.download_speed_limit) == (0, 0)
    assert {small.hotlinking, small.file_rate_limit, small.show_ads, small.filesystem_access} == {False}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (SMALL + "storage_spice = 1\n", "storage_spice"),
        (SMALL + 'storage_space = "much"\n', "storage_space"),
        (SMALL + "storage_space = -2\n", "storage_space"),
        (SMALL + "hotlinking = 1\n", "hotlinking"),
        ('[small]\ntype = "free"\n', "name"),
        ("small = 1\n", "small"),
        ("[small\n", "TOML"),
        ("", "no plan"),
    ],
)
def test_a_wrong_plans_file_is_refused_with_its_name_and_the_key(tmp_path: Path, text: str, named: str):
    problems = problems_of(plans_file(tmp_path, text))
    assert problems[0].startswith("PIXELHOST_PLANS_FILE:")
    assert "plans.toml" in problems[0]
    assert named in problems[0]


def test_a_missing_plans_file_is_told_together_with_other_mistakes(tmp_path: Path):
    missing = {"PIXELHOST_PLANS_FILE": str(tmp_path / "none.toml"), "PIXELHOST_WORKERS": "x"}
    assert {problem.partition(":")[0] for problem in problems_of(missing)} == set(missing)


def test_the_default_plan_must_be_in_the_plans_file(tmp_path: Path):
    environ = plans_file(tmp_path, SMALL)
    del environ["PIXELHOST_DEFAULT_PLAN"]
    assert problems_of(environ) == ["PIXELHOST_DEFAULT_PLAN: there is no plan 'unlimited', only small"]


@pytest.mark.parametrize("plan", plans.BUILT_IN.values(), ids=plans.BUILT_IN)
def test_a_built_in_plan_is_found_by_its_own_id(plan: plans.Plan):
    assert plans.BUILT_IN[plan.id] is plan
