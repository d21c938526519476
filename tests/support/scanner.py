"""A real clamd with a database of one signature, and one that says what a test tells it to."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from pixelhost.core import clamd
from pixelhost.core.clamd import ScannerAway

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OTHER_MALWARE = b"this is what the second signature is about"
STREAM_BYTES_MAX = 1 << 20
START_SECONDS = 180

CONFIGURATION = """
LocalSocket {directory}/socket
LogFile {directory}/log
DatabaseDirectory {directory}/signatures
StreamMaxLength {stream_bytes_max}
Foreground yes
FixStaleSocket yes
SelfCheck 3600
ConcurrentDatabaseReload no
{user}
"""


class Scanner:
    """clamd on a Unix socket."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        (directory / "signatures").mkdir()
        self.learn("EICAR", EICAR)
        user = "User root" if os.geteuid() == 0 else ""
        configuration = CONFIGURATION.format(directory=directory, stream_bytes_max=STREAM_BYTES_MAX, user=user)
        (directory / "clamd.conf").write_text(configuration)

    @property
    def url(self) -> str:
        return f"unix://{self._directory}/socket"

    def learn(self, name: str, data: bytes) -> None:
        """A signature by the MD5 of a whole file, which holds from the next start on."""
        line = f"{hashlib.md5(data).hexdigest()}:{len(data)}:{name}\n"
        (self._directory / "signatures" / f"{name}.hdb").write_text(line)

    def forget(self, name: str) -> None:
        """It takes another one to be there: clamd doesn't start without any."""
        (self._directory / "signatures" / f"{name}.hdb").unlink()

    async def start(self) -> None:
        """Ends the test where clamd isn't installed, saying so: it is never passed over silently."""
        program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            pytest.skip("clamd is not installed, so malware is NOT tested: apt-get install clamav-daemon")
        arguments = [program, "--config-file", str(self._directory / "clamd.conf")]
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(START_SECONDS):
            while True:
                with suppress(ScannerAway):
                    await clamd.version(self.url)
                    return
                assert self._process.poll() is None, self._said()
                await asyncio.sleep(0.1)

    def _said(self) -> str:
        """What it wrote into its log, if it came to that."""
        log = self._directory / "log"
        return log.read_text() if log.exists() else "clamd ended at once"

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@asynccontextmanager
async def real_scanner() -> AsyncIterator[Scanner]:
    """One that has started, in a directory of its own: a socket's path has to be short."""
    with tempfile.TemporaryDirectory(prefix="clamd", dir="/tmp") as directory:
        scanner = Scanner(Path(directory))
        try:
            await scanner.start()
            yield scanner
        finally:
            scanner.kill()


class FakeScanner:
    """Answers VERSION properly, and a scan with whatever `answer` makes of what was sent: None hangs up."""

    def __init__(self) -> None:
        self.port = 0
        self.version = b"ClamAV 1.0/1/today\0"
        self.answer: Callable[[bytes], bytes | None] = lambda _sent: b"stream: OK\0"
        self.scanned: list[bytes] = []

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            command = await reader.readuntil(b"\0")
            if command == b"zVERSION\0":
                writer.write(self.version)
            else:
                sent = b""
                while size := int.from_bytes(await reader.readexactly(4), "big"):
                    sent += await reader.readexactly(size)
                self.scanned.append(sent)
                writer.write(self.answer(sent) or b"")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def fake_scanner() -> AsyncIterator[FakeScanner]:
    fake = FakeScanner()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake
