"""The rules of the table of ``protocols.xds``: each gives the values of one attribute, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model import documents
from gateway.model.documents import CdaHeader, Code, Organisation, ServiceEvent, Visibility
from gateway.model.identity import INS_OIDS, Ins
from gateway.protocols.datatypes import cx, cxi, escape, patient_id, utc, utc_second, xcn, xon
from gateway.protocols.xds_formats import IMAGING_REPORT, format_code
from gateway.protocols.xds_values import Author, Content, member
from gateway.terminology import concept, label, type_code

TITLE_LIMIT = 128

_CLASS_SYSTEM = "1.2.250.1.213.1.1.4.1"
#: JDV_J231 (version 20221216). The act of an imaging report is identified by its DICOM study.
_REFERENCES = {
    "order": "urn:ihe:iti:xds:2013:order",
    "accession": "urn:ihe:iti:xds:2013:accession",
    "act": "urn:ihe:iti:xds:2016:studyInstanceUID",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry is derived from: the header, whose DMP it goes to, who may see it, and the bytes that leave."""

    header: CdaHeader
    patient: Ins
    visibility: Visibility
    content: Content

    @property
    def main_act(self) -> ServiceEvent:
        """The act that the document is about."""
        return main_act(self.header)


def main_act(header: CdaHeader) -> ServiceEvent:
    """The first act that says when and in what practice it took place, as one of them must; else the first."""
    acts = header.events
    whole = (act for act in acts if act.low and act.performer_organisation and act.performer_organisation.sector)
    return next(whole, acts[0] if acts else ServiceEvent())


def mime_type(of: Source) -> Iterator[str]:
    """A CDA inside its own style sheet is told apart."""
    yield "application/xslt+xml" if of.header.self_presentable else "text/xml"


def unique_id(of: Source) -> Iterator[str]:
    """A plain OID: the DMP takes no extension, a document that has one goes as its transformation."""
    if of.header.id_root and not of.header.id_extension:
        yield of.header.id_root


def title(of: Source) -> Iterator[str]:
    """Blanks collapsed; what is longer than the attribute is cut."""
    if said := " ".join(of.header.title.split()):
        yield said[:TITLE_LIMIT].rstrip()


def patient(of: Source) -> Iterator[str]:
    """The INS of the matched patient, which the header states first."""
    yield patient_id(of.patient)


def creation_time(of: Source) -> Iterator[str]:
    """To the second."""
    if of.header.effective_time:
        yield utc_second(of.header.effective_time)


def sha1(of: Source) -> Iterator[str]:
    """Hexadecimal, of the bytes submitted."""
    yield of.content.sha1


def size(of: Source) -> Iterator[str]:
    """Of the bytes submitted."""
    yield str(of.content.size)


def language(of: Source) -> Iterator[str]:
    """As received."""
    if of.header.language:
        yield of.header.language


def signer(of: Source) -> Iterator[str]:
    """A component whose source is null stays empty."""
    if of.header.legal_authenticator:
        yield xcn(of.header.legal_authenticator)


def service_start(of: Source) -> Iterator[str]:
    """Of the precision given."""
    if of.main_act.low:
        yield utc(of.main_act.low)


def service_stop(of: Source) -> Iterator[str]:
    """Of the precision given."""
    if of.main_act.high:
        yield utc(of.main_act.high)


def local_id(of: Source) -> Iterator[str]:
    """The sender's own number, else the INS."""
    local = ((root, number) for root, number in of.header.patient_ids if number and root not in INS_OIDS)
    root, number = next(local, (of.patient.oid, of.patient.number))
    yield cx(number, root)


def traits(of: Source) -> Iterator[str]:
    """Birth name and first given name, birth date, sex."""
    header = of.header
    yield f"PID-5|{escape(header.birth_name)}^{escape(header.first_given or header.given_names)}^^^^^L"
    yield f"PID-7|{header.birth_date[:8]}"
    yield f"PID-8|{header.sex if header.sex in ('M', 'F') else 'U'}"


def references(of: Source) -> Iterator[str]:
    """CXi. Only an imaging report identifies its acts by their study, whose UID is a number of its own."""
    imaging = format_code(of.header.media_type, of.header.template_ids) == IMAGING_REPORT
    for extension, root, kind in dict.fromkeys(of.header.references):
        if kind == "act" and imaging and not extension:
            yield cxi(root, "", _REFERENCES[kind])
        elif kind != "act" and kind in _REFERENCES and extension and root:
            yield cxi(extension, root, _REFERENCES[kind])


def authors(of: Source) -> Iterator[Author]:
    """All of them, in order."""
    return (author(one) for one in of.header.authors)


def author(one: documents.Author) -> Author:
    """A specialty that JDV_J01 does not hold is left out, as is a role that neither says nor has a label."""
    known = concept("JDV_J01", one.specialty.code) if one.specialty else None
    role = one.role and (" ".join(one.role.label.split()) or label("JDV_J47", one.role.code))
    return Author(
        person=xcn(one.person),
        institution=xon(one.organisation) if one.organisation else "",
        role=role or "",
        specialty=f"{known.code}^{escape(known.label)}^{known.system}" if known else "",
    )


def class_code(of: Source) -> Iterator[Code]:
    """By the type, as ASS_X04 associates them."""
    known = type_code(of.header.code.code)
    if known is not None and known.class_code:
        yield Code(known.class_code, _CLASS_SYSTEM, known.class_label)


def type_of(of: Source) -> Iterator[Code]:
    """As received, with its label there, else the one of JDV_J66."""
    yield _labelled(of.header.code, "JDV_J66")


def format_of(of: Source) -> Iterator[Code]:
    """By the media type of an unstructured body (ASS_A12), else by the model (ASS_A11)."""
    if code := format_code(of.header.media_type, of.header.template_ids):
        yield member("JDV_J60", code)


def facility(of: Source) -> Iterator[Code]:
    """As received, with its label there, else the one of JDV_J61."""
    if of.header.facility:
        yield _labelled(of.header.facility, "JDV_J61")


def practice_setting(of: Source) -> Iterator[Code]:
    """As received, with its label there, else the one of JDV_J04."""
    organisation = of.main_act.performer_organisation or Organisation()
    if organisation.sector:
        yield _labelled(organisation.sector, "JDV_J04")


def confidentiality(of: Source) -> Iterator[Code]:
    """The header's own, then the flags of visibility, which are never in a CDA."""
    yield member("JDV_J08", of.header.confidentiality)
    yield from flags(of.visibility)


def flags(visibility: Visibility) -> Iterator[Code]:
    """The flags of visibility."""
    for code, wanted in (
        ("MASQUE_PS", visibility.masked_to_professionals),
        ("INVISIBLE_PATIENT", visibility.invisible_to_patient),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", visibility.invisible_to_representatives),
    ):
        if wanted:
            yield member("JDV_J08", code)


def events(of: Source) -> Iterator[Code]:
    """Each act once, with the other codes of it: of an image, its modality and region. Without a label: its code."""
    seen: set[tuple[str, str]] = set()
    for act in of.header.events:
        for code in (act.code, *act.translations):
            if code and code.code and code.system and (code.code, code.system) not in seen:
                seen.add((code.code, code.system))
                yield Code(code.code, code.system, " ".join(code.label.split()) or code.code)


def _labelled(code: Code, value_set: str) -> Code:
    return Code(code.code, code.system, " ".join(code.label.split()) or label(value_set, code.code) or code.code)
