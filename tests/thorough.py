"""Long lists of like cases: a sample where time is short, every one of them with GATEWAY_TEST_EVERYTHING set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def sampled(cases: Sequence[_T], step: int) -> Sequence[_T]:
    """Every ``step``-th case; all when everything is asked for."""
    return cases if os.environ.get("GATEWAY_TEST_EVERYTHING") else cases[::step]
