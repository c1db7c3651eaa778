"""The antivirus before the readers: a mail that it did not find clean is not opened (``[antivirus]``).

What it finds, or refuses to look at, is set aside. While it is silent mails wait, are tried again with the usual
patience, and go on together as soon as it answers; the ledger says since when, so that a restart changes nothing.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from gateway.flow.breaker import backoff
from gateway.flow.house import House, Scanner
from gateway.ledger import jobs, patients
from gateway.ledger.jobs import Job
from gateway.ledger.rows import Mail
from gateway.model.documents import Envelope, MailReading
from gateway.model.reasons import Reason
from gateway.screening.clamd import Scan, ScreeningError, Verdict

#: Where the ledger notes that the antivirus is silent.
NOTE = "antivirus"
_PARKED = "breaker"

FOUND = "L'antivirus a reconnu dans ce message : {}. Il n'a pas été ouvert ; prévenez la sécurité informatique."

UNSEEN = (
    "L'antivirus ne contrôle pas un message de cette taille : il n'a pas été ouvert. Traitez-le depuis la messagerie ; "
    "pour les suivants, l'informatique peut relever StreamMaxLength, MaxScanSize et MaxFileSize dans clamd.conf."
)


class Silence(msgspec.Struct, frozen=True):
    """Since when (seconds since 1970) the antivirus does not answer, and why in French."""

    since: float
    text: str


async def screen(house: House, scanner: Scanner, job: Job, found: Mail) -> Scan | None:
    """What the antivirus says of a mail; None when it is silent: the job is given back and comes again."""
    try:
        scan = await scanner.scan(house.vault.get(found.digest))
    except ScreeningError as error:
        await _wait(house, job, error)
        return None
    if await house.ledger.read(silence) is not None:
        await house.ledger.write("antivirus", lambda c: _resume(c, house))
    return scan


def set_aside(house: House, found: Mail, scan: Scan) -> MailReading | None:
    """The reading of a mail that must not be opened; None when it is clean."""
    if scan.verdict is Verdict.CLEAN:
        return None
    house.observer.event("antivirus.refused", mail=found.id, outcome=scan.verdict, code=scan.signature)
    if scan.verdict is Verdict.TOO_LARGE:
        return MailReading("", Envelope(), (), problem=Reason.TOO_LARGE, detail=UNSEEN)
    return MailReading("", Envelope(), (), problem=Reason.UNSAFE, detail=FOUND.format(scan.signature))


def silence(c: Connection) -> Silence | None:
    """What the ledger notes of an antivirus that does not answer."""
    noted = patients.get_meta(c, NOTE)
    return msgspec.json.decode(noted, type=Silence) if noted else None


async def _wait(house: House, job: Job, error: ScreeningError) -> None:
    due = house.now + backoff(house.settings.retry, job.failures + 1, house.chance)
    house.observer.event(
        "antivirus.unavailable", reason=error.code, retry_in=due - house.now, failures=job.failures + 1
    )
    await house.ledger.write("antivirus", lambda c: _park(c, house, job, error, due))


def _park(c: Connection, house: House, job: Job, error: ScreeningError, due: float) -> None:
    known = silence(c)
    noted = Silence(known.since if known else house.now, str(error))
    patients.set_meta(c, NOTE, msgspec.json.encode(noted).decode())
    jobs.give_back(c, job, due, failed=True, parked=_PARKED)


def _resume(c: Connection, house: House) -> None:
    patients.set_meta(c, NOTE, "")
    jobs.wake(c, "read", None, house.now, parked=_PARKED)
    house.observer.event("antivirus.back")
