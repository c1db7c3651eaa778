"""``gateway rules``: checked, tried on a mail, or explained for a document that was decided."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from gateway.app import paper
from gateway.app.compose import ledger_of, open_house
from gateway.app.config import load
from gateway.app.errors import CommandError
from gateway.decision import check, rule
from gateway.decision.engine import explain
from gateway.flow import rulekeeper
from gateway.flow.decide import context_of, judge_all, reading_of
from gateway.flow.house import House
from gateway.flow.judgement.judge import Context, Judgement, question
from gateway.flow.reading.asked import Answer, Request
from gateway.flow.reading.readers import WORK, find_schema
from gateway.isolation.errors import ReaderDied, ReaderRefused, ReaderTimedOut
from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.ledger import documents
from gateway.ledger.rows import Arrival, Document
from gateway.model.causes import cause
from gateway.model.documents import DocumentReading, MailReading
from gateway.model.identity import InsStatus, Patient
from gateway.model.ports import Silent
from gateway.model.settings import Settings
from gateway.model.states import DocumentState, MailState
from gateway.operate.messages import IGNORED, REASONS, not_fed
from gateway.review.case import ruled
from gateway.review.wording import decision

LIMIT = 100_000_000


def run(options: argparse.Namespace) -> int:
    """0; RuleError (1) for a broken file, CommandError for a mail or a document that cannot be had."""
    settings = load(options.config)
    if options.verb == "check":
        return _check(settings)
    if options.verb == "test":
        paper.say(asyncio.run(_test(settings, options.mail, options.mailbox)))
        return 0
    paper.say(_explained(settings, options.document))
    return 0


def _check(settings: Settings) -> int:
    book = rulekeeper.read(settings.rules.folder)
    for line in check(book):
        print(f"attention : {line}")
    print(f"{len(book.rules)} règles et {len(book.namings)} types lus dans {settings.rules.folder} : aucune erreur.")
    return 0


async def _test(settings: Settings, path: Path, mailbox: str) -> list[str]:
    if mailbox and mailbox not in {box.name for box in settings.mailbox}:
        raise CommandError(f"aucune boîte ne s'appelle {mailbox} dans la configuration")
    reading = await _read(settings, path)
    async with open_house(settings, Silent()) as house:
        return await house.ledger.read(lambda c: list(_judged(c, house, reading, mailbox)))


async def _read(settings: Settings, path: Path) -> MailReading:
    """Read a mail in a confined process: nobody knows what is in it."""
    try:
        raw = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise CommandError(f"{path.name} ne peut être lu ({cause(error)})") from error
    if len(raw) > LIMIT:
        raise CommandError(f"{path.name} : message trop volumineux")
    schemas = settings.dmp.schemas
    schema = find_schema(schemas) if schemas else None
    pool = Pool(WORK, 1, Limits(), Silent(), readable=(schemas,) if schemas else ())
    await pool.start()
    try:
        reply = await pool.call(msgspec.json.encode(Request("read", schema=str(schema or ""))), [raw])
    except (ReaderDied, ReaderTimedOut, ReaderRefused) as error:
        raise CommandError(f"{path.name} fait échouer la lecture ({error}) ; à signaler à l'éditeur") from error
    finally:
        await pool.close()
    reading = msgspec.json.decode(reply.body, type=Answer).reading
    assert reading is not None, "a reading was asked for"  # noqa: S101 - our own protocol
    return reading


def _judged(c: Connection, house: House, reading: MailReading, mailbox: str) -> Iterator[str]:
    """What would become of each document if the mail came now; nothing is written."""
    seen = _as_if_seen(house, mailbox)
    context = context_of(c, house, seen, reading)
    found = [_as_if_found(house, one) for one in reading.documents]
    if not found or reading.problem is not None:
        found.append(_as_if_found(house, reading_of(reading, 0)))
    for its, judgement in zip(found, judge_all(c, house, found, reading, context, seen), strict=True):
        one = reading_of(reading, its.ordinal)
        yield f"Document {its.ordinal} : {one.title or one.filename or 'sans titre'} ({one.media_type})"
        for line in (_outcome(judgement), *_rules(one, judgement, context)):
            yield f"  {line}"


def _outcome(judgement: Judgement) -> str:
    if judgement.ignored is not None:
        return f"Mis de côté : {IGNORED[judgement.ignored]}"
    if judgement.reason is not None:
        message = REASONS[judgement.reason]
        return f"À vérifier par une personne : {message.title} ({judgement.reason}). {judgement.detail or message.why}"
    if judgement.wait or judgement.match is None:
        return "Attend le document qu'il remplace ou supprime"
    dmp = f"pas de DMP : {not_fed(judgement.not_fed)}" if judgement.not_fed else "et DMP"
    return f"Classé chez le patient {judgement.match.ipp}, {dmp}"


def _rules(one: DocumentReading, judgement: Judgement, context: Context) -> list[str]:
    if judgement.ignored is not None or one.problem is not None:
        return []
    return explain(judgement.ruling or rule(question(one, context, _nobody(one)), context.book))


def _nobody(one: DocumentReading) -> Patient:
    """Of the patient the rules look at the age only: the document's own word, when the index does not know him."""
    born = next((claim.birth_date for claim in one.claims if claim.birth_date), "")
    return Patient("", None, InsStatus.PROVISOIRE, "", "", "", "", born, "", "")


def _as_if_seen(house: House, mailbox: str) -> Arrival:
    return Arrival(
        seq=0,
        key="",
        place="file",
        mailbox=mailbox,
        uidvalidity=None,
        uid=None,
        source="",
        mail_id=None,
        message_id="",
        size=0,
        envelope="{}",
        trusted=True,
        state=MailState.READ,
        target="done",
        at=house.now,
    )


def _as_if_found(house: House, one: DocumentReading) -> Document:
    return Document(
        id=0,
        arrival_seq=0,
        ordinal=one.ordinal,
        state=DocumentState.READ,
        claim=None,
        duplicate_of=None,
        unique_id=one.unique_id,
        sha256=one.sha256,
        action=one.action,
        parent_id=None,
        superseded_by=None,
        filename=one.filename,
        reason=None,
        ignored=None,
        ipp=None,
        type_code=None,
        decision_id=None,
        found_at=house.now,
        version=1,
    )


def _explained(settings: Settings, number: int) -> list[str]:
    with ledger_of(settings) as ledger:
        stored = ledger.look(lambda c: documents.decisions_of(c, number))
    if not stored:
        raise CommandError(f"le document {number} n'a pas encore de décision ; voir gateway results")
    lines = []
    for at, text in stored:
        one = ruled(at, text)
        lines += [f"Document {number}, {decision(one)}", f"  Rapprochement : {one.match_rule or 'sans objet'}"]
        lines += [f"  {line}" for line in one.lines]
    return lines
