"""The house of one round: fresh, with the corpus's patients and senders, between the destinations and a mailbox."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests import outside
from tests.protocol.dovecot import PASSWORD, Dovecot

MAILBOX = "bal@bench.mssante.fr"
_CONFIG = """
[establishment]
name = "CLINIQUE D'ESSAI"
structure_id = "1750000018"
sector = "SA04"
oid_root = "1.2.250.1.999.7.1"
ipp_oid = "1.2.250.1.999.7.2"
[[mailbox]]
name = "bal"
address = "{user}"
user = "{user}"
host = "localhost"
port = {imap}
password_file = "{folder}/password"
ca = "{pki}/ca.pem"
[smtp]
listen = "127.0.0.1:0"
recipients = {{ "{address}" = "bal" }}
peers = ["127.0.0.1"]
[matching]
without_ins = "file-and-feed"
[dpi]
kind = "mllp"
url = "mllp://127.0.0.1:{dpi}"
[dmp]
enabled = true
base_url = "https://localhost:{dmp}"
auth_cert = "{pki}/auth.pem"
auth_key = "{pki}/auth.key"
sign_cert = "{pki}/sign.pem"
sign_key = "{pki}/sign.key"
ca = "{pki}/ca.pem"
lps_name = "Passerelle"
lps_version = "1.0"
lps_homologation_file = "{folder}/homologation"
responsible = {{ id = "810100901111", name = "VAUQUELIN ARMAND", role = "10", specialty = "SM26" }}
uncertain_type = "feed"
schemas = "{schemas}"
"""


_FILED = """
SELECT d.arrival_seq, dpi.unique_id, dmp.unique_id FROM document d
JOIN delivery dpi ON dpi.document_id = d.id AND dpi.destination = 'dpi' AND dpi.state = 'done'
LEFT JOIN delivery dmp ON dmp.document_id = d.id AND dmp.destination = 'dmp' AND dmp.state = 'done'
"""


@dataclass(frozen=True)
class Filed:
    """A document in the record: the number of its mail, its id there, its id in the DMP when it was fed."""

    mail: int
    dpi: str
    dmp: str | None


@dataclass(frozen=True)
class House:
    """A folder with its configuration; ``user`` is the login of its mailbox."""

    folder: Path
    user: str

    @property
    def config(self) -> Path:
        """Its gateway.toml."""
        return self.folder / "gateway.toml"

    def wait(self, mails: int, patience: float = 120.0) -> None:
        """Until so many mails came in and nothing is left to do."""
        end = time.monotonic() + patience
        with sqlite3.connect(f"file:{self.folder / 'gateway.db'}?mode=ro", uri=True) as ledger:
            while not _idle(ledger, mails):
                if time.monotonic() > end:
                    raise RuntimeError(f"not done after {patience:g} s: {_where(ledger)}")
                time.sleep(0.05)

    def began(self) -> float:
        """When the first mail was kept (seconds since 1970)."""
        with sqlite3.connect(self.folder / "gateway.db") as ledger:
            return float(ledger.execute("SELECT min(at) FROM arrival").fetchone()[0])

    def filed(self) -> list[Filed]:
        """The documents that are filed."""
        with sqlite3.connect(self.folder / "gateway.db") as ledger:
            return [Filed(*row) for row in ledger.execute(_FILED)]


def build(folder: Path, server: Dovecot, name: str, ports: tuple[int, int]) -> House:
    """A new house. ``ports`` are those of the DMP and of the record."""
    folder.mkdir()
    house = House(folder, f"{name}@bench.mssante.fr")
    (folder / "password").write_text(PASSWORD + "\n")
    (folder / "homologation").write_text("ESSAI-0001\n")
    values = {
        "user": house.user,
        "address": MAILBOX,
        "imap": server.imap,
        "folder": folder,
        "pki": server.pki.folder,
        "dmp": ports[0],
        "dpi": ports[1],
        "schemas": outside.corpora("cda-validation"),
    }
    house.config.write_text(_CONFIG.format(**values), encoding="utf-8")
    for table in ("patients", "senders"):
        rows = outside.corpora("mails", f"{table}.csv")
        command = [Path(sys.executable).with_name("gateway"), table, "import", "-c", house.config, rows]
        subprocess.run(command, check=True, capture_output=True)
    return house


def _idle(ledger: sqlite3.Connection, mails: int) -> bool:
    came = ledger.execute("SELECT count(*) FROM arrival").fetchone()[0]
    left = ledger.execute("SELECT count(*) FROM job WHERE token IS NOT NULL OR parked IS NULL AND failures = 0")
    return bool(came >= mails and left.fetchone()[0] == 0)


def _where(ledger: sqlite3.Connection) -> str:
    jobs = ledger.execute("SELECT kind, lane, parked, failures > 0, count(*) FROM job GROUP BY 1, 2, 3, 4").fetchall()
    return f"{ledger.execute('SELECT count(*) FROM arrival').fetchone()[0]} arrivals, jobs {jobs}"
