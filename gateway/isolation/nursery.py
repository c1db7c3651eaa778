"""``python -m gateway.isolation.nursery``: a fresh interpreter that forks readers for the pool and says who died.

Fresh, so that no key, certificate or patient of the daemon is in the memory of a reader; single-threaded, so that fork
is sound; the work's modules are imported once, so that a reader costs a fork. It never sees a document. Not the
multiprocessing forkserver, which wants a socket in a temporary folder, a resource tracker and pickle.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from gateway.isolation.confine import die_with_parent
from gateway.isolation.landlock import libraries
from gateway.isolation.reader import Confinement, Work, read_documents
from gateway.isolation.wire import CONTROL, EXITED, FORK, KILL, READY
from gateway.terminology import own as terminology


def main(arguments: list[str]) -> None:
    """Arguments: descriptor of the control socket, work, memory in bytes, "required" or not, readable folders."""
    descriptor, work, memory, required, *readable = arguments
    folders = {*libraries(), *map(Path, readable)}
    terminology.inherit()
    confinement = Confinement(int(memory), tuple(sorted(folders)), required=required == "required")
    Nursery(socket.socket(fileno=int(descriptor)), load(work), confinement).run()


def load(work: str) -> Work:
    """Import ``package.module:function``."""
    module, _, function = work.partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


class Nursery:
    """Children by the number that the pool gave them, so that no pid can be taken for another."""

    def __init__(self, control: socket.socket, work: Work, confinement: Confinement) -> None:
        self._control, self._work, self._confinement = control, work, confinement
        self._children: dict[int, int] = {}
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)

    def run(self) -> None:
        """Until the pool closes the control socket; then nobody is left."""
        die_with_parent()
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)  # the daemon decides when its readers end
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken)
        gc.collect()
        gc.freeze()
        self._control.send(CONTROL.pack(READY, 0, 0))
        with suppress(ConnectionError):
            while self._obey():
                self._reap()
        for pid in self._children.values():
            os.kill(pid, signal.SIGKILL)

    def _obey(self) -> bool:
        """Wait for a word or a death; False when the pool has gone."""
        ready, _, _ = select.select([self._control.fileno(), self._wake], [], [])
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._control.fileno() not in ready:
            return True
        message, descriptors, _, _ = socket.recv_fds(self._control, CONTROL.size, 1)
        if not message:
            return False
        word, number, _ = CONTROL.unpack(message)
        if word == FORK:
            self._fork(number, socket.socket(fileno=descriptors[0]))
        elif word == KILL and number in self._children:
            os.kill(self._children[number], signal.SIGKILL)
        return True

    def _fork(self, number: int, connection: socket.socket) -> None:
        with connection:
            pid = os.fork()
            if pid == 0:
                self._become_reader(connection)
            self._children[number] = pid

    def _become_reader(self, connection: socket.socket) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # parsers written in C complain on stderr, and quote what they read
            os.dup2(nothing, standard)
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, 1 << 20)
        read_documents(connection, self._work, self._confinement)

    def _reap(self) -> None:
        for number, pid in list(self._children.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._children[number]
                self._control.send(CONTROL.pack(EXITED, number, os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main(sys.argv[1:])
