"""The functions here that misbehave run in real workers, which import this module to find them."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from pixelhost.media import thumbnails
from pixelhost.media.workers import MediaBusy, MediaCrashed, MediaPool, MediaTimedOut


class Unreadable(ValueError):
    """What a function of this module refuses with."""


@dataclass(frozen=True)
class Counted:
    size_bytes: int
    first: bytes


def worker_pid(file: BinaryIO) -> int:
    return os.getpid()


def content(file: BinaryIO) -> bytes:
    return file.read()


def counted(file: BinaryIO) -> Counted | None:
    data = file.read()
    return Counted(len(data), data[:1])


def refuse(file: BinaryIO, reason: str) -> None:
    raise Unreadable(reason, 7)


def stumble(file: BinaryIO) -> None:
    raise ZeroDivisionError("a bug of ours")


def answer_something_else(file: BinaryIO) -> int:
    return "not a number"  # type: ignore[return-value]


def tell_pid_and_sleep(file: BinaryIO, pid_file: str) -> None:
    Path(f"{pid_file}.new").symlink_to(str(os.getpid()))
    Path(f"{pid_file}.new").rename(pid_file)
    time.sleep(60)


def hog_memory(file: BinaryIO) -> int:
    return len([bytearray(1 << 20) for _ in range(4096)])


def loop_for_ever(file: BinaryIO) -> None:
    while True:
        pass


def write_a_file(file: BinaryIO, path: str) -> str:
    try:
        Path(path).write_bytes(b"x")
    except OSError as error:
        return type(error).__name__
    return "written"


def environment(file: BinaryIO) -> dict[str, str]:
    return dict(os.environ)


def niceness(file: BinaryIO) -> int:
    return os.nice(0)


@pytest.fixture
async def pool() -> AsyncIterator[MediaPool]:
    pool = MediaPool(2, memory_limit_bytes=256 << 20, cpu_seconds=1, wall_seconds=20, allowed_prefix=__name__)
    yield pool
    await pool.close()


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(b"hello")
    return path


def is_running(pid: int) -> bool:
    """Whether the process exists: one that ended but has not been waited for does."""
    return Path(f"/proc/{pid}").exists()


def is_dead(pid: int) -> bool:
    return not is_running(pid) or "State:\tZ" in Path(f"/proc/{pid}/status").read_text()


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_ended(pid: int) -> None:
    await until(lambda: not is_running(pid))


async def pid_in(path: Path) -> int:
    await until(path.is_symlink)
    return int(path.readlink().name)  # noqa: ASYNC240


async def test_a_thumbnail_is_made_in_a_worker(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "red.png")
    pool = MediaPool(1)
    try:
        with (tmp_path / "red.png").open("rb") as file:
            made = await pool.run(thumbnails.thumbnail, file.fileno(), "image/png", 64, 64)
    finally:
        await pool.close()
    assert made is not None
    assert made.startswith(b"\x89PNG")


async def test_a_job_reads_its_file_by_path_or_by_descriptor(pool: MediaPool, blob: Path) -> None:
    assert await pool.run(content, blob) == b"hello"
    with blob.open("rb") as file:
        assert await pool.run(content, file.fileno()) == b"hello"
        assert file.read() == b"hello"


async def test_a_file_is_read_from_its_beginning_wherever_the_descriptor_stands(pool: MediaPool, blob: Path) -> None:
    with blob.open("rb") as file:
        os.lseek(file.fileno(), 3, os.SEEK_SET)
        assert await pool.run(content, file.fileno()) == b"hello"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 3


async def test_a_file_without_a_name_is_read_too(pool: MediaPool) -> None:
    fd = os.memfd_create("nameless")
    try:
        os.write(fd, b"in memory")
        assert await pool.run(content, fd) == b"in memory"
    finally:
        os.close(fd)


async def test_jobs_that_share_a_descriptor_do_not_share_its_offset(pool: MediaPool, blob: Path) -> None:
    with blob.open("rb") as file:
        jobs = [pool.run(content, file.fileno()) for _ in range(20)]
        assert await asyncio.gather(*jobs) == [b"hello"] * 20


async def test_a_dataclass_comes_back_as_itself(pool: MediaPool, blob: Path) -> None:
    assert await pool.run(counted, blob) == Counted(5, b"h")


async def test_an_answer_of_megabytes_arrives_whole(pool: MediaPool, tmp_path: Path) -> None:
    large = os.urandom(8 << 20)
    (tmp_path / "large").write_bytes(large)
    assert await pool.run(content, tmp_path / "large") == large


async def test_a_worker_is_used_again(pool: MediaPool, blob: Path) -> None:
    assert await pool.run(worker_pid, blob) == await pool.run(worker_pid, blob)


async def test_many_tasks_share_no_more_workers_than_allowed(pool: MediaPool, blob: Path) -> None:
    pids = await asyncio.gather(*(pool.run(worker_pid, blob) for _ in range(40)))
    assert 1 <= len(set(pids)) <= 2


async def test_a_worker_is_replaced_after_a_hundred_jobs(blob: Path) -> None:
    pool = MediaPool(1, allowed_prefix=__name__)
    try:
        pids = [await pool.run(worker_pid, blob) for _ in range(101)]
    finally:
        await pool.close()
    assert len(set(pids[:100])) == 1
    assert pids[100] != pids[0]


async def test_a_refusal_of_the_functions_module_is_raised_as_itself(pool: MediaPool, blob: Path) -> None:
    pid = await pool.run(worker_pid, blob)
    with pytest.raises(Unreadable) as refused:
        await pool.run(refuse, blob, "no header")
    assert refused.value.args == ("no header", 7)
    assert await pool.run(worker_pid, blob) == pid


async def test_an_unexpected_error_is_a_crash_that_tells_where(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(MediaCrashed, match="ZeroDivisionError: a bug of ours"):
        await pool.run(stumble, blob)
    assert await pool.run(content, blob) == b"hello"


async def test_an_answer_of_another_type_than_annotated_is_not_believed(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(MediaCrashed, match="nonsense"):
        await pool.run(answer_something_else, blob)


async def test_a_killed_worker_fails_its_job_and_is_replaced(pool: MediaPool, blob: Path, tmp_path: Path) -> None:
    job = asyncio.create_task(pool.run(tell_pid_and_sleep, blob, str(tmp_path / "pid")))
    os.kill(await pid_in(tmp_path / "pid"), signal.SIGKILL)
    with pytest.raises(MediaCrashed, match="status -9"):
        await job
    assert await pool.run(content, blob) == b"hello"


async def test_a_worker_killed_while_idle_fails_no_job(pool: MediaPool, blob: Path) -> None:
    pid = await pool.run(worker_pid, blob)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_dead(pid))
    assert await pool.run(content, blob) == b"hello"


async def test_a_memory_bomb_is_a_crash(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(MediaCrashed):
        await pool.run(hog_memory, blob)
    assert await pool.run(content, blob) == b"hello"


async def test_an_endless_loop_ends_by_processor_time(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(MediaTimedOut, match="processor"):
        await pool.run(loop_for_ever, blob)
    assert await pool.run(content, blob) == b"hello"


async def test_a_job_that_sleeps_ends_by_the_clock(blob: Path, tmp_path: Path) -> None:
    pool = MediaPool(1, wall_seconds=1, allowed_prefix=__name__)
    try:
        with pytest.raises(MediaTimedOut):
            await pool.run(tell_pid_and_sleep, blob, str(tmp_path / "pid"))
        await until_ended(await pid_in(tmp_path / "pid"))
    finally:
        await pool.close()


async def test_cancelling_a_job_kills_its_worker(pool: MediaPool, blob: Path, tmp_path: Path) -> None:
    job = asyncio.create_task(pool.run(tell_pid_and_sleep, blob, str(tmp_path / "pid")))
    pid = await pid_in(tmp_path / "pid")
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    await until_ended(pid)
    assert await pool.run(content, blob) == b"hello"


async def test_a_job_cancelled_while_it_waits_gives_its_place_back(blob: Path, tmp_path: Path) -> None:
    pool = MediaPool(1, waiting_limit=1, allowed_prefix=__name__)
    try:
        working = asyncio.create_task(pool.run(tell_pid_and_sleep, blob, str(tmp_path / "pid")))
        await pid_in(tmp_path / "pid")
        waiting = asyncio.create_task(pool.run(content, blob))
        await asyncio.sleep(0)
        with pytest.raises(MediaBusy):
            await pool.run(content, blob)
        waiting.cancel()
        working.cancel()
        await asyncio.gather(waiting, working, return_exceptions=True)
        assert await pool.run(content, blob) == b"hello"
    finally:
        await pool.close()


async def test_closing_leaves_no_process_behind(blob: Path, tmp_path: Path) -> None:
    pool = MediaPool(2, allowed_prefix=__name__)
    job = asyncio.create_task(pool.run(tell_pid_and_sleep, blob, str(tmp_path / "pid")))
    pids = [await pid_in(tmp_path / "pid"), await pool.run(worker_pid, blob)]
    await pool.close()
    assert not any(is_running(pid) for pid in pids)
    with pytest.raises(MediaCrashed):
        await job
    with pytest.raises(MediaBusy):
        await pool.run(content, blob)
    await pool.close()


async def test_an_idle_worker_ends(blob: Path) -> None:
    pool = MediaPool(1, idle_seconds=0.05, allowed_prefix=__name__)
    try:
        await until_ended(await pool.run(worker_pid, blob))
        assert await pool.run(content, blob) == b"hello"
    finally:
        await pool.close()


async def test_functions_from_elsewhere_are_refused(blob: Path) -> None:
    pool = MediaPool(1)
    with pytest.raises(ValueError, match=r"not a function of pixelhost\.media"):
        await pool.run(content, blob)


async def test_a_lambda_is_refused(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(ValueError, match="not a function"):
        await pool.run(lambda file: file.read(), blob)


async def test_a_missing_file_is_the_callers_error(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await pool.run(content, tmp_path / "absent")
    with pytest.raises(FileNotFoundError):
        await pool.run(content, tmp_path / "absent")


async def test_a_worker_cannot_write_files(pool: MediaPool, blob: Path, tmp_path: Path) -> None:
    assert await pool.run(write_a_file, blob, str(tmp_path / "made")) == "OSError"


async def test_a_worker_does_not_see_the_servers_secrets(
    pool: MediaPool, blob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXELHOST_SECRET_KEY", "hush")
    assert "PIXELHOST_SECRET_KEY" not in await pool.run(environment, blob)


async def test_a_worker_gives_way_to_the_server(pool: MediaPool, blob: Path) -> None:
    assert await pool.run(niceness, blob) == min(os.nice(0) + 10, 19)
