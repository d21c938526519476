"""The functions here that misbehave run in real workers, which import this module to find them."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
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


def memory_limit_bytes(file: BinaryIO) -> int:
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def content_by_line(file: BinaryIO) -> Iterator[bytes]:
    yield from file


def zeros(file: BinaryIO, count: int, size_bytes: int) -> Iterator[bytes]:
    yield str(os.getpid()).encode()
    for _ in range(count):
        yield bytes(size_bytes)


def refuse_after(file: BinaryIO, pieces: int) -> Iterator[bytes]:
    yield from [b"piece"] * pieces
    raise Unreadable("the rest is damaged", pieces)


def stumble_after(file: BinaryIO, pieces: int) -> Iterator[bytes]:
    yield from [b"piece"] * pieces
    raise ZeroDivisionError("a bug of ours")


def sleep_after_the_first(file: BinaryIO) -> Iterator[bytes]:
    yield str(os.getpid()).encode()
    time.sleep(60)


def calculate_for(file: BinaryIO, seconds_each: float, count: int) -> Iterator[bytes]:
    for _ in range(count):
        until = time.process_time() + seconds_each
        while time.process_time() < until:
            pass
        yield b"done"


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
    async with asyncio.timeout(60):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_ended(pid: int) -> None:
    await until(lambda: not is_running(pid))


async def rest_of(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


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


async def impatient_pool(blob: Path) -> MediaPool:
    """Of one worker that is there already, and whose jobs may take three seconds."""
    pool = MediaPool(1, allowed_prefix=__name__)
    await pool.run(worker_pid, blob)
    pool._wall_seconds = 3
    return pool


async def test_a_job_that_sleeps_ends_by_the_clock(blob: Path, tmp_path: Path) -> None:
    pool = await impatient_pool(blob)
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


async def test_pieces_arrive_whole_and_in_order(pool: MediaPool, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"".join(b"%d\n" % number for number in range(50_000)))
    async with pool.stream(content_by_line, tmp_path / "lines") as pieces:
        assert [int(piece) async for piece in pieces] == list(range(50_000))


async def test_a_stream_may_have_no_pieces(pool: MediaPool, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    async with pool.stream(content_by_line, tmp_path / "empty") as pieces:
        assert [piece async for piece in pieces] == []


async def test_large_pieces_arrive_in_parts_of_1_mib(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(zeros, blob, 1, (2 << 20) + 1) as pieces:
        assert [len(piece) async for piece in pieces][1:] == [1 << 20, 1 << 20, 1]


async def test_a_worker_is_used_again_after_a_stream(pool: MediaPool, blob: Path) -> None:
    pids = set()
    for _ in range(3):
        async with pool.stream(zeros, blob, 3, 10) as pieces:
            pids.add(int(await anext(pieces)))
            assert sum([len(piece) async for piece in pieces]) == 30
    assert pids == {await pool.run(worker_pid, blob)}


async def test_a_refusal_before_the_first_piece_is_raised_on_entering(pool: MediaPool, blob: Path) -> None:
    pid = await pool.run(worker_pid, blob)
    with pytest.raises(Unreadable, match="damaged"):
        await pool.stream(refuse_after, blob, 0).__aenter__()
    assert await pool.run(worker_pid, blob) == pid


async def test_a_refusal_in_the_middle_is_raised_to_the_reader(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(refuse_after, blob, 3) as pieces:
        assert [await anext(pieces) for _ in range(3)] == [b"piece"] * 3
        with pytest.raises(Unreadable) as refused:
            await anext(pieces)
    assert refused.value.args == ("the rest is damaged", 3)


async def test_a_crash_in_a_stream_is_raised_to_the_reader(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(stumble_after, blob, 1) as pieces:
        assert await anext(pieces) == b"piece"
        with pytest.raises(MediaCrashed, match="ZeroDivisionError: a bug of ours"):
            await anext(pieces)
    with pytest.raises(MediaCrashed, match="ZeroDivisionError: a bug of ours"):
        await pool.stream(stumble_after, blob, 0).__aenter__()
    assert await pool.run(content, blob) == b"hello"


async def test_a_worker_killed_in_the_middle_is_an_error_to_the_reader(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(zeros, blob, 1000, 1 << 20) as pieces:
        os.kill(int(await anext(pieces)), signal.SIGKILL)
        with pytest.raises(MediaCrashed, match="status -9"):
            await rest_of(pieces)


async def test_leaving_a_stream_early_kills_its_worker(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(zeros, blob, 1000, 1 << 20) as pieces:
        pid = int(await anext(pieces))
    await until_ended(pid)
    assert await pool.run(content, blob) == b"hello"


async def test_an_error_of_the_reader_kills_the_worker_and_goes_on(pool: MediaPool, blob: Path) -> None:
    async def read_a_little() -> None:
        async with pool.stream(zeros, blob, 1000, 1 << 20) as pieces:
            pids.append(int(await anext(pieces)))
            raise ConnectionResetError

    pids: list[int] = []
    with pytest.raises(ConnectionResetError):
        await read_a_little()
    await until_ended(pids[0])


async def test_cancelling_a_reader_kills_the_worker(pool: MediaPool, blob: Path) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read() -> None:
        async with pool.stream(sleep_after_the_first, blob) as pieces:
            started.set_result(int(await anext(pieces)))
            await anext(pieces)

    reader = asyncio.create_task(read())
    pid = await started
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await until_ended(pid)


async def test_a_worker_waits_for_a_slow_reader_and_is_not_cut(blob: Path) -> None:
    pool = await impatient_pool(blob)
    try:
        async with pool.stream(zeros, blob, 20, 1 << 20) as pieces:
            pid = int(await anext(pieces))
            await until(lambda: "State:\tS" in Path(f"/proc/{pid}/status").read_text())
            await asyncio.sleep(3.5)
            assert sum([len(piece) async for piece in pieces]) == 20 << 20
    finally:
        await pool.close()


async def test_a_worker_that_is_silent_while_the_reader_waits_ends_by_the_clock(blob: Path) -> None:
    pool = await impatient_pool(blob)
    try:
        async with pool.stream(sleep_after_the_first, blob) as pieces:
            pid = int(await anext(pieces))
            with pytest.raises(MediaTimedOut):
                await anext(pieces)
        await until_ended(pid)
    finally:
        await pool.close()


async def test_the_processor_time_of_a_stream_is_counted_by_the_piece(pool: MediaPool, blob: Path) -> None:
    async with pool.stream(calculate_for, blob, 0.6, 4) as pieces:
        assert [piece async for piece in pieces] == [b"done"] * 4
    with pytest.raises(MediaTimedOut, match="processor"):
        await pool.stream(calculate_for, blob, 60, 1).__aenter__()


async def test_streams_do_not_keep_jobs_waiting(blob: Path) -> None:
    pool = MediaPool(1, streams=2, allowed_prefix=__name__)
    try:
        async with pool.stream(zeros, blob, 1000, 1 << 20), pool.stream(zeros, blob, 1000, 1 << 20):
            assert await pool.run(content, blob) == b"hello"
    finally:
        await pool.close()


async def test_a_stream_waits_for_its_turn_but_not_for_ever(blob: Path) -> None:
    pool = MediaPool(1, streams=1, allowed_prefix=__name__)
    pool._stream_turns._patience_seconds = 3
    try:
        async with pool.stream(zeros, blob, 1000, 1 << 20):
            with pytest.raises(MediaBusy):
                await pool.stream(zeros, blob, 1, 1).__aenter__()
        async with pool.stream(zeros, blob, 1, 1) as pieces:
            assert len([piece async for piece in pieces]) == 2
    finally:
        await pool.close()


async def test_closing_ends_streams_too(blob: Path) -> None:
    pool = MediaPool(1, allowed_prefix=__name__)
    async with pool.stream(zeros, blob, 1000, 1 << 20) as pieces:
        pid = int(await anext(pieces))
        await pool.close()
        assert not is_running(pid)
        with pytest.raises(MediaCrashed):
            await rest_of(pieces)


async def test_pieces_are_no_answer(pool: MediaPool, blob: Path) -> None:
    with pytest.raises(MediaCrashed):
        await pool.run(content_by_line, blob)
    assert await pool.run(content, blob) == b"hello"


async def test_a_worker_has_512_mib_if_nothing_else_is_said(blob: Path) -> None:
    pool = MediaPool(1, allowed_prefix=__name__)
    try:
        assert await pool.run(memory_limit_bytes, blob) == 512 << 20
    finally:
        await pool.close()


async def test_a_worker_gives_way_to_the_server(pool: MediaPool, blob: Path) -> None:
    assert await pool.run(niceness, blob) == min(os.nice(0) + 10, 19)
