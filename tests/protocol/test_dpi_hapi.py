"""Delivery by FHIR to HAPI FHIR 7.4.5, which validates what it takes. By hand: its jars are 280 MB.

``GATEWAY_HAPI`` names the folder of the jars (tests/protocol/hapi/pom.xml says how to get them); a JDK 17 is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dpi.fhir import Fhir, Server, prepare
from gateway.model.delivery import Answer, Outcome
from gateway.model.documents import Action, Visibility
from gateway.model.ports import Silent
from gateway.protocols import cda, fhir
from tests.protocol.test_dpi_fhir import request
from tests.unit.protocols.people import wrap_request
from tests.unit.protocols.test_fhir import publication

SOURCE = Path(__file__).parent / "hapi" / "Record.java"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    jars = os.environ.get("GATEWAY_HAPI")
    if not jars:
        pytest.skip("no HAPI FHIR here: GATEWAY_HAPI names the folder of its jars")
    folder = tmp_path_factory.mktemp("hapi")
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", folder, SOURCE], check=True, timeout=120)
    command = ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}:{jars}/*", "Record"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield next(line.split()[1] for line in server.stdout if line.startswith("ready "))
        finally:
            server.kill()


@asynccontextmanager
async def client(base: str) -> AsyncIterator[Fhir]:
    destination = Fhir(Server(base), Silent())
    try:
        yield destination
    finally:
        await destination.close()


def held(base: str, of: fhir.Publication) -> list[dict[str, Any]]:
    """What HAPI holds of a document."""
    query = f"{base}/DocumentReference?{fhir.search_token(of.header.unique_id)}"
    asked = urllib.request.Request(query, headers={"Cache-Control": "no-cache"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return [entry["resource"] for entry in json.load(answer).get("entry", [])]


async def test_a_document_is_created_once(base: str) -> None:
    of = request(1)
    payload = prepare(of)
    async with client(base) as dpi:
        assert (await dpi.look_up(payload)).answer is Answer.RETRY_LATER
        assert await dpi.send(payload) == Outcome(Answer.DONE, "201")
        assert await dpi.send(payload) == Outcome(Answer.DONE, "200")
        assert (await dpi.look_up(payload)).answer is Answer.DONE
    (found,) = held(base, of)
    sent = json.loads(payload.body)
    assert {name: found[name] for name in sent if name not in {"meta", "contained"}} == {
        name: sent[name] for name in sent if name not in {"meta", "contained"}
    }


async def test_a_life_of_a_document(base: str) -> None:
    async with client(base) as dpi:
        await dpi.send(prepare(request(11)))
        located = await dpi.locate("1.2.250.1.999.7.2.11")
        assert located.startswith("DocumentReference/")
        second = request(12, 11, located=located, visibility=Visibility(invisible_to_patient=True))
        assert (await dpi.look_up(prepare(second))).answer is Answer.RETRY_LATER
        for _ in range(2):
            assert (await dpi.send(prepare(second))).answer is Answer.DONE
        assert (await dpi.look_up(prepare(second))).answer is Answer.DONE
        assert [one["status"] for one in held(base, request(11))] == ["superseded"]
        taken_back = prepare(replace(second, action=Action.DELETE))
        assert (await dpi.look_up(taken_back)).answer is Answer.RETRY_LATER
        assert (await dpi.send(taken_back)).answer is Answer.DONE
        assert (await dpi.look_up(taken_back)).answer is Answer.DONE
    (found,) = held(base, second)
    assert found["status"] == "entered-in-error"
    assert found["relatesTo"][0]["target"]["reference"] == located


async def test_an_id_with_every_character_that_a_search_escapes(base: str) -> None:
    header = replace(request(21).header, id_extension="a,b|c$d\\e f&g=h+é")
    async with client(base) as dpi:
        payload = prepare(publication(header=header))
        assert [(await dpi.send(payload)).code for _ in range(2)] == ["201", "200"]
        assert (await dpi.look_up(payload)).answer is Answer.DONE


async def test_twenty_megabytes(base: str) -> None:
    document, header = cda.build(wrap_request(id="1.2.250.1.999.7.2.31", body=b"%PDF-1.4" + bytes(20 << 20)))
    async with client(base) as dpi:
        assert await dpi.send(prepare(publication(document=document, header=header))) == Outcome(Answer.DONE, "201")
        assert await dpi.locate(header.unique_id)


async def test_what_is_not_valid_is_refused(base: str) -> None:
    payload = prepare(request(41))
    wrong = json.loads(payload.body) | {"date": "2026"}
    async with client(base) as dpi:
        said = await dpi.send(replace(payload, body=json.dumps(wrong).encode()))
    assert said.answer is Answer.REFUSED
    assert held(base, request(41)) == []


async def test_what_it_says_it_can_do(base: str) -> None:
    async with client(base) as dpi:
        found = await dpi.capabilities()
    assert found.version == "4.0.1"
    assert found.conditional_create
    assert {"create", "patch", "search-type"} <= found.interactions
