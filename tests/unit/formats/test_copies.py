"""A copy is set aside; a letter about somebody or something else never is."""

from __future__ import annotations

import pytest

from gateway.formats import mail
from gateway.model.reasons import Ignored
from tests.unit.formats import builders
from tests.unit.formats.builders import attached, cda, pdf, text, xdm

_STORY = (
    "Patiente suivie pour une insuffisance mitrale moderee, asymptomatique, sans dyspnee ni oedeme. "
    "Auscultation inchangee, electrocardiogramme sinusal regulier, echographie montrant une fraction ejection "
    "conservee, ventricule gauche non dilate, oreillette discretement elargie, pressions pulmonaires normales."
    " Traitement poursuivi : ramipril, bisoprolol, controle biologique trimestriel, kaliemie, creatinine, "
    "ionogramme, surveillance tensionnelle domicile, nouvelle consultation programmee automne prochain, "
    "epreuve effort avant reprise sportive, vaccination antigrippale conseillee, education therapeutique, "
    "regime pauvre sel, appel immediat devant essoufflement, palpitations, malaise, fievre prolongee"
)
_OTHER_STORY = (
    "Compte rendu operatoire : arthroscopie genou droit, meniscectomie interne partielle, lavage abondant, "
    "fermeture cutanee points separes, pansement compressif, garrot pneumatique quarante minutes, anesthesie "
    "rachidienne, antibioprophylaxie cefazoline, installation decubitus dorsal, exploration cartilage femoral "
    "normal, plateau tibial externe intact, ligament croise anterieur continu, resection languette, suites "
    "simples, appui autorise, cannes anglaises, kinesitherapie quinze seances, ablation fils dixieme jour, "
    "anticoagulation preventive enoxaparine, glacage pluriquotidien, arret travail trois semaines, reprise "
    "progressive footing troisieme mois, reevaluation chirurgicale cabinet privee"
)
_PATIENT = "Mme MARTINEAU LEONIE nee le 12/05/1984"
_NAMED = "20260603_Lettre-de-liaison_MARTINEAU_Leonie.pdf"


def _lines(*texts: str) -> tuple[str, ...]:
    words = " ".join(texts).split()
    return tuple(" ".join(words[n : n + 10]) for n in range(0, len(words), 10))


def _ignored(copy: bytes, name: str = "document.pdf", *, body: bytes | str = _STORY, more: int = 0) -> Ignored | None:
    data = cda(body=body)
    extra = [
        attached(builders.pdf(f"Autre lettre {n} sans rapport aucun avec quiconque du tout"), "b.pdf")
        for n in range(more)
    ]
    raw = builders.mail(text(), attached(xdm(data), "IHE_XDM.zip"), attached(copy, name), *extra)
    return mail.read(raw).documents[1].ignored


def test_same_bytes_as_the_file_inside() -> None:
    inside = pdf("Lettre")
    assert _ignored(inside, body=inside) is Ignored.COPY


def test_same_text() -> None:
    assert _ignored(pdf(*_lines(_PATIENT, _STORY))) is Ignored.COPY


def test_same_text_as_the_file_inside_in_another_pdf() -> None:
    inside = pdf(*_lines(_PATIENT, _STORY))
    assert _ignored(pdf(*_lines("Version imprimable", _PATIENT, _STORY)), body=inside) is Ignored.COPY


@pytest.mark.parametrize("date", ["03/06/2026", "3 juin 2026", "03.06.26", "2026-06-03"])
def test_short_copy_with_patient_and_date_of_the_act(date: str) -> None:
    assert _ignored(pdf(*_lines(_PATIENT, f"Document du {date}, copie imprimable pour lecture"))) is Ignored.COPY


def test_name_of_the_rule_and_patient_in_the_text() -> None:
    assert _ignored(pdf(*_lines(_PATIENT, "copie imprimable pour lecture du document joint")), _NAMED) is Ignored.COPY


def test_scan() -> None:
    assert _ignored(pdf(), _NAMED, more=1) is Ignored.COPY
    assert _ignored(pdf()) is Ignored.COPY, "as many PDFs as CDAs"
    assert _ignored(pdf(), more=1) is None, "which of the two would be the copy?"


@pytest.mark.parametrize(
    "content",
    [
        ("M. PETITJEAN Octave ne le 03/04/1951", _STORY),
        ("Mme MARTINEAU Jeanne nee le 30/01/1947", _STORY),
        ("Mme MARTINEAU LEONIE nee le 30/01/1947", _STORY),
        (_PATIENT, _OTHER_STORY),
        (_PATIENT, "Consultation du 03/06/2026.", _OTHER_STORY),
        (_PATIENT, "Ordonnance du 9 octobre 2025 : paracetamol, repos, reprise du travail selon evolution"),
    ],
    ids=["another", "relative", "namesake", "other letter", "other letter of that day", "old short letter"],
)
def test_letters_of_their_own(content: tuple[str, ...]) -> None:
    assert _ignored(pdf(*_lines(*content))) is None


def test_another_letter_with_half_the_same_words() -> None:
    half = " ".join(_STORY.split()[::2])
    assert _ignored(pdf(*_lines(_PATIENT, "Consultation du 9 octobre 2025.", half, _OTHER_STORY[:300]))) is None


def test_the_file_name_does_not_hide_somebody_else() -> None:
    assert _ignored(pdf(*_lines("M. PETITJEAN Octave ne le 03/04/1951", _STORY)), _NAMED) is None


def test_a_pdf_without_any_cda_is_a_document() -> None:
    raw = builders.mail(text(), attached(pdf(*_lines(_PATIENT, _STORY)), _NAMED))
    assert [d.ignored for d in mail.read(raw).documents] == [None]


@pytest.mark.parametrize("ending", [".txt", ".html", ".rtf"])
def test_a_letter_of_a_word_processor_may_be_the_copy_too(ending: str) -> None:
    around = {".txt": "{}", ".html": "<html><p>{}</p></html>", ".rtf": "{{\\rtf1 {}}}"}[ending]
    assert _ignored(around.format(f"{_PATIENT} {_STORY}").encode(), f"lettre{ending}") is Ignored.COPY
    assert _ignored(around.format(f"M. MARCHAND PAUL ne le 03/02/1971 {_STORY}").encode(), f"lettre{ending}") is None
    assert _ignored(around.format(f"{_PATIENT} {_OTHER_STORY}").encode(), f"lettre{ending}") is None
