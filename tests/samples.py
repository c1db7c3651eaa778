"""Mails for the tests of the whole way. Persons are invented; ``tag`` tells the documents of one run from another's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.model.documents import Code
from gateway.model.identity import INS_NIR, Ins, InsStatus, Patient
from gateway.model.people import Sender
from gateway.model.settings import Establishment
from gateway.protocols import cda, oids
from tests.unit.formats import builders

IPP_OID = "1.2.250.1.999.7.2"
HOUSE = Establishment(
    name="CLINIQUE DES AJONCS",
    structure_id="1750000018",
    sector="SA04",
    oid_root="1.2.250.1.999.7.1",
    ipp_oid=IPP_OID,
)
ZOE = Patient(
    ipp="00712345",
    ins=Ins("256089932695080", INS_NIR),
    ins_status=InsStatus.QUALIFIEE,
    birth_name="CHAUVELIN",
    used_name="CHAUVELIN",
    given_names="ZOE ANNE",
    first_given="ZOE",
    birth_date="19560819",
    sex="F",
    birth_place="99326",
)
SENDER = Sender(
    address="marc.durand@liberal.exemple.mssante.fr",
    kind="PER",
    rpps="10107507153",
    civility="M",
    title="DR",
    name="Durand",
    given="Marc",
    specialty_code="G15_10/SM26",
    specialty_label="Médecin - Qualifié en Médecine Générale (SM)",
    structure="Maison de santé du Pont",
    structure_id="1626148477",
    authorised=True,
)
REFEREE_ROW = {
    "ipp": ZOE.ipp,
    "ins": "256089932695080",
    "oid": INS_NIR,
    "birth_name": "CHAUVELIN",
    "first_names": "ZOE ANNE",
    "birth_date": "19560819",
    "sex": "F",
    "birth_place": "99326",
    "dmp_state": "active",
}


def original_of(recorded: Iterable[str], archived: str) -> str:
    """Of the record's ids, that of the PDF which the DMP holds as PDF/A under ``archived`` (docs/adr/0025)."""
    return next(one for one in recorded if oids.derive(HOUSE.oid_root, "archive", one) == archived)


@dataclass(frozen=True)
class Samples:
    """The documents of one run. Each method gives a whole mail."""

    tag: str

    def oid(self, name: str) -> str:
        """An id of this run."""
        number = int.from_bytes(hashlib.sha256(f"{self.tag}/{name}".encode()).digest()[:12])
        return f"1.2.250.1.999.41.{number}"

    def document(self, name: str = "first", *, version: int = 1, parent: str = "", patient: Patient = ZOE) -> bytes:
        """A CDA level 1 as a conforming software of a practice makes it."""
        request = cda.WrapRequest(
            id=self.oid(name),
            set_id=self.oid("set"),
            version=version,
            patient=patient,
            ipp_oid="1.2.250.1.999.3",
            author=SENDER,
            establishment=HOUSE,
            type=Code("11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite"),
            title="Compte rendu de consultation",
            effective_time=f"2026060309{version:02d}00+0200",
            media_type="application/pdf",
            body=builders.pdf("Compte rendu", self.tag, name),
            act_date="20260603",
            parent=self.oid(parent) if parent else "",
        )
        return cda.build(request)[0]

    def new(self) -> bytes:
        """A new document in an XDM archive, with its readable copy beside it."""
        return self._mail("nouveau", self._xdm("first", self.document()), copy=True)

    def again(self) -> bytes:
        """The same document in another mail."""
        return self._mail("renvoi", self._xdm("first", self.document()))

    def replacement(self) -> bytes:
        """Its second version."""
        second = self.document("second", version=2, parent="first")
        return self._mail("remplacement", self._xdm("second", second, action="C"))

    def deletion(self) -> bytes:
        """The withdrawal of the second version."""
        second = self.document("second", version=2, parent="first")
        return self._mail("suppression", self._xdm("second", second, action="D"))

    def unknown_patient(self) -> bytes:
        """A document for somebody whom the index does not know."""
        ins = Ins("158075612345629", INS_NIR)
        somebody = Patient("X1", ins, InsStatus.QUALIFIEE, "LEROUX", "LEROUX", "PAUL", "PAUL", "19580714", "M", "56260")
        document = self.document("third", patient=somebody)
        return self._mail("inconnu", builders.attached(document, "document.xml", "text/xml"))

    def letter(self) -> bytes:
        """A letter as a bare PDF."""
        lines = (
            "Docteur Marc Durand, le 3 juin 2026",
            "COMPTE RENDU DE CONSULTATION",
            "Patient : Mme CHAUVELIN Zoe",
            "nee le 19/08/1956",
            f"Examen sans particularite, dossier {self.tag}.",
        )
        return self._mail("lettre", builders.attached(builders.pdf(*lines), "lettre.pdf", "application/pdf"))

    def _xdm(self, name: str, document: bytes, *, action: str = "") -> bytes:
        sheet = builders.metadata(
            builders.listed(document, unique=self.oid(name), action=action)
            .replace("284057812345678", "256089932695080")
            .replace("MARTINEAU^LEONIE", "CHAUVELIN^ZOE")
            .replace("DURANDAL", "CHAUVELIN")
            .replace("19840512", "19560819")
            .replace("11490-0", "11488-4")
        )
        return builders.attached(builders.xdm(document, sheet), "IHE_XDM.zip", "application/zip")

    def _mail(self, slug: str, attachment: bytes, *, copy: bool = False) -> bytes:
        parts = [builders.text(), attachment]
        if copy:
            readable = builders.pdf("Compte rendu", self.tag, "first")
            parts.append(builders.attached(readable, "20260603_CR_CHAUVELIN_Zoe.pdf", "application/pdf"))
        raw = builders.mail(*parts, head=f"Date: Wed, 03 Jun 2026 10:00:00 +0200\r\nX-Run: {self.tag}\r\n")
        return raw.replace(b"Ada.Exemple@Cabinet.mssante.fr", SENDER.address.encode()).replace(
            b"<1@x>", f"<{slug}.{self.tag}@exemple.mssante.fr>".encode()
        )


def write(folder: Path, mails: dict[str, bytes]) -> list[Path]:
    """The mails as files, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04d}_{name}.eml" for number, name in enumerate(mails, 1)]
    for path, raw in zip(paths, mails.values(), strict=True):
        path.write_bytes(raw)
    return paths
