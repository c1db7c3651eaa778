"""One target in a child of its own: bounded in memory, killed when one input takes too long, its last input known."""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.fuzz.mutate import LONGEST, Mutator
from tests.fuzz.targets import Target

CRASHERS = Path(__file__).with_name("crashers")
MEMORY = 1 << 30
#: Seconds of the processor: others may use the machine.
PATIENCE = 20.0
_TRIES = 400


@dataclass
class Report:
    """``crashes``: what happened → the input. ``slowest``: (seconds of processor, size), worst first. Memory: bytes."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    crashes: dict[str, bytes] = field(default_factory=dict)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    slowest_input: bytes = b""
    grown: int = 0


def run(target: Target, seconds: float, number: int) -> Report:
    """Work for so long; after a death the work goes on with other inputs."""
    target.seeds()  # gathered once, for every child
    report, deaths, until = Report(target.name), 0, time.monotonic() + seconds
    with mmap.mmap(-1, LONGEST * 2 + 8) as last:
        while (left := until - time.monotonic()) > 0 and deaths < 5:
            told, status = _child(target, left, number + deaths, last)
            if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                raise RuntimeError(f"{target.name}: the runner failed")
            _add(report, told)
            if os.WIFSIGNALED(status):
                deaths += 1
                cause = "took too long" if os.WTERMSIG(status) == signal.SIGPROF else f"signal {os.WTERMSIG(status)}"
                report.crashes.setdefault(cause, bytes(last[8 : 8 + int.from_bytes(last[:8])]))
    return report


def replay(target: Target, data: bytes) -> str:
    """What happens with one input: empty when all is well."""
    return _outcome(target, data)


def keep(report: Report) -> list[Path]:
    """Write the crashers where they are tried again for ever."""
    written = []
    for data in report.crashes.values():
        path = CRASHERS / report.target / sha256(data).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    return written


def kept(name: str) -> list[Path]:
    """The crashers of a target."""
    folder = CRASHERS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _child(target: Target, seconds: float, number: int, last: mmap.mmap) -> tuple[dict[str, Any], int]:
    outlet, inlet = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(outlet)
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            warnings.simplefilter("ignore")
            for told in _work(target, seconds, number, last):
                os.write(inlet, json.dumps(told).encode() + b"\n")
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
    os.close(inlet)
    with os.fdopen(outlet) as lines:
        said = [json.loads(line) for line in lines]
    _, status = os.waitpid(child, 0)
    return {key: value for one in said for key, value in one.items()}, status


def _work(target: Target, seconds: float, number: int, last: mmap.mmap) -> Iterator[dict[str, Any]]:
    mutator, began, inputs = Mutator(target.seeds(), number), time.monotonic(), 0
    slowest: list[tuple[float, int]] = []
    seen: set[str] = set()
    worst, at_start = b"", _memory()
    while time.monotonic() - began < seconds:
        data = mutator.next()
        last[:8], last[8 : 8 + len(data)] = len(data).to_bytes(8), data
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        started = time.process_time()
        outcome = _outcome(target, data)
        took = time.process_time() - started
        signal.setitimer(signal.ITIMER_PROF, 0)
        inputs += 1
        if not slowest or took > slowest[0][0]:
            worst, slowest = data, [(took, len(data)), *slowest][:3]
        if outcome and outcome not in seen:
            seen.add(outcome)
            yield {f"crash {outcome}": _smaller(target, data, outcome).hex()}
        if inputs % 500 == 0:
            yield {"inputs": inputs}
    yield {"inputs": inputs, "seconds": time.monotonic() - began, "slowest": slowest, "worst": worst.hex()}
    yield {"grown": _memory() - at_start}


def _outcome(target: Target, data: bytes) -> str:
    """The error that is no refusal, by its kind and place; never by its text, which may quote the input."""
    try:
        target.call(data)
    except MemoryError:
        return "MemoryError"
    except (Exception, RecursionError) as error:  # noqa: BLE001 - whatever it is, it is the finding
        if target.refuses(error):
            return ""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "gateway" in frame.filename and "site-packages" not in frame.filename]
        where = (ours or frames)[-1]
        return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
    return ""


def _smaller(target: Target, data: bytes, outcome: str) -> bytes:
    """The same outcome from less, as far as some tries go."""
    tries, step = 0, max(1, len(data) // 2)
    while step and tries < _TRIES:
        at = 0
        while at < len(data) and tries < _TRIES:
            tries += 1
            less = data[:at] + data[at + step :]
            if _outcome(target, less) == outcome:
                data = less
            else:
                at += step
        step //= 2
    return data


def _add(report: Report, told: dict[str, Any]) -> None:
    report.inputs += told.get("inputs", 0)
    report.seconds += told.get("seconds", 0.0)
    report.grown = max(report.grown, told.get("grown", 0))
    for key, value in told.items():
        if key.startswith("crash "):
            report.crashes.setdefault(key.removeprefix("crash "), bytes.fromhex(value))
    slowest = [(float(took), int(size)) for took, size in told.get("slowest", ())]
    if slowest and (not report.slowest or slowest[0] > report.slowest[0]):
        report.slowest_input = bytes.fromhex(told["worst"])
    report.slowest = sorted([*report.slowest, *slowest], reverse=True)[:3]


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
