"""The stand-ins as processes of their own, spoken to by the gateway's adapters."""

from __future__ import annotations

import csv
import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.app.samples import patients, patients_csv, samples
from gateway.app.samples.people import BAPTISTE, MARGUERITE
from gateway.delivery.dmp import Dmp
from gateway.delivery.dmp.submission import Feed
from gateway.delivery.dpi.mllp import Mllp, Peer
from gateway.formats import mail
from gateway.model.delivery import Answer, Frozen
from gateway.model.documents import Action, CdaHeader, Visibility
from gateway.model.identity import INS_NIR_TEST, Ins
from gateway.model.ports import Silent
from gateway.protocols.pix import DmpStatus
from tests import pki
from tests.pki import Pki
from tests.protocol.feeding import adapter

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
BOOK = {sample.slug: sample for sample in samples(TODAY)}
CLOSED = Ins("299999999999999", INS_NIR_TEST)


@contextmanager
def sandbox(kind: str, *options: str | Path) -> Iterator[int]:
    command = [sys.executable, "-c", "from gateway.app.cli import main; main()", "sandbox", kind, *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield json.loads(line)["port"]
        finally:
            process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=30)
        assert (process.returncode, rest, errors) == (0, "", "")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "patients.csv"
    path.write_text(patients_csv(patients(TODAY)), encoding="utf-8")
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(("9", CLOSED.number, CLOSED.oid, *[""] * 8, "closed"))
    return path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return pki.make(tmp_path_factory.mktemp("pki"))


def tls(certificates: Pki) -> Sequence[str | Path]:
    server = ("--cert", certificates.cert("server"), "--key", certificates.key("server"))
    return (*server, "--client-ca", certificates.ca)


def at(port: int, certificates: Pki) -> Dmp:
    return adapter(f"https://localhost:{port}/si-dmp-server/v2/services", certificates)


def document(slug: str) -> tuple[bytes, CdaHeader]:
    reading = mail.read(BOOK[slug].raw).documents[0]
    assert reading.header is not None
    return mail.extract(BOOK[slug].raw, reading.part), reading.header


def payload(dmp: Dmp, slug: str, *, seed: str, patient: Ins | None = None, replaces: str | None = None) -> Frozen:
    data, header = document(slug)
    whom = patient or MARGUERITE.ins
    assert whom is not None
    return dmp.prepare(data, header, whom, Visibility(), seed=seed, instant=NOW, replaces=replaces)


async def test_the_dmp_says_whether_there_is_one(tmp_path: Path, known: Path, certificates: Pki) -> None:
    with sandbox("dmp", "--state", tmp_path, "--patients", known, *tls(certificates)) as port:
        dmp = at(port, certificates)
        assert MARGUERITE.ins is not None
        assert BAPTISTE.ins is not None
        assert (await dmp.existence(MARGUERITE.ins)).status is DmpStatus.ACTIVE
        assert (await dmp.existence(BAPTISTE.ins)).status is DmpStatus.NONE
        assert (await dmp.existence(CLOSED)).status is DmpStatus.CLOSED
        assert (await dmp.existence(Ins("111111111111111", INS_NIR_TEST))).status is DmpStatus.NONE
        await dmp.aclose()


async def test_the_dmp_holds_replaces_and_deletes_across_a_restart(
    tmp_path: Path, known: Path, certificates: Pki
) -> None:
    options = ("--state", tmp_path, "--patients", known, *tls(certificates))
    patient = MARGUERITE.ins
    assert patient is not None
    data, header = document("01-nouveau")
    with sandbox("dmp", *options) as port:
        dmp = at(port, certificates)
        assert await dmp.find(header.unique_id, patient) is None
        assert (await dmp.send(payload(dmp, "01-nouveau", seed="1"))).answer is Answer.DONE
        entry = await dmp.find(header.unique_id, patient)
        assert entry is not None
        await dmp.aclose()
    assert (tmp_path / "documents" / f"{header.unique_id}.xml").read_bytes() == data
    with sandbox("dmp", *options) as port:
        dmp = at(port, certificates)
        assert await dmp.find(header.unique_id, patient) == entry
        again = await dmp.send(payload(dmp, "01-nouveau", seed="1"))
        assert (again.answer, again.code) == (Answer.UNKNOWN, "XDSDuplicateUniqueIdInRegistry")
        assert (await dmp.send(payload(dmp, "01-nouveau", seed="2"))).answer is Answer.DONE
        second = payload(dmp, "03-remplacement", seed="3", replaces=entry)
        assert (await dmp.send(second)).answer is Answer.DONE
        other = payload(dmp, "04-erreur", seed="4", replaces=entry)
        assert (await dmp.send(other)).code == "XDSRegistryDeprecatedDocumentError"
        newest = await dmp.find(second.key, patient)
        assert newest is not None
        gone = dmp.prepare_deletion(second.key, newest, patient, seed="5", instant=NOW)
        assert (await dmp.send(gone)).answer is Answer.DONE
        assert await dmp.find(second.key, patient) is None
        assert (await dmp.send(gone)).code == "XDSDuplicateUniqueIdInRegistry"
        await dmp.aclose()
    statuses = [json.loads(path.read_bytes())["status"] for path in (tmp_path / "entries").iterdir()]
    assert sorted(statuses) == ["Deleted", "Deprecated"]


async def test_the_dmp_takes_several_documents_in_one_set_whole_or_not_at_all(
    tmp_path: Path, known: Path, certificates: Pki
) -> None:
    patient = MARGUERITE.ins
    assert patient is not None
    first, second = (Feed(*document(slug), Visibility()) for slug in ("01-nouveau", "03-remplacement"))
    with sandbox("dmp", "--state", tmp_path, "--patients", known, *tls(certificates)) as port:
        dmp = at(port, certificates)
        wrong = replace(second, replaces="urn:uuid:5e1d1c2a-0000-4000-8000-000000000000")
        refused = await dmp.send(dmp.prepare_all((first, wrong), patient, seed="1", instant=NOW))
        assert refused.code == "UnresolvedReferenceException"
        assert await dmp.find(first.header.unique_id, patient) is None
        both = dmp.prepare_all((first, second), patient, seed="2", instant=NOW)
        assert (await dmp.send(both)).answer is Answer.DONE
        for one in (first, second):
            assert await dmp.find(one.header.unique_id, patient) is not None
        assert (await dmp.send(both)).code == "XDSDuplicateUniqueIdInRegistry"
        await dmp.aclose()


async def test_the_dmp_says_when_and_why_it_was_closed(tmp_path: Path, certificates: Pki) -> None:
    table = tmp_path / "patients.csv"
    table.write_text(f"ipp,ins,dmp_state,closed_on,closed_why\n9,{CLOSED.number},closed,20240229,DECES\n")
    with sandbox("dmp", "--state", tmp_path, "--patients", table, *tls(certificates)) as port:
        dmp = at(port, certificates)
        said = await dmp.existence(CLOSED)
        assert (said.status, said.closed_on, said.motive) == (DmpStatus.CLOSED, "20240229", "DECES")
        await dmp.aclose()


async def test_the_dmp_refuses_who_has_none_and_other_bytes(tmp_path: Path, known: Path, certificates: Pki) -> None:
    with sandbox("dmp", "--state", tmp_path, "--patients", known, *tls(certificates)) as port:
        dmp = at(port, certificates)
        nobody = await dmp.send(payload(dmp, "07-sans-dmp", seed="1", patient=BAPTISTE.ins))
        assert (nobody.answer, nobody.code) == (Answer.REFUSED, "XDSUnknownPatientId")
        closed = await dmp.send(payload(dmp, "07-sans-dmp", seed="2", patient=CLOSED))
        assert closed.code == "XDSRegistryError"
        assert (await dmp.send(payload(dmp, "01-nouveau", seed="3"))).answer is Answer.DONE
        data, header = document("01-nouveau")
        assert MARGUERITE.ins is not None
        changed = dmp.prepare(data + b"\n", header, MARGUERITE.ins, Visibility(), seed="4", instant=NOW)
        assert (await dmp.send(changed)).code == "XDSNonIdenticalHash"
        await dmp.aclose()
    assert len(list((tmp_path / "entries").iterdir())) == 1


def test_the_dmp_wants_a_certificate_of_its_authority(tmp_path: Path, certificates: Pki) -> None:
    with sandbox("dmp", "--state", tmp_path, *tls(certificates)) as port:
        without = certificates.client_context("")
        request = urllib.request.Request(f"https://localhost:{port}/patients", b"<a/>")
        with pytest.raises((OSError, ssl.SSLError)):
            urllib.request.urlopen(request, timeout=20, context=without)


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/patients", "application/soap+xml", b"not xml"),
        ("/patients", "application/soap+xml", b"<a/>"),
        ("/elsewhere", "application/soap+xml", b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>'),
        ("/repository", "multipart/related", b"--x\r\n\r\n"),
        ("/repository", 'multipart/related; boundary="x"', b"--x\r\nContent-ID: <a>\r\n\r\nunfinished"),
    ],
)
def test_the_dmp_answers_a_fault_in_french_to_what_it_cannot_read(
    tmp_path: Path, path: str, kind: str, body: bytes
) -> None:
    with sandbox("dmp", "--state", tmp_path) as port:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": kind})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        answer = refused.value.read().decode()
        assert refused.value.code == 500
        assert "soap:Fault" in answer
        assert "message" in answer


def message(
    slug: str = "1", *, event: str = "T02", patient: str = MARGUERITE.ipp, document: str = "1.2.3", parent: str = ""
) -> bytes:
    """An MDM with what the stand-in looks at."""
    lines = (
        f"MSH|^~\\&|G|G|DPI|DPI|20260301||MDM^{event}^MDM_T02|{slug}|T|2.6",
        f"PID|||{patient}^^^&1.2.3&ISO^PI",
        f"TXA|1|11488-4|TEXT|||||||||{document}|{parent}",
        "OBX|1|ED|11488-4||^text^XML^Base64^PGEvPg==||||||F",
    )
    return "\r".join(lines).encode() + b"\r"


def frozen(slug: str, raw: bytes) -> Frozen:
    return Frozen(slug, Action.CREATE, b"", raw)


async def test_the_record_files_and_knows_repetitions_across_a_restart(tmp_path: Path, known: Path) -> None:
    folder = tmp_path / MARGUERITE.ipp
    for _ in range(2):
        with sandbox("dpi", "--state", tmp_path, "--patients", known) as port:
            record = Mllp(Peer("127.0.0.1", port), Silent())
            assert (await record.send(frozen("1", message()))).answer is Answer.DONE
            assert (await record.send(frozen("1", message()))).answer is Answer.DONE
            other = await record.send(frozen("1", message(document="1.2.4")))
            assert (other.answer, other.code) == (Answer.REFUSED, "199")
            await record.close()
        assert [path.name for path in folder.iterdir()] == ["1.2.3.xml"]
    assert (folder / "1.2.3.xml").read_bytes() == b"<a/>"


async def test_the_record_replaces_and_deletes_what_it_holds(tmp_path: Path, known: Path) -> None:
    with sandbox("dpi", "--state", tmp_path, "--patients", known) as port:
        record = Mllp(Peer("127.0.0.1", port), Silent())
        early = await record.send(frozen("0", message("0", event="T10", document="1.2.4", parent="1.2.3")))
        assert (early.answer, early.code) == (Answer.REFUSED, "900")
        for slug, event, number, parent in (
            ("1", "T02", "1.2.3", ""),
            ("2", "T10", "1.2.4", "1.2.3"),
            ("3", "T04", "1.2.4", ""),
        ):
            sent = frozen(slug, message(slug, event=event, document=number, parent=parent))
            assert (await record.send(sent)).answer is Answer.DONE, slug
        await record.close()
    assert sorted(path.name for path in (tmp_path / MARGUERITE.ipp).iterdir()) == ["1.2.3.remplace", "1.2.4.supprime"]


async def test_the_record_refuses_whom_it_does_not_know_and_what_it_cannot_read(tmp_path: Path, known: Path) -> None:
    with sandbox("dpi", "--state", tmp_path, "--patients", known) as port:
        record = Mllp(Peer("127.0.0.1", port), Silent())
        unknown = await record.send(frozen("1", message(patient="nobody")))
        assert (unknown.answer, unknown.code) == (Answer.REFUSED, "902")
        odd = await record.send(frozen("2", message("2", event="A01")))
        assert (odd.answer, odd.code) == (Answer.REFUSED, "200")
        broken = await record.send(frozen("3", message("3").replace(b"PGEvPg==", b"&&&&")))
        assert (broken.answer, broken.code) == (Answer.REFUSED, "100")
        assert (await record.send(frozen("4", message("4")))).answer is Answer.DONE
        await record.close()


async def test_the_record_refuses_all_when_asked_to(tmp_path: Path) -> None:
    with sandbox("dpi", "--state", tmp_path, "--refuse", "904") as port:
        record = Mllp(Peer("127.0.0.1", port), Silent())
        refused = await record.send(frozen("1", message()))
        assert (refused.answer, refused.code) == (Answer.REFUSED, "904")
        await record.close()


@pytest.mark.parametrize("kind", ["dmp", "dpi"])
def test_only_this_machine_may_connect(tmp_path: Path, kind: str) -> None:
    with sandbox(kind, "--state", tmp_path) as port, socket.socket() as other:
        other.bind(("127.0.0.2", port))  # free: the stand-in listens at 127.0.0.1 and nowhere else
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("dmp", "--client-ca", "ca.pem"), "--cert"),
        (("dmp", "--cert", "absent.pem"), "fichier absent"),
        (("dpi", "--patients", "absent.csv"), "illisible"),
    ],
)
def test_what_cannot_start_says_why_in_one_french_line(tmp_path: Path, options: Sequence[str], said: str) -> None:
    command = [sys.executable, "-c", "from gateway.app.cli import main; main()", "sandbox", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
