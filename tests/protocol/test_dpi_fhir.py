"""Delivery by FHIR to a strict record: one effect whatever happens, and the right outcome under every fault."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dpi.fhir import Fhir, Server, prepare
from gateway.model.delivery import Answer, Frozen, Outcome
from gateway.model.documents import Action, Visibility
from gateway.model.ports import Silent
from gateway.protocols import cda, fhir
from tests import pki
from tests.protocol.fhir_server import Record, fhir_server, outcome, page
from tests.unit.protocols.people import wrap_request
from tests.unit.protocols.test_fhir import publication


@pytest.fixture
def record() -> Iterator[Record]:
    with fhir_server() as running:
        yield running


@asynccontextmanager
async def client(record: Record, **changes: Any) -> AsyncIterator[Fhir]:
    destination = Fhir(Server(**{"base": record.base, "timeout": 5, **changes}), Silent())
    try:
        yield destination
    finally:
        await destination.close()


def request(arc: int, parent: int | None = None, **changes: Any) -> fhir.Publication:
    """The publication of a wrapped PDF."""
    of = f"1.2.250.1.999.7.2.{parent}" if parent else ""
    wrapped = wrap_request(id=f"1.2.250.1.999.7.2.{arc}", set_id="1.2.250.1.999.7.3.1", parent=of)
    document, header = cda.build(wrapped)
    action = Action.REPLACE if parent else Action.CREATE
    return publication(**{"document": document, "header": header, "action": action, **changes})


def urn(arc: int) -> str:
    return f"urn:oid:1.2.250.1.999.7.2.{arc}"


async def lived(dpi: Fhir, payload: Frozen) -> Outcome:
    """Send until an answer is final, as the flow does: look up after a doubt."""
    for _ in range(6):
        said = await dpi.send(payload)
        if said.answer is Answer.UNKNOWN:
            said = await dpi.look_up(payload)
        if said.answer in {Answer.DONE, Answer.REFUSED}:
            return said
    return said


async def test_a_document_is_created_once_however_often_it_is_sent(record: Record) -> None:
    payload = prepare(request(1))
    async with client(record) as dpi:
        assert await dpi.send(payload) == Outcome(Answer.DONE, "201")
        assert await dpi.send(payload) == Outcome(Answer.DONE, "200")
        assert (await dpi.look_up(payload)).answer is Answer.DONE
    assert record.statuses(urn(1)) == ["current"]
    (_, headers, body), _ = record.asked("POST")
    assert body == payload.body
    assert headers["if-none-exist"] == f"identifier=urn%3Aietf%3Arfc%3A3986%7C{urn(1).replace(':', '%3A')}"


async def test_twenty_megabytes(record: Record) -> None:
    document, header = cda.build(wrap_request(body=b"%PDF-1.4" + bytes(20 << 20)))
    async with client(record, timeout=30) as dpi:
        assert (await dpi.send(prepare(publication(document=document, header=header)))).answer is Answer.DONE


async def test_a_life_of_a_document(record: Record) -> None:
    async with client(record) as dpi:
        assert (await dpi.send(prepare(request(1)))).answer is Answer.DONE
        located = await dpi.locate("1.2.250.1.999.7.2.1")
        hidden = Visibility(invisible_to_patient=True)
        second = prepare(request(2, 1, located=located, visibility=hidden))
        assert (await dpi.send(second)).answer is Answer.DONE
        assert (await dpi.send(second)).answer is Answer.DONE
        assert (record.statuses(urn(1)), record.statuses(urn(2))) == (["superseded"], ["current"])
        taken_back = prepare(replace(request(2, 1), action=Action.DELETE))
        assert (await dpi.look_up(taken_back)).answer is Answer.RETRY_LATER
        assert (await dpi.send(taken_back)).answer is Answer.DONE
        assert await dpi.send(taken_back) == Outcome(Answer.DONE, "already")
        assert (await dpi.look_up(taken_back)).answer is Answer.DONE
    assert record.statuses(urn(2)) == ["entered-in-error"]
    assert len(record.asked("PATCH")) == 2
    assert record.resources["2"]["relatesTo"][0]["target"]["reference"] == "DocumentReference/1"
    assert [label["coding"][0]["code"] for label in record.resources["2"]["securityLabel"]] == [
        "N",
        "INVISIBLE_PATIENT",
    ]


@pytest.mark.parametrize("method", ["POST", "GET", "PATCH"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("said", [None, outcome(500, "exception"), page(502)], ids=["cut", "500", "502"])
async def test_a_replacement_cut_anywhere_has_one_effect(record: Record, method: str, after: bool, said: Any) -> None:
    async with client(record) as dpi:
        await dpi.send(prepare(request(1)))
        record.arm(method, said, after=after)
        assert (await lived(dpi, prepare(request(2, 1)))).answer is Answer.DONE
    assert (record.statuses(urn(1)), record.statuses(urn(2))) == (["superseded"], ["current"])


async def test_a_record_that_marks_by_itself_is_not_told_again(record: Record) -> None:
    async with client(record) as dpi:
        await dpi.send(prepare(request(1)))
        record.resources["1"]["status"] = "superseded"
        assert (await dpi.send(prepare(request(2, 1)))).answer is Answer.DONE
    assert record.asked("PATCH") == []


async def test_a_record_that_cannot_mark_leaves_it_to_a_person(record: Record) -> None:
    record.patchable = False
    async with client(record) as dpi:
        await dpi.send(prepare(request(1)))
        said = await dpi.send(prepare(request(2, 1)))
    assert (said.answer, said.code) == (Answer.REFUSED, "HTTP 405 not-supported")
    assert said.text.startswith("Le nouveau document est dans le DPI")
    assert record.statuses(urn(2)) == ["current"]


async def test_one_there_twice_is_for_a_person(record: Record) -> None:
    record.conditional = False
    payload = prepare(request(1))
    async with client(record) as dpi:
        await dpi.send(payload)
        await dpi.send(payload)
        record.conditional = True
        assert (await dpi.look_up(payload)).answer is Answer.RETRY_LATER
        said = await dpi.send(payload)
        assert (said.answer, said.code) == (Answer.REFUSED, "HTTP 412 multiple-matches")
        taken_back = await dpi.send(prepare(replace(request(1), action=Action.DELETE)))
        assert (taken_back.answer, taken_back.code) == (Answer.REFUSED, "HTTP 412 multiple-matches")
        assert await dpi.locate("1.2.250.1.999.7.2.1") == ""


@pytest.mark.parametrize(
    ("said", "answer", "code", "stop"),
    [
        (outcome(400, "invalid"), Answer.REFUSED, "HTTP 400 invalid", False),
        (outcome(404, "not-found"), Answer.REFUSED, "HTTP 404 not-found", False),
        (outcome(409, "conflict"), Answer.REFUSED, "HTTP 409 conflict", False),
        (outcome(422, "MARTIN ZOÉ"), Answer.REFUSED, "HTTP 422", False),
        (outcome(422, "business-rule", "XDSUnknownPatientId"), Answer.REFUSED, "902", False),
        (outcome(422, "business-rule", "XDSPatientIdDoesNotMatch"), Answer.REFUSED, "904", False),
        (outcome(422, "business-rule", "256089932695080"), Answer.REFUSED, "HTTP 422 business-rule", False),
        ((413, {}, b""), Answer.REFUSED, "HTTP 413", False),
        (outcome(401, "login"), Answer.RETRY_LATER, "HTTP 401", True),
        (outcome(403, "forbidden"), Answer.RETRY_LATER, "HTTP 403", True),
        (outcome(408, "timeout"), Answer.RETRY_LATER, "HTTP 408", False),
        (outcome(429, "throttled"), Answer.RETRY_LATER, "HTTP 429", False),
        (outcome(503, "transient"), Answer.RETRY_LATER, "HTTP 503", False),
        (outcome(500, "exception"), Answer.UNKNOWN, "HTTP 500", False),
        ((504, {}, b""), Answer.UNKNOWN, "HTTP 504", False),
        ((202, {}, b""), Answer.UNKNOWN, "HTTP 202", False),
        (page(200), Answer.RETRY_LATER, "HTTP 200", True),
        (page(400), Answer.RETRY_LATER, "HTTP 400", True),
        (page(404), Answer.RETRY_LATER, "HTTP 404", True),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), Answer.RETRY_LATER, "HTTP 302", True),
        ((400, {"Content-Type": "application/json"}, b"[" * 200_000), Answer.RETRY_LATER, "HTTP 400", True),
    ],
)
async def test_what_a_server_may_say(record: Record, said: Any, answer: Answer, code: str, stop: bool) -> None:
    record.arm("POST", said)
    async with client(record) as dpi:
        found = await dpi.send(prepare(request(1)))
    assert (found.answer, found.code, found.stop) == (answer, code, stop)
    assert not any(word in found.text for word in ("MARTIN", "ZOÉ", "256089932695080"))


@pytest.mark.parametrize(("said", "wait"), [("120", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0)])
async def test_a_busy_record_says_how_long(record: Record, said: str, wait: float) -> None:
    status, headers, body = outcome(503, "transient")
    record.arm("POST", (status, {**headers, "Retry-After": said}, body))
    async with client(record) as dpi:
        assert (await dpi.send(prepare(request(1)))).wait == wait


async def test_an_answer_without_end_is_not_read(record: Record) -> None:
    record.arm("POST", (201, {"Location": f"{record.base}/DocumentReference/1"}, bytes(5 << 20)))
    record.arm("GET", (200, {"Content-Type": "application/fhir+json"}, bytes(5 << 20)))
    async with client(record) as dpi:
        assert (await dpi.send(prepare(request(1)))).answer is Answer.DONE
        assert await dpi.locate("1.2.3") == ""


@pytest.mark.parametrize(
    "said",
    [
        page(200),
        outcome(400, "invalid"),
        (200, {"Content-Type": "application/fhir+json"}, b'{"resourceType":"Bundle","link":[{"relation":"next"}]}'),
        (200, {"Content-Type": "application/fhir+json"}, b'{"x":' * 200_000),
        None,
    ],
    ids=["page", "refused", "no total", "deep", "cut"],
)
async def test_a_look_up_without_an_answer_leaves_the_doubt(record: Record, said: Any) -> None:
    record.arm("GET", said)
    async with client(record) as dpi:
        found = await dpi.look_up(prepare(request(1)))
    assert (found.answer, found.down) == (Answer.UNKNOWN, True)


async def test_nobody_listens_and_nobody_answers() -> None:
    with fhir_server() as gone:
        pass
    async with client(gone) as dpi:
        said = await dpi.send(prepare(request(1)))
        assert (said.answer, said.code, said.down) == (Answer.RETRY_LATER, "unreachable", True)
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with client(replace(gone, base=f"http://127.0.0.1:{port}/fhir"), timeout=0.2) as dpi:
        said = await dpi.send(prepare(request(1)))
        assert (said.answer, said.code) == (Answer.UNKNOWN, "timeout")
    silent.close()


async def test_both_certificates_are_checked(tmp_path: Path) -> None:
    keys = pki.make(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(keys.cert("server"), keys.key("server"))
    server.load_verify_locations(keys.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    with fhir_server(server) as record:
        for tls in (ssl.create_default_context(), keys.client_context("")):
            async with client(record, tls=tls) as dpi:
                said = await dpi.send(prepare(request(1)))
                assert said.answer in {Answer.RETRY_LATER, Answer.UNKNOWN}
                assert said.stop == (said.code == "tls")
                assert said.down
        assert record.resources == {}
        async with client(record, tls=keys.client_context()) as dpi:
            assert (await dpi.send(prepare(request(1)))).answer is Answer.DONE


async def test_a_token_is_read_anew(record: Record, tmp_path: Path) -> None:
    record.token = "jeton-2"
    file = tmp_path / "token"
    file.write_text("jeton-1\n")
    file.chmod(0o600)
    async with client(record, token=file) as dpi:
        assert (await dpi.send(prepare(request(1)))).code == "HTTP 401"
        file.write_text("jeton-2\n")
        assert (await dpi.send(prepare(request(1)))).answer is Answer.DONE
        file.unlink()
        said = await dpi.send(prepare(request(1)))
        assert (said.answer, said.code, said.stop) == (Answer.RETRY_LATER, "token", True)
        assert "jeton" not in said.text


async def test_what_the_server_says_it_can_do(record: Record) -> None:
    async with client(record) as dpi:
        found = await dpi.capabilities()
    assert (found.version, found.conditional_create, found.software) == ("4.0.1", True, "Dossier d'essai")
    assert {"create", "patch"} <= found.interactions


def test_a_frozen_payload_is_the_same_each_time() -> None:
    assert prepare(request(2, 1)) == prepare(request(2, 1))
    assert json.loads(prepare(replace(request(1), action=Action.DELETE)).body)[0]["value"] == "entered-in-error"
