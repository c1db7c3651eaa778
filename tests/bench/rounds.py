"""One round of the product, one of the floor, one of latency: what each measured."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import house as houses
from tests.bench.house import MAILBOX, Filed, House
from tests.bench.processes import Child, Peak, cpu, started
from tests.protocol.dovecot import PASSWORD, Dovecot

SENDER = "expediteur@bench.mssante.fr"


@dataclass
class Bench:
    """What all rounds share."""

    folder: Path
    server: Dovecot
    destinations: Child
    count: int = field(default=0)

    @contextmanager
    def gateway(self, *profile: Path) -> Iterator[tuple[House, Child]]:
        """A running daemon in a fresh house."""
        self.count += 1
        house = houses.build(self.folder / str(self.count), self.server, f"bal{self.count}", self.destinations.ready)
        with started("tests.bench.daemon", house.config, *profile) as daemon:
            self.destinations.ask()
            yield house, daemon


@dataclass(frozen=True)
class Round:
    """``seconds`` from the first mail kept to the last acknowledgement; CPU seconds of our tree, and of its root."""

    mails: int
    documents: int
    fed: int
    seconds: float
    cpu: float
    daemon: float
    commits: int
    seen: dict[str, Any]


def ours(bench: Bench, mails: list[bytes], *profile: Path) -> Round:
    """All mails at once in the mailbox."""
    with bench.gateway(*profile) as (house, daemon):
        before, commits = cpu(daemon.process.pid), daemon.ask()["commits"]
        bench.server.put(house.user, *mails)
        house.wait(len(mails))
        after, commits = cpu(daemon.process.pid), daemon.ask()["commits"] - commits
        seen, filed = bench.destinations.ask(), house.filed()
        last = max(instant for name in ("dpi", "dmp") for instants in seen[name].values() for instant in instants)
        fed = sum(one.dmp is not None for one in filed)
        return Round(
            len(mails), len(filed), fed, last - house.began(), after[0] - before[0], after[1] - before[1], commits, seen
        )


def floor(bench: Bench, user: str, round_: Round) -> dict[str, float]:
    """The floor of that round."""
    pki = bench.server.pki
    order = {
        "imaps": bench.server.imaps,
        "user": user,
        "password": PASSWORD,
        "ca": str(pki.ca),
        "cert": str(pki.cert("auth")),
        "key": str(pki.key("auth")),
        "dmp": bench.destinations.ready[0],
        "dpi": bench.destinations.ready[1],
        "requests": round_.seen["requests"],
        "frames": round_.seen["frames"],
        "commits": round_.commits,
        "folder": str(bench.folder),
    }
    command = [sys.executable, "-m", "tests.bench.floor"]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


@dataclass(frozen=True)
class Latency:
    """Seconds, one a document: to the last of its acknowledgements, and between the two."""

    to_both: list[float]
    skew: list[float]


def latency(bench: Bench, mails: list[bytes], *, imap: bool, period: float = 0.5) -> Latency:
    """One mail every ``period`` seconds, whatever becomes of those before."""
    with bench.gateway() as (house, daemon):
        sent = list(_by_lmtp(bench, house, mails, period) if imap else _by_smtp(daemon.ready, mails, period))
        house.wait(len(mails))
        seen = bench.destinations.ask()
        return _latency(house.filed(), sent, seen)


def memory(bench: Bench, mails: list[bytes]) -> tuple[int, int]:
    """The peaks of the daemon and of the tree, in bytes, over mails that come by SMTP as fast as they are taken."""
    with bench.gateway() as (house, daemon), Peak(daemon.process.pid) as peak:
        list(_by_smtp(daemon.ready, mails, 0))
        house.wait(len(mails))
    return peak.daemon, peak.tree


def _by_smtp(port: int, mails: list[bytes], period: float) -> Iterator[float]:
    """The instants at which the last byte of each DATA had been handed to the kernel."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        for raw in _paced(mails, period):
            client.ehlo_or_helo_if_needed()
            client.mail(SENDER)
            client.rcpt(MAILBOX)
            client.putcmd("data")
            client.getreply()
            lines = smtplib._quote_periods(smtplib._fix_eols(raw.decode("latin-1")).encode("latin-1"))  # type: ignore[attr-defined]
            client.send(lines + b".\r\n" if lines.endswith(b"\r\n") else lines + b"\r\n.\r\n")
            yield time.time()
            if client.getreply()[0] != 250:
                raise RuntimeError("the inlet refused a mail")


def _by_lmtp(bench: Bench, house: House, mails: list[bytes], period: float) -> Iterator[float]:
    """The instants of Dovecot's 250."""
    with smtplib.LMTP("127.0.0.1", bench.server.lmtp) as client:
        for raw in _paced(mails, period):
            client.sendmail(SENDER, [house.user], raw)
            yield time.time()


def _paced(mails: list[bytes], period: float) -> Iterator[bytes]:
    began = time.monotonic()
    for number, raw in enumerate(mails):
        time.sleep(max(0.0, began + number * period - time.monotonic()))
        yield raw


def _latency(filed: list[Filed], sent: list[float], seen: dict[str, Any]) -> Latency:
    """Mails are numbered as they were sent: they come half a second apart."""
    fed = [one for one in filed if one.dmp is not None]
    dpi = [min(seen["dpi"][one.dpi]) for one in fed]
    dmp = [min(seen["dmp"][one.dmp]) for one in fed]
    both = [max(pair) - sent[one.mail - 1] for one, pair in zip(fed, zip(dpi, dmp, strict=True), strict=True)]
    return Latency(both, [abs(a - b) for a, b in zip(dpi, dmp, strict=True)])
