"""A real clamd in a temporary folder, on a Unix socket and a free loopback port, with a base of one signature.

The signature is that of the test file of EICAR, which is put together at run time: no scanner minds this source.
"""

from __future__ import annotations

import getpass
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
NAME = "Test.Eicar.UNOFFICIAL"
#: StreamMaxLength of these tests (bytes).
LIMIT = 1024 * 1024


class ClamAv:
    """One clamd, started and stopped at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "db").mkdir()
        (folder / "db" / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"Foreground yes\nLocalSocket {folder}/clamd.sock\nTCPSocket {self.port}\nTCPAddr 127.0.0.1\n"
            f"DatabaseDirectory {folder}/db\nLogFile {folder}/log\nStreamMaxLength 1M\nMaxThreads 2\n"
            f"AlertExceedsMax yes\nMaxFileSize 900K\nUser {getpass.getuser()}\n"
        )

    @property
    def unix(self) -> str:
        """Its address on the Unix socket."""
        return f"unix:{self.folder}/clamd.sock"

    @property
    def tcp(self) -> str:
        """Its address on loopback."""
        return f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers."""
        self._process = subprocess.Popen(["clamd", "-c", self.folder / "clamd.conf"], stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < limit, "clamd does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as asked:
                asked.sendall(b"zPING\0")
                return asked.recv(16) == b"PONG\0"
        except OSError:
            return False


@contextmanager
def prepared() -> Iterator[ClamAv]:
    """Not started yet; stopped at the end. The folder's name is short: a socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="clamav-") as name:
        Path(name).chmod(0o755)
        clamav = ClamAv(Path(name))
        try:
            yield clamav
        finally:
            clamav.stop()


@contextmanager
def running() -> Iterator[ClamAv]:
    """Started."""
    with prepared() as clamav:
        clamav.start()
        yield clamav


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
