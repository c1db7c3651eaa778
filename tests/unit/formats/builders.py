"""Fixtures made in code. Every person is invented."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping

INS = "1.2.250.1.213.1.4.8"


def mail(*parts: bytes, top: str = "multipart/mixed", head: str = "", boundary: str = "=_cut") -> bytes:
    """A multipart mail of parts made by ``text`` and ``attached``."""
    header = (
        "From: Dr Ada Exemple <Ada.Exemple@Cabinet.mssante.fr>\r\nTo: dpi@hopital.mssante.fr\r\n"
        f"Subject: courrier\r\nMessage-ID: <1@x>\r\n{head}MIME-Version: 1.0\r\n"
        f'Content-Type: {top}; boundary="{boundary}"\r\n\r\n'
    )
    cut = f"--{boundary}".encode()
    body = b"".join(cut + b"\r\n" + part + b"\r\n" for part in parts)
    return header.encode() + body + cut + b"--\r\n"


def text(content: str = "Bonjour,\r\nci-joint.", kind: str = "plain") -> bytes:
    """A body part."""
    return f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{content}".encode()


def attached(data: bytes, name: str, kind: str = "application/octet-stream", extra: str = "") -> bytes:
    """An attachment in base64."""
    head = (
        f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"{extra}Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")


def zipped(files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], *, stored: bool = False) -> bytes:
    """A ZIP archive; names as given."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(name, data)
    return out.getvalue()


def tnef(
    *files: tuple[str, bytes], message: Iterable[bytes] = (), message_class: str = "IPM.Note", properties: bytes = b""
) -> bytes:
    """A TNEF stream (MS-OXTNEF) of attachments by (name, bytes); ``properties`` are added to each, made by ``mapi``."""
    head = [attribute(1, 0x89006, b"\0\0\1\0"), attribute(1, 0x78008, message_class.encode() + b"\0"), *message]
    for name, data in files:
        head += [attribute(2, 0x69002, bytes(14)), attribute(2, 0x18010, name.encode("cp1252") + b"\0")]
        head += [attribute(2, 0x6800F, data)] if data else []
        head += [attribute(2, 0x69005, properties)] if properties else []
    return bytes.fromhex("789f3e220100") + b"".join(head)


def attribute(level: int, identifier: int, value: bytes) -> bytes:
    """One TNEF attribute with its sum."""
    return struct.pack("<BII", level, identifier, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def mapi(*properties: tuple[int, int, bytes]) -> bytes:
    """TNEF properties of variable length by (type, identifier, bytes)."""
    out = struct.pack("<I", len(properties))
    for kind, identifier, value in properties:
        out += struct.pack("<HHII", kind, identifier, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def ole(*names: str) -> bytes:
    """The beginning of a compound file (MS-CFB) whose directory has these names."""
    entries = b""
    for name in ("Root Entry", *names):
        field = name.encode("utf-16-le") + b"\0\0"
        entries += field.ljust(64, b"\0") + len(field).to_bytes(2, "little") + b"\x01\x01" + bytes(60)
    return bytes.fromhex("d0cf11e0a1b11ae1").ljust(512, b"\0") + entries


def pdf(*lines: str, extra: str = "") -> bytes:
    """A PDF of one page with these lines; without lines, a page without text. ``extra`` goes in the catalog."""
    shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
    content = f"BT /F1 10 Tf 50 780 Td {shown}ET".encode("cp1252") if lines else b""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {extra} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font <</F1 5 0 R>> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)


def cda(
    *,
    body: bytes | str = "Compte rendu sans particularité.",
    unique: str = "1.2.250.1.999.7.1",
    family: str = "MARTINEAU",
    given: str = "LÉONIE",
    ids: str = f'<id root="{INS}" extension="284057812345678"/><id root="1.2.250.1.999.3" extension="IPP7"/>',
    birth: str = "19840512",
    title: str = "Lettre de liaison",
    code: str = "11490-0",
    act: str = "20260603093000+0200",
    related: str = "",
    confidentiality: str = "N",
) -> bytes:
    """A CDA: level 1 when ``body`` is bytes, structured when it is text."""
    if isinstance(body, bytes):
        embedded = base64.b64encode(body).decode()
        content = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{embedded}</text></nonXMLBody>'
    else:
        content = (
            "<structuredBody><component><section><title>Conclusion</title>"
            f"<text>{body}</text></section></component></structuredBody>"
        )
    parent = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{related}"/></parentDocument></relatedDocument>'
        if related
        else ""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="style.xsl"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="1.2.250.1.213.1.1.1.1"/><id root="{unique}"/>
<code code="{code}" displayName="Lettre de liaison" codeSystem="2.16.840.1.113883.6.1"/><title>{title}</title>
<effectiveTime value="{act}"/><confidentialityCode code="{confidentiality}"/><languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.8.1"/><versionNumber value="2"/>
<recordTarget><patientRole>{ids}<patient><name><family qualifier="BR">{family}</family>
<family qualifier="CL">DURANDAL</family><given>{given} JEANNE</given><given qualifier="BR">{given}</given></name>
<administrativeGenderCode code="F"/><birthTime value="{birth}"/><birthplace><place><addr><county>63113</county></addr>
</place></birthplace></patient></patientRole></recordTarget>
<author><time value="{act}"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="810000000001"/>
<code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecine générale"/>
<assignedPerson><name><prefix>MME</prefix><given>Ada</given><family>EXEMPLE</family><suffix>DR</suffix></name>
</assignedPerson><representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1123456789"/>
<name>Cabinet Exemple</name>
</representedOrganization></assignedAuthor></author>
<documentationOf><serviceEvent><effectiveTime><low value="{act}"/></effectiveTime></serviceEvent></documentationOf>
{parent}<component>{content}</component></ClinicalDocument>""".encode()


_EXTRINSIC = """<ExtrinsicObject id="{id}" mimeType="text/xml"><Slot name="hash"><ValueList><Value>{hash}</Value>
</ValueList></Slot><Slot name="size"><ValueList><Value>{size}</Value></ValueList></Slot><Slot name="URI"><ValueList>
<Value>{uri}</Value></ValueList></Slot><Slot name="sourcePatientId"><ValueList>
<Value>IPP7^^^&amp;1.2.250.1.999.3&amp;ISO^PI</Value></ValueList></Slot><Slot name="sourcePatientInfo"><ValueList>
<Value>PID-5|MARTINEAU^LEONIE^^^^^L</Value><Value>PID-5|DURANDAL^^^^^^D</Value><Value>PID-7|19840512</Value>
<Value>PID-8|F</Value></ValueList></Slot>{slots}
<Classification classificationScheme="urn:uuid:f0306f51-975f-434e-a61c-c59651d33983" nodeRepresentation="11490-0"/>
{flags}<ExternalIdentifier identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
 value="284057812345678^^^&amp;1.2.250.1.213.1.4.8&amp;ISO^NH"/>
<ExternalIdentifier identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="{unique}"/>
</ExtrinsicObject>"""


def listed(
    data: bytes,
    uri: str = "DOC0001.XML",
    *,
    unique: str = "1.2.250.1.999.7.1",
    action: str = "",
    flags: Iterable[str] = ("N",),
    digest: str = "",
    size: str = "",
) -> str:
    """The ExtrinsicObject of a file."""
    scheme = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    slot = f'<Slot name="urn:action:extraMetadataSlot"><ValueList><Value>{action}</Value></ValueList></Slot>'
    return _EXTRINSIC.format(
        id=f"D-{uri}",
        hash=digest or hashlib.sha1(data).hexdigest(),
        size=size or len(data),
        uri=uri,
        unique=unique,
        slots=slot if action else "",
        flags="".join(f'<Classification classificationScheme="{scheme}" nodeRepresentation="{f}"/>' for f in flags),
    )


def metadata(*objects: str) -> bytes:
    """A METADATA.XML."""
    ebxml = "urn:oasis:names:tc:ebxml-regrep:xsd"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SubmitObjectsRequest xmlns="{ebxml}:lcm:3.0">'
        f'<RegistryObjectList xmlns="{ebxml}:rim:3.0">{"".join(objects)}</RegistryObjectList></SubmitObjectsRequest>'
    ).encode()


def xdm(
    data: bytes, meta: bytes | None = None, *, folder: str = "IHE_XDM/SUBSET01", name: str = "DOC0001.XML"
) -> bytes:
    """An ordinary XDM archive with one document."""
    return zipped(
        {
            "README.TXT": b"expediteur",
            "INDEX.HTM": b"<html><body>sommaire</body></html>",
            f"{folder}/METADATA.XML": meta or metadata(listed(data, name)),
            f"{folder}/{name}": data,
        }
    )
