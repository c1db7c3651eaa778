"""A message as a bad line, a bad disk or bad software leaves it."""

from __future__ import annotations

from hypothesis import strategies as st


def damaged(seed: bytes) -> st.SearchStrategy[bytes]:
    """``seed`` with some runs of bytes replaced by others."""
    cut = st.tuples(st.integers(0, len(seed)), st.integers(0, 40), st.binary(max_size=8))
    return st.lists(cut, max_size=8).map(lambda cuts: _cut(seed, cuts))


def _cut(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, put in cuts:
        seed = seed[:place] + put + seed[place + length :]
    return seed
