"""Looking inside of what was uploaded: how fast, how much of it is read, and how much memory hostile bytes take."""

from __future__ import annotations

import contextlib
import hashlib
import http
import io
import lzma
import secrets
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from pixelhost.media import zipstream
from pixelhost.media.zipstream import Extent, Member
from tests.bench import processes, servers
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.clients import Client
from tests.bench.processes import NotMeasuredError
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit
from tests.media.hostile_samples import BOMBS, png

MIB = 1 << 20
GIB = 1 << 30
ROOT = "/api/filesystem/me"
REPETITIONS = 3
WARM_UPS = 12

LISTED = 100_000
HOLE_BYTES = 10 * GIB
WANTED_BYTES = MIB
BESIDE = 10_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PLACE_BLOB = """
    INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
    VALUES ($1, $2, $3, $4, now(), now())
"""
PLACE_NODE = """
    INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                       created_by)
    SELECT r.owner_id, r.id, $2, b.digest, b.size_bytes, 'application/zip', 420, now(), now(), r.owner_id
      FROM nodes r JOIN users u ON u.id = r.owner_id, blobs b
     WHERE u.name = 'admin' AND r.parent_id IS NULL AND b.digest = $1
"""
PEAK_LIMIT_MIB = 512.0
SAMPLE_SECONDS = 0.01


def zip_info(bench: Bench) -> list[Figure]:
    """The listing of a zip with 100,000 entries that nobody has asked for before."""
    with servers.pixelhost(bench.folder) as ours, contextlib.closing(Client(ours.port, ours.key)) as client:
        _warm_up(ours)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for number in range(LISTED):
                archive.writestr(f"directory {number % 100}/file {number}.txt", b"")
        entries = held.getvalue()
        names: list[str] = []

        def upload() -> None:
            # Another comment makes other bytes, of which nothing is known.
            comment = secrets.token_hex(8).encode()
            names.append(comment.decode())
            client.ask("PUT", f"{ROOT}/{names[-1]}.zip", entries[:-2] + struct.pack("<H", len(comment)) + comment)

        def look() -> float:
            seconds, answer = client.ask("GET", f"{ROOT}/{names[-1]}.zip?zip_info")
            if answer.count(b".txt") != LISTED:
                raise NotMeasuredError("zip_info does not list all entries")
            return seconds

        got = bench.take_turns([Contender("zip_info", look, [ours.pid], before=upload)], REPETITIONS, "s")
        ours.fsck()
    return [Limit("zip_info of 100,000 entries, uncached", "s", got["zip_info"], 1.0)]


def zip_file(bench: Bench) -> list[Figure]:
    """What is read of a 10 GiB zip, one that nobody has looked into before, for a file of 1 MiB in it."""
    with servers.pixelhost(bench.folder) as ours, contextlib.closing(Client(ours.port, ours.key)) as client:
        _warm_up(ours)
        archives = _Archives(ours)
        names: list[str] = []

        def read() -> float:
            return _read_beside(ours, client, names[-1])[0]

        reading = Contender("zip_file", read, [ours.pid], before=lambda: names.append(archives.make(BESIDE)))
        got = bench.take_turns([reading], REPETITIONS, "MiB")
        ours.fsck()
    return [Limit("zip_file out of 10 GiB: read besides the file", "MiB", got["zip_file"], 2.0)]


def zip_file_100k(bench: Bench) -> list[Figure]:
    """The same of a zip with 100,000 entries: its directory is read once for the first file, and never again."""
    with servers.pixelhost(bench.folder) as ours, contextlib.closing(Client(ours.port, ours.key)) as client:
        _warm_up(ours)
        archives = _Archives(ours)
        names: list[str] = []
        directory_bytes: list[int] = []
        seconds = {"first": Samples(), "second": Samples()}

        def make() -> None:
            names.append(archives.make(LISTED))
            directory_bytes.append(archives.directory_bytes)

        def read(which: str) -> float:
            mib, taken = _read_beside(ours, client, names[-1])
            seconds[which].values.append(taken)
            return mib - (directory_bytes[-1] / MIB if which == "first" else 0)

        turns = [
            Contender("first", lambda: read("first"), [ours.pid], before=make),
            Contender("second", lambda: read("second"), [ours.pid]),
        ]
        got = bench.take_turns(turns, REPETITIONS, "MiB")
        ours.fsck()
    return [
        Limit("zip_file, 100,000 entries: read besides file and directory", "MiB", got["first"], 2.0),
        Limit("zip_file, 100,000 entries, again: read besides the file", "MiB", got["second"], 0.5),
        Limit("zip_file, 100,000 entries: the first", "s", seconds["first"], 2.0),
        Limit("zip_file, 100,000 entries: again", "s", seconds["second"], 0.1),
    ]


def _read_beside(ours: Pixelhost, client: Client, name: str) -> tuple[float, float]:
    """MiB read for a member besides its own, and seconds. `name` is that of the archive and the member's SHA-256."""
    before = _bytes_read(ours)
    seconds, body = client.ask("GET", f"{ROOT}/{name}?zip_file=wanted.bin")
    if hashlib.sha256(body).hexdigest() != name:
        raise NotMeasuredError("zip_file answers other bytes")
    return (_bytes_read(ours) - before - len(body)) / MIB, seconds


class _Archives:
    """Zips of a hole of 10 GiB, a file, and many entries after it, put into the store as an upload would.

    `directory_bytes` is the size of the central directory of the last one.
    """

    def __init__(self, ours: Pixelhost) -> None:
        self._ours = ours
        self.directory_bytes = 0
        block = bytes(16 * MIB)
        self._hole_crc = 0
        for _ in range(HOLE_BYTES // len(block)):
            self._hole_crc = zlib.crc32(block, self._hole_crc)
        hole = self._hole()
        self._sha, self._crc = hashlib.sha256(head := zipstream.local_header(hole)), zlib.crc32(head)
        for _ in range(HOLE_BYTES // len(block)):
            self._sha.update(block)
            self._crc = zlib.crc32(block, self._crc)

    def make(self, beside: int) -> str:
        """The name of a new one in the root: the SHA-256 of the file in it."""
        wanted = secrets.token_bytes(WANTED_BYTES)
        members = [self._hole(), Member("wanted.bin", len(wanted), zlib.crc32(wanted), LONG_AGO)]
        members += [Member(f"beside/{number}.txt", 0, 0, LONG_AGO) for number in range(beside)]
        plan = zipstream.plan(members)
        self.directory_bytes = sum(len(zipstream.central_header(member, 0)) for member in members)
        start = len(zipstream.local_header(members[0])) + HOLE_BYTES
        sha, crc = self._sha.copy(), self._crc
        path = self._ours.folder / "made.zip"
        with path.open("wb") as file:
            file.write(zipstream.local_header(members[0]))
            file.seek(start)
            for part in plan.parts(start, plan.size_bytes):
                data = wanted if isinstance(part, Extent) else part
                file.write(data)
                sha.update(data)
                crc = zlib.crc32(data, crc)
        name = hashlib.sha256(wanted).hexdigest()
        location = f"{sha.hexdigest()[:2]}/{sha.hexdigest()[2:4]}/{sha.hexdigest()}"
        placed = self._ours.folder / "blobs" / location
        placed.parent.mkdir(parents=True, exist_ok=True)
        path.rename(placed)
        self._ours.sql(PLACE_BLOB, sha.digest(), plan.size_bytes, crc, location)
        self._ours.sql(PLACE_NODE, sha.digest(), name)
        return name

    def _hole(self) -> Member:
        return Member("hole.bin", HOLE_BYTES, self._hole_crc, LONG_AGO)


def _warm_up(ours: Pixelhost) -> None:
    """Let every process that will look into archives start and import what it needs."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("file.txt", b"inside")
    for number in range(WARM_UPS):
        with contextlib.closing(Client(ours.port, ours.key)) as client:
            client.ask("PUT", f"{ROOT}/small.zip", held.getvalue() + bytes([number]))
            client.ask("GET", f"{ROOT}/small.zip?zip_info")
            client.ask("GET", f"{ROOT}/small.zip?zip_file=file.txt")


def _bytes_read(ours: Pixelhost) -> int:
    """What the server and its decoding workers have read from files so far; what comes through sockets isn't counted.

    That is `rchar` of proc(5): `recv` doesn't count there, `read`, `pread` and `sendfile` do.
    """
    total = 0
    for pid in processes.descendants(ours.pid):
        with contextlib.suppress(OSError):
            if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]:
                total += int(Path(f"/proc/{pid}/io").read_text().split()[1])
    return total


def hostile(bench: Bench) -> list[Figure]:
    """The most memory that a decoding worker takes over pictures, archives, torrents and texts made to exhaust it."""
    bench.say(f"making {len(HOSTILE)} inputs")
    bodies = {name: make() for name, (make, _) in HOSTILE.items()}

    def look() -> float:
        """On a fresh server: the second time the answers come from the cache."""
        with servers.pixelhost(bench.folder) as ours, contextlib.closing(Client(ours.port, ours.key)) as client:
            for name, body in bodies.items():
                client.ask("PUT", f"{ROOT}/{name}", body)
            with _peak(ours) as peak:
                for name, (_, question) in HOSTILE.items():
                    status = client.status(f"{ROOT}/{name}?{question}")
                    # The server has hung up in the middle of what turned out to be broken.
                    client.close()
                    bench.say(f"{name}: answered {status}, at most {max(peak) / MIB:.0f} MiB so far")
                    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                        raise NotMeasuredError(f"{name} was answered {status}")
            ours.fsck()
            return max(peak) / MIB

    got = bench.take_turns([Contender("worker", look)], 1, "MiB")
    return [Limit(f"peak of a decoding worker, {len(HOSTILE)} inputs", "MiB", got["worker"], PEAK_LIMIT_MIB)]


@contextlib.contextmanager
def _peak(ours: Pixelhost) -> Iterator[list[int]]:
    """The highest mark of resident memory of each decoding worker, as often as it was looked at."""
    stopped, peaks = threading.Event(), [0]

    def watch() -> None:
        while not stopped.wait(SAMPLE_SECONDS):
            for pid in processes.descendants(ours.pid):
                with contextlib.suppress(OSError, StopIteration):
                    if b"pixelhost.media.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        peaks.append(processes.peak_resident_bytes(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        stopped.set()
        thread.join()


def _progressive_jpeg() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (10_000, 10_000)).save(held, "JPEG", progressive=True)
    return held.getvalue()


def _nested_svg() -> bytes:
    """Each group shows the one before it ten times."""
    groups = "".join(f'<g id="g{n}">{f"""<use href="#g{n - 1}" x="1"/>""" * 10}</g>' for n in range(1, 12))
    text = '<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"><g id="g0"><circle r="9"/></g>'
    return f'{text}{groups}<use href="#g11"/></svg>'.encode()


def _zip_of_zeros() -> bytes:
    """One file of 1 GiB, and 50,000 with long names in many directories."""
    held, block = io.BytesIO(), bytes(16 * MIB)
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("zeros", "w", force_zip64=True) as file:
            for _ in range(GIB // len(block)):
                file.write(block)
        for number in range(50_000):
            archive.writestr(f"{'d/' * 50}{number}{'x' * 60}", b"")
    return held.getvalue()


def _tar_of_zeros() -> bytes:
    """A file of 4 GiB, packed to 4 MB."""
    info = tarfile.TarInfo("zeros")
    info.size = 4 * GIB
    packer, block = zlib.compressobj(1, wbits=31), bytes(16 * MIB)
    packed = [packer.compress(info.tobuf(tarfile.GNU_FORMAT))]
    packed += [packer.compress(block) for _ in range(info.size // len(block))]
    return b"".join(packed) + packer.flush()


def _xz_with_a_large_dictionary() -> bytes:
    """It asks for a dictionary of 4 GiB (The .xz File Format 3.1, 5.3.1)."""
    data = bytearray(lzma.compress(bytes(MIB), format=lzma.FORMAT_XZ))
    end = 12 + (data[12] + 1) * 4 - 4
    data[data.index(b"\x21\x01", 12) + 2] = 40
    data[end : end + 4] = struct.pack("<I", zlib.crc32(data[12:end]))
    return bytes(data)


def _zstd_with_a_large_window() -> bytes:
    """It asks for a window of 2 GiB, and repeats a zero for ever so long (RFC 8878, 3.1.1)."""
    block = (128 << 10) << 3 | 1 << 1
    return b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + (block.to_bytes(3, "little") + b"\0") * 100_000


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "largest.png": (lambda: png(10_000, 10_000, 10_000), "thumbnail"),
    "deep.png": (lambda: png(10_000, 10_000, 10_000, 16), "thumbnail"),
    "wide.png": (lambda: png(100_000_000, 1, 1), "thumbnail"),
    "claims.png": (lambda: png(60_000, 60_000, 1), "thumbnail"),
    "large.jpg": (_progressive_jpeg, "thumbnail"),
    "nested.svg": (_nested_svg, "thumbnail"),
    "zeros.zip": (_zip_of_zeros, "zip_info"),
    "zeros-again.zip": (_zip_of_zeros, "zip_file=zeros"),
    "zeros.tar.gz": (_tar_of_zeros, "zip_info"),
    "dictionary.tar.xz": (_xz_with_a_large_dictionary, "zip_info"),
    "window.tar.zst": (_zstd_with_a_large_window, "zip_info"),
    "nested.torrent": (lambda: b"l" * (16 * MIB - 1), "torrent_info"),
    "values.torrent": (lambda: b"d4:infod5:filesl" + b"i0e" * 5_000_000 + b"eee", "torrent_info"),
    "brackets.md": (lambda: b"[" * (2 * MIB), "render_markdown"),
    "quotes.md": (lambda: b"> " * MIB, "render_markdown"),
    "stars.md": (lambda: b"*a_ " * (MIB // 2), "render_markdown"),
    **BOMBS,
}
