"""Our messages against the ANS's examples, segment by segment and field by field.

Of each example the facts are read (who sends what about whom, to whom, by which mail); our code writes the message of
these facts; what differs must stand in ``ALLOWED``, with the reason, and everything there must be needed.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.model.documents import Action, Address, CdaHeader, Code, Envelope, Person, ServiceEvent, Visibility
from gateway.model.people import Sender
from gateway.protocols import hl7v2, mdm, oru
from gateway.protocols.handover import Handover, Parties, Recipient
from gateway.protocols.hl7v2 import Message, Segment
from tests import outside

#: Where ours differs from an example, and why (dpi-hl7v2.md: the paragraph that says so). ``*`` stands for any field.
ALLOWED = {
    "MSH-21.1": "§3 MSH: the profile is 1.1 since the examples of 1.0; of the sister volet 2.1 is the last",
    "MSH-21.2": "§3 MSH: CISIS_CDA_HL7_LPS towards a record; the sister volet's examples go the other way",
    "EVN-2.1": "§3 EVN is not constrained: recorded and happened are the mail's own instant, as MSH-7",
    "EVN-5.*": "§3 EVN is not constrained: the operator is this gateway, not a person at a desk",
    "EVN-6.1": "§3 EVN is not constrained: recorded and happened are the mail's own instant, as MSH-7",
    "PID-3.7": "§3 PID: identical to the list of the CDA, which has no date of assignment",
    "PID-11.9": "§3 PID: the COG of birth stands in the repetition BDL alone",
    "PID-18.*": "§3 PV1: no visit is needed, and a mail names none",
    "PV1-2.1": "§3 PV1: N",
    "PV1-3.*": "§3 PV1: no visit",
    "PV1-19.*": "§3 PV1: no visit",
    "ORC": "§3: the common-order group is required since 1.1",
    "OBR": "§3: the common-order group is required since 1.1",
    "ORC-1.1": "§2: NW, RO or CA; the older examples copy an order's SC",
    "ORC-2.*": "§6: of an order that a mail does not name",
    "ORC-3.*": "§6: filler number = what all versions of the document share",
    "ORC-4.*": "§6: of an order that a mail does not name",
    "ORC-9.*": "§6: of an order that a mail does not name",
    "ORC-10.*": "§6: of an order that a mail does not name",
    "OBR-2.*": "§6: of an order that a mail does not name",
    "OBR-3.*": "§6: filler number = what all versions of the document share",
    "OBR-4.*": "§3 OBR: the document's type; the older examples name an examination",
    "OBR-10.*": "§6: of an order that a mail does not name",
    "OBR-16.*": "§6: of an order that a mail does not name",
    "OBR-25.1": "§3 OBR: nothing but OBR-4 in an MDM",
    "OBR-32.*": "§6: of an order that a mail does not name",
    "TXA-12.2": "§3 TXA: the namespace must stay empty, which the examples contradict",
    "TXA-13.*": "§3 TXA: the namespace stays empty; only a replacement names a parent",
    "TXA-17.1": "§3 TXA: AU since 1.1",
    "PRT-4.2": "§3 PRT: the label, which the examples leave empty",
    "PRT-4.3": "§3 PRT: participation since 1.1",
    "PRT(SB)-5.9": "§3 PRT: ASIP-SANTE-PS without the blank",
    "PRT(SB)-5.13": "§3 PRT: IDNPS since 2.1.2",
    "PRT(RCT)-5.*": "§3 PRT: a patient is none of our mailboxes; a professional as for the sender",
    "PRT-8.7": "§3 PRT: IDNST since 2.1.2",
    "PRT-15.2": "§3 PRT: 15.3 and 15.4 alone",
    "PRT-15.3": "§3 PRT: required of every participant, the sender too",
    "OBX-1.1": "§3: numbers follow from the OBX present",
    "OBX-3.3": "§3 OBR, OBX: LN and MetaDMPMSS; the oldest examples leave the table out",
    "OBX-5.3": "§3 OBX: expandedYes-NoIndicator since 1.1",
    "OBX(mail)": "§3 OBX 2: the sister volet has no mail to tell of",
    "OBX(ACK_LECTURE_MSS)": "§3 OBX: dropped in 1.1 of the volet",
    "OBX(ACK_LECTURE)": "§3 OBX: dropped in 1.1 of the volet",
    "OBX(CONNEXION_SECRETE)": "§6: a flag of the sister volet",
    "OBX(DESTDMP)": "§6: a flag of the sister volet",
    "OBX(DESTMSSANTEPS)": "§6: a flag of the sister volet",
    "OBX(DESTMSSANTEPAT)": "§6: a flag of the sister volet",
    "OBX(ACK_RECEPTION)": "§6: a flag of the sister volet",
    "OBX(CORPSMAIL_PS)": "§6: the words of a mail to be sent; in an MDM, OBX 2 holds them",
    "OBX(DESTDMP)-5.1": "§6: nothing is sent anywhere again",
    "OBX(DESTMSSANTEPS)-5.1": "§6: nothing is sent anywhere again",
    "OBX(DESTMSSANTEPAT)-5.1": "§6: nothing is sent anywhere again",
    "OBX(ACK_RECEPTION)-5.1": "§6: nobody waits for a business acknowledgement",
    "OBX(ACK_LECTURE_MSS)-5.1": "§6: nobody waits for a business acknowledgement",
}
ACTIONS = {"F": Action.CREATE, "C": Action.REPLACE, "D": Action.DELETE}


def read(path: Path) -> Message:
    """An example, its slips of the pen mended: one file ends with blanks, some have a tilde that is none."""
    return hl7v2.parse(path.read_bytes().replace("˜".encode(), b"~"))


def examples(kind: str) -> list[Path]:
    """The messages of a kind that carry one document, of the profiles that the volets still have."""
    found = []
    for path in sorted(outside.corpora("hl7v2-fr").rglob("*")):
        if path.suffix in {".er7", ".hl7"} and not path.name.startswith("ack"):
            first = path.open(encoding="utf-8", errors="replace").read(200)
            old = "CISIS_CDA_HL7_V1" in first or "N1_N3" in path.name or "N3_Base64" in path.name
            if f"|{kind}^" in first and not old:
                found.append(path)
    return found


def facts(found: Message) -> Handover:
    """What an example says, as our code would be told it. Some cut their base64 short: what there is of it counts."""
    msh, txa = found.first("MSH"), found.first("TXA")
    document, *others = found.named("OBX")
    text = next((o for o in others if o.field(2) == "ED"), Segment("OBX", ()))
    return Handover(
        control_id=found.control_id,
        time=msh.field(7),
        parties=Parties(msh.field(3), msh.field(4), msh.field(5), msh.field(6), authority="1.2.250.8.154"),
        action=ACTIONS[document.field(11)],
        header=header(found),
        document=_decoded(document.field(5, component=5)),
        envelope=Envelope(
            message_id=text.field(3) if text.field(3, component=3) == "" else "",
            subject=text.field(3, component=2) if text.field(3, component=3) == "" else "",
            sender=_address(found, "SB"),
            reply_to=_address(found, "REPLY"),
            body=_decoded(text.field(5, component=5)).decode("utf-8", "replace"),
        ),
        sender=sender(found),
        recipients=tuple(recipient(prt) for prt in found.named("PRT") if prt.field(4) == "RCT"),
        visibility=Visibility(False, _raised(found, "INVISIBLE_PATIENT"), _raised(found, "INVISIBLE_REP_LEGAUX")),
        modified_confidentiality=_raised(found, "MODIF_CONF_CODE"),
        replaces=txa.field(13) or "1.2.3",
    )


def header(found: Message) -> CdaHeader:
    pid, txa, document = found.first("PID"), found.first("TXA"), found.named("OBX")[0]
    home = Address(*(pid.field(11, 1, n) for n in (1, 3, 5, 6)))
    signer = Person("1.2.250.1.71.4.2.1", txa.field(22)) if txa.field(22) else None
    return CdaHeader(
        id_root=txa.field(12) or "1.2.250.1.9",
        id_extension="",
        code=Code(document.field(3), "2.16.840.1.113883.6.1", document.field(3, component=2)),
        title="",
        effective_time="",
        confidentiality="N",
        language="fr-FR",
        patient_ids=tuple((pid.field(3, n, 4, 2), pid.field(3, n)) for n in range(1, pid.repetitions(3) + 1)),
        birth_name=pid.field(5),
        first_given=pid.field(5, component=2),
        given_names=pid.field(5, component=3),
        birth_date=pid.field(7),
        sex=pid.field(8),
        birth_place=pid.field(11, 2, 9),
        legal_authenticator=signer,
        events=(ServiceEvent(low=txa.field(4)),),
        address=home,
    )


def sender(found: Message) -> Sender | None:
    return next((person(p) for p in found.named("PRT") if p.field(4) == "SB"), None)


def person(prt: Segment) -> Sender:
    rpps = prt.field(5).removeprefix("8")
    names = (prt.field(5, component=2), prt.field(5, component=3))
    place = (prt.field(8), prt.field(8, component=10).strip())
    return Sender(prt.field(15, component=4), "PER", rpps, "", "", *names, "", "", *place, authorised=True)


def recipient(prt: Segment) -> Recipient:
    address = prt.field(15, component=4)
    owner = person(prt) if prt.field(5, component=13) in {"RPPS", "IDNPS"} else None
    return Recipient(address, prt.field(8), prt.field(8, component=10), prt.field(8, component=6), owner)


@cache
def differences(path: Path) -> tuple[str, ...]:
    theirs = read(path)
    build = mdm.build if theirs.field("MSH", 9) == "MDM" else oru.build
    ours = hl7v2.parse(b"".join(build(facts(theirs))))
    mine, yours = named(ours), named(theirs)
    found = [name.partition("#")[0] for name in mine.keys() ^ yours.keys()]
    for name in mine.keys() & yours.keys():
        found += [f"{name.partition('#')[0]}-{place}" for place in unlike(mine[name], yours[name])]
    return tuple(sorted(found))


def named(message: Message) -> dict[str, Segment]:
    """Each segment by its name, an OBX by what it is; the n-th of a name has ``#n``."""
    seen: Counter[str] = Counter()
    found = {}
    for segment in message.segments:
        name = _name(segment)
        seen[name] += 1
        found[f"{name}#{seen[name]}"] = segment
    return found


def _name(segment: Segment) -> str:
    if segment.name == "PRT":
        return f"PRT({segment.field(4)})"
    if segment.name != "OBX" or segment.field(1) == "1":
        return segment.name
    return f"OBX({segment.field(3)})" if segment.field(3).isupper() else "OBX(mail)"


def unlike(ours: Segment, theirs: Segment) -> Iterator[str]:
    """Field and component, counted from 1, of each value that differs."""
    for n in range(2 if ours.name == "MSH" else 1, max(len(ours.fields), len(theirs.fields)) + 1):
        repetitions = max(ours.repetitions(n), theirs.repetitions(n))
        for at in range(1, repetitions + 1):
            size = max(_part(s, n, at).count("^") for s in (ours, theirs)) + 1
            for component in range(1, size + 1):
                if _values(ours, n, at, component) != _values(theirs, n, at, component):
                    yield f"{n}.{component}"


def _part(segment: Segment, n: int, at: int) -> str:
    parts = segment.raw(n).split("~")
    return parts[at - 1] if at <= len(parts) else ""


def _values(segment: Segment, n: int, at: int, component: int) -> list[str]:
    values = [segment.field(n, at, component, sub).rstrip() for sub in (1, 2, 3)]
    encoded = segment.name == "OBX" and (n, component) == (5, 5)
    return [repr(_decoded(values[0]))] if encoded else values


def allowed(place: str) -> str | None:
    """The entry of the table that allows a difference."""
    name, _, where = place.partition("-")
    bare = name.partition("(")[0]
    field = where.partition(".")[0]
    tries = (place, name) if not where else (place, f"{bare}-{where}", f"{name}-{field}.*", f"{bare}-{field}.*")
    return next((one for one in tries if one in ALLOWED), None)


def _address(found: Message, role: str) -> str:
    return next((p.field(15, component=4) for p in found.named("PRT") if p.field(4) == role), "")


def _raised(found: Message, code: str) -> bool:
    return any(o.field(3) == code and o.field(5) == "Y" for o in found.named("OBX"))


def _decoded(text: str) -> bytes:
    whole = text[: len(text) // 4 * 4] if len(text) % 4 == 1 else text + "=" * (-len(text) % 4)
    return base64.b64decode(whole)


@pytest.mark.parametrize(("kind", "least"), [("MDM", 8), ("ORU", 2)])
def test_each_difference_from_the_examples_has_its_reason(kind: str, least: int) -> None:
    found = examples(kind)
    assert len(found) >= least
    for path in found:
        assert [place for place in differences(path) if allowed(place) is None] == [], path.name


def test_no_difference_is_allowed_in_vain() -> None:
    used = {allowed(place) for kind in ("MDM", "ORU") for path in examples(kind) for place in differences(path)}
    assert set(ALLOWED) - used == set()


def test_the_document_and_the_patient_are_theirs_to_the_byte() -> None:
    for path in [*examples("MDM"), *examples("ORU")]:
        assert not {"OBX-5.5", "OBX-11.1", "PID-3.1", "PID-3.4", "PID-5.1", "PID-7.1", "MSH-9.2"} & {*differences(path)}
