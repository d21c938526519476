"""One run of the bench: where it works, what it says meanwhile, and how the contenders take turns."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.processes import NotMeasuredError, cpu_seconds, own_cpu_seconds

MEMORY_FOLDER = Path("/dev/shm")
BLOCK = bytes(1 << 20)


class SkippedError(Exception):
    """This machine isn't made for a measurement; nothing is wrong."""


def nothing() -> None:
    """What most contenders do around a repetition."""


@dataclass(frozen=True)
class Contender:
    """`measure` returns a rate or a time; `before` and `after` are not counted. `pids` are its server's processes."""

    name: str
    measure: Callable[[], float]
    pids: Sequence[int] = ()
    before: Callable[[], object] = nothing
    after: Callable[[], object] = nothing


@dataclass(frozen=True)
class Samples:
    """What one contender reached, repetition by repetition; `cpu` is the seconds of processor time by program."""

    values: list[float] = field(default_factory=list)
    cpu: list[dict[str, float]] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def as_json(self) -> dict[str, object]:
        names = sorted({name for each in self.cpu for name in each})
        used = {name: round(statistics.median(each.get(name, 0.0) for each in self.cpu), 3) for name in names}
        return {
            "median": round(self.median, 4),
            "samples": [round(value, 4) for value in self.values],
            "cpu_seconds": used,
        }


@dataclass
class Bench:
    """`folder` is in memory and goes with the run; `repeat` replaces every measurement's own number of repetitions."""

    folder: Path
    repeat: int | None
    started: float = field(default_factory=time.monotonic)
    measurement: str = ""

    def say(self, text: str) -> None:
        elapsed = time.monotonic() - self.started
        print(f"{elapsed:5.0f} s  {self.measurement}: {text}", file=sys.stderr, flush=True)

    def require_memory(self, needed_bytes: int) -> None:
        """Raises NotMeasuredError when the memory folder or the memory itself couldn't take so much."""
        available = min(shutil.disk_usage(self.folder).free, _available_bytes())
        if available < needed_bytes:
            raise NotMeasuredError(
                f"needs {needed_bytes / 1e9:.0f} GB of free memory in {MEMORY_FOLDER}, there are {available / 1e9:.1f}"
            )

    def warm_pages(self, size_bytes: int) -> None:
        """Write and delete a file of that size in memory.

        A virtual machine hands free memory back to its host, so that the first write to a page may take five times as
        long as the next; whoever came first would pay for all.
        """
        path = self.folder / "warm"
        try:
            with path.open("wb", buffering=0) as file:
                for _ in range(-(-size_bytes // len(BLOCK))):
                    file.write(BLOCK)
        finally:
            path.unlink()

    def take_turns(self, contenders: Iterable[Contender], repetitions: int, unit: str) -> dict[str, Samples]:
        """A B A B ...: whatever else the machine does falls on all of them alike."""
        contenders = list(contenders)
        samples = {contender.name: Samples() for contender in contenders}
        count = self.repeat or repetitions
        for number in range(1, count + 1):
            for contender in contenders:
                value, cpu = _once(contender)
                samples[contender.name].values.append(value)
                samples[contender.name].cpu.append(cpu)
            said = ", ".join(f"{name} {shown(each.values[-1], unit)}" for name, each in samples.items())
            self.say(f"{number}/{count}: {said}")
        return samples


def shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 3
    return f"{value:,.{digits}f} {unit}"


def _once(contender: Contender) -> tuple[float, dict[str, float]]:
    contender.before()
    try:
        used_before, own_before = cpu_seconds(contender.pids), own_cpu_seconds()
        value = contender.measure()
        used = {name: now - used_before.get(name, 0.0) for name, now in cpu_seconds(contender.pids).items()}
        return value, used | {"client": own_cpu_seconds() - own_before}
    finally:
        contender.after()


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
