"""What the limits of downloads cost, and how well a limited speed is held."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import clients, load, servers
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.processes import NotMeasuredError
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit

PLAN = """
[unlimited]
name = "Unlimited"
type = "{type}"
filesystem_access = true
{limits}
"""
EVERY_LIMIT = """
downloads_per_ip_per_day = 1000000000
transfer_per_ip_per_day = 1000000000000000
concurrent_downloads_per_ip = 1000
file_rate_limit = true
"""
GETS = 150
WARM_UP = 30
REPETITIONS = 25
COST_LIMIT_MS = 0.5
PER_FILE = 3  # downloads that its rate limit lets pass
ONE_ADDRESS = "203.0.113.1"
OTHERS = ipaddress.ip_address("198.18.0.0")

SPEED = 1_000_000
SPEED_SECONDS = 20
SPEED_FILE_BYTES = 64 << 20
SPEED_REPETITIONS = 3
SPEED_LIMIT_PERCENT = 10.0
CONNECTIONS = (1, 8)


@contextlib.contextmanager
def _with_plan(folder: Path, limits: str, **settings: object) -> Iterator[Pixelhost]:
    """A server, in a folder of its own below, all of whose accounts have these limits."""
    folder.mkdir()
    plans = folder / "plans.toml"
    plans.write_text(PLAN.format(type="free" if limits else "unlimited", limits=limits or "hotlinking = true"))
    with servers.pixelhost(folder, plans_file=plans, **settings) as server:
        yield server


def gates(bench: Bench) -> list[Figure]:
    """GETs of 1 KiB, one after the other, with every limit and with none: what the limits add to each. All by one
    address, which is known after the first, and each by another, which has no figures yet.

    Of each contender the fastest tenth counts: in the others the machine did something else as well.
    """
    believing = {"trusted_proxies": "127.0.0.0/8"}
    with (
        _with_plan(bench.folder / "held", EVERY_LIMIT, **believing) as held,
        _with_plan(bench.folder / "free", "", **believing) as free,
    ):
        downloads = (WARM_UP + GETS) * (bench.repeat or REPETITIONS)
        bodies = [number.to_bytes(1 << 10, "big") for number in range(downloads // PER_FILE + 2)]
        files = {server.port: server.put_all(bodies) for server in (held, free)}
        addresses = {server.port: itertools.count() for server in (held, free)}

        def by_one(server: Pixelhost) -> float:
            request = load.get(f"/api/file/{files[server.port][0]}", forwarded_for=ONE_ADDRESS)
            return _ms_a_get(server.port, [request] * (WARM_UP + GETS))

        def by_others(server: Pixelhost) -> float:
            numbers = itertools.islice(addresses[server.port], WARM_UP + GETS)
            ids = files[server.port]
            requests = [
                load.get(f"/api/file/{ids[number // PER_FILE + 1]}", forwarded_for=str(OTHERS + number))
                for number in numbers
            ]
            return _ms_a_get(server.port, requests)

        contenders = [
            Contender(f"{name}, {how}", lambda get=get, server=server: get(server), [server.pid])  # type: ignore[misc]
            for get, how in ((by_one, "one address"), (by_others, "new addresses"))
            for name, server in (("with limits", held), ("without", free))
        ]
        got = bench.take_turns(contenders, REPETITIONS, "ms")
    figures = []
    for how in ("one address", "new addresses"):
        held_ones, free_ones = got[f"with limits, {how}"], got[f"without, {how}"]
        pairs = zip(held_ones.values, free_ones.values, strict=True)
        cost = Samples([with_limits - without for with_limits, without in pairs], held_ones.cpu)
        figures.append(Limit(f"what all limits add to a GET, {how}", "ms", cost, COST_LIMIT_MS))
    return figures


def _ms_a_get(port: int, requests: Sequence[bytes]) -> float:
    return sorted(load.timed(port, requests)[WARM_UP:])[GETS // 10] * 1000


def speed_limit(bench: Bench) -> list[Figure]:
    """How far from 1 MB/s an address is that downloads for 20 s, over one connection and over eight."""
    bench.require_memory(2 * SPEED_FILE_BYTES)
    with _with_plan(bench.folder / "slow", f"download_speed_limit = {SPEED}", workers=2) as ours:
        path = (
            f"/api/file/{clients.put_made_up(ours.port, '/api/file/a', ours.key, SPEED_FILE_BYTES, threading.Event())}"
        )

        def off_by(connections: int) -> float:
            return abs(_taken(ours.port, path, connections) / (SPEED * SPEED_SECONDS) - 1) * 100

        contenders = [
            Contender(f"{count} connections", lambda count=count: off_by(count), [ours.pid])  # type: ignore[misc]
            for count in CONNECTIONS
        ]
        got = bench.take_turns(contenders, SPEED_REPETITIONS, "%")
    return [
        Limit(
            f"off a speed limit of 1 MB/s, {count} connection{'s' * (count > 1)}, 2 workers",
            "%",
            got[name],
            SPEED_LIMIT_PERCENT,
        )
        for count, name in ((count, f"{count} connections") for count in CONNECTIONS)
    ]


def _taken(port: int, path: str, connections: int) -> int:
    """Bytes that so many connections got together."""
    begins = threading.Barrier(connections + 1)
    got = [0] * connections

    def take(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            begins.wait()
            end = time.perf_counter() + SPEED_SECONDS
            sock.sendall(load.get(path))
            while (left := end - time.perf_counter()) > 0:
                sock.settimeout(left)
                with contextlib.suppress(TimeoutError):
                    received = len(sock.recv(1 << 16))
                    if not received:
                        raise NotMeasuredError("a download ended before its time")
                    got[number] += received

    threads = [threading.Thread(target=take, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    begins.wait()
    for thread in threads:
        thread.join()
    return sum(got)
