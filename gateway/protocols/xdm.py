"""IHE_XDM.zip: a CDA document with its description, as mails by MSSanté carry it (IHE ITI TF-2 3.32;
spec/mssante/mssante-mail.md §3). The names are those of ISO 9660 level 1; the same values make the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime
from xml.sax.saxutils import escape

from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import Ins
from gateway.model.settings import Establishment
from gateway.protocols import datatypes, ebxml, mailparts, oids, xds
from gateway.protocols.xds import Content, MetadataError, SubmissionSet

_SUBSET = "IHE_XDM/SUBSET01"
_DOCUMENT = "DOC0001.XML"
#: What the receiver does with the document; nothing: it is new (the slot of the ANS's tool, digest §2.5).
_ACTIONS = {Action.CREATE: "", Action.REPLACE: "C", Action.DELETE: "D"}
_ACTION_SLOT = "urn:action:extraMetadataSlot"
_OLDEST = 1980  # ZIP knows no earlier year


class XdmError(ValueError):
    """A document whose header cannot give what METADATA.XML must say. The text names the attribute."""


@dataclass(frozen=True, slots=True)
class XdmRequest:
    """``document`` are the CDA's bytes. ``patient``: his INS, else his local number with its OID. ``seed``: what the
    set's id derives from. ``content_type``: JDV_J59. ``instant`` is UTC. ``address``: where the mail comes from.
    """

    document: bytes
    header: CdaHeader
    visibility: Visibility
    action: Action
    patient: Ins
    establishment: Establishment
    address: str
    content_type: str
    seed: str
    instant: datetime
    software: str = mailparts.PRODUCT


def build(request: XdmRequest) -> bytes:
    """The archive. XdmError."""
    files = {
        "README.TXT": _readme(request),
        "INDEX.HTM": _index(request),
        f"{_SUBSET}/METADATA.XML": metadata(request),
        f"{_SUBSET}/{_DOCUMENT}": request.document,
    }
    out = io.BytesIO()
    moment = request.instant.timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            known = zipfile.ZipInfo(name, moment if moment[0] >= _OLDEST else (_OLDEST, 1, 1, 0, 0, 0))
            known.compress_type = zipfile.ZIP_DEFLATED
            known.create_system, known.external_attr = 0, 0x20
            archive.writestr(known, data)
    return out.getvalue()


def metadata(request: XdmRequest) -> bytes:
    """METADATA.XML. XdmError."""
    header = request.header
    content = Content(hashlib.sha1(request.document, usedforsecurity=False).hexdigest(), len(request.document))
    try:
        plain = replace(header, id_extension="")
        entry = xds.document_entry(plain, request.patient, request.visibility, content)
        author = xds.author(header.authors[0])
    except (MetadataError, IndexError) as error:
        raise XdmError(str(error)) from error
    said = _ACTIONS[request.action]
    slots = (*entry.slots, ("URI", (_DOCUMENT,)), *(((_ACTION_SLOT, (said,)),) if said else ()))
    entry = replace(entry, unique_id=header.unique_id, slots=slots)
    return ebxml.package(_set(request, author), {"Document01": entry})


def _set(request: XdmRequest, author: xds.Author) -> SubmissionSet:
    root = request.establishment.oid_root
    return SubmissionSet(
        unique_id=oids.derive(root, "mssante", request.seed),
        source_id=root,
        submission_time=f"{request.instant:%Y%m%d%H%M%S}",
        patient_id=datatypes.patient_id(request.patient),
        author=author,
        content_type=request.content_type,
    )


def _readme(request: XdmRequest) -> bytes:
    ours = request.establishment
    return f"""\
Emetteur
========
  Nom          : {mailparts.line(ours.name)}
  Organisation : {ours.structure_id}
  Messagerie   : {mailparts.line(request.address)}

Application de l'emetteur
=========================
  Nom          : {mailparts.line(request.software)}

Instructions
============
  Ouvrir INDEX.HTM. Le document est un CDA R2, que METADATA.XML decrit (IHE XDM).

Arborescence
============
  README.TXT
  INDEX.HTM
  IHE_XDM
     SUBSET01
        METADATA.XML
        {_DOCUMENT}
""".replace("\n", "\r\n").encode()


def _index(request: XdmRequest) -> bytes:
    name, title = (escape(mailparts.line(text)) for text in (request.establishment.name, request.header.title))
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.1//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">
<head><title>{name}</title></head>
<body>
<h1>{name}</h1>
<p>Messagerie : {escape(mailparts.line(request.address))}</p>
<ul>
<li><a href="{_SUBSET}/{_DOCUMENT}">{title}</a></li>
<li><a href="README.TXT">README.TXT</a></li>
</ul>
</body>
</html>
""".replace("\n", "\r\n").encode()
