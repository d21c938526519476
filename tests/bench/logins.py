"""A hundred logins at once, and how long everybody else waits for answers meanwhile."""

from __future__ import annotations

import contextlib
import threading
from urllib.parse import urlencode

from tests.bench import load, servers
from tests.bench.bench import Bench, Contender
from tests.bench.clients import Client
from tests.bench.processes import NotMeasuredError
from tests.bench.table import Figure, Limit

LOGINS = 100
PASSWORD = "correct horse"
REPETITIONS = 5
PAUSE_SECONDS = 0.002


def logins(bench: Bench) -> list[Figure]:
    """The 99th percentile of GET /api/user while 100 clients log in with a password at the same time."""
    with servers.pixelhost(bench.folder, login_attempts_per_minute=1_000_000) as ours:
        with contextlib.closing(Client(ours.port, ours.key)) as client:
            client.ask("PUT", "/api/user", password_new=PASSWORD)
        # A new password ends every session but the one that set it.
        form = urlencode({"username": "admin", "password": PASSWORD}).encode()

        def others_wait() -> float:
            waited: list[float] = []
            finished = threading.Event()

            def log_in() -> None:
                try:
                    load.drive(ours.port, iter([load.post_form("/api/user/login", form)] * LOGINS), LOGINS)
                finally:
                    finished.set()

            crowd = threading.Thread(target=log_in)
            with contextlib.closing(Client(ours.port, ours.key)) as other:
                other.ask("GET", "/api/user")
                crowd.start()
                while not finished.wait(PAUSE_SECONDS):
                    waited.append(other.ask("GET", "/api/user")[0])
            crowd.join()
            if len(waited) < LOGINS:
                raise NotMeasuredError(f"only {len(waited)} requests were made while {LOGINS} clients logged in")
            return sorted(waited)[int(len(waited) * 0.99)] * 1000

        got = bench.take_turns([Contender("p99", others_wait, [ours.pid])], REPETITIONS, "ms")
    return [Limit(f"others' p99 while {LOGINS} log in at once", "ms", got["p99"], 100.0)]
