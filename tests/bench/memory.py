"""How much a worker's resident memory grows while it receives."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import clients, processes, servers
from tests.bench.bench import Bench, Contender, SkippedError
from tests.bench.table import Figure, Limit

AT_ONCE = 20
AT_ONCE_BYTES = 256 << 20
LARGE_BYTES = 10 << 30
DISK_BYTES_NEEDED = 25_000_000_000
DISK_FOLDER = Path("/var/tmp")
IN_MEMORY = {"tmpfs", "ramfs"}
SAMPLE_SECONDS = 0.05
MIB = 1 << 20
LIMIT_MIB = 64.0


def memory_20(bench: Bench) -> list[Figure]:
    """20 uploads of 256 MiB at once: how much each worker grows."""
    total_bytes = AT_ONCE * AT_ONCE_BYTES
    bench.require_memory(total_bytes + total_bytes // 4)
    return [_growth(bench, bench.folder, AT_ONCE, AT_ONCE_BYTES, "20 x 256 MiB PUT at once: growth a worker")]


def memory_10gib(bench: Bench) -> list[Figure]:
    """One upload of 10 GiB to a real disk with 25 GB free: how much each worker grows."""
    if _file_system(DISK_FOLDER) in IN_MEMORY:
        raise SkippedError(f"{DISK_FOLDER} is in memory, not on a disk")
    free = shutil.disk_usage(DISK_FOLDER).free
    if free < DISK_BYTES_NEEDED:
        raise SkippedError(f"needs {DISK_BYTES_NEEDED / 1e9:.0f} GB free in {DISK_FOLDER}, there are {free / 1e9:.0f}")
    with tempfile.TemporaryDirectory(prefix="pixelhost-bench-", dir=DISK_FOLDER) as name:
        folder = Path(name)
        folder.chmod(0o711)
        return [_growth(bench, folder, 1, LARGE_BYTES, "10 GiB PUT to a disk: growth a worker")]


def _growth(bench: Bench, folder: Path, at_once: int, size_bytes: int, name: str) -> Figure:
    """Each repetition on a fresh server: one that has grown once grows less the next time."""

    def measure() -> float:
        with servers.pixelhost(folder) as ours:
            # What is loaded at the first upload is not this upload's.
            ours.put_all([bytes([number]) * 4096 for number in range(32)])
            return max(_grown_bytes(ours, at_once, size_bytes)) / MIB

    warm_bytes = at_once * size_bytes if folder == bench.folder else 0
    contender = Contender("pixelhost", measure, before=lambda: bench.warm_pages(warm_bytes))
    bench.say(f"{at_once} x {size_bytes // MIB:,} MiB")
    got = bench.take_turns([contender], 1, "MiB")
    return Limit(name, "MiB", got["pixelhost"], LIMIT_MIB)


def _grown_bytes(ours: servers.Pixelhost, at_once: int, size_bytes: int) -> list[int]:
    """The peak of each worker during the uploads, less what it had before."""
    workers = ours.workers()
    before = {}
    for pid in workers:
        processes.reset_peak(pid)
        before[pid] = processes.resident_bytes(pid)
    peak = dict(before)
    stopped = threading.Event()
    with ThreadPoolExecutor(at_once) as threads:
        try:
            uploads = [
                threads.submit(clients.put_made_up, ours.port, f"/api/file/{number}.bin", ours.key, size_bytes, stopped)
                for number in range(at_once)
            ]
            while not all(upload.done() for upload in uploads):
                for pid in workers:
                    peak[pid] = max(peak[pid], processes.resident_bytes(pid))
                time.sleep(SAMPLE_SECONDS)
        finally:
            stopped.set()
    for upload in uploads:
        upload.result()
    # The kernel's own mark sees what falls between two samples.
    return [max(peak[pid], processes.peak_resident_bytes(pid)) - before[pid] for pid in workers]


def _file_system(folder: Path) -> str:
    """The type of the file system that the folder is on (proc(5), mountinfo)."""
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, rest = line.split()[4], line.partition(" - ")[2].split()
        if len(place) >= len(best) and folder.resolve().is_relative_to(place):
            best, kind = place, rest[0]
    return kind
