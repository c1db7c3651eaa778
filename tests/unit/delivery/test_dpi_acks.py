"""Every acknowledgement that a record may give, and what becomes of the delivery."""

from __future__ import annotations

import pytest

from gateway.delivery.dpi import acks
from gateway.model.delivery import Answer, Outcome

HEADER = "MSH|^~\\&|DPI|H|GATEWAY|H|20260105||ACK^T02^ACK|9|P|2.6|||||FRA|"
TECHNICAL = ("0", "100", "101", "102", "103", "198", "199", "200", "201", "202", "203", "204", "205")


def judged(*segments: str, charset: str = "UNICODE UTF-8", codec: str = "utf-8") -> Outcome:
    return acks.judge("\r".join((HEADER + charset, *segments, "")).encode(codec), "c-1")


def functional(code: str) -> str:
    return f"ERR||PID^1^3|207^Application error^messageErrorCondition|E|{code}^libellé^applicationErrorCode"


def technical(condition: str) -> str:
    return f"ERR||MSH^1^12|{condition}^libellé^messageErrorCondition|E"


@pytest.mark.parametrize(
    ("code", "answer", "kept"),
    [
        ("AA", Answer.DONE, "AA"),
        ("CA", Answer.DONE, "CA"),
        ("AE", Answer.REFUSED, "AE"),
        ("CE", Answer.REFUSED, "CE"),
        ("AR", Answer.RETRY_LATER, "AR"),
        ("CR", Answer.RETRY_LATER, "CR"),
        ("aa ", Answer.DONE, "AA"),
        ("OK", Answer.UNKNOWN, "ack"),
        ("", Answer.UNKNOWN, "ack"),
    ],
)
def test_each_code_of_msa_1(code: str, answer: Answer, kept: str) -> None:
    outcome = judged(f"MSA|{code}|c-1")
    assert (outcome.answer, outcome.code) == (answer, kept)
    assert outcome.text or answer is Answer.DONE


@pytest.mark.parametrize("code", sorted(acks.FUNCTIONAL))
@pytest.mark.parametrize("acknowledged", ["AE", "CE"])
def test_each_functional_refusal_is_told_in_words(code: str, acknowledged: str) -> None:
    assert judged(f"MSA|{acknowledged}|c-1", functional(code)) == Outcome(
        Answer.REFUSED, code=code, text=acks.FUNCTIONAL[code]
    )


@pytest.mark.parametrize("condition", TECHNICAL)
def test_each_technical_refusal_is_told_in_words(condition: str) -> None:
    expected = Outcome(Answer.REFUSED, code=condition, text=acks.TECHNICAL[condition])
    assert judged("MSA|AE|c-1", technical(condition)) == expected


def test_the_words_differ() -> None:
    assert len({*acks.TECHNICAL.values(), *acks.FUNCTIONAL.values()}) == len(acks.TECHNICAL) + len(acks.FUNCTIONAL)


def test_a_locked_record_is_tried_again_and_only_then() -> None:
    assert judged("MSA|AE|c-1", technical("206")).answer is Answer.RETRY_LATER
    assert judged("MSA|AE|c-1", technical("206"), technical("101")).code == "101"


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ((functional("906"), functional("904")), "904"),
        ((technical("101"), functional("900"), functional("903")), "903"),
        ((functional("906"), functional("901")), "901"),
        ((technical("199"), functional("906")), "906"),
        ((technical("103"), technical("101")), "103"),
        ((functional("904").replace("|E|", "|W|"), functional("900")), "900"),
    ],
)
def test_of_several_errors_the_one_that_tells_most(errors: tuple[str, ...], code: str) -> None:
    assert judged("MSA|AE|c-1", *errors).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ERR||PID^1^3|207^Application error^messageErrorCondition| E| 902 ^Patient inconnu^x", "902"),
        ("ERR||PID^1^3| 207 |E|904", "904"),
        ("ERR||PID^1^3||E|905^sans condition^applicationErrorCode", "905"),
        ("ERR||PID^1^3|199|E|902^hors de 207^applicationErrorCode", "902"),
        ("ERR||PID^1^3|902^à la mauvaise place^applicationErrorCode|E", "902"),
        ("ERR||PID^1^3|207^^|E|950^code de l'éditeur^x", "950"),
        ("ERR||PID^1^3|207^^|E|Mme MARTIN inconnue^x", "906"),
        ("ERR||PID^1^3|207^Application internal error^HL70357|E", "207"),
        ("ERR|PID^1^3^101&Required field missing&HL70357", "101"),
        ("ERR|PID^1^3^101&Required field missing&HL70357~PV1^1^2^103", "101"),
        ("ERR|PID^1^3^902&Patient inconnu", "902"),
        ("ERR||||E", "AE"),
    ],
)
def test_wherever_a_record_puts_its_code(error: str, code: str) -> None:
    outcome = judged("MSA|AE|c-1", error)
    assert (outcome.answer, outcome.code) == (Answer.REFUSED, code)
    assert outcome.text


def test_before_err_there_was_msa_6() -> None:
    assert judged("MSA|AE|c-1|texte||| 102^Data type error^HL70357").code == "102"
    assert judged("MSA|AE|c-1|texte|||102", technical("103")).code == "103"


def test_what_a_record_writes_of_a_patient_is_not_kept() -> None:
    outcome = judged("MSA|AE|c-1|Mme MARTIN est inconnue", functional("902").replace("libellé", "MARTIN ZOÉ"))
    assert "MARTIN" not in f"{outcome.code}{outcome.text}"


@pytest.mark.parametrize(("charset", "codec"), [("8859/15", "iso-8859-15"), ("8859/1", "latin-1"), ("", "utf-8")])
def test_in_each_character_set(charset: str, codec: str) -> None:
    error = functional("902").replace("libellé", "œuvré à 3 €" if codec == "iso-8859-15" else "déjà")
    assert judged("MSA|AE|c-1", error, charset=charset, codec=codec).code == "902"


@pytest.mark.parametrize("charset", ["UNICODE UTF-8", "windows-1252", "ISO-8859-1"])
def test_a_text_that_is_not_in_the_set_it_says_hides_no_code(charset: str) -> None:
    error = functional("904").replace("libellé", "déjà là")
    assert judged("MSA|AE|c-1", error, charset=charset, codec="latin-1").code == "904"


@pytest.mark.parametrize(
    "answer", [b"", b"MSH|^~\\&|", b"<html>", b"\xff\xfe", b"MSH|^~\\&|A|B|C|D|2026||ACK|1|P|2.6\r"]
)
def test_an_answer_that_is_none(answer: bytes) -> None:
    assert acks.judge(answer, "c-1").answer is Answer.UNKNOWN
    assert not acks.is_only_kept(answer, "c-1")


def test_the_answer_to_another_message() -> None:
    assert judged("MSA|AA|c-2").answer is Answer.UNKNOWN
    assert judged("MSA|AE|c-2", functional("902")).answer is Answer.UNKNOWN


def test_only_kept_is_a_commit_of_this_message() -> None:
    kept = {
        code: acks.is_only_kept(f"{HEADER}\rMSA|{code}\r".encode(), "c-1") for code in ("CA|c-1", "CA|c-2", "AA|c-1")
    }
    assert kept == {"CA|c-1": True, "CA|c-2": False, "AA|c-1": False}
