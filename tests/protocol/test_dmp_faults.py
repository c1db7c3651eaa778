"""Every way in which the DMP can fail us, and the word that the adapter has for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dmp import Dmp, DmpError, DmpStatus
from gateway.model.delivery import Answer, Frozen
from gateway.model.documents import Visibility
from gateway.model.settings import Seconds
from tests import outside, pki
from tests.protocol import feeding, referees
from tests.protocol.feeding import Document
from tests.protocol.referees import Referee

RETRY, UNKNOWN, REFUSED = Answer.RETRY_LATER, Answer.UNKNOWN, Answer.REFUSED


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def original() -> Document:
    path = outside.corpora("cda-fr", "ExemplesCDA", "DOC_NON_STRUCTURE_CDA-R2-N1.xml")
    return feeding.document(path.read_bytes())


@pytest.fixture(scope="module")
def running(keys: pki.Pki, original: Document, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Referee]:
    with referees.dmp(tmp_path_factory.mktemp("dmp"), [original.patient_row()], keys) as found:
        yield found


@pytest.fixture
def referee(running: Referee) -> Iterator[Referee]:
    yield running
    running.disarm()


@pytest.fixture
async def dmp(referee: Referee, keys: pki.Pki) -> AsyncIterator[Dmp]:
    adapter = feeding.adapter(referee.base, keys, timeout=Seconds(1.5))
    yield adapter
    await adapter.aclose()


def frozen(dmp: Dmp, original: Document, name: str) -> Frozen:
    one = feeding.variant(original.data, name)
    return dmp.prepare(one.data, one.header, one.patient, Visibility(), seed=name, instant=feeding.now())


#: fault, its parameters, what the feed answers, whether the destination is down, whether the document is there.
FAULTS: list[tuple[str, dict[str, Any], Answer, bool, bool]] = [
    ("reset_before_read", {}, UNKNOWN, True, False),
    ("reset_mid_body", {}, UNKNOWN, True, False),
    ("http503", {}, RETRY, True, False),
    ("soap_fault_busy", {}, RETRY, True, False),
    ("registry_busy", {}, RETRY, True, False),
    ("registry_busy", {"code": "XDSRegistryOutOfResources"}, RETRY, True, False),
    ("hang", {"seconds": 4}, UNKNOWN, True, False),
    ("html_body", {}, UNKNOWN, True, False),
    ("html_body", {"commit": True}, UNKNOWN, True, True),
    ("html_body", {"status": 502}, RETRY, True, False),
    ("html_body", {"status": 500}, UNKNOWN, True, False),
    ("wrong_content_type", {}, UNKNOWN, True, True),
    ("accept_then_reset", {}, UNKNOWN, True, True),
    ("accept_then_hang", {"seconds": 4}, UNKNOWN, True, True),
    ("slow_response", {"bytesPerSecond": 50}, UNKNOWN, True, True),
    ("registry_error", {"code": "XDSRepositoryError"}, RETRY, False, False),
    ("registry_error", {"code": "XDSRepositoryMetadataError"}, REFUSED, False, False),
    ("registry_error", {"code": "XDSUnknownPatientId"}, REFUSED, False, False),
    ("registry_error", {"code": "XDSNonIdenticalHash"}, REFUSED, False, False),
    ("registry_error", {"code": "XDSDuplicateUniqueIdInRegistry"}, UNKNOWN, False, False),
    ("registry_error", {"code": "XDSRegistryMetadataError"}, REFUSED, False, False),
    ("registry_error", {"code": "XDSRegistryDeprecatedDocumentError"}, REFUSED, False, False),
    ("registry_error", {"code": "XDSMissingDocument"}, REFUSED, False, False),
    ("registry_error", {"code": "DMPAccessDeniedByRightsService"}, REFUSED, False, False),
    (
        "registry_error",
        {
            "code": "XDSRegistryMetadataError",
            "codeContext": "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF [authentification indirecte]",
        },
        REFUSED,
        False,
        False,
    ),
    ("soap_fault_busy", {"code": "XDSRegistryNotAvailable"}, RETRY, True, False),
]


@pytest.mark.parametrize(
    ("kind", "parameters", "answer", "down", "there"), FAULTS, ids=[f"{f[0]} {f[1] or ''}".strip() for f in FAULTS]
)
async def test_a_failed_feed_is_classed_then_mended(
    dmp: Dmp,
    referee: Referee,
    original: Document,
    kind: str,
    parameters: dict[str, Any],
    answer: Answer,
    down: bool,
    there: bool,
) -> None:
    prepared = frozen(dmp, original, f"fault/{kind}{parameters}")
    referee.arm(kind, match={"service": "repository"}, **parameters)

    outcome = await dmp.send(prepared)

    assert (outcome.answer, outcome.down, outcome.stop) == (answer, down, False), outcome
    assert outcome.code
    assert outcome.text
    assert (await dmp.look_up(prepared)).answer is (Answer.DONE if there else RETRY)
    if not there:
        assert (await dmp.send(prepared)).answer is Answer.DONE


async def test_a_certificate_that_may_not_sign_stops_everything(dmp: Dmp, referee: Referee, original: Document) -> None:
    referee.arm("invalid_certificate_fault", match={"service": "repository"})
    outcome = await dmp.send(frozen(dmp, original, "signature"))
    assert (outcome.answer, outcome.code) == (RETRY, "DMPInvalidCertificate")
    assert outcome.stop


async def test_signing_with_the_authentication_certificate_stops_everything(
    referee: Referee, keys: pki.Pki, original: Document
) -> None:
    dmp = feeding.adapter(referee.base, keys, signing="auth")
    outcome = await dmp.send(frozen(dmp, original, "wrong key"))
    assert (outcome.answer, outcome.stop) == (RETRY, True)
    await dmp.aclose()


@pytest.mark.parametrize("kind", ["reset_before_read", "hang", "html_body", "wrong_content_type", "soap_fault_busy"])
async def test_a_question_without_answer_is_asked_again_later(
    dmp: Dmp, referee: Referee, original: Document, kind: str
) -> None:
    for service, ask in (
        ("patients", lambda: dmp.existence(original.patient)),
        ("registry", lambda: dmp.find("1.2.3", original.patient)),
    ):
        referee.arm(kind, match={"service": service}, **({"seconds": 4} if kind == "hang" else {}))
        with pytest.raises(DmpError) as caught:
            await ask()
        assert (caught.value.outcome.answer, caught.value.outcome.down) == (RETRY, True)
        await ask()


async def test_a_look_up_without_answer_leaves_the_outcome_unknown(
    dmp: Dmp, referee: Referee, original: Document
) -> None:
    prepared = frozen(dmp, original, "look-up")
    referee.arm("http503", match={"service": "registry"})
    outcome = await dmp.look_up(prepared)
    assert (outcome.answer, outcome.down) == (UNKNOWN, True)


async def test_a_lost_deletion_is_looked_up(dmp: Dmp, referee: Referee, original: Document) -> None:
    prepared = frozen(dmp, original, "to delete")
    await dmp.send(prepared)
    target = await dmp.find(prepared.key, original.patient)
    assert target is not None
    deletion = dmp.prepare_deletion(prepared.key, target, original.patient, seed="d", instant=feeding.now())
    referee.arm("accept_then_reset", match={"transaction": "TD3.3c"})
    assert (await dmp.send(deletion)).answer is UNKNOWN
    assert (await dmp.look_up(deletion)).answer is Answer.DONE


async def test_nobody_listens(keys: pki.Pki, original: Document) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        dmp = feeding.adapter(f"https://127.0.0.1:{bound.getsockname()[1]}/services", keys)
        outcome = await dmp.send(frozen(dmp, original, "nobody"))
    assert (outcome.answer, outcome.code, outcome.down, outcome.stop) == (RETRY, "unreachable", True, False)
    await dmp.aclose()


async def test_a_server_of_another_authority_is_not_spoken_to(
    referee: Referee, original: Document, tmp_path: Path
) -> None:
    dmp = feeding.adapter(referee.base, pki.make(tmp_path / "other"))
    outcome = await dmp.send(frozen(dmp, original, "stranger"))
    assert (outcome.answer, outcome.code, outcome.down, outcome.stop) == (RETRY, "certificate", True, True)
    await dmp.aclose()


@pytest.mark.parametrize("presented", ["none", "of another authority"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_without_a_certificate_that_the_dmp_knows_nothing_is_done(
    referee: Referee, keys: pki.Pki, original: Document, tmp_path: Path, presented: str, version: ssl.TLSVersion
) -> None:
    context = keys.client_context("")
    context.maximum_version = version
    if presented != "none":
        stranger = pki.make(tmp_path / "other")
        context.load_cert_chain(stranger.cert("auth"), stranger.key("auth"))
    dmp = feeding.adapter(referee.base, keys, context=context)
    with pytest.raises(DmpError) as caught:
        await dmp.existence(original.patient)
    asked, sent = caught.value.outcome, await dmp.send(frozen(dmp, original, "no certificate"))
    assert (asked.answer, asked.down, sent.down) == (RETRY, True, True)
    if version is ssl.TLSVersion.TLSv1_2:  # TLS 1.3 may cut the connection before its alert is read
        assert (asked.code, asked.stop, sent.code, sent.stop) == ("certificate", True, "certificate", True)
    await dmp.aclose()


async def test_one_connection_serves_several_calls(dmp: Dmp, original: Document) -> None:
    for _ in range(3):
        assert (await dmp.existence(original.patient)).status is DmpStatus.ACTIVE


class Steps:
    """Remembers the steps observed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.seen.append(f"+{name}")
        yield
        self.seen.append(f"-{name}")

    def event(self, name: str, **_: Any) -> None:
        raise AssertionError(name)


async def test_each_wire_step_is_observed(referee: Referee, keys: pki.Pki, original: Document) -> None:
    steps = Steps()
    dmp = feeding.adapter(referee.base, keys, steps)
    await dmp.existence(original.patient)
    await dmp.send(frozen(dmp, original, "observed"))
    assert steps.seen == [
        *("+dmp.td02.send", "-dmp.td02.send", "+dmp.td02.answer", "-dmp.td02.answer"),
        *("+dmp.td21.send", "-dmp.td21.send", "+dmp.td21.answer", "-dmp.td21.answer"),
    ]
    await dmp.aclose()


async def test_a_proxy_is_asked_to_connect(referee: Referee, keys: pki.Pki, original: Document) -> None:
    asked: list[bytes] = []
    proxy = await asyncio.start_server(lambda r, w: _tunnel(r, w, asked), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    dmp = feeding.adapter(referee.base, keys, proxy=address)
    assert (await dmp.existence(original.patient)).status is DmpStatus.ACTIVE
    assert asked[0].startswith(b"CONNECT 127.0.0.1:%d " % referee.port)
    await dmp.aclose()
    proxy.close()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[bytes]) -> None:
    asked.append(await reader.readuntil(b"\r\n\r\n"))
    host, _, port = asked[-1].split()[1].decode().partition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
