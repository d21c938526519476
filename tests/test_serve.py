from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pixelhost import serve
from pixelhost.serve import ListenError

needs_ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")

TOP = Path(__file__).parents[1]

PARENT = """
import os, sys
import logging
from pixelhost import serve

logging.basicConfig(format="%(message)s")
workers, drain_seconds, worker, watched = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
listeners = serve.open_listeners(("127.0.0.1", 0), workers)
print(listeners[0].getsockname()[1], flush=True)
sys.exit(serve.supervise(
    listeners,
    lambda index, fd: [sys.executable, "-I", "-S", "-c", worker, str(index), str(fd)],
    os.environ,
    drain_seconds,
    lambda: print("ready", flush=True),
    (lambda: os.path.exists(watched)) if watched else None,
))
"""

WORKER = """
import os, signal, socket, sys, time
def on_sigterm(*_):
    {on_sigterm}
signal.signal(signal.SIGTERM, on_sigterm)
listener = socket.socket(fileno=int(sys.argv[2]))
os.write(int(os.environ["PIXELHOST_READY_FD"]), b"ready\\n")
while True:
    connection, _ = listener.accept()
    connection.sendall(f"{{sys.argv[1]}} {{os.getpid()}}".encode())
    connection.close()
"""
POLITE = WORKER.format(on_sigterm="os._exit(0)")
SLOW = WORKER.format(on_sigterm="listener.close(); time.sleep(2); print('finished', flush=True); os._exit(0)")
STUBBORN = WORKER.format(on_sigterm="pass")
BROKEN = "raise SystemExit(3)"
WITH_A_CHILD = f"import subprocess; subprocess.Popen(['sleep', '50.25'], process_group=None)\n{POLITE}"


class Served:
    """A supervisor in a process of its own."""

    def __init__(self, worker: str, workers: int = 2, drain_seconds: float = 20, watched: Path | str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(workers), str(drain_seconds), worker, str(watched)],
            cwd=TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.process.stdout.readline())
        self.workers = workers

    def await_ready(self) -> Served:
        assert self.process.stdout.readline() == "ready\n"
        return self

    def ask(self) -> tuple[int, int]:
        """Index and pid of the worker that a connection leads to."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            index, pid = connection.recv(100).split()
        return int(index), int(pid)

    def refuses(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == errno.ECONNREFUSED

    def pids(self) -> dict[int, int]:
        """Every worker's pid by its index."""
        found: dict[int, int] = {}
        until(lambda: found.update([self.ask()]) or len(found) == self.workers)
        return found

    def end(self, *signal_numbers: signal.Signals) -> tuple[int, str, str]:
        """Exit code, output and log after these signals."""
        for number in signal_numbers:
            self.process.send_signal(number)
            until(self._has_taken_signals)
        output, log = self.process.communicate(timeout=60)
        return self.process.returncode, output, log

    def kill(self) -> None:
        """The workers, too: the stubborn would keep our ends of the pipes open."""
        workers = children(self.process.pid)
        self.process.kill()
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def _has_taken_signals(self) -> bool:
        """Two of a kind become one while the first waits to be taken."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"^ShdPnd:\s*(\w+)$", status, re.MULTILINE)[0], 16) == 0


@pytest.fixture
def served():
    started = []

    def start(*arguments, **options) -> Served:
        started.append(Served(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        if each.process.returncode is None:
            each.kill()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def test_port_0_is_any_free_port_and_the_same_for_all_workers():
    listeners = serve.open_listeners(("127.0.0.1", 0), 3)

    (address,) = {listener.getsockname() for listener in listeners}
    assert address[1] > 0
    socket.create_connection(address, timeout=5).close()
    close(listeners)


@pytest.mark.parametrize("shares", [False, True])
def test_an_address_in_use_is_refused_with_advice_even_where_linux_would_share_it(shares):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shares)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1:{port}: another program.* --listen"):
            serve.open_listeners(("127.0.0.1", port), 2)


def test_a_restart_right_after_the_last_connection_gets_its_port_back():
    first = serve.open_listeners(("127.0.0.1", 0), 1)
    address = first[0].getsockname()
    client = socket.create_connection(address)
    # The side that closes first leaves a connection in TIME_WAIT.
    first[0].accept()[0].close()
    client.close()
    close(first)

    close(serve.open_listeners(address, 1))


def test_a_refused_start_leaves_the_port_free():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = other.getsockname()
        with pytest.raises(ListenError):
            serve.open_listeners(address, 2)

    close(serve.open_listeners(address, 2))


@needs_ipv6
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_address_works_with_and_without_brackets(host):
    listeners = serve.open_listeners((host, 0), 2)

    socket.create_connection(("::1", listeners[0].getsockname()[1]), timeout=5).close()
    close(listeners)


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_an_empty_host_means_all_interfaces(host):
    listeners = serve.open_listeners(("", 0), 2)

    socket.create_connection((host, listeners[0].getsockname()[1]), timeout=5).close()
    close(listeners)


def test_an_address_of_another_machine_is_refused_with_advice():
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:8080: this machine has no such address"):
        serve.open_listeners(("192.0.2.1", 8080), 1)


def test_an_unknown_name_is_refused_with_an_example():
    with pytest.raises(ListenError, match=r"such as 127\.0\.0\.1:8080"):
        serve.open_listeners(("no.such.host.invalid", 8080), 1)


def test_an_impossible_port_is_refused_and_not_cut_to_a_possible_one():
    with pytest.raises(ListenError, match=r"127\.0\.0\.1:99999: ports go up to 65535"):
        serve.open_listeners(("127.0.0.1", 99999), 1)


def test_ready_is_told_when_every_worker_serves_the_one_port(served):
    running = served(POLITE).await_ready()

    assert len(set(running.pids().values())) == 2
    assert running.end(signal.SIGTERM) == (0, "", "")


def test_a_worker_that_dies_is_started_again_and_the_others_go_on(served):
    running = served(POLITE).await_ready()
    before = running.pids()

    os.kill(before[0], signal.SIGKILL)
    until(lambda: not is_alive(before[0]))
    after = running.pids()

    assert after[0] != before[0]
    assert after[1] == before[1]
    assert "worker 0 was killed by SIGKILL; it is started again" in running.end(signal.SIGTERM)[2]


def test_processes_of_a_dead_worker_die_with_it(served):
    running = served(WITH_A_CHILD, workers=1).await_ready()
    worker = running.pids()[0]
    (child,) = children(worker)

    os.kill(worker, signal.SIGKILL)

    until(lambda: not is_alive(child))


def test_workers_that_keep_dying_at_their_start_end_it_all_with_a_reason(served):
    code, output, log = served(BROKEN).end()

    assert code == 1
    assert output == ""
    assert log.count("exited with code 3; it is started again") == 4
    assert "workers keep dying at their start, so pixelhost gives up" in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_workers_finish_but_refuses_new_connections(served, number):
    running = served(SLOW, workers=1).await_ready()
    running.process.send_signal(number)

    until(running.refuses)
    assert running.process.poll() is None
    assert running.end()[:2] == (0, "finished\n")


def test_a_worker_that_does_not_finish_is_killed_when_its_time_is_up(served):
    running = served(STUBBORN, drain_seconds=0.3).await_ready()
    pids = running.pids().values()

    code, _, log = running.end(signal.SIGTERM)

    assert code == 0
    assert "workers were still busy after 0.3 s, and are killed" in log
    assert not any(map(is_alive, pids))


def test_a_second_ctrl_c_does_not_wait(served):
    running = served(STUBBORN, drain_seconds=600).await_ready()
    pids = running.pids().values()

    assert running.end(signal.SIGINT, signal.SIGINT)[0] == 130
    assert not any(map(is_alive, pids))


def test_a_repeated_sigterm_still_lets_workers_finish(served):
    running = served(SLOW, workers=1).await_ready()

    assert running.end(signal.SIGTERM, signal.SIGTERM)[:2] == (0, "finished\n")


def test_workers_end_when_the_supervisor_is_killed(served):
    running = served(POLITE).await_ready()
    pids = running.pids().values()

    running.process.kill()

    until(lambda: not any(map(is_alive, pids)))


def test_the_terminals_ctrl_c_reaches_only_the_supervisor(served):
    running = served(POLITE).await_ready()

    groups = [os.getpgid(pid) for pid in running.pids().values()]

    assert os.getpgid(running.process.pid) not in groups


def test_the_end_of_what_is_watched_ends_it_all(served, tmp_path):
    (tmp_path / "database").touch()
    running = served(POLITE, watched=tmp_path / "database").await_ready()
    pids = running.pids().values()

    (tmp_path / "database").unlink()

    code, _, log = running.end()
    assert code == 1
    assert "the database has stopped" in log
    assert not any(map(is_alive, pids))


def test_an_idle_supervisor_uses_no_processor_time(served):
    running = served(POLITE).await_ready()

    def ticks() -> int:
        return sum(map(int, Path(f"/proc/{running.process.pid}/stat").read_text().rsplit(")")[-1].split()[11:13]))

    before = ticks()
    time.sleep(0.5)
    assert ticks() - before <= 1
