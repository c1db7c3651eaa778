"""Lives of documents drawn by lot: mails, a person's words, faults, deaths of the daemon, in any order; then the sums.

``python -m tests.protocol.lives --seeds 1-50 --kind mdm`` by hand, minutes long. What the gateway claims at the end is
held against what the DMP's referee and the patient's record hold themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.app.compose import open_gateway
from gateway.app.config import load
from gateway.app.lock import WorkerLock
from gateway.flow import index
from gateway.ledger import deliveries, documents, jobs, revisions, trail, views
from gateway.ledger.rows import Entry
from gateway.ledger.tables import delivery, document, entry, job
from gateway.ledger.views import Line
from gateway.model.identity import InsStatus
from gateway.model.reasons import Reason
from gateway.model.states import ENDED, DeliveryState, DocumentState
from gateway.review import assign, hidden, reject, release, visibility
from gateway.review.entries import Done, ReviewError, act
from gateway.review.visibility import Wish
from tests import pki as keys
from tests.crash.driver import InlineReaders
from tests.crash.house import House
from tests.protocol import referees
from tests.protocol.between import Run, Watch, settle
from tests.protocol.fhir_server import Record, fhir_server
from tests.protocol.referees import Referee
from tests.protocol.test_sandbox import sandbox
from tests.samples import IPP_OID, REFEREE_ROW, ZOE, Samples
from tests.unit.formats import builders

KINDS = ("mdm", "oru", "folder", "fhir")
WISH = Wish("Secrétariat", "10107507153", "demandé")
VERBS = ("make-visible", "make-invisible", "mask", "unmask")

#: A connection that our own death cut in the middle of a message; a message's number that came again; a DMP that was
#: closed after it had last been asked for.
EXCUSED = {"T14", "L01", "S06", "D01", "D02"}


_DMP_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("registry_busy", {}),
    ("soap_fault_busy", {}),
    ("http503", {}),
    ("reset_before_read", {}),
    ("reset_mid_body", {}),
    ("accept_then_reset", {"match": {"transaction": "TD2.1"}}),
    ("accept_then_reset", {"match": {"transaction": "TD3.3c"}}),
    ("wrong_content_type", {"match": {"transaction": "TD2.1"}}),
    ("html_body", {"match": {"service": "repository"}}),
    ("registry_error", {"code": "XDSRepositoryMetadataError", "match": {"transaction": "TD2.1"}}),
    ("registry_error", {"code": "XDSRegistryDeprecatedDocumentError", "match": {"transaction": "TD2.1"}}),
    ("registry_error", {"code": "XDSRegistryError", "match": {"transaction": "TD2.1"}}),
    ("registry_error", {"code": "XDSRegistryMetadataError", "match": {"transaction": "TD3.3c"}}),
    ("invalid_certificate_fault", {}),
)
_DPI_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("ae", {"code": code}) for code in (902, 903, 904, 905, 906, 900, 100)),
    ("ar", {}),
    ("ack_lost", {}),
    ("reset", {}),
    ("garbage_ack", {}),
    ("wrong_msa_id", {"id": "X"}),
)


@dataclass(frozen=True)
class Stage:
    """Both ends. ``record`` is the referee of MDM, ``sandbox`` the port of the record that takes ORU."""

    pki: Path
    dmp: Referee
    record: Referee
    sandbox: int
    filed: Path
    publications: Record


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The referees, the sandbox's record and the FHIR double, at work."""
    pki = keys.make(folder / "pki")
    (folder / "pki" / "homologation").write_text("TEST-000000\n")
    with ExitStack() as stack:
        record = stack.enter_context(referees.dpi(folder / "dpi", [REFEREE_ROW], ["--ipp-oid", IPP_OID]))
        dmp = stack.enter_context(referees.dmp(folder / "dmp", [REFEREE_ROW], pki))
        referees._write_patients(folder / "oru.csv", [REFEREE_ROW])
        port = stack.enter_context(sandbox("dpi", "--state", folder / "oru", "--patients", folder / "oru.csv"))
        publications = stack.enter_context(fhir_server())
        yield Stage(folder / "pki", dmp, record, port, folder / "oru", publications)


@dataclass
class Life:
    """One seed's life."""

    stage: Stage
    house: House
    seed: int
    kind: str
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    killed: bool = False
    count: int = 0

    def __post_init__(self) -> None:
        self.lot = random.Random(f"{self.kind}{self.seed}")
        self.tag = f"vie{self.kind}{self.seed}.{self.lot.random()}"
        self.since = [max((e["seq"] for e in r.journal()), default=0) for r in (self.stage.dmp, self.stage.record)]
        self.sets: list[tuple[Samples, int]] = []

    async def lived(self, steps: int) -> None:
        """``steps`` things happen; then calm, and the sums."""
        left = steps
        while left > 0:
            async with _running(self.house) as run:
                while left > 0:
                    left -= 1
                    if self.lot.random() < 0.06:
                        self.said.append("killed")
                        self.killed = True
                        await _kill(run)
                        break
                    await self._happens(run)
        async with _running(self.house) as run:
            await self._calmed(run)
            await self._summed(run)

    async def _happens(self, run: Run) -> None:
        what = self.lot.choices(
            (
                self._mail,
                self._word,
                self._fault,
                self._entry,
                self._queue,
                self._patient,
                self._pause,
                self._dmp_state,
            ),
            (5, 7, 5, 3, 2, 2, 6, 1),
        )[0]
        try:
            await what(run)
        except ReviewError as error:
            self.said.append(f"  {error}"[:110])

    async def _mail(self, run: Run) -> None:
        self.count += 1
        tag = f"{self.tag}.{self.count}"
        kind = self.lot.choice(
            ("letter", "hides", "letters", "cda", "replacement", "deletion", "again", "mixed", "unknown")
        )
        samples, version = self.lot.choice(self.sets) if self.sets else (Samples(tag), 0)
        match kind:
            case "letter" | "hides":
                raw = _letters(tag, [kind == "hides"])
            case "letters":
                raw = _letters(tag, [self.lot.random() < 0.4 for _ in range(self.lot.randint(2, 4))])
            case "mixed":
                parts = [builders.attached(Samples(tag).document(), "cr.xml", "text/xml"), _pdf(tag, 1, hides=False)]
                raw = _mailed(tag, parts)
            case "unknown":
                raw = Samples(tag).unknown_patient()
            case "again" if self.mails:
                raw = self.lot.choice(self.mails) + b"\r\n\r\n"
            case "replacement" if version:
                at = next(n for n, one in enumerate(self.sets) if one[0] is samples)
                self.sets[at] = (samples, version + 1)
                one = samples.document(f"v{version + 1}", version=version + 1, parent=f"v{version}")
                raw = _mailed(tag, [samples._xdm(f"v{version + 1}", one, action="C")])
            case "deletion" if version:
                self.sets = [one for one in self.sets if one[0] is not samples]
                parent = f"v{version - 1}" if version > 1 else ""
                one = samples.document(f"v{version}", version=version, parent=parent)
                raw = _mailed(tag, [samples._xdm(f"v{version}", one, action="D")])
            case _:
                kind, samples = "cda", Samples(tag)
                self.sets.append((samples, 1))
                raw = _mailed(tag, [samples._xdm("v1", samples.document("v1"))])
        self.said.append(f"mail {kind}")
        self.mails.append(raw)
        await run.take(raw)

    async def _word(self, run: Run) -> None:
        filed = await run.gateway.house.ledger.read(_standing)
        if not filed:
            return
        number, house = self.lot.choice(filed), run.gateway.house
        verb = self.lot.choice((*VERBS, *VERBS, "delete", "announced"))
        self.said.append(f"{verb} {number}")

        def word(c: Any) -> Done:
            if verb == "delete":
                return visibility.delete(c, house, number, WISH)
            if verb == "announced":
                return visibility.announced(c, house, number, WISH)
            return visibility.change(c, house, number, verb, WISH)

        await act(house, word)
        before = await house.ledger.read(lambda c: _made(c, number))
        with suppress(ReviewError):
            assert (await act(house, word)).what == "already", f"twice {verb}"
        assert await house.ledger.read(lambda c: _made(c, number)) == before, f"{verb} twice did something"

    async def _fault(self, run: Run) -> None:
        del run
        if self.lot.random() < 0.6 or self.kind in ("oru", "folder"):
            name, more = self.lot.choice(_DMP_FAULTS)
            self.stage.dmp.arm(name, count=self.lot.randint(1, 3), after=self.lot.randint(0, 1), **more)
        elif self.kind == "mdm":
            name, more = self.lot.choice(_DPI_FAULTS)
            self.stage.record.arm(name, count=self.lot.randint(1, 2), **more)
        else:
            name, after = self.lot.choice(("POST", "PATCH", "GET")), self.lot.random() < 0.5
            self.stage.publications.arm(name, None, after=after)
            more = {}
        self.said.append(f"fault {name} {more}")

    async def _entry(self, run: Run) -> None:
        entries = await run.entries()
        if not entries:
            return
        one, house = self.lot.choice(entries), run.gateway.house
        how = self.lot.choice(("release", "release", "reject", "assign"))
        self.said.append(f"{how} {one.reason} {one.destination} of {one.document_id}")
        match how:
            case "release":
                await act(house, lambda c: release.release(c, house, one.id, "x"))
            case "reject":
                await act(house, lambda c: reject.reject(c, house, one.id, "vu", "x"))
            case _ if one.reason is not Reason.PATIENT_UNKNOWN and not one.destination:
                await act(house, lambda c: assign.assign(c, house, one.id, ZOE.ipp, "x"))

    async def _queue(self, run: Run) -> None:
        name, verb, house = (
            self.lot.choice(("dmp", "dpi")),
            self.lot.choice(("hold", "resume", "retry")),
            run.gateway.house,
        )
        self.said.append(f"{verb} {name}")
        match verb:
            case "retry":
                await house.ledger.write("retry", lambda c: jobs.retry(c, name, house.now))
            case _:
                await house.ledger.write("hold", lambda c: _hold(c, name, house.now, held=verb == "hold"))
        house.news.set()

    async def _patient(self, run: Run) -> None:
        changed: dict[str, Any] = self.lot.choice(
            ({"ins_status": InsStatus.RECUPEREE}, {}, {"opposed": True}, {"opposed": False}, {"replaced_by": "X"})
        )
        self.said.append(f"patient {changed}")
        await self._becomes(run, changed)

    async def _becomes(self, run: Run, changed: dict[str, Any]) -> None:
        """The patient's row, or a merge of his record into another one and a rename back."""
        house = run.gateway.house
        if "replaced_by" in changed:
            await house.ledger.write("adt", lambda c: index.put_all(c, [replace(ZOE, used_name="AUTRE")], 4e9))
        else:
            await house.ledger.write("adt", lambda c: index.put_all(c, [replace(ZOE, **changed)], 4e9))

    async def _dmp_state(self, run: Run) -> None:
        del run
        state = self.lot.choice(("active", "active", "closed", "none"))
        self.said.append(f"DMP {state}")
        self.stage.dmp.set_dmp_state(REFEREE_ROW["ins"], state)

    async def _pause(self, run: Run) -> None:
        self.said.append("pause")
        await asyncio.sleep(self.lot.choice((0.0, 0.01, 0.05, 0.2, 0.6)))
        del run

    async def _calmed(self, run: Run) -> None:
        """Nothing is wrong any more, and a person sees to all that waits for her."""
        house = run.gateway.house
        self.stage.dmp.disarm()
        self.stage.record.disarm()
        self.stage.publications.faults.clear()
        self.stage.dmp.set_dmp_state(REFEREE_ROW["ins"], "active")
        await house.ledger.write("adt", lambda c: index.put_all(c, [ZOE], 4e9))
        for name in ("dmp", "dpi"):
            await house.ledger.write("go", lambda c, name=name: _hold(c, name, house.now, held=False))  # type: ignore[misc]
        await house.ledger.write("retry", lambda c: jobs.retry(c, None, house.now))
        house.news.set()
        for _ in range(6):
            await run.quiet()
            waiting = [one for one in await run.entries() if one.destination]
            if not waiting:
                break
            for one in waiting:
                self.said.append(f"at the end: {one.reason} {one.destination} of {one.document_id}: {one.detail}")
                await self._seen_to(run, one)
        await run.quiet()

    async def _seen_to(self, run: Run, one: Entry) -> None:
        house = run.gateway.house
        with suppress(ReviewError):
            await act(house, lambda c: release.release(c, house, one.id, "x"))
            return
        with suppress(ReviewError):
            await act(house, lambda c: reject.reject(c, house, one.id, "vu", "x"))

    async def _summed(self, run: Run) -> None:
        ledger, lines = run.gateway.house.ledger, await run.lines()
        await ledger.read(trail.verify)
        left = await ledger.read(_left)
        assert left == {}, (left, await ledger.read(_rows))
        assert not [line for line in lines if "waiting" in (line.dpi, line.dmp) or "unknown" in (line.dpi, line.dmp)]
        assert await ledger.read(views.queue) == []
        await self._the_dmp(run, lines)
        await self._the_record(run, lines)
        waiting = await ledger.read(lambda c: hidden.worklist(c, run.gateway.house.now, 30))
        assert {one.document for one in waiting} == await ledger.read(_hidden)

    async def _the_dmp(self, run: Run, lines: list[Line]) -> None:
        journal = self.stage.dmp.journal(self.since[0])
        faults = [(v["id"], v["message"]) for e in journal for v in e["violations"] if v["id"] not in EXCUSED]
        assert not faults, faults
        given: dict[str, list[str]] = {}
        effects: Counter[str] = Counter()
        for one in journal:
            if one["committed"] and one["transaction"] == "TD2.1":
                effects.update(one["documentUniqueIds"])
                given |= dict(zip(one["documentUniqueIds"], one["confidentialityCodes"], strict=True))
        assert not [one for one, times in effects.items() if times > 1]
        held = [d for d in self.stage.dmp.documents() if d["unique_id"] in given and not d["is_signature"]]
        approved = sorted(d["unique_id"] for d in held if d["status"].endswith("Approved"))
        superseded = await run.gateway.house.ledger.read(lambda c: _replaced(c, "dmp"))
        claims = [x for x in lines if x.dmp == "fed" and x.action != "delete" and x.id not in superseded]
        gone = {x.unique_id for x in lines if x.dmp == "fed" and x.action == "delete"}
        claimed = sorted(x.fed_unique_id or "" for x in claims if x.fed_unique_id not in gone)
        assert approved == claimed, self._differ("DMP", approved, claimed, lines)
        for line in claims:
            if line.fed_unique_id in given and line.fed_unique_id in approved:
                shown = await run.gateway.house.ledger.read(lambda c, n=line.id: _flags(c, n))  # type: ignore[misc]
                seen = set(given[line.fed_unique_id or ""]) - {"N"}
                assert seen == shown or await _refused(run, line.id, "dmp"), (line.id, seen, shown)

    async def _the_record(self, run: Run, lines: list[Line]) -> None:
        superseded = await run.gateway.house.ledger.read(lambda c: _replaced(c, "dpi"))
        for line in lines:
            if line.outcome == "filed" and line.id not in superseded and (line.dpi, line.action) == ("off", "create"):
                shown = await run.gateway.house.ledger.read(lambda c, n=line.id: _flags(c, n))  # type: ignore[misc]
                assert "MASQUE_PS" in shown, f"never went to the record: {line}"
        claims = [x for x in lines if x.dpi == "delivered" and x.action != "delete" and x.id not in superseded]
        claimed = []
        for line in claims:
            rows = await run.gateway.house.ledger.read(lambda c, n=line.id: deliveries.held_by(c, n, "dpi"))  # type: ignore[misc]
            claimed.append(rows[-1].unique_id)
        gone = {x.unique_id for x in lines if x.dpi == "delivered" and x.action == "delete"}
        held = sorted(await asyncio.to_thread(self._held))
        mine = sorted(one for one in claimed if one not in gone)
        assert held == mine, self._differ("record", held, mine, lines)
        if self.kind != "mdm":
            return
        journal = self.stage.record.journal(self.since[1])
        faults = [(v["id"], v["message"]) for e in journal for v in e["violations"] if v["id"] not in EXCUSED]
        assert not faults, faults
        done = [e for e in journal if e["committed"] and e["outcome"] != "duplicate"]
        effects = Counter((e["event"], e["documentId"]) for e in done)
        assert max(effects.values(), default=1) == 1, effects
        told = {e["documentId"]: e["flags"]["INVISIBLE_PATIENT"] == "Y" for e in done if e["event"] != "T04"}
        for line, number in zip(claims, claimed, strict=True):
            shown = await run.gateway.house.ledger.read(lambda c, n=line.id: _flags(c, n))  # type: ignore[misc]
            if number in held and "MASQUE_PS" not in shown and not await _refused(run, line.id, "dpi"):
                assert told[number] == ("INVISIBLE_PATIENT" in shown), (line.id, told[number], shown)

    def _held(self) -> list[str]:
        """The ids of what the record holds for this life."""
        match self.kind:
            case "mdm":
                mine = {e["documentId"] for e in self.stage.record.journal(self.since[1])}
                every = self.stage.record.documents()
                return [d["document_id"] for d in every if d["status"] == "current" and d["document_id"] in mine]
            case "oru":
                return [path.stem for path in self.stage.filed.glob("*/*.xml")]
            case "fhir":
                every = list(self.stage.publications.resources.values())
                return [_oid(one["masterIdentifier"]["value"]) for one in every if one["status"] == "current"]
            case _:
                return _folder(self.house.folder / "dpi")

    def _differ(self, where: str, held: list[str], claimed: list[str], lines: list[Line]) -> str:
        only = (Counter(held) - Counter(claimed), Counter(claimed) - Counter(held))
        said = [(x.id, x.action, x.outcome, x.unique_id, x.fed_unique_id, x.dpi, x.dmp, x.dmp_reason) for x in lines]
        return f"{where}: holds and not claimed {dict(only[0])}, claimed and not held {dict(only[1])}: {said}"


def house_of(stage: Stage, folder: Path, kind: str, seed: int) -> House:
    """A house of this kind of record; some things of its settings are drawn by lot."""
    port = stage.sandbox if kind == "oru" else stage.record.port
    house = settle(folder, stage.pki, port, stage.dmp.base, timeout="5s")
    text = house.config.read_text(encoding="utf-8")
    lot = random.Random(f"house{seed}")
    if kind == "oru":
        text = text.replace('kind = "mllp"', 'kind = "mllp"\nmessage = "oru"')
        for path in stage.filed.glob("*/*.xml"):
            path.unlink()
    elif kind == "folder":
        (folder / "dpi").mkdir()
        text = re.sub(r'kind = "mllp"\nurl = .*\ntimeout = .*\n', f'kind = "folder"\npath = "{folder / "dpi"}"\n', text)
    elif kind == "fhir":
        text = re.sub(r'kind = "mllp"\nurl = .*\n', f'kind = "fhir"\nurl = "{stage.publications.base}"\n', text)
        stage.publications.resources.clear()
    more = f'existence_ttl = "{lot.choice(("1s", "1d"))}"\norder = "{lot.choice(("together", "after-dpi"))}"\n'
    more += f"withdraw_on_refusal = {lot.choice(('true', 'true', 'false'))}\n"
    more += f'feed_received_cda = "{lot.choice(("check-first", "always"))}"\n'
    house.config.write_text(text.replace("[dmp]\n", f"[dmp]\n{more}"), encoding="utf-8")
    return house


@asynccontextmanager
async def _running(house: House) -> AsyncIterator[Run]:
    """The gateway at work; it may be killed inside the block."""
    settings, watch = load(house.config), Watch()
    with WorkerLock(Path(settings.ledger.url.removeprefix("sqlite:///"))) as lock:
        assert lock.take()
        async with open_gateway(settings, watch, lock, InlineReaders) as gateway:
            worker = asyncio.create_task(gateway.worker.run())
            try:
                yield Run(gateway, watch, worker)
            finally:
                gateway.worker.stop()
                with suppress(asyncio.CancelledError):
                    await worker
            assert not watch.crashes, watch.crashes


async def _kill(run: Run) -> None:
    """What is in hand ends where it is: nothing more is written, no lease is given back."""
    run.gateway.worker.stop()
    tasks = [run.worker, *run.gateway.worker._running]
    while any(not task.done() for task in tasks):  # ``wait_for`` may swallow a first word (CPython 3.11)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=0.05)


def _letters(tag: str, hidden_ones: list[bool]) -> bytes:
    return _mailed(tag, [_pdf(tag, n, hides=hides) for n, hides in enumerate(hidden_ones)])


def _pdf(tag: str, number: int, *, hides: bool) -> bytes:
    words = "Lesion maligne a l'examen." if hides else "Examen sans particularite."
    lines = ("COMPTE RENDU DE CONSULTATION", "Patient : Mme CHAUVELIN Zoe", "nee le 19/08/1956", words)
    return builders.attached(builders.pdf(*lines, f"{tag}/{number}"), f"lettre{number}.pdf", "application/pdf")


def _mailed(tag: str, parts: list[bytes]) -> bytes:
    return Samples(tag)._mail("courrier", b"\r\n--=_cut\r\n".join(parts))


def _standing(c: Any) -> list[int]:
    filed = document.c.state.in_((DocumentState.DECIDED, DocumentState.SETTLED))
    return list(c.execute(select(document.c.id).where(filed).order_by(document.c.id)).scalars())


def _made(c: Any, number: int) -> tuple[int, int]:
    return len(revisions.of_document(c, number)), len(deliveries.of_document(c, number))


def _hold(c: Any, name: str, now: float, *, held: bool) -> None:
    deliveries.set_destination(c, name, held=held, hold_reason="x" if held else "")
    if not held:
        jobs.wake_lane(c, name, now, "held")


def _left(c: Any) -> dict[str, int]:
    """What should not be: work left over, deliveries that have not ended, documents between two states."""
    waits = select(entry.c.document_id).where(entry.c.closed_at.is_(None))
    closed = document.c.state.in_(("settled", "ignored", "rejected", "superseded")) | document.c.id.in_(waits)
    closed |= document.c.duplicate_of.in_(waits)
    counts = {
        "jobs": c.execute(select(func.count()).select_from(job)).scalar_one(),
        "deliveries": c.execute(select(func.count()).select_from(delivery).where(delivery.c.state.not_in(ENDED))),
        "documents": c.execute(select(func.count()).select_from(document).where(~closed)),
        "led": c.execute(select(func.count()).select_from(delivery).where(delivery.c.lead_id.is_not(None))),
    }
    found = {name: one if isinstance(one, int) else one.scalar_one() for name, one in counts.items()}
    return {name: one for name, one in found.items() if one}


def _rows(c: Any) -> list[str]:
    """What has not ended, in words."""
    still = c.execute(select(delivery).where(delivery.c.state.not_in(ENDED))).all()
    work = c.execute(select(job)).all()
    return [*map(str, still), *map(str, work), *map(str, documents.open_entries(c))]


def _replaced(c: Any, name: str) -> set[int]:
    """The documents of which a destination took a successor, or the deletion."""
    taken = (delivery.c.destination == name) & (delivery.c.state == DeliveryState.DONE)
    taken &= delivery.c.purpose != "withdraw"
    numbers = list(c.execute(select(delivery.c.document_id).where(taken)).scalars())
    gone: set[int] = set()
    while numbers:
        parents = (documents.get_document(c, n).parent_id for n in numbers)
        numbers = [n for n in parents if n is not None and n not in gone]
        gone |= set(numbers)
    return gone


def _hidden(c: Any) -> set[int]:
    """What its patient is not to see, by the words said of it; a received document's waits until it is announced."""
    return {n for n in _standing(c) if documents.get_document(c, n).hidden_since is not None}


def _flags(c: Any, number: int) -> set[str]:
    shown = visibility.visibility(c, documents.get_document(c, number))
    flags = {"MASQUE_PS": shown.masked_to_professionals, "INVISIBLE_PATIENT": shown.invisible_to_patient}
    flags["INVISIBLE_REPRESENTANTS_LEGAUX"] = shown.invisible_to_representatives
    return {name for name, raised in flags.items() if raised}


async def _refused(run: Run, number: int, name: str) -> bool:
    """Whether the last version was refused, and somebody has said that he saw to it."""
    last = await run.gateway.house.ledger.read(lambda c: deliveries.last_of(c, number, name))
    return last is not None and last.state == "refused"


def _oid(value: str) -> str:
    return value.removeprefix("urn:oid:")


def _folder(folder: Path) -> list[str]:
    """What an importer would hold: each JSON in the order in which it came."""
    held: dict[str, str] = {}
    for path in sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns):
        sheet = json.loads(path.read_text(encoding="utf-8"))
        if sheet.get("replaces_key"):
            held.pop(sheet["replaces_key"], None)
        if sheet["action"] == "delete" and not sheet.get("replaces_key"):
            held = {key: one for key, one in held.items() if one != sheet["unique_id"]}
        elif sheet["action"] != "delete":
            held = {k: one for k, one in held.items() if not sheet["replaces"] or one != sheet["replaces"]}
            held[path.stem] = sheet["unique_id"]
    return list(held.values())


async def live(stage: Stage, folder: Path, kind: str, seed: int, steps: int) -> None:
    """One life; AssertionError tells what happened in it."""
    life = Life(stage, house_of(stage, folder / f"{kind}{seed}", kind, seed), seed, kind)
    try:
        async with asyncio.timeout(120):
            await life.lived(steps)
    except (AssertionError, TimeoutError) as error:
        raise AssertionError(f"{kind} {seed}: {error}\n" + "\n".join(life.said)) from error
    finally:
        stage.dmp.disarm()
        stage.record.disarm()
        stage.dmp.set_dmp_state(REFEREE_ROW["ins"], "active")


def main() -> int:
    """0 when every life ended well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    bad = 0
    with tempfile.TemporaryDirectory(prefix="lives-") as temporary, staged(Path(temporary)) as stage:
        for seed in range(int(first), int(last or first) + 1):
            for kind in options.kind or KINDS:
                try:
                    asyncio.run(live(stage, Path(temporary), kind, seed, options.steps))
                    print(f"{kind} {seed}: good", flush=True)
                except AssertionError as error:
                    bad += 1
                    print(error, flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
