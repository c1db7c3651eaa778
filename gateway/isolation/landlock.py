"""Which files a reader may open, by Landlock (Linux 5.13 and later): libraries to read, and nothing else.

Without it a reader whose parser is taken over could read whatever the daemon's user can, keys included, and hand it
back as a document. The kernel's documentation: userspace-api/landlock.rst. Its numbers are those of every architecture.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ALL_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1}  # rights by version; 3 and later: truncate as well
_LIBC = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none or it may not be used."""
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


def libraries() -> set[Path]:
    """Where interpreters and libraries lie: what a lazy import may still have to read."""
    ours = Path(__file__).resolve().parents[1]
    packages = {Path(place) for place in sys.path if Path(place).name in {"site-packages", "dist-packages"}}
    return {ours, *packages, Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib"), Path("/lib64")}


def only_read(folders: Iterable[Path]) -> bool:
    """From now on only what lies in these folders can be opened, to read; False where there is no Landlock."""
    if not (found := version()):
        return False
    rights = struct.pack("=Q", _ALL_OF.get(found, (1 << 15) - 1))
    ruleset = _call(_CREATE_RULESET, rights, len(rights), 0)
    try:
        for folder in filter(Path.is_dir, folders):
            _allow(ruleset, folder)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, folder: Path) -> None:
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", _READ_FILE | _READ_DIR, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    longs = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_LIBC.syscall(ctypes.c_long(number), *longs))
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return result
