"""Measure pixelhost against its yardsticks: `make bench`, or `make bench ARGS="upload_1gib info --repeat 9"`.

Every figure is a ratio against something that runs on the same machine in the same minutes: nginx, rclone, copyparty,
a hash alone, a bare handler with one query. They take turns (A B A B ...) and the medians count, so a slow machine or
a busy neighbour falls on both. Figures with a fixed limit (seconds, MiB) are shown as a part of that limit.

The table goes to standard output, progress to standard error, and everything (each sample, the processor time of each
program meanwhile, the machine, the versions) to a JSON file. The exit code is 0 even when a target is missed, as the
table says it; 1 when something could not be measured.

What it needs: about 8 GB of free memory in /dev/shm, where all files are kept and removed from; curl; Debian's nginx
(apt-get install nginx-light); the packages of `make test`. The upload of 10 GiB is skipped unless /var/tmp is on a disk
with 25 GB free. All servers listen on 127.0.0.1 and are stopped in the end, after Ctrl-C too. A machine with nothing
else to do gives figures that can be repeated; `cpu_seconds` in the JSON tells who was busy.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    accounts,
    deletion,
    downloads,
    filesystem,
    gates,
    insides,
    lists,
    logins,
    machine,
    memory,
    pages,
    pushes,
    search,
    servers,
    table,
    transfers,
    uploads,
    zips,
)
from tests.bench.bench import MEMORY_FOLDER, Bench, SkippedError
from tests.bench.load import RefusedError
from tests.bench.processes import NotMeasuredError
from tests.bench.table import Figure

Measurement = Callable[[Bench], list[Figure]]

MEASUREMENTS: dict[str, Measurement] = {
    "upload_1gib": uploads.upload_1gib,
    "small_uploads": uploads.small_uploads,
    "download_1gib": downloads.download_1gib,
    "download_1kib": downloads.download_1kib,
    "download_1mib": downloads.download_1mib,
    "info": downloads.info,
    "gates": gates.gates,
    "speed_limit": gates.speed_limit,
    "lists": lists.lists,
    "stat": filesystem.stat,
    "search": search.search,
    "rename": filesystem.rename,
    "delete": deletion.delete,
    "bulk_download": filesystem.bulk_download,
    "bulk_download_50k": zips.bulk_download_50k,
    "small_puts": filesystem.small_puts,
    "rclone_copy": filesystem.rclone_copy,
    "zip_info": insides.zip_info,
    "zip_file": insides.zip_file,
    "zip_file_100k": insides.zip_file_100k,
    "hostile": insides.hostile,
    "account_files": accounts.account_files,
    "time_series": accounts.time_series,
    "logins": logins.logins,
    "pushes": pushes.pushes,
    "push_1gib": pushes.push_1gib,
    "transfer_limit": transfers.transfer_limit,
    "transfer_list": transfers.transfer_list,
    "transfer_512mib": transfers.transfer_512mib,
    "first_view": pages.first_view,
    "memory_20": memory.memory_20,
    "memory_10gib": memory.memory_10gib,
}

EXIT_MEASURED = 0
EXIT_NOT_MEASURED = 1
EXIT_INTERRUPTED = 130


def main() -> int:
    arguments = _arguments()
    if arguments.list:
        for name, measurement in MEASUREMENTS.items():
            print(f"{name:14} {measurement.__doc__}")
        return EXIT_MEASURED
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    began = datetime.now(UTC)
    try:
        figures, failed, skipped = _measure(arguments.names or list(MEASUREMENTS), arguments.repeat)
    except KeyboardInterrupt:
        print("\ninterrupted; everything is stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    left_out = {name: f"NOT MEASURED: {reason}" for name, reason in failed.items()}
    left_out |= {name: f"skipped: {reason}" for name, reason in skipped.items()}
    print(table.render(figures, left_out))
    path = arguments.json or servers.TOP / "bench-results" / f"{began:%Y-%m-%dT%H-%M-%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "began_at": began.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 1),
        "machine": machine.facts(),
        "figures": [figure.as_json() for figure in figures],
        "not_measured": failed,
        "skipped": skipped,
    }
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"kept in {path}", file=sys.stderr)
    return EXIT_NOT_MEASURED if failed else EXIT_MEASURED


def _measure(names: list[str], repeat: int | None) -> tuple[list[Figure], dict[str, str], dict[str, str]]:
    """The figures, and by measurement why there are none: what failed, and what was skipped."""
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="pixelhost-bench-", dir=MEMORY_FOLDER) as folder:
        Path(folder).chmod(0o711)
        bench = Bench(Path(folder), repeat)
        for name in names:
            bench.measurement = name
            start = time.monotonic()
            try:
                figures += MEASUREMENTS[name](bench)
            except SkippedError as reason:
                skipped[name] = str(reason)
            except (NotMeasuredError, RefusedError, OSError, subprocess.SubprocessError) as reason:
                failed[name] = str(reason) or type(reason).__name__
            outcome = failed.get(name) or skipped.get(name) or "done"
            bench.say(f"{outcome} ({time.monotonic() - start:.0f} s)")
    return figures, failed, skipped


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="measurements, see --list (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep it (bench-results/<date>.json)")
    parser.add_argument("--list", action="store_true", help="list the measurements")
    parser.add_argument("--repeat", type=_repetitions, metavar="N", help="repetitions of each measurement")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {', '.join(unknown)}; choose from {', '.join(MEASUREMENTS)}")
    return arguments


def _repetitions(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 100:
        raise argparse.ArgumentTypeError("1 to 100")
    return count


def _interrupt(number: int, frame: object) -> None:
    """Once: an impatient second Ctrl-C must not cut the stopping of the servers short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
