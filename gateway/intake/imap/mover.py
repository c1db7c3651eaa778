r"""The one move of a mail that is ours: MOVE, else COPY, check, \Deleted and UID EXPUNGE; never a plain EXPUNGE."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.intake.imap import wire
from gateway.intake.imap.errors import CommandRefused
from gateway.intake.imap.port import Connect, Seen, Session, Taken
from gateway.model.ports import Observer
from gateway.model.settings import Mailbox


class Mover:
    """Moves the mails of one mailbox. A mail that the server will not move stays, and is tried again later."""

    def __init__(self, settings: Mailbox, observer: Observer, connect: Connect) -> None:
        self._settings = settings
        self._observer = observer
        self._connect = connect
        self._folders = {Taken.DONE: settings.done_folder, Taken.REVIEW: settings.review_folder}

    async def prepare(self, session: Session) -> None:
        """Create the folders that are absent. A refusal is said; the mails then stay where they are."""
        for folder in dict.fromkeys(self._folders.values()):
            try:
                await session.ensure(folder)
            except CommandRefused as error:
                self._say("imap.folder-refused", error, 0)

    async def move(self, session: Session, uids: Sequence[int], taken: Taken, *, again: bool = False) -> int:
        """Move together, else one by one; how many went. ``again``: an earlier attempt may have gone half way."""
        folder = self._folders[taken]
        if session.read_only:
            self._say("imap.move-refused", CommandRefused("SELECT", "READ-ONLY"), len(uids))
            return 0
        refusal = await self._attempt(session, uids, folder, again)
        if refusal is not None and refusal.response_code == "TRYCREATE":
            await self.prepare(session)
            refusal = await self._attempt(session, uids, folder, again)
        if refusal is None:
            return len(uids)
        self._say("imap.move-refused", refusal, len(uids))
        if len(uids) == 1:
            return 0
        return sum([await self._attempt(session, [uid], folder, again) is None for uid in uids])

    async def _attempt(self, session: Session, uids: Sequence[int], folder: str, again: bool) -> CommandRefused | None:
        try:
            if "MOVE" in session.capabilities:
                with self._observer.step("imap.move"):
                    await session.move(uids, folder)
            else:
                await self._copy_and_remove(session, uids, folder, again)
        except CommandRefused as error:
            return error
        return None

    async def _copy_and_remove(self, session: Session, uids: Sequence[int], folder: str, again: bool) -> None:
        there = await self._found(session, uids, folder, surely=True) if again else set[int]()
        if absent := [uid for uid in uids if uid not in there]:
            there |= await self._copy(session, absent, folder)
        if not there:
            raise CommandRefused("COPY", "UNCONFIRMED")
        with self._observer.step("imap.store"):
            await session.mark_deleted(sorted(there))
        if "UIDPLUS" in session.capabilities:
            with self._observer.step("imap.expunge"):
                await session.expunge(sorted(there))

    async def _copy(self, session: Session, uids: Sequence[int], folder: str) -> set[int]:
        with self._observer.step("imap.copy"):
            confirmed = await session.copy(uids, folder)
        if confirmed is None:
            return await self._found(session, uids, folder, surely=False)
        return confirmed & set(uids)

    async def _found(self, session: Session, uids: Sequence[int], folder: str, *, surely: bool) -> set[int]:
        """Those of ``uids`` that stand in ``folder`` too: same Message-ID and size.

        ``surely``: a mail without Message-ID counts as absent; else its size must do.
        """
        mails = await session.message_ids(uids)
        beside = await self._connect()
        try:
            await beside.select(folder, read_only=True)
            return {mail.uid for mail, name in mails if await _stands(beside, mail, name, surely)}
        finally:
            beside.close()

    def _say(self, event: str, refusal: CommandRefused, mails: int) -> None:
        self._observer.event(
            event,
            mailbox=self._settings.name,
            command=refusal.command,
            code=refusal.response_code,
            mails=mails,
        )


async def _stands(session: Session, mail: Seen, message_id: str, surely: bool) -> bool:
    criteria = f"LARGER {mail.size - 1} SMALLER {mail.size + 1}"
    if message_id.isascii() and message_id.isprintable() and 0 < len(message_id) <= 500:
        criteria += f" HEADER Message-ID {wire.quote(message_id)}"
    elif surely:
        return False
    return bool(await session.search(criteria))
