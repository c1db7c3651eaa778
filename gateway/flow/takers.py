"""How the intakes hand mails over to the flow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway.flow import receive
from gateway.flow.house import House
from gateway.flow.receive import Sighting, Turn
from gateway.intake.imap.port import Taken
from gateway.intake.smtp.port import Delivered
from gateway.ledger import mails
from gateway.ledger.rows import Transport
from gateway.model.orders import PLACE
from gateway.model.reasons import Reason

#: How much more than announced a mail may be before it is refused (servers estimate RFC822.SIZE).
SLACK = 1_000_000

_DETAILS = {
    Reason.TOO_LARGE: "Ce message dépasse la taille admise : il est resté dans la boîte, dossier à vérifier.",
    Reason.UNREADABLE: "Le serveur de messagerie ne parvient pas à remettre ce message : il est resté dans la boîte.",
}


@dataclass(slots=True)
class MailboxTaker:
    """``gateway.intake.imap.port.Taker`` over the flow. ``limit`` in bytes.

    Mails are numbered in the order in which ``take`` is called, however many are in hand at once.
    """

    house: House
    limit: int
    _last: Turn | None = None

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, Taken]:
        """Those that are ours already, and where each belongs."""
        seen = await self.house.ledger.read(lambda c: mails.seen_in(c, mailbox, uidvalidity, uids))
        return {uid: Taken(target) for uid, target in seen.items()}

    async def take(self, mailbox: str, uidvalidity: int, uid: int, chunks: AsyncIterator[bytes], size: int) -> Taken:
        """Keep a mail. IntakeStopped."""
        del size
        self._last = turn = Turn(self._last)
        seen = _sighting(mailbox, uidvalidity, uid)
        received = await receive.take(self.house, seen, chunks, self.limit + SLACK, turn)
        return Taken(received.target)

    async def refuse(self, mailbox: str, uidvalidity: int, uid: int, size: int, why: Reason, header: bytes) -> Taken:
        """Keep an entry for a mail whose bytes we cannot have. IntakeStopped."""
        del header
        seen = _sighting(mailbox, uidvalidity, uid)
        received = await receive.refuse(self.house, seen, size, why, _DETAILS.get(why, ""))
        return Taken(received.target)


@dataclass(frozen=True, slots=True)
class SmtpTaker:
    """``gateway.intake.smtp.port.Taker`` over the flow. ``limit`` in bytes."""

    house: House
    limit: int

    async def take(self, mail: Delivered, chunks: AsyncIterator[bytes]) -> None:
        """Keep a mail. IntakeStopped."""
        transport = Transport(mail.sender, mail.recipients, mail.peer, mail.tls_identity)
        key = f"smtp:{mail.transaction}:{mail.mailbox}"
        seen = Sighting("smtp", f"smtp:{mail.transaction}", key, mailbox=mail.mailbox, transport=transport)
        await receive.take(self.house, seen, chunks, self.limit)


@dataclass(frozen=True, slots=True)
class HospitalTaker:
    """``gateway.intake.hospital.Take`` over the flow. ``limit`` in bytes."""

    house: House
    limit: int

    async def take(self, key: str, control_id: str, chunks: AsyncIterator[bytes]) -> bool:
        """Keep a message of the hospital's own record; False when other bytes came under its key. IntakeStopped."""
        seen = Sighting(PLACE, f"{PLACE}:{control_id}", f"{PLACE}:{key}")
        return (await receive.take(self.house, seen, chunks, self.limit)).same


def _sighting(mailbox: str, uidvalidity: int, uid: int) -> Sighting:
    place = f"imap:{mailbox}:{uidvalidity}:{uid}"
    return Sighting("imap", place, place, mailbox=mailbox, uidvalidity=uidvalidity, uid=uid)
