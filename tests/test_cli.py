"""The commands beside `serve`, on a database and a data directory of their own."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result

from pixelhost import __version__, jobs
from pixelhost.app import build_app
from pixelhost.blobs.disk import DiskStore
from pixelhost.cli import main
from pixelhost.db.slots import Slots
from pixelhost.settings import FIELDS, load
from pixelhost.site import open_site
from tests.support import postgres
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRETS = {
    "PIXELHOST_DATABASE_URL": "postgresql://user:hunter2@host/db",
    "PIXELHOST_SECRET_KEY": "hunter2" * 8,
    "PIXELHOST_SMTP_URL": "smtp://user:hunter2@mail.example.com",
}

_names = (f"cli_{os.getpid()}_{number}" for number in itertools.count())


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A migrated database that no other test uses."""
    name = next(_names)
    yield await postgres.create_database(os.environ["TEST_POSTGRES_URL"], name, "pixelhost_template")
    await postgres.drop_database(os.environ["TEST_POSTGRES_URL"], name)


@pytest.fixture
async def db(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("PIXELHOST_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def run(url: str, tmp_path: Path):
    """Run `pixelhost ARGUMENTS`; in a thread, because a command has an event loop of its own."""

    async def run(*arguments: str, stdin: str = "", **env: str) -> Result:
        settings = {"PIXELHOST_DATABASE_URL": url, "PIXELHOST_DATA_DIR": str(tmp_path / "data")} | env
        return await asyncio.to_thread(CliRunner().invoke, main, arguments, input=stdin, env=settings)

    return run


def last_line(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


def refusal(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    return result.stderr


async def test_the_version_is_told(run):
    assert (await run("--version")).stdout == f"pixelhost, version {__version__}\n"


async def test_an_account_is_made_and_the_last_line_is_its_key(run, db):
    key = last_line(await run("user", "add", "alice", "--email", "alice@example.com"))

    assert UUID.fullmatch(key)
    (made,) = await db.fetch("SELECT * FROM users")
    assert (made["name"], made["email"], made["plan_id"], made["is_admin"]) == (
        "alice",
        "alice@example.com",
        "unlimited",
        False,
    )
    assert made["password_hash"] is None
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_an_administrator_on_another_plan_is_made(run, db):
    last_line(await run("user", "add", "root", "--admin", "--plan", "pro"))

    assert tuple(await db.fetchrow("SELECT plan_id, is_admin FROM users")) == ("pro", True)


async def test_the_default_plan_is_that_of_the_settings(run, db):
    last_line(await run("user", "add", "alice", PIXELHOST_DEFAULT_PLAN="free"))

    assert await db.fetchval("SELECT plan_id FROM users") == "free"


@pytest.mark.parametrize("way", [("--password", "correct horse"), ("--password-stdin",)])
async def test_a_password_is_kept_as_a_hash_and_never_shown(run, db, way):
    result = await run("user", "add", "alice", *way, stdin="correct horse\nignored\n")

    last_line(result)
    assert "correct horse" not in result.output
    hashed = await db.fetchval("SELECT password_hash FROM users")
    assert hashed.startswith("$argon2id$")
    assert PasswordHasher().verify(hashed, "correct horse")


async def test_two_ways_to_give_a_password_exclude_each_other(run):
    result = await run("user", "add", "alice", "--password", "12345", "--password-stdin")

    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


@pytest.mark.parametrize("stdin", ["", "\n", "1234\n", "p" * 51])
async def test_a_password_of_the_wrong_length_is_refused(run, db, stdin):
    assert "min_len: 5, max_len: 50" in refusal(await run("user", "add", "alice", "--password-stdin", stdin=stdin))
    assert await db.fetchval("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize("name", ["al", "a" * 33, "al ice", "al@ice", "älice", "al/ice", ""])
async def test_a_bad_name_is_refused(run, db, name):
    assert "field: username" in refusal(await run("user", "add", name))
    assert await db.fetchval("SELECT count(*) FROM users") == 0


async def test_everything_wrong_with_an_account_is_told_at_once(run):
    told = refusal(await run("user", "add", "a b", "--email", "nobody", "--password", "x", "--plan", "gold"))

    assert len(told.splitlines()) == 4
    assert "unlimited" in told


@pytest.mark.parametrize("second", [("ALICE",), ("other", "--email", "Alice@Example.com")])
async def test_a_name_or_address_that_is_taken_is_refused(run, db, second):
    last_line(await run("user", "add", "alice", "--email", "alice@example.com"))

    assert "There is an account with this" in refusal(await run("user", "add", *second))
    assert await db.fetchval("SELECT count(*) FROM users") == 1


async def test_another_key_of_an_account_is_made(run, db):
    first = last_line(await run("user", "add", "alice"))
    second = last_line(await run("key", "Alice", "--app-name", "backup script"))

    assert UUID.fullmatch(second)
    assert first != second
    assert {row["app_name"] for row in await db.fetch("SELECT app_name FROM sessions")} == {
        "command line",
        "backup script",
    }


async def test_a_key_for_nobody_is_refused_with_advice(run):
    assert "there is no account 'nobody'; make it with: pixelhost user add nobody" in refusal(
        await run("key", "nobody")
    )


@pytest.mark.parametrize("arguments", [("job",), ("job", "--list")])
async def test_the_jobs_are_listed(run, arguments):
    listed = (await run(*arguments)).stdout.splitlines()

    assert [line.split()[0] for line in listed] == list(jobs.JOBS)


@pytest.mark.parametrize("name", jobs.JOBS)
async def test_each_job_can_be_run_by_hand(run, name):
    assert last_line(await run("job", name)) == f"{name}: 0 done"


async def test_a_job_that_another_process_runs_is_left_to_it(run, url: str):
    elsewhere = Slots(url)
    assert await elsewhere.take("job sweep", 1)

    assert last_line(await run("job", "sweep")) == "sweep: a worker is at it already"
    await elsewhere.close()
    assert last_line(await run("job", "sweep")) == "sweep: 0 done"


async def test_an_unknown_job_is_refused_with_those_there_are(run):
    result = await run("job", "dance")

    assert result.exit_code == 2
    assert f"there is no job 'dance', only {', '.join(jobs.JOBS)}" in result.stderr


async def test_migrating_an_empty_database_makes_the_schema(run):
    name = next(_names)
    empty = await postgres.create_database(os.environ["TEST_POSTGRES_URL"], name)
    try:
        for _ in range(2):
            assert re.fullmatch(
                r"The schema is at version \d+", last_line(await run("migrate", PIXELHOST_DATABASE_URL=empty))
            )
    finally:
        await postgres.drop_database(os.environ["TEST_POSTGRES_URL"], name)


async def test_a_database_that_does_not_answer_is_told_in_one_line(run, tmp_path):
    nowhere = f"postgresql:///x?host={tmp_path}"

    told = refusal(await run("fsck", PIXELHOST_DATABASE_URL=nowhere))

    assert told.startswith("pixelhost: cannot connect to the database")


async def test_the_configuration_shows_every_setting_and_no_secret(run):
    result = await run("config", **SECRETS, PIXELHOST_LISTEN="[::1]:9000", PIXELHOST_TRUSTED_PROXIES="10.0.0.1/8")

    lines = result.stdout.splitlines()
    assert [line.partition("=")[0] for line in lines[1::2]] == list(FIELDS)
    assert all(line.startswith("# ") and len(line) > 5 for line in lines[::2])
    assert "hunter2" not in result.output
    for secret in SECRETS:
        assert f"{secret}=(set, hidden)" in lines
    assert "PIXELHOST_LISTEN=[::1]:9000" in lines
    assert "PIXELHOST_TRUSTED_PROXIES=10.0.0.0/8" in lines


async def test_what_the_configuration_shows_can_be_given_back(run, tmp_path):
    shown = (await run("config", PIXELHOST_DATABASE_URL="", PIXELHOST_LISTEN=":7000")).stdout
    variables = dict(line.split("=", 1) for line in shown.splitlines() if not line.startswith("#"))

    assert load(variables) == load({"PIXELHOST_LISTEN": ":7000", "PIXELHOST_DATA_DIR": str(tmp_path / "data")})


async def test_a_secret_in_a_file_is_read_and_hidden(run, tmp_path):
    (tmp_path / "key").write_text("hunter2" * 8 + "\n")

    result = await run("config", PIXELHOST_SECRET_KEY_FILE=str(tmp_path / "key"))

    assert "PIXELHOST_SECRET_KEY=(set, hidden)" in result.stdout
    assert "hunter2" not in result.output


async def test_every_mistake_in_the_settings_is_told_at_once_and_no_secret_with_it(run):
    told = refusal(
        await run(
            "config",
            PIXELHOST_LISTEN="8080",
            PIXELHOST_WORKERS="0",
            PIXELHOST_DATABASE_URL="mysql://user:hunter2@host/db",
            PIXELHOST_SECRET_KEY="hunter2",
            PIXELHOST_LISTENN="x",
        )
    )

    named = [line.split()[1].rstrip(":") for line in told.splitlines()]
    assert sorted(named) == sorted(
        f"PIXELHOST_{name}" for name in ("LISTEN", "WORKERS", "DATABASE_URL", "SECRET_KEY", "LISTENN")
    )
    assert "hunter2" not in told


@pytest.fixture
async def stored(url: str, run, tmp_path: Path) -> Path:
    """Where the bytes of the one file of alice lie."""
    key = last_line(await run("user", "add", "alice"))
    settings = load({"PIXELHOST_DATA_DIR": str(tmp_path / "data"), "PIXELHOST_DATABASE_URL": url})
    async with (
        open_site(settings, url) as site,
        RealServer(build_app(site)) as server,
        fresh_client(server) as client,
    ):
        await Person("alice", key, client).upload("a.txt", b"some bytes")
    (path,) = (tmp_path / "data" / "blobs").glob("??/??/*")
    return path


async def fsck(run, *options: str) -> list[str]:
    """Kinds of problems, both as text and as JSON; the exit code says whether there are any."""
    as_text, as_json = await run("fsck", *options), await run("fsck", *options, "--json")
    report = json.loads(as_json.stdout)
    assert as_text.exit_code == as_json.exit_code == (1 if report["problems"] else 0)
    kinds = [problem["kind"] for problem in report["problems"]]
    assert [line.split(":")[0] for line in as_text.stdout.splitlines()[:-1]] == kinds
    return kinds


async def test_fsck_says_that_all_is_well(run, stored):
    assert last_line(await run("fsck", "--deep")) == "1 blobs, 10 bytes: all is well"
    assert json.loads((await run("fsck", "--json")).stdout) == {
        "blobs": 1,
        "size_bytes": 10,
        "waiting_to_be_swept": 0,
        "problems": [],
    }


async def test_fsck_says_how_many_blobs_wait_to_be_swept(run, stored, db):
    await db.execute("DELETE FROM files")

    assert last_line(await run("fsck")) == "1 blobs (1 of them wait to be swept), 10 bytes: all is well"


async def test_fsck_finds_missing_bytes_until_they_are_back(run, stored):
    away = stored.rename(stored.with_name("away"))
    assert await fsck(run) == ["missing"]

    away.rename(stored)
    assert await fsck(run, "--deep") == []


@pytest.mark.parametrize(("damage", "shallow"), [(b"some", ["size"]), (b"some bits!", [])])
async def test_fsck_finds_damaged_bytes_until_they_are_healed(run, stored, damage, shallow):
    stored.chmod(0o640)
    stored.write_bytes(damage)
    assert await fsck(run) == shallow
    assert await fsck(run, "--deep") == (shallow or ["damaged"])

    stored.write_bytes(b"some bytes")
    assert await fsck(run, "--deep") == []


async def test_fsck_finds_bytes_without_a_row_until_they_are_gone(run, stored):
    orphan = stored.with_name("f" * 64)
    orphan.write_bytes(b"orphan")
    assert await fsck(run) == ["orphan"]

    orphan.unlink()
    assert await fsck(run) == []


async def test_fsck_finds_a_wrong_count_until_it_is_right(run, stored, db):
    await db.execute("UPDATE blobs SET refs = 7")
    assert await fsck(run) == ["references"]

    await db.execute("UPDATE blobs SET refs = 1")
    await db.execute("UPDATE users SET storage_used_bytes = 7")
    assert await fsck(run) == ["counters"]

    await db.execute("UPDATE users SET storage_used_bytes = 10")
    assert await fsck(run) == []


async def test_the_sweep_by_hand_deletes_what_fsck_saw_waiting(run, stored, db):
    await db.execute("DELETE FROM files")

    assert last_line(await run("job", "sweep", PIXELHOST_SWEEP_GRACE_SECONDS="0")) == "sweep: 1 done"

    assert not stored.exists()
    assert last_line(await run("fsck")) == "0 blobs, 0 bytes: all is well"


async def test_leftovers_by_hand_clears_what_a_dead_upload_left(run, stored):
    (stored.parents[2] / "incoming" / "0123").write_bytes(b"half")

    assert last_line(await run("job", "leftovers")) == "leftovers: 1 done"
    assert list((stored.parents[2] / "incoming").iterdir()) == []


async def test_a_store_elsewhere_is_used(run, tmp_path, db):
    last_line(await run("fsck", PIXELHOST_BLOB_STORE=f"file://{tmp_path}/elsewhere"))

    assert DiskStore(tmp_path / "elsewhere").incoming.is_dir()
    assert not (tmp_path / "data" / "blobs").exists()


async def test_accounts_are_listed_with_what_there_is_to_know(run, db):
    for name, options in (("bob", ()), ("Alice", ("--email", "alice@example.com", "--plan", "pro", "--admin"))):
        last_line(await run("user", "add", name, *options))
    last_line(await run("user", "ban", "bob", "--reason", "spam"))
    await db.execute("UPDATE users SET totp_secret_sealed = 'x' WHERE name = 'Alice'")

    listed = await run("user", "list")

    assert listed.stdout.splitlines() == [
        "Alice\tpro\t0\t0\talice@example.com\tadministrator, second factor",
        "bob\tunlimited\t0\t0\t-\tbanned: spam",
    ]
    assert (await run("user", "list", "--search", "EXAMPLE")).stdout.startswith("Alice")
    assert (await run("user", "list", "--search", "nobody")).stdout == ""


async def test_an_account_gets_another_plan(run, db):
    last_line(await run("user", "add", "alice"))

    assert last_line(await run("user", "plan", "alice", "pro")) == "alice has the plan pro now"
    assert await db.fetchval("SELECT plan_id FROM users") == "pro"
    assert "allowed_values" in refusal(await run("user", "plan", "alice", "gold"))
    assert await db.fetchval("SELECT plan_id FROM users") == "pro"


async def test_an_account_is_banned_and_unbanned(run, db):
    last_line(await run("user", "add", "alice"))

    assert last_line(await run("user", "ban", "alice", "--reason", "spam")) == "alice is banned"
    assert tuple(await db.fetchrow("SELECT banned_at IS NULL, ban_reason FROM users")) == (False, "spam")
    assert last_line(await run("user", "unban", "alice")) == "alice is banned no more"
    assert tuple(await db.fetchrow("SELECT banned_at IS NULL, ban_reason FROM users")) == (True, "")
    assert "not banned" in refusal(await run("user", "unban", "alice"))


async def test_an_account_is_deleted_with_its_files(run, stored, db):
    assert last_line(await run("user", "delete", "alice", "--yes")) == "alice is deleted"

    assert await db.fetchval("SELECT count(*) FROM users") == 0
    assert last_line(await run("job", "sweep", PIXELHOST_SWEEP_GRACE_SECONDS="0")) == "sweep: 1 done"
    assert not stored.exists()


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("", 1)])
async def test_an_account_is_deleted_only_when_that_is_meant(run, db, answer, left):
    last_line(await run("user", "add", "alice"))

    result = await run("user", "delete", "alice", stdin=answer)

    assert result.exit_code == left
    assert "for ever" in result.stdout
    assert await db.fetchval("SELECT count(*) FROM users") == left


async def test_a_second_factor_is_reset(run, db):
    last_line(await run("user", "add", "alice"))
    await db.execute("UPDATE users SET totp_secret_sealed = 'x'")

    assert last_line(await run("user", "reset-totp", "alice")) == "alice logs in without a one-time password now"
    assert await db.fetchval("SELECT totp_secret_sealed FROM users") is None


@pytest.mark.parametrize(
    "command", [("plan", "nobody", "pro"), ("ban", "nobody"), ("unban", "nobody"), ("delete", "nobody", "--yes")]
)
async def test_an_account_that_does_not_exist_is_named_as_the_mistake(run, command):
    assert "There is no user" in refusal(await run("user", *command))


async def test_the_mail_job_by_hand_writes_what_waits(run, db, tmp_path):
    await db.execute(
        """INSERT INTO outbox (recipient, subject, text, html, created_at, due_at)
           VALUES ('alice@example.com', 'Hello', 'Hello', '<p>Hello</p>', now(), now())"""
    )

    assert last_line(await run("job", "mail")) == "mail: 1 done"
    (path,) = (tmp_path / "data" / "mail").iterdir()
    assert "alice@example.com" in path.read_text()
