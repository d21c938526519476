"""Searching an account of 1,000,000 nodes: wherever, for whom and for what, in less than 0.1 s."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import account
from tests.bench.account import ROOT
from tests.bench.bench import Bench, Contender
from tests.bench.clients import Client
from tests.bench.processes import NotMeasuredError
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit

DIRECTORIES = 50  # in each half
FILES = 10_000
REPETITIONS = 7
LIMIT_SECONDS = 0.1

CLOSED = {"shared": "true", "link_permissions": '{"read": false}'}


@dataclass(frozen=True)
class Question:
    """Below what, as whom, for what, and how many there are to be found."""

    name: str
    path: str
    term: str
    expected: int
    limit: int = 10


def search(bench: Bench) -> list[Figure]:
    """Search in an account of 1,000,000 nodes: of all, below a half, through a share; rare, common, absent terms."""
    with account.filesystem(bench) as (ours, client):
        shared = _million(bench, ours, client)
        with contextlib.closing(Client(ours.port, ours.add_user("somebody"))) as stranger:
            groups = {
                "of all": (client, _questions(ROOT)),
                "below half of them": (client, _questions(f"{ROOT}/scans")),
                "through a share, as somebody else": (stranger, _questions(f"/api/filesystem/{shared}")),
            }
            contenders = [
                Contender(f"{group}: {question.name}", _asked(asking, question), [ours.pid])
                for group, (asking, questions) in groups.items()
                for question in questions
            ]
            got = bench.take_turns(contenders, REPETITIONS, "s")
    figures: list[Figure] = []
    for group in groups:
        slowest = max((name for name in got if name.startswith(f"{group}: ")), key=lambda name: got[name].median)
        figures.append(Limit(f"search in 1,000,000 nodes, slowest {slowest}", "s", got[slowest], LIMIT_SECONDS))
    return figures


def _million(bench: Bench, ours: Pixelhost, client: Client) -> str:
    """Half of them are reports and half of them scans; the ID by which the scans are shared, but for one directory."""
    bench.say(f"making {2 * DIRECTORIES * FILES:,} nodes")
    # Made in one go, the index takes a fraction of the time.
    index = ours.sql("SELECT pg_get_indexdef('nodes_search'::regclass)")[0][0]
    ours.sql("DROP INDEX nodes_search")
    account.grow(ours, client, DIRECTORIES, FILES, "Report %s of the year %s.pdf", "reports")
    account.grow(ours, client, DIRECTORIES, FILES, "scan %s, page %s.jpg", "scans")
    ours.sql(index)
    client.ask("POST", f"{ROOT}/scans/directory%207", action="update", **CLOSED)
    node = json.loads(client.ask("POST", f"{ROOT}/scans", action="update", shared="true")[1])
    return str(node["id"])


def _questions(path: str) -> list[Question]:
    is_all = path == ROOT
    return [
        Question("a rare term", path, "scan%209999,%20page%2047", 1),
        Question("a term in half of the names", path, "scan", 10),
        Question("1,000 of them", path, "scan", 1000, 1000),
        Question("another's term", path, "report", 10 if is_all else 0),
        Question("1,000 of another's", path, "of%20the%20year", 1000 if is_all else 0, 1000),
        Question("an absent term", path, "zebra", 0, 1000),
        Question("two absent letters", path, "zq", 0, 1000),
    ]


def _asked(client: Client, question: Question) -> Callable[[], float]:
    def ask() -> float:
        seconds, answer = client.ask("GET", f"{question.path}?search={question.term}&limit={question.limit}")
        found = len(json.loads(answer))
        if found != question.expected:
            raise NotMeasuredError(f"{found} found for {question.term} in {question.path}, not {question.expected}")
        return seconds

    return ask
