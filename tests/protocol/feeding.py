"""What the tests of the DMP share: an adapter bound to a referee, and CDA documents with their header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from gateway.delivery.dmp import Dmp
from gateway.formats.clinical import cda
from gateway.formats.limits import Limits
from gateway.model.documents import CdaHeader
from gateway.model.identity import INS_OIDS, Ins
from gateway.model.ports import Observer, Silent, SystemChance, SystemClock
from gateway.model.settings import Dmp as Settings
from gateway.model.settings import Establishment, Responsible, Seconds
from gateway.protocols import oids
from gateway.protocols.xmldsig import Hash, Signer
from tests.pki import STRUCTURE, Pki

HL7 = "urn:hl7-org:v3"
ESTABLISHMENT = Establishment(
    name="Clinique d'essai",
    structure_id=STRUCTURE,
    sector="SA01",
    oid_root="1.2.250.1.999.7.1",
    ipp_oid="1.2.250.1.999.7.2",
    test=True,
)
RESPONSIBLE = Responsible(id="10100063480", name="ESSAI Camille", role="10", specialty="SM26")


@dataclass(frozen=True)
class Document:
    """A CDA to feed: its bytes, its header, whom it speaks of."""

    data: bytes
    header: CdaHeader

    @property
    def patient(self) -> Ins:
        return next(Ins(extension, root) for root, extension in self.header.patient_ids if root in INS_OIDS)

    def patient_row(self) -> dict[str, str]:
        header, patient = self.header, self.patient
        return {
            "ipp": patient.number,
            "ins": patient.number,
            "oid": patient.oid,
            "birth_name": header.birth_name,
            "first_names": header.given_names,
            "birth_date": header.birth_date,
            "sex": header.sex,
            "birth_place": header.birth_place,
        }


def document(data: bytes) -> Document:
    """Read a CDA as the reader process does."""
    return Document(data, cda.read(data, Limits()).header)


def signer(pki: Pki, name: str = "sign", hash_name: Hash = "sha256") -> Signer:
    """The signing key of a PKI."""
    key = load_pem_private_key(pki.key(name).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Signer.of(x509.load_pem_x509_certificate(pki.cert(name).read_bytes()), key, hash_name)


def adapter(base: str, pki: Pki, observer: Observer | None = None, **changes: Any) -> Dmp:
    """A DMP adapter. ``changes``: settings, and ``context`` (TLS) or ``signing``, the certificate to sign with."""
    context, signing = changes.pop("context", None), changes.pop("signing", "sign")
    defaults: Mapping[str, Any] = {
        "enabled": True,
        "base_url": base,
        "lps_name": "Passerelle d'essai",
        "lps_version": "0.1",
        "responsible": RESPONSIBLE,
        "timeout": Seconds(20),
    }
    settings = Settings(**{**defaults, **changes})
    return Dmp(
        settings,
        ESTABLISHMENT,
        homologation="ESSAI-0001",
        signer=signer(pki, signing, settings.signature),
        tls=context or pki.client_context(),
        clock=SystemClock(),
        chance=SystemChance(),
        observer=observer or Silent(),
    )


def now() -> datetime:
    return datetime.now(UTC)


def found(folder: Path) -> dict[str, Document]:
    """The CDA documents of a folder by name, those without INS left out."""
    read = {path.name: document(path.read_bytes()) for path in sorted(folder.rglob("*.xml"))}
    return {name: one for name, one in read.items() if any(root in INS_OIDS for root, _ in one.header.patient_ids)}


def variant(of: bytes, name: str, *, version: int = 1, replaces: str = "") -> Document:
    """The same CDA as another document: its id derives from ``name``; ``replaces`` is the id of its predecessor."""
    root = etree.fromstring(of)
    for element in root.findall(f"{{{HL7}}}relatedDocument"):
        root.remove(element)
    _one(root, "id").set("root", oids.derive("1.2.250.1.999.7.9", name))
    _one(root, "setId").set("root", "1.2.250.1.999.7.8")
    _one(root, "setId").set("extension", name.partition("/")[0])
    _one(root, "versionNumber").set("value", str(version))
    if replaces:
        last = root.findall(f"{{{HL7}}}documentationOf")[-1]
        related = etree.Element(f"{{{HL7}}}relatedDocument", typeCode="RPLC")
        parent = etree.SubElement(related, f"{{{HL7}}}parentDocument")
        etree.SubElement(parent, f"{{{HL7}}}id", root=replaces)
        last.addnext(related)
    return document(etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8"))


def _one(root: etree._Element, name: str) -> etree._Element:
    element = root.find(f"{{{HL7}}}{name}")
    assert element is not None
    return element
