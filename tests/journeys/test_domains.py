"""Custom domains at a real server with two workers: certificates are there, and replaced, on both."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from cryptography import x509

from tests.support.certificates import pair
from tests.support.running import Running, command, data_directory, environment, serving, until

pytestmark = pytest.mark.journey

DOMAIN = "files.example.com"
FIRST, SECOND = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2100, 2101))
CONNECTIONS = 24


@pytest.fixture
def port() -> int:
    """That nobody listens on, and that nobody is given who asks for any."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port


@pytest.fixture
def running(port: int) -> Iterator[Running]:
    told = {"tls_listen": f"127.0.0.1:{port}", "base_url": "https://pixelhost.example"}
    with data_directory() as directory, serving(directory, workers=2, **told) as made:
        yield made


def update(running: Running, path: str, **fields: str) -> str:
    """Change a node; the ID of its share."""
    sent = {"action": "update", **fields}
    form = [part for name, value in sent.items() for part in ("--data-urlencode", f"{name}={value}")]
    url = f"{running.url}/api/filesystem{path}"
    done = subprocess.run(["curl", "-s", "-u", f":{running.key}", *form, url], capture_output=True, check=True)
    assert b"internal" not in done.stdout, (running.directory / "log.txt").read_text()[-3000:]
    return done.stdout.decode()


def put_on_the_domain(running: Running, ends_at: dt.datetime) -> None:
    certificate, key = pair(DOMAIN, ends_at)
    update(running, "/me/docs", custom_domain_name=DOMAIN, custom_domain_cert=certificate, custom_domain_key=key)


def ends(port: int) -> list[dt.datetime | None]:
    """Until when the certificates are good that many connections are shown; None where one is refused."""
    return [_end(port) for _ in range(CONNECTIONS)]


def _end(port: int) -> dt.datetime | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=120) as plain,
            context.wrap_socket(plain, server_hostname=DOMAIN) as connection,
        ):
            shown = connection.getpeercert(binary_form=True)
            assert shown is not None
            return x509.load_der_x509_certificate(shown).not_valid_after_utc
    except OSError:
        return None


def test_both_workers_serve_a_domain_and_take_up_its_new_certificate_without_a_restart(running: Running, port: int):
    running.ask("PUT", "/api/filesystem/me/docs/a.txt?make_parents=true", b"words")
    update(running, "/me/docs", shared="true")
    assert ends(port) == [None] * CONNECTIONS
    put_on_the_domain(running, FIRST)
    until(lambda: ends(port) == [FIRST] * CONNECTIONS)

    line = ["curl", "-skf", "--resolve", f"{DOMAIN}:{port}:127.0.0.1", f"https://{DOMAIN}:{port}/", "-A", "Mozilla"]
    assert b"a.txt" in subprocess.run(line, capture_output=True, check=True).stdout

    put_on_the_domain(running, SECOND)
    until(lambda: ends(port) == [SECOND] * CONNECTIONS)

    victim = running.worker_pids[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: ends(port) == [SECOND] * CONNECTIONS)

    update(running, "/me/docs", custom_domain_name="")
    until(lambda: ends(port) == [None] * CONNECTIONS)


def test_a_port_for_tls_that_is_taken_is_told_before_anything_is_made(port: int):
    with closing(socket.create_server(("127.0.0.1", port))), data_directory() as directory:
        told = {"tls_listen": f"127.0.0.1:{port}", "base_url": "https://pixelhost.example"}
        env = environment(data_dir=directory / "data", **told)
        done = command("serve", "--listen", "127.0.0.1:0", env=env)

        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
        assert not (directory / "data").exists()
