"""Print one table and exit 1 when a bound is missed: ``python -m tests.score [mails] [emails] [files] [identity]``.

A corpus that is not there is said and asks nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.score import Row, emails, files, identity, mails

#: A fifth of what ``python -m tests.score.identity`` tries.
PAIRS = identity.PAIRS // 5

_PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "identity": lambda: identity.rows(PAIRS, identity.SEED),
    "mails": mails.rows,
    "emails": emails.rows,
    "files": files.rows,
}


def main(arguments: list[str]) -> int:
    """0 when every bound holds."""
    unknown = [name for name in arguments if name not in _PARTS]
    if unknown:
        print(f"score: no part {unknown[0]}; there are {', '.join(_PARTS)}", file=sys.stderr)
        return 2
    missed = [row.name for name in arguments or _PARTS for row in _shown(name) if not row.good]
    print("every bound holds" if not missed else f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


def _shown(name: str) -> Iterator[Row]:
    print(f"-- {name}", flush=True)
    try:
        for row in _PARTS[name]():
            mark = "" if not row.bound else "ok" if row.good else "MISSED"
            print(f"{row.name:44} {row.value:54} {row.bound:18} {mark}".rstrip(), flush=True)
            yield row
    except (pytest.skip.Exception, pytest.fail.Exception) as absent:
        print(f"skipped: {absent}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
