"""Deleting very many nodes at once, and what others notice of it."""

from __future__ import annotations

import contextlib
import http.client
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator

from tests.bench import account, load
from tests.bench.account import ROOT
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.clients import Client
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit, Ratio

MANY = 100_000
REPETITIONS = 3
IDLE_SECONDS = 2
PAUSE_SECONDS = 0.002
SLOWDOWN_MAX = 10.0


def delete(bench: Bench) -> list[Figure]:
    """Recursive delete of 100,000 nodes, and how long others, and the account itself, wait for answers meanwhile."""
    with account.filesystem(bench) as (ours, client):
        keys = {"in another account": ours.add_user("somebody"), "in the same account": ours.key}
        idle: defaultdict[str, list[float]] = defaultdict(list)
        busy: defaultdict[str, list[float]] = defaultdict(list)

        def make() -> None:
            account.grow(ours, client, 100, MANY // 100)
            with _asking(ours, keys) as seconds:
                threading.Event().wait(IDLE_SECONDS)
            _keep_p99(seconds, idle)

        def remove() -> float:
            with _asking(ours, keys) as seconds:
                took = client.ask("DELETE", f"{ROOT}/top?recursive")[0]
            _keep_p99(seconds, busy)
            return took

        got = bench.take_turns([Contender("delete", remove, [ours.pid], before=make)], REPETITIONS, "s")
    figures: list[Figure] = [Limit("recursive delete of 100,000 nodes", "s", got["delete"], 5.0)]
    for name, seconds in busy.items():
        figures.append(
            Ratio(
                f"meanwhile {name}: p99",
                "with nothing else to do",
                "ms",
                Samples(seconds),
                Samples(idle[name]),
                at_most=SLOWDOWN_MAX,
            )
        )
    return figures


@contextlib.contextmanager
def _asking(ours: Pixelhost, keys: dict[str, str]) -> Iterator[dict[str, list[float]]]:
    """In each account somebody puts a file and asks for it, one request after the other; the seconds of each."""
    stopped = threading.Event()
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    failures: list[Exception] = []

    def ask(name: str, key: str) -> None:
        try:
            with contextlib.closing(Client(ours.port, key)) as client:
                while not stopped.wait(PAUSE_SECONDS):
                    seconds[f"PUT {name}"].append(client.ask("PUT", f"{ROOT}/file", secrets.token_bytes(64))[0])
                    seconds[f"stat {name}"].append(client.ask("GET", f"{ROOT}/file?stat")[0])
        except (OSError, http.client.HTTPException, load.RefusedError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=ask, args=item) for item in keys.items()]
    for thread in threads:
        thread.start()
    try:
        yield seconds
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    for failure in failures:
        raise failure


def _keep_p99(seconds: dict[str, list[float]], kept: defaultdict[str, list[float]]) -> None:
    """In milliseconds."""
    for name, values in seconds.items():
        kept[name].append(sorted(values)[int(len(values) * 0.99)] * 1000)
