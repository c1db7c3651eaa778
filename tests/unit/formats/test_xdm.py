"""XDM archives inside a mail: every layout seen, and every way to be malformed."""

from __future__ import annotations

import hashlib

import pytest

from gateway.formats import mail
from gateway.model.documents import Action, Carrier, DocumentReading
from gateway.model.identity import Ins
from gateway.model.reasons import Ignored, Reason
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, cda, listed, metadata, text, xdm, zipped

CDA = cda()


def _read(archive: bytes, name: str = "IHE_XDM.zip") -> tuple[DocumentReading, ...]:
    return mail.read(builders.mail(text(), attached(archive, name))).documents


def _one(archive: bytes, name: str = "IHE_XDM.zip") -> DocumentReading:
    (document,) = _read(archive, name)
    return document


@pytest.mark.parametrize("folder", ["IHE_XDM/SUBSET01", "ihe_xdm/subset01", "dossier/IHE_XDM/SS000001", "SUB", "."])
@pytest.mark.parametrize("name", ["DOC0001.XML", "doc0001.xml", "CR_12.xml"])
def test_layouts(folder: str, name: str) -> None:
    document = _one(xdm(CDA, folder=folder, name=name))
    assert (document.carrier, document.problem, document.unique_id) == (Carrier.XDM, None, "1.2.250.1.999.7.1")
    assert document.sha256 == hashlib.sha256(CDA).hexdigest()


@pytest.mark.parametrize(
    "uri",
    [
        "doc0001.xml",
        "./DOC0001.XML",
        "SUBSET01\\DOC0001.XML",
        "IHE_XDM/SUBSET01/DOC0001.XML",
        "/IHE_XDM/SUBSET01/DOC0001.XML",
    ],
)
def test_uris(uri: str) -> None:
    assert _one(xdm(CDA, metadata(listed(CDA, uri)))).problem is None


def test_backslashes_macosx_and_metadata_in_any_case() -> None:
    files = {
        "IHE_XDM\\SUBSET01\\Metadata.xml": metadata(listed(CDA)),
        "IHE_XDM\\SUBSET01\\DOC0001.XML": CDA,
        "__MACOSX/IHE_XDM/SUBSET01/._DOC0001.XML": b"\0\5\x16\7",
        "IHE_XDM/.svn/METADATA.XML": b"rien",
    }
    assert _one(zipped(files)).problem is None


def test_name_and_type_of_the_attachment_do_not_matter() -> None:
    raw = builders.mail(text(), attached(xdm(CDA), "piece", "text/plain"))
    (document,) = mail.read(raw).documents
    assert (document.carrier, document.problem) == (Carrier.XDM, None)


def test_what_metadata_adds() -> None:
    flags = ("N", "R", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
    document = _one(xdm(CDA, metadata(listed(CDA, flags=flags, action="D"))))
    seen = document.visibility
    assert (seen.masked_to_professionals, seen.invisible_to_patient, seen.invisible_to_representatives) == (True,) * 3
    assert (document.action, document.confidentiality) == (Action.DELETE, "R")
    claim = document.metadata_claim
    assert claim is not None
    assert claim.ins == Ins("284057812345678", builders.INS)
    assert (claim.birth_name, claim.used_name, claim.first_given) == ("MARTINEAU", "DURANDAL", "LEONIE")
    assert (claim.birth_date, claim.sex, claim.local_ids) == ("19840512", "F", (("1.2.250.1.999.3", "IPP7"),))


@pytest.mark.parametrize(("action", "expected"), [("C", Action.REPLACE), ("d", Action.DELETE), ("", Action.CREATE)])
def test_actions(action: str, expected: Action) -> None:
    assert _one(xdm(CDA, metadata(listed(CDA, action=action)))).action is expected


def test_replacement_said_by_the_cda_alone() -> None:
    data = cda(related="1.2.250.1.999.7.0")
    assert _one(xdm(data, metadata(listed(data)))).action is Action.REPLACE


@pytest.mark.parametrize(
    "meta",
    [
        metadata(listed(CDA, digest="0" * 40)),
        metadata(listed(CDA, size="12")),
        metadata(listed(CDA, unique="1.2.3")),
        metadata(),
        b"<SubmitObjectsRequest",
    ],
    ids=["hash", "size", "unique id", "nothing listed", "not XML"],
)
def test_disagreement_is_malformed(meta: bytes) -> None:
    document = _one(xdm(CDA, meta))
    assert (document.problem, document.carrier) == (Reason.MALFORMED_XDM, Carrier.XDM)
    assert document.sha256 == hashlib.sha256(CDA).hexdigest()
    assert document.detail


@pytest.mark.parametrize("form", ["upper", "sha256", "base64"])
def test_forms_of_the_hash(form: str) -> None:
    sha1 = hashlib.sha1(CDA)
    digest = {
        "upper": sha1.hexdigest().upper(),
        "sha256": hashlib.sha256(CDA).hexdigest(),
        "base64": __import__("base64").b64encode(sha1.digest()).decode(),
    }[form]
    assert _one(xdm(CDA, metadata(listed(CDA, digest=digest)))).problem is None


def test_metadata_missing_document_missing_archive_cut() -> None:
    assert _one(zipped({"IHE_XDM/SUBSET01/DOC0001.XML": CDA})).problem is Reason.MALFORMED_XDM
    missing = _one(zipped({"IHE_XDM/SUBSET01/METADATA.XML": metadata(listed(CDA))}))
    assert (missing.problem, missing.part) == (Reason.MALFORMED_XDM, "1.2")
    assert _one(xdm(CDA)[:-40]).problem is Reason.MALFORMED_XDM
    assert _one(zipped({"README.TXT": b"x"})).problem is Reason.MALFORMED_XDM


def test_cda_that_is_not_well_formed_or_not_listed() -> None:
    broken = CDA[:-20]
    assert _one(xdm(broken, metadata(listed(broken)))).problem is Reason.MALFORMED_XDM
    other = cda(unique="1.2.250.1.999.7.9")
    files = {"IHE_XDM/S/METADATA.XML": metadata(listed(CDA)), "IHE_XDM/S/DOC0001.XML": CDA, "IHE_XDM/S/B.XML": other}
    assert [d.problem for d in _read(zipped(files))] == [None, Reason.MALFORMED_XDM]


def test_style_sheets_kept_in_the_subset_are_no_documents() -> None:
    sheet = b"<xsl:stylesheet xmlns:xsl='x'><ClinicalDocument a=''/><script>1</script></xsl:stylesheet>"
    files = {
        "IHE_XDM/S/METADATA.XML": metadata(listed(CDA)),
        "IHE_XDM/S/DOC0001.XML": CDA,
        "IHE_XDM/S/CDA.XSL": sheet,
        "INDEX.HTM": b"<html><script>1</script></html>",
        "IHE_XDM/S/LOGO.PNG": b"\x89PNG\r\n\x1a\n",
        "IHE_XDM/S/MENTION.XML": b"<a>ClinicalDocument</a>",
    }
    assert _one(zipped(files)).problem is None


def test_dtd_in_cda_or_metadata_and_uri_that_leaves_the_archive() -> None:
    hostile = CDA.replace(b"<ClinicalDocument", b"<!DOCTYPE x><ClinicalDocument", 1)
    assert _one(xdm(hostile, metadata(listed(hostile)))).problem is Reason.UNSAFE
    meta = metadata(listed(CDA)).replace(b"<Submit", b"<!DOCTYPE x><Submit", 1)
    assert _one(xdm(CDA, meta)).problem is Reason.UNSAFE
    assert _one(xdm(CDA, metadata(listed(CDA, "../../DOC0001.XML")))).problem is Reason.UNSAFE


def test_a_metadata_outside_the_tree_does_not_count() -> None:
    stray = metadata(listed(CDA, "ABSENT.XML"))
    files = {
        "IHE_XDM/S/METADATA.XML": metadata(listed(CDA)),
        "IHE_XDM/S/DOC0001.XML": CDA,
        "ancien/METADATA.XML": stray,
    }
    assert _one(zipped(files)).problem is None


def test_several_subsets_and_several_archives() -> None:
    other = cda(unique="1.2.250.1.999.7.2")
    files = {
        "IHE_XDM/S1/METADATA.XML": metadata(listed(CDA)),
        "IHE_XDM/S1/DOC0001.XML": CDA,
        "IHE_XDM/S2/METADATA.XML": metadata(listed(other, unique="1.2.250.1.999.7.2")),
        "IHE_XDM/S2/DOC0001.XML": other,
    }
    assert [d.unique_id[-1] for d in _read(zipped(files))] == ["1", "2"]
    meta = metadata(listed(other, unique="1.2.250.1.999.7.2"))
    raw = builders.mail(attached(xdm(CDA), "IHE_XDM.zip"), attached(xdm(other, meta), "IHE_XDM.zip"))
    assert [(d.unique_id[-1], d.problem) for d in mail.read(raw).documents] == [("1", None), ("2", None)]


def test_classification_that_points_from_outside_the_object() -> None:
    flag = (
        '<classification classificationScheme="urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f" '
        'classifiedObject="D-DOC0001.XML" nodeRepresentation="MASQUE_PS"/>'
    )
    assert _one(xdm(CDA, metadata(listed(CDA), flag))).visibility.masked_to_professionals


def test_pdf_listed_by_metadata_is_a_document() -> None:
    letter = builders.pdf("Lettre du Dr Exemple au sujet de Mme AUTRE Personne nee le 01/02/1950")
    meta = metadata(listed(letter, "LETTRE.PDF", unique="1.9"))
    document = _one(zipped({"IHE_XDM/S/METADATA.XML": meta, "IHE_XDM/S/LETTRE.PDF": letter}))
    assert (document.carrier, document.problem, document.unique_id) == (Carrier.PDF, None, "1.9")
    assert document.metadata_claim is not None


def test_readable_copy_inside_the_archive() -> None:
    inside = builders.pdf("Lettre")
    data = cda(body=inside)
    files = {
        "IHE_XDM/S/METADATA.XML": metadata(listed(data)),
        "IHE_XDM/S/DOC0001.XML": data,
        "IHE_XDM/S/DOC0001.PDF": inside,
    }
    assert [d.ignored for d in _read(zipped(files))] == [None, Ignored.COPY]


def test_the_two_files_that_every_xdm_must_have_make_one() -> None:
    empty = {"INDEX.HTM": b"<html><body>Index</body></html>", "README.TXT": b"Produit par un logiciel", "A.CSS": b"p{}"}
    assert _one(zipped(empty), "envoi.zip").problem is Reason.MALFORMED_XDM


def test_delimiters_in_a_name_are_escaped() -> None:
    claim = _one(xdm(CDA, metadata(listed(CDA).replace("MARTINEAU^LEONIE", r"D\T\O\S\R^LEA\F\B\zz")))).metadata_claim
    assert claim is not None
    assert (claim.birth_name, claim.first_given) == ("D&O^R", r"LEA|B\zz")
