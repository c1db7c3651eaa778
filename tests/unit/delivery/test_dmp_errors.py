from __future__ import annotations

import pytest

from gateway.delivery.dmp import errors
from gateway.delivery.dmp.errors import DmpError
from gateway.delivery.wire import Failure, Response
from gateway.model.delivery import Answer, Outcome
from gateway.protocols.ebxml import RegistryAnswer, RegistryError
from gateway.protocols.soap import MEDIA_TYPE, SOAP, WSA, Fault

RETRY, UNKNOWN, REFUSED = Answer.RETRY_LATER, Answer.UNKNOWN, Answer.REFUSED


def failed(response: Response, message_id: str = "urn:uuid:1") -> Outcome:
    with pytest.raises(DmpError) as caught:
        errors.payload(response, message_id)
    return caught.value.outcome


@pytest.mark.parametrize(
    ("status", "answer", "stop"),
    [
        (200, UNKNOWN, False),
        (204, UNKNOWN, False),
        (500, UNKNOWN, False),
        (400, RETRY, False),
        (429, RETRY, False),
        (502, RETRY, False),
        (503, RETRY, False),
        (504, RETRY, False),
        (302, RETRY, True),
        (403, RETRY, True),
        (404, RETRY, True),
        (407, RETRY, True),
        (413, REFUSED, False),
    ],
)
def test_a_page_that_is_not_soap(status: int, answer: Answer, stop: bool) -> None:
    outcome = failed(Response(status, "text/html", b"<html/>"))
    assert (outcome.answer, outcome.stop, outcome.code) == (answer, stop, f"HTTP {status}")


def test_an_answer_to_another_message_proves_nothing() -> None:
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header><a:RelatesTo xmlns:a="{WSA}">urn:uuid:2</a:RelatesTo></s:Header>'
        "<s:Body><x/></s:Body></s:Envelope>"
    ).encode()
    assert failed(Response(200, MEDIA_TYPE, body)).answer is UNKNOWN
    assert errors.payload(Response(200, MEDIA_TYPE, body), "urn:uuid:2").tag == "x"


@pytest.mark.parametrize(
    ("fault", "answer", "stop"),
    [
        (Fault("Sender", "DMPInvalidCertificate", "Not a valid signature certificate"), RETRY, True),
        (Fault("Sender", "DMPErreur", "Structure introuvable ou inactive"), RETRY, True),
        (Fault("Sender", "", "PS et structure non liés"), RETRY, True),
        (Fault("Sender", "", "Aucune spécialité dans le vihf. Spécialité obligatoire"), RETRY, True),
        (Fault("Sender", "", "Erreur d'authentification de la personne morale"), RETRY, True),
        (Fault("Sender", "DMPX", "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"), REFUSED, False),
        (Fault("Sender", "DMPAccessDeniedByRightsService", "droits"), REFUSED, False),
        (Fault("Receiver", "XDSRepositoryBusy", ""), RETRY, False),
        (Fault("Receiver", "XDSRegistryNotAvailable", ""), RETRY, False),
        (Fault("Receiver", "", "NullPointerException"), UNKNOWN, False),
        (Fault("MustUnderstand", "", ""), RETRY, True),
        (Fault("Sender", "SomethingNew", ""), REFUSED, False),
    ],
)
def test_faults(fault: Fault, answer: Answer, stop: bool) -> None:
    outcome = errors.of_fault(fault)
    assert (outcome.answer, outcome.stop) == (answer, stop)
    assert outcome.code == (fault.code or fault.role)


#: Every code of spec/dmp/errors.md that can answer a feeder: what it means for the document, and whether the DMP, or
#: every message of ours, is at fault rather than the document.
CODES = {
    **dict.fromkeys(
        (
            "XDSRepositoryBusy",
            "XDSRegistryBusy",
            "XDSRegistryOutOfResources",
            "XDSRepositoryOutOfResources",
            "XDSRegistryNotAvailable",
        ),
        (RETRY, True, False),
    ),
    **dict.fromkeys(("XDSRepositoryError", "XDSRegistryError"), (RETRY, False, False)),
    "XDSDuplicateUniqueIdInRegistry": (UNKNOWN, False, False),
    **dict.fromkeys(
        (
            "XDSNonIdenticalHash",
            "XDSRegistryDuplicateUniqueIdInMessage",
            "XDSRepositoryDuplicateUniqueIdInMessage",
            "XDSRegistryMetadataError",
            "XDSRepositoryMetadataError",
            "XDSMissingDocument",
            "XDSMissingDocumentMetadata",
            "XDSRegistryDeprecatedDocumentError",
            "XDSUnknownRepositoryId",
            "XDSUnknownStoredQuery",
            "XDSStoredQueryMissingParam",
            "XDSStoredQueryParamNumber",
            "XDSTooManyResults",
            "XDSResultNotSinglePatient",
            "XDSPatientIdDoesNotMatch",
            "XDSUnknownPatientId",
            "XDSDocumentUniqueIdError",
            "UnresolvedReferenceException",
            "DMPAccessDeniedByRightsService",
            "CodeOfWhichNothingIsKnown",
        ),
        (REFUSED, False, False),
    ),
    "DMPInvalidCertificate": (RETRY, True, True),
}


@pytest.mark.parametrize(("code", "meaning"), CODES.items(), ids=CODES)
def test_every_code_is_understood(code: str, meaning: tuple[Answer, bool, bool]) -> None:
    for outcome in (
        errors.of_registry(RegistryAnswer(False, (RegistryError(code, "", ""),))),
        errors.of_fault(Fault("Sender", code, "")),
    ):
        assert (outcome.answer, outcome.down, outcome.stop) == meaning
        assert outcome.code == code
        assert outcome.text.endswith((".", "exploitant")), "a sentence for the operator"


#: The messages that are known without their code (spec/dmp/errors.md): whatever the code, they say the same.
MESSAGES = {
    "Structure introuvable ou inactive": (RETRY, True),
    "PS et structure non liés": (RETRY, True),
    "Aucune spécialité dans le vihf. Spécialité obligatoire pour les médecins": (RETRY, True),
    "Erreur d'authentification de la personne morale": (RETRY, True),
    "Not a valid signature certificate": (RETRY, True),
    "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF [authentification indirecte]": (REFUSED, False),
}


@pytest.mark.parametrize(("message", "meaning"), MESSAGES.items(), ids=MESSAGES)
def test_every_message_is_understood_wherever_it_stands(message: str, meaning: tuple[Answer, bool]) -> None:
    for outcome in (
        errors.of_fault(Fault("Sender", "", message)),
        errors.of_fault(Fault("Sender", "DMPErreurFonctionnelle", f"  {message.upper()} (réf. 12)")),
        errors.of_registry(RegistryAnswer(False, (RegistryError("XDSRegistryMetadataError", message, ""),))),
    ):
        assert (outcome.answer, outcome.stop) == meaning


def test_what_stands_for_every_message_comes_first() -> None:
    several = RegistryError("XDSRegistryMetadataError", "", "M46"), RegistryError("DMPInvalidCertificate", "", "")
    outcome = errors.of_registry(RegistryAnswer(False, several))
    assert (outcome.code, outcome.stop) == ("DMPInvalidCertificate", True)


@pytest.mark.parametrize("note", ["XDSExtraMetadataNotSaved", "DMPOk"])
def test_a_note_beside_a_success_is_no_error(note: str) -> None:
    assert errors.of_registry(RegistryAnswer(True, (RegistryError(note, "", ""),))) == Outcome(Answer.DONE)
    assert errors.of_registry(RegistryAnswer(False, (RegistryError(note, "", ""),))).answer is UNKNOWN


@pytest.mark.parametrize(
    ("code", "answer", "down", "kept"),
    [
        ("AE", RETRY, False, "TD0.2"),
        ("QE", RETRY, False, "TD0.2"),
        ("DMPInconnu", RETRY, False, "TD0.2"),
        ("XDSRegistryBusy", RETRY, True, "XDSRegistryBusy"),
        ("DMPInvalidCertificate", RETRY, True, "DMPInvalidCertificate"),
        ("XDSUnknownPatientId", REFUSED, False, "XDSUnknownPatientId"),
    ],
)
def test_an_existence_test_that_fails(code: str, answer: Answer, down: bool, kept: str) -> None:
    outcome = errors.of_question(code)
    assert (outcome.answer, outcome.down, outcome.code) == (answer, down, kept)
    assert outcome.code != "TD0.2" or code in outcome.text


def test_success_is_done_and_a_failure_without_error_is_unknown() -> None:
    assert errors.of_registry(RegistryAnswer(True, ())) == Outcome(Answer.DONE)
    assert errors.of_registry(RegistryAnswer(False, ())).answer is UNKNOWN


def test_no_outcome_repeats_what_the_dmp_wrote_about_the_patient() -> None:
    context = "PID-5 'MARTIN' INS 255069999999934"
    for location, kept in (("M46", True), (context, False), ("", False)):
        outcome = errors.of_registry(
            RegistryAnswer(False, (RegistryError("XDSRepositoryMetadataError", context, location),))
        )
        assert "MARTIN" not in outcome.text
        assert "2550" not in outcome.text
        assert outcome.text.endswith("M46") is kept
    assert "MARTIN" not in errors.of_fault(Fault("Sender", "DMPX", context)).text


def test_a_question_never_stays_unknown() -> None:
    for failure in Failure:
        asked = errors.without_effect(errors.of_failure(failure))
        assert (asked.answer, asked.down) == (RETRY, True)
