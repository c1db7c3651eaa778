"""Work for a reader on a machine whose libseccomp refuses to load, imported by the nursery of test_isolation."""

from __future__ import annotations

import sys

from gateway.isolation import reader
from tests.protocol.test_isolation import work

__all__ = ["work"]


def _refuse(*_: object) -> None:
    raise OSError(1, "Operation not permitted")


if "gateway.isolation.nursery" in sys.orig_argv:
    vars(reader)["confine"] = _refuse
