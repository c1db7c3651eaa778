"""What we sign, in the bytes that leave, judged by the xmlsec1 command; and what the settings change of the VIHF."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from gateway.delivery.dmp import Dmp, Feed
from gateway.delivery.dmp.submission import unpack
from gateway.delivery.wire import Failure, WireError
from gateway.model.delivery import Frozen
from gateway.model.documents import Visibility
from gateway.model.identity import INS_NIR, Ins
from gateway.model.ports import Silent, SystemChance, SystemClock
from gateway.model.settings import Dmp as Settings
from gateway.model.settings import Responsible
from gateway.protocols import mtom, oids, vihf, xmldsig
from gateway.protocols.cda import build
from gateway.protocols.mtom import Package
from tests.unit.protocols.people import ESTABLISHMENT, wrap_request
from tests.unit.protocols.signing import signer, verifies

NS = {"ds": xmldsig.DS, "saml": vihf.SAML}
IN_ENVELOPE = "//*[local-name()='Assertion']/*[local-name()='Signature']"
AT_ROOT = "/*[local-name()='Signature']"
HIDDEN = Visibility(invisible_to_representatives=True)
PATIENT = Ins("256089932695080", INS_NIR)
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
SECRECY = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
PEOPLE = {
    "doctor": (Responsible(id="10100063480", name="ESSAI Camille", role="10", specialty="SM26"), ["10", "SM26"]),
    "pharmacist": (Responsible(id="10100063482", name="ESSAI Dom", role="21", specialty="A"), ["21", "A"]),
    "nurse": (Responsible(id="10100063481", name="ESSAI Claude", role="60"), ["60"]),
    "automaton": (None, ["AUTOMATE"]),
}


class Wire:
    """Keeps what was to leave."""

    def __init__(self) -> None:
        self.packages: list[Package] = []

    async def post(self, url: str, package: Package, step: str) -> Any:
        del url, step
        self.packages.append(package)
        raise WireError(Failure.UNREACHABLE)

    @property
    def envelope(self) -> bytes:
        """The SOAP message that left last."""
        last = self.packages[-1]
        return mtom.root_part(last.content_type, b"".join(map(bytes, last.chunks())))


def adapter(**changes: Any) -> tuple[Dmp, Wire]:
    settings = Settings(**{"base_url": "https://127.0.0.1:1", "lps_name": "Passerelle", "lps_version": "1", **changes})
    dmp = Dmp(
        settings,
        ESTABLISHMENT,
        homologation="H",
        signer=signer(settings.signature),
        tls=ssl.create_default_context(),
        clock=SystemClock(),
        chance=SystemChance(),
        observer=Silent(),
    )
    wire = Wire()
    dmp._wire = wire  # type: ignore[assignment]
    return dmp, wire


def frozen(dmp: Dmp, *names: str, secret: bool = False) -> Frozen:
    made = [build(wrap_request(id=oids.derive("1.2.250.1.999", name))) for name in names or ("one",)]
    feeds = [Feed(document, header, HIDDEN, secret=secret) for document, header in made]
    return dmp.prepare_all(feeds, PATIENT, seed="s", instant=datetime(2026, 6, 3, 8, 0, tzinfo=UTC))


def said(envelope: bytes, name: str) -> list[str]:
    """The values of an attribute of the VIHF."""
    values = etree.fromstring(envelope).findall(f".//saml:Attribute[@Name='{name}']/saml:AttributeValue", NS)
    return [value.text or str(value[0].get("code")) for value in values]


async def test_xmlsec1_accepts_both_signatures_of_the_bytes_that_leave() -> None:
    dmp, wire = adapter()
    payload = frozen(dmp, "one", "two", "three")
    await dmp.send(payload)
    assert verifies(wire.envelope, IN_ENVELOPE)
    *_, signature = unpack(payload)[1]
    assert verifies(bytes(signature), AT_ROOT)
    attached = b"".join(map(bytes, wire.packages[-1].chunks()))
    assert attached.count(bytes(signature)) == 1


async def test_the_manifest_signs_each_document_as_it_leaves() -> None:
    dmp, _ = adapter()
    payload = frozen(dmp, "one", "two")
    _, first, second, signature = unpack(payload)[1]
    manifest = etree.fromstring(bytes(signature)).find(".//ds:Manifest", NS)
    assert manifest is not None
    signed = {r.get("URI"): r.findtext("ds:DigestValue", namespaces=NS) for r in manifest.iterfind("ds:Reference", NS)}
    for unique_id, document in zip((payload.key, *payload.also), (first, second), strict=True):
        canonical = etree.tostring(etree.fromstring(bytes(document)), method="c14n", with_comments=True)
        assert signed[f"urn:oid:{unique_id}"] == xmldsig.digest(canonical, "sha256")
    assert len(signed) == 3


@pytest.mark.parametrize(("whole", "sets"), [("sha256", "sha1"), ("sha1", "sha256"), ("sha1", None)])
async def test_the_hash_of_sets_may_differ_from_the_one_of_the_vihf(whole: str, sets: str | None) -> None:
    dmp, wire = adapter(signature=whole, xades_signature=sets)
    payload = frozen(dmp)
    await dmp.send(payload)
    *_, signature = unpack(payload)[1]
    assert f"rsa-{sets or whole}".encode() in bytes(signature)
    assert f"rsa-{whole}".encode() in wire.envelope


@pytest.mark.parametrize("who", PEOPLE)
async def test_the_vihf_of_whoever_is_responsible(who: str) -> None:
    person, roles = PEOPLE[who]
    dmp, wire = adapter(responsible=person)
    await dmp.send(frozen(dmp))
    assert said(wire.envelope, ROLE) == roles
    assert said(wire.envelope, "Identifiant_Structure") == [ESTABLISHMENT.structure_id]
    assert verifies(wire.envelope, IN_ENVELOPE)


async def test_what_public_sources_disagree_on_is_configuration() -> None:
    dmp, wire = adapter(
        vihf_version="4.0",
        vihf_mode_attribute="Authentification_mode",
        vihf_issuer="c-first",
        authn_context="TLSClient",
        content_type="04",
    )
    payload = frozen(dmp)
    await dmp.send(payload)
    assert said(wire.envelope, "VIHF_Version") == ["4.0"]
    assert (said(wire.envelope, "Authentification_mode"), said(wire.envelope, "Authentification_Mode")) == (
        ["INDIRECTE"],
        [],
    )
    root = etree.fromstring(wire.envelope)
    assert root.findtext(".//saml:Issuer", "", NS).startswith("C=FR,")
    assert root.findtext(".//saml:AuthnContextClassRef", "", NS).endswith(":ac:classes:TLSClient")
    assert b'nodeRepresentation="04"' in payload.body
    assert verifies(wire.envelope, IN_ENVELOPE)


def test_an_activity_of_no_kind_is_named_in_french() -> None:
    with pytest.raises(ValueError, match=r"dmp\.content_type : "):
        adapter(content_type="ZZ")


async def test_a_secret_connection_is_said_in_every_call_about_the_document() -> None:
    dmp, wire = adapter()
    for payload, expected in (
        (frozen(dmp, secret=True), ["INVISIBLE_REPRESENTANTS_LEGAUX"]),
        (frozen(dmp), []),
    ):
        await dmp.send(payload)
        assert said(wire.envelope, SECRECY) == expected
        await dmp.look_up(payload)
        assert said(wire.envelope, SECRECY) == expected
        assert verifies(wire.envelope, IN_ENVELOPE)
    other, wire = adapter(minor_attribute="Confidentiality_code", minor_code="X")
    await other.send(frozen(other, secret=True))
    assert (said(wire.envelope, SECRECY), said(wire.envelope, "Confidentiality_code")) == ([], ["X"])


def test_a_secret_connection_deposits_nothing_that_the_representatives_see() -> None:
    document, header = build(wrap_request())
    with pytest.raises(ValueError, match="secret connection"):
        Feed(document, header, Visibility(invisible_to_patient=True), secret=True)
