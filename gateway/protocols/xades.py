"""The XAdES signature of a submission set, which the DMP demands (spec/dmp/transactions.md §6).

A detached signature over an IHE manifest: the submission set first (digest constant), then each document. XAdES 1.1.1,
C14N 1.0 with comments.
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from gateway.protocols import xmldsig
from gateway.protocols.xmldsig import DS, WITH_COMMENTS, Reference, Signer, ds

XADES = "http://uri.etsi.org/01903/v1.1.1#"
PURPOSE = "1.2.840.10065.1.12.1.14"

_ID = "S0"
_PROPERTIES = f"{_ID}-SignedProperties"
_MANIFEST = "IHEManifest"
_NO_DIGEST = "AA=="


def build(submission_set: str, documents: dict[str, str], signer: Signer, *, instant: datetime) -> bytes:
    """The signature document.

    ``submission_set`` and the keys of ``documents`` are uniqueIds; the values are the base64 digests, by the signer's
    hash, of each document's C14N 1.0 with comments. ``instant`` (UTC) becomes SigningTime.
    """
    manifest = _object(_manifest(submission_set, documents, signer))
    properties = _object(_qualifying_properties(signer, instant))
    references = [
        _reference(manifest[0], f"#{_MANIFEST}", signer, f"{DS}Manifest"),
        _reference(properties[0][0], f"#{_PROPERTIES}", signer, f"{XADES}SignedProperties"),
    ]
    root = xmldsig.signature(references, WITH_COMMENTS, signer)
    root.set("Id", _ID)
    root.extend([_object(_purpose()), manifest, properties])
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _object(content: etree._Element) -> etree._Element:
    """A ds:Object whose namespaces in scope are those it will have in the signature: inclusive C14N copies them."""
    holder = etree.Element(ds("Object"), nsmap={"ds": DS})
    holder.append(content)
    return holder


def _reference(element: etree._Element, uri: str, signer: Signer, kind: str) -> Reference:
    value = xmldsig.digest(xmldsig.canonical(element, WITH_COMMENTS), signer.hash)
    return Reference(uri, value, (WITH_COMMENTS,), kind)


def _manifest(submission_set: str, documents: dict[str, str], signer: Signer) -> etree._Element:
    manifest = etree.Element(ds("Manifest"), nsmap={"ds": DS}, Id=_MANIFEST)
    xmldsig.add_reference(manifest, Reference(f"urn:oid:{submission_set}", _NO_DIGEST), signer.hash)
    for unique_id, value in documents.items():
        xmldsig.add_reference(manifest, Reference(f"urn:oid:{unique_id}", value, (WITH_COMMENTS,)), signer.hash)
    return manifest


def _purpose() -> etree._Element:
    properties = etree.Element(ds("SignatureProperties"), nsmap={"ds": DS})
    one = etree.SubElement(properties, ds("SignatureProperty"), Id="purposeOfSignature", Target=f"#{_ID}")
    one.text = PURPOSE
    return properties


def _qualifying_properties(signer: Signer, instant: datetime) -> etree._Element:
    root = etree.Element(_xad("QualifyingProperties"), nsmap={"xad": XADES, "ds": DS}, Target=f"#{_ID}")
    signed = etree.SubElement(root, _xad("SignedProperties"), Id=_PROPERTIES)
    of_signature = etree.SubElement(signed, _xad("SignedSignatureProperties"))
    etree.SubElement(of_signature, _xad("SigningTime")).text = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    _signing_certificate(etree.SubElement(of_signature, _xad("SigningCertificate")), signer)
    policy = etree.SubElement(of_signature, _xad("SignaturePolicyIdentifier"))
    etree.SubElement(policy, _xad("SignaturePolicyImplied"))
    etree.SubElement(signed, _xad("SignedDataObjectProperties"))
    return root


def _signing_certificate(parent: etree._Element, signer: Signer) -> None:
    certificate = etree.SubElement(parent, _xad("Cert"))
    xmldsig.add_digest(etree.SubElement(certificate, _xad("CertDigest")), signer.certificate_digest, signer.hash)
    serial = etree.SubElement(certificate, _xad("IssuerSerial"))
    etree.SubElement(serial, ds("X509IssuerName")).text = signer.issuer
    etree.SubElement(serial, ds("X509SerialNumber")).text = str(signer.certificate.serial_number)


def _xad(name: str) -> str:
    return f"{{{XADES}}}{name}"
