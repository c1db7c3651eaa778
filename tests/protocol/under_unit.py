"""Run inside the restrictions of a systemd unit, as far as a process can take them upon itself: its filter of system
calls, its address families, no memory both written and executed, no new privileges, no capability.

    python -m tests.protocol.under_unit UNIT MODULE [ARGUMENT…]
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

import pyseccomp

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_CAPBSET_DROP = 24
_LAST_CAPABILITY = 40


def settings(unit: Path) -> dict[str, list[str]]:
    """Each key of the unit with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def calls(filters: list[str]) -> set[str]:
    """The system calls that the unit's SystemCallFilter= lines leave."""
    groups = _groups()
    allowed: set[str] = set()
    for line in filters:
        words = line.removeprefix("~").split()
        named = set().union(*(_expand(word, groups) for word in words))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def restrict(unit: Path) -> None:
    """Take on what the unit says. For good."""
    keys = settings(unit)
    for capability in range(_LAST_CAPABILITY + 1):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    families = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    allowed = {int(getattr(socket, name)) for name in keys["RestrictAddressFamilies"][0].split()}
    for family in set(range(46)) - allowed:
        families.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    executable = mmap.PROT_WRITE | mmap.PROT_EXEC
    refuse = pyseccomp.ERRNO(errno.EPERM)
    families.add_rule(refuse, "mmap", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, executable, executable))
    families.add_rule(refuse, "mprotect", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, mmap.PROT_EXEC, mmap.PROT_EXEC))
    families.load()
    filtered = pyseccomp.SyscallFilter(pyseccomp.ERRNO(getattr(errno, keys["SystemCallErrorNumber"][0])))
    for name in sorted(calls(keys["SystemCallFilter"])):
        if _known(name):
            filtered.add_rule(pyseccomp.ALLOW, name)
    filtered.load()


def _groups() -> dict[str, list[str]]:
    told = subprocess.run(["systemd-analyze", "syscall-filter"], check=True, capture_output=True, text=True).stdout
    groups: dict[str, list[str]] = {}
    members: list[str] = []
    for line in told.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), [])
        elif line.strip() and not line.strip().startswith("#"):
            members.append(line.strip())
    return groups


def _expand(word: str, groups: dict[str, list[str]]) -> set[str]:
    if not word.startswith("@"):
        return {word}
    return set().union(*(_expand(member, groups) for member in groups[word]))


def _known(name: str) -> bool:
    try:
        return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) >= 0
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    restrict(Path(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
