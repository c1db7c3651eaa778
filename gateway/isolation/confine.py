"""What a reader gives up before it sees the first hostile byte.

Network, other programs, other processes, and changes to any file: refused by seccomp with EPERM. Files other than
libraries: by Landlock, where the kernel has it. Memory, open files, core dumps: by rlimits. What remains is to compute
and to speak on its one socket.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
from collections.abc import Iterable
from pathlib import Path

import pyseccomp

from gateway.isolation.landlock import only_read

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_THREAD = 0x00010000
_LIBC = ctypes.CDLL(None, use_errno=True)

_REFUSED = """
    socket socketpair connect bind listen accept accept4 sendmsg sendmmsg recvmsg recvmmsg
    execve execveat fork vfork ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal kcmp
    kill tkill rt_sigqueueinfo rt_tgsigqueueinfo setpriority sched_setaffinity sched_setscheduler setrlimit
    io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd keyctl add_key request_key
    mount umount2 pivot_root chroot unshare setns open_by_handle_at name_to_handle_at memfd_create memfd_secret
    fsopen fsmount move_mount open_tree mount_setattr init_module finit_module delete_module kexec_load reboot swapon
    unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir symlink symlinkat link linkat mknod mknodat creat
    truncate ftruncate fallocate chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat
    futimesat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr shmget shmat msgget semget mq_open
    setuid setgid setreuid setregid setresuid setresgid setgroups capset personality inotify_init1 fanotify_init
    openat2 sethostname syslog quotactl acct settimeofday clock_settime adjtimex
""".split()  # noqa: SIM905 - a list of words reads better as words


def confine(memory: int, readable: Iterable[Path]) -> bool:
    """Confine this process for good; False when files stay readable, for want of Landlock. Only in a forked reader.

    OSError, RuntimeError or ValueError when the kernel or libseccomp refuse.
    """
    limit_only(memory)
    hidden = only_read(readable)
    _rules().load()
    return hidden


def limit_only(memory: int) -> None:
    """The part of confinement that needs no seccomp."""
    die_with_parent()
    _limit(memory)


def die_with_parent() -> None:
    """SIGKILL when the nursery ends, however it ends; no core, no ptrace by equals, no new privileges."""
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if os.getppid() != parent:
        os._exit(1)


def _limit(memory: int) -> None:
    for what, most in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _rules() -> pyseccomp.SyscallFilter:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in _REFUSED:
        if _known(name):
            rules.add_rule(refuse, name)
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
        rules.add_rule(refuse, "openat", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, flag, flag))
        if _known("open"):
            rules.add_rule(refuse, "open", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(refuse, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    rules.add_rule(refuse, "tgkill", pyseccomp.Arg(0, pyseccomp.NE, os.getpid()))
    rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, 0))
    if _known("clone3"):  # its flags lie in memory, out of reach: the C library falls back to clone
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    return rules


def _known(name: str) -> bool:
    """Architectures and releases of libseccomp know different calls; a negative number is a pseudo call."""
    try:
        return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) >= 0
    except (OSError, ValueError):
        return False


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), "prctl")
