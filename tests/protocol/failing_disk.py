"""``gateway``, whose fsync begins to fail when it is told to by SIGUSR1: every thread, every file, for good."""

from __future__ import annotations

import errno
import signal

import pyseccomp

from gateway.app import cli


def _fail(_signal: int, _frame: object) -> None:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
    for call in ("fsync", "fdatasync"):
        rules.add_rule(pyseccomp.ERRNO(errno.EIO), call)
    rules.load()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _fail)
    cli.main()
