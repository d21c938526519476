"""Limits of downloads with two real workers, one of which may be killed, and maintenance while uploads run."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode

import pytest

from tests.support.running import Running, authorization, data_directory, serving, until

pytestmark = pytest.mark.journey

PLANS = """
[limited]
name = "Limited"
type = "free"
{limit}

[unlimited]
name = "Unlimited"
type = "unlimited"
hotlinking = true
"""
LARGE_BYTES = 64 << 20
AT_ONCE = 5
HALF_BYTES = 8 << 20


@contextmanager
def limited(limit: str) -> Iterator[tuple[Running, str]]:
    """A server with two workers, and the path of a large file whose owner has this limit."""
    with data_directory() as directory:
        (directory / "plans.toml").write_text(PLANS.format(limit=limit))
        with serving(directory, plans_file=directory / "plans.toml") as running:
            made = running.command("user", "add", "carol", "--plan", "limited")
            assert made.returncode == 0, made.stderr
            key = made.stdout.split()[-1]
            yield running, f"/api/file/{running.upload('large', bytes(LARGE_BYTES), key=key)}"


def begun(running: Running, path: str) -> tuple[HTTPConnection, HTTPResponse]:
    """A stranger's download of which only the head was read: it stays under way."""
    connection = running.connect()
    connection.connect()
    # So that most of it waits at the server, which can't write on.
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.request("GET", path)
    return connection, connection.getresponse()


def many(running: Running, path: str, count: int, stack: ExitStack) -> list[HTTPResponse]:
    """So many at the same moment, open until the stack is closed."""
    with ThreadPoolExecutor(count) as threads:
        found = list(threads.map(lambda _: begun(running, path), range(count)))
    for connection, _ in found:
        stack.enter_context(closing(connection))
    return [answer for _, answer in found]


def test_of_fifty_connections_exactly_five_are_served_whichever_worker_they_come_to():
    with limited(f"concurrent_downloads_per_ip = {AT_ONCE}") as (running, path):
        for _ in range(2):
            with ExitStack() as stack:
                answers = many(running, path, 50, stack)
                assert sorted(answer.status for answer in answers) == [200] * AT_ONCE + [403] * (50 - AT_ONCE)
                refused = next(answer for answer in answers if answer.status == 403)
                assert json.loads(refused.read())["value"] == "max_concurrent_downloads"
            until(lambda: running.ask("GET", path + "?", key="", seconds=60).status == 200)


def test_the_places_of_a_killed_worker_are_free_again():
    with limited(f"concurrent_downloads_per_ip = {AT_ONCE}") as (running, path), ExitStack() as stack:
        answers = many(running, path, 20, stack)
        assert [answer.status for answer in answers].count(200) == AT_ONCE
        for pid in running.worker_pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: is_up(running))
        with ExitStack() as later:
            answers = many(running, path, 20, later)
            assert [answer.status for answer in answers].count(200) == AT_ONCE


def test_of_fifty_downloads_at_once_as_many_pass_as_a_day_has():
    with limited(f"downloads_per_ip_per_day = {AT_ONCE}") as (running, path):
        carol = running.command("key", "carol").stdout.split()[-1]
        paths = [f"/api/file/{running.upload(str(number), b'x', key=carol)}" for number in range(50)]
        with ThreadPoolExecutor(50) as threads:
            found = list(threads.map(lambda one: running.ask("GET", one, key="", seconds=60).status, paths))
        assert sorted(found) == [200] * AT_ONCE + [403] * (50 - AT_ONCE)
        assert running.ask("HEAD", path, key="").status == 403


def test_an_upload_that_runs_when_maintenance_begins_arrives_and_no_other_begins():
    with data_directory() as directory, serving(directory) as running:
        with closing(running.connect(60)) as connection:
            connection.putrequest("PUT", "/api/file/half.bin")
            for name, value in (authorization(running.key) | {"Content-Length": str(2 * HALF_BYTES)}).items():
                connection.putheader(name, value)
            connection.endheaders(bytes(HALF_BYTES))
            until(lambda: running.incoming)
            switch(running, "true")
            until(lambda: running.ask("PUT", "/api/file/late", b"x").status == 503)
            late = running.ask("PUT", "/api/file/late", b"x")
            assert (late.json["value"], int(late.headers["Retry-After"]) > 0) == ("read_only_mode_enabled", True)
            connection.send(bytes(HALF_BYTES))
            answer = connection.getresponse()
            made = json.loads(answer.read())
            assert answer.status == 201, made
        assert running.ask("GET", f"/api/file/{made['id']}").body == bytes(2 * HALF_BYTES)
        switch(running, "false")
        until(lambda: running.ask("PUT", "/api/file/again", b"x").status == 201)
        assert running.fsck()["problems"] == []


def switch(running: Running, value: str) -> None:
    headers = authorization(running.key) | {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(running.connect()) as connection:
        connection.request("POST", "/api/admin/globals", urlencode({"key": "read_only_mode", "value": value}), headers)
        assert connection.getresponse().status == 200


def is_up(running: Running) -> bool:
    try:
        return running.ask("GET", "/health", key="").status == 200 and len(running.worker_pids) == 2
    except OSError:
        return False
