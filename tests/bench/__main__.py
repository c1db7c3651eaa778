"""The bench: ``python -m tests.bench [--quick]`` prints a table. Timings are shown, never asserted."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.bench import matching, mix, readers, rounds
from tests.bench.processes import started
from tests.bench.profile import dearest
from tests.bench.rounds import Bench, Latency, Round
from tests.protocol import dovecot

ROUNDS = 5
LATENCY_MAILS = 100
LARGE = 40_000_000
MB = 1_000_000


def main(arguments: list[str]) -> None:
    """Measure, then print."""
    quick = "--quick" in arguments
    mails = mix.mails()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, dovecot.running() as server:
        server.put("floor@bench.mssante.fr", *mails)
        with started("tests.bench.destinations", server.pki.folder) as destinations:
            bench = Bench(Path(folder), server, destinations)
            print(f"{len(mails)} mails of the corpus a round, {os.cpu_count()} cores", flush=True)
            _throughput(bench, mails, 2 if quick else ROUNDS)
            if not quick:
                _latency("SMTP end of DATA", rounds.latency(bench, mails[:LATENCY_MAILS], imap=False))
                _latency("IMAP (LMTP's 250)", rounds.latency(bench, mails[:LATENCY_MAILS], imap=True))
                _memory("peak memory, the mix", rounds.memory(bench, mails))
                _memory("peak memory, 40 MB mail", rounds.memory(bench, [mix.large(mix.letter(), LARGE)]))
            for name, value, beside in readers.rows():
                _line(name, value, beside)
            if not quick:
                matching.main([])
            profile = Path(folder) / "profile"
            done = rounds.ours(bench, mails, profile)
            print("The ten dearest functions, in themselves (under the profiler, the reading in the daemon):")
            for name, calls, seconds in dearest(profile, 40 if quick else 10):
                print(f"  {1000 * seconds / done.documents:6.2f} ms/doc {calls / done.documents:8.1f} calls  {name}")


def _throughput(bench: Bench, mails: list[bytes], count: int) -> None:
    """A round of ours, a round of the floor, and so on; the first pair warms up and is not counted."""
    measured = []
    for _ in range(count + 1):
        ours = rounds.ours(bench, mails)
        measured.append((ours, rounds.floor(bench, "floor@bench.mssante.fr", ours)))
    measured = measured[1:]
    rates = [ours.documents / ours.seconds for ours, _ in measured]
    ms = [1000 * ours.cpu / ours.documents for ours, _ in measured]
    least = [1000 * floor["cpu"] / ours.documents for ours, floor in measured]
    last = measured[-1][0]
    _line("documents a round", f"{last.documents} filed, {last.fed} of them fed to the DMP too")
    _line("documents per second", _spread(rates), "aim 40")
    _line("CPU ms per document", _spread(ms))
    daemon = [1000 * ours.daemon / ours.documents for ours, _ in measured]
    _line("CPU ms per document, the daemon alone", _spread(daemon))
    _line("CPU ms per document, floor", _spread(least))
    _line("ratio to the floor", _spread([a / b for a, b in zip(ms, least, strict=True)]), "aim 3 at most")
    _line("commits per document", f"{last.commits / last.documents:.1f}", "aim 10 at most")
    _requests(last)


def _requests(last: Round) -> None:
    requests, frames = last.seen["requests"], last.seen["frames"]
    sizes = sum(size for _, size in requests) + sum(frames)
    _line("requests and frames a round", f"{len(requests)} and {len(frames)}, {sizes / MB:.1f} MB")


def _latency(name: str, seen: Latency) -> None:
    aim = "aim p99 1200" if name.startswith("IMAP") else "aim p99 500"
    for what, values, wanted in (("to both", seen.to_both, aim), ("skew", seen.skew, "aim median 50")):
        ms = [1000 * value for value in values]
        p99 = quantiles(ms, n=100, method="inclusive")[98]
        _line(f"{name}, {what} (ms)", f"median {median(ms):.0f}, p99 {p99:.0f}, max {max(ms):.0f}", wanted)


def _memory(name: str, peaks: tuple[int, int]) -> None:
    _line(f"{name} (MB)", f"daemon {peaks[0] / MB:.0f}, tree {peaks[1] / MB:.0f}", "aim daemon 300")


def _spread(values: list[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _line(name: str, value: str, aim: str = "") -> None:
    print(f"{name:42} {value:44} {aim}".rstrip(), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except pytest.skip.Exception as absent:
        print(f"bench: {absent}")
