"""The folder of a demonstration: certificates, tables, mails, and a gateway.toml that another may start from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.app import samples
from gateway.app.demo import pki
from gateway.app.demo.rehearsal import Rehearsal
from gateway.app.errors import CommandError
from gateway.app.samples import Sample

_NAME = "Clinique des Genêts (démonstration)"
_STRUCTURE = "1990000034"
_HOMOLOGATION = "DEMO-0001"

_CONFIG = """\
# Configuration de la démonstration : certificats jetables, serveurs d'essai de cette machine.

[establishment]
name = "{name}"
structure_id = "{structure}"
sector = "SA04"
oid_root = "1.2.250.1.999.52.1"
ipp_oid = "1.2.250.1.999.52.2"
test = true

[smtp]
listen = "127.0.0.1:0"
recipients = {{ "{mailbox}" = "secretariat" }}

[matching]
without_ins = "file-and-feed"  # pour montrer une lettre sans INS ; « review » est la valeur prudente

[dpi]
kind = "mllp"
url = "mllp://127.0.0.1:{dpi}"

[dmp]
enabled = true
base_url = "https://127.0.0.1:{dmp}/si-dmp-server/v2/services"
auth_cert = "certificats/auth.pem"
auth_key = "certificats/auth.key"
sign_cert = "certificats/sign.pem"
sign_key = "certificats/sign.key"
ca = "certificats/ca.pem"
lps_name = "Passerelle (démonstration)"
lps_version = "0.1"
lps_homologation_file = "certificats/homologation.txt"
responsible = {{ id = "10900000035", name = "ESSAI Camille", role = "10", specialty = "SM26" }}
timeout = "5s"  # pour l'exercice : un DMP muet, une réponse perdue ou un refus se voient en quelques secondes
unknown_wait = "1s"

[retry]
first = "1s"
max = "4s"
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where each thing of a demonstration lies."""

    root: Path

    @property
    def config(self) -> Path:
        """The generated gateway.toml."""
        return self.root / "gateway.toml"

    @property
    def certificates(self) -> Path:
        """The throw-away certificates."""
        return self.root / "certificats"

    @property
    def mails(self) -> Path:
        """The sample mails as files."""
        return self.root / "messages"

    @property
    def patients(self) -> Path:
        """The patient index, with the state of each DMP."""
        return self.root / "patients.csv"

    @property
    def senders(self) -> Path:
        """The sender directory."""
        return self.root / "expediteurs.csv"

    @property
    def record(self) -> Path:
        """What the sandbox DPI holds."""
        return self.root / "dpi"

    @property
    def dmp(self) -> Path:
        """What the sandbox DMP holds."""
        return self.root / "dmp"


def prepare(root: Path, today: date, rehearsal: Rehearsal | None = None) -> tuple[Folder, tuple[Sample, ...]]:
    """Write all but the configuration, which wants the ports. CommandError when the folder is not empty."""
    rehearsal = rehearsal or Rehearsal()
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise CommandError(f"{root} n'est pas vide : donner un dossier neuf à --dir")
    folder, made = Folder(root), (*samples.samples(today), *rehearsal.samples)
    pki.make(folder.certificates, "CLINIQUE DES GENETS", _STRUCTURE)
    (folder.certificates / "homologation.txt").write_text(_HOMOLOGATION, encoding="utf-8")
    folder.patients.write_text(samples.patients_csv((*samples.patients(today), *rehearsal.patients)), encoding="utf-8")
    folder.senders.write_text(samples.senders_csv(samples.SENDERS), encoding="utf-8")
    folder.mails.mkdir()
    for sample in made:
        (folder.mails / f"{sample.slug}.eml").write_bytes(sample.raw)
    return folder, made


def configure(folder: Folder, dpi: int, dmp: int) -> None:
    """Write gateway.toml for stand-ins that listen on these ports."""
    text = _CONFIG.format(name=_NAME, structure=_STRUCTURE, mailbox=samples.MAILBOX, dpi=dpi, dmp=dmp)
    folder.config.write_text(text, encoding="utf-8")
