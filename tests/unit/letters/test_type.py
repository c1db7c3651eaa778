"""The type by words and layout: traps, and whether the confidence is honest."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.letters import read
from gateway.letters.weights import WEIGHTS
from gateway.model.documents import TypeGuess
from gateway.terminology import type_code
from tests.unit.letters.generator import letter

CERTAIN = 0.9

TRAPS = {
    "a consultation that quotes an IRM": (
        "11488-4",
        """Cher Confrère,
Je revois en consultation Mme Odile BRUNEREAU pour ses lombalgies.
L'IRM du 3 février montre un hypersignal T2 du disque L4-L5, sans injection de gadolinium.
Le scanner antérieur retrouvait une discopathie, les coupes axiales étant sans conflit.
À l'examen, Lasègue négatif. Je lui propose une infiltration.
Je la reverrai dans trois mois.
Bien confraternellement,
Dr Anne Vernay""",
    ),
    "a discharge letter that quotes the operation": (
        "34112-3",
        """Cher Confrère,
M. Thierry ALBARET a été hospitalisé dans le service du 2 au 9 mars pour une cholécystite.
Motif d'hospitalisation : douleur de l'hypochondre droit.
Il a bénéficié d'une cholécystectomie : incision, hémostase, fermeture plan par plan, drain de Redon.
Évolution dans le service : suites simples, ablation du drain à J2.
Traitement de sortie : paracétamol 1 g si douleur.
Retour à domicile le 9 mars.
Bien confraternellement,
Dr Anne Vernay""",
    ),
    "a request for an IRM": (
        "55115-0",
        """Demande d'IRM
M. Thierry ALBARET
Merci de réaliser une IRM du genou droit.
Renseignements cliniques : gonalgie, ressaut, épanchement.
Question posée : lésion méniscale ? Pas de pacemaker.
Dr Anne Vernay""",
    ),
    "a letter that sends a patient with a normal biology": (
        "96349-6",
        """Cher ami,
Je vous adresse M. Thierry ALBARET pour une fatigue persistante.
Hémoglobine 13,2 g/dL, créatinine 71 µmol/L, CRP 3 mg/L.
Merci de votre avis et de ce que vous ferez.
Bien amicalement,
Dr Anne Vernay""",
    ),
    "a consultation that ends with a treatment": (
        "11488-4",
        """Chère Consœur,
J'ai vu ce jour en consultation Mme Odile BRUNEREAU pour son hypertension.
L'auscultation est sans particularité, la tension à 15/9.
Je lui ai prescrit :
RAMIPRIL 5 mg : 1 comprimé le matin pendant 3 mois
AMLODIPINE 5 mg : 1 comprimé le soir pendant 3 mois
Je la reverrai dans trois mois.
Confraternellement.
Dr Anne Vernay""",
    ),
}


def guess(text: str) -> TypeGuess:
    found = read(text).guess
    assert found is not None
    return found


@pytest.mark.parametrize(("code", "text"), TRAPS.values(), ids=TRAPS)
def test_what_a_letter_quotes_is_not_what_it_is(code: str, text: str) -> None:
    assert guess(text).code == code


def test_every_type_of_the_weights_exists() -> None:
    assert {weight.type for weight in WEIGHTS if type_code(weight.type) is None} == set()


def test_a_guess_tells_the_words_and_never_those_of_the_letter() -> None:
    found = guess(TRAPS["a request for an IRM"][1])
    assert "titre : demande irm" in found.evidence
    assert not any("ALBARET" in said for said in found.evidence)


def test_an_empty_page_is_nothing() -> None:
    assert read("").guess is None
    nothing = read("Bonjour\nà bientôt").guess
    assert nothing is None or nothing.confidence < 0.3


@pytest.mark.parametrize("titled", [0.0, 0.5])
def test_the_confidence_is_honest(titled: float) -> None:
    bands: dict[str, Counter[bool]] = {"certain": Counter(), "likely": Counter()}
    for seed in range(300):
        one = letter(seed, titled=titled)
        found = read(one.text).guess
        if found is not None and found.confidence >= 0.6:
            bands["certain" if found.confidence >= CERTAIN else "likely"][found.code == one.code] += 1
    assert bands["certain"][False] <= 0.05 * bands["certain"].total(), bands
    assert bands["certain"].total() >= 120, bands
    assert bands["likely"][False] <= 0.4 * bands["likely"].total(), bands


def test_a_letter_of_any_size_is_read_in_linear_time() -> None:
    huge = "Date de l'examen : " * 20_000 + "\n" + "a " * 200_000 + "\n" + "- - - : " * 50_000 + "Dr " * 50_000
    assert len(read(huge + "\n".join(["Dr A. B. C. D."] * 20_000)).signatories) <= 6


@given(st.text(alphabet="Dr.Ané MARTIN0123/:-()|,\n\t’œÎ\x00\u2028PrRPPSsigné par le du", max_size=400))
def test_no_text_breaks_the_reading(text: str) -> None:
    said = read(text)
    assert said.act_date == "" or len(said.act_date) == 8
    assert len(said.title) <= 120
