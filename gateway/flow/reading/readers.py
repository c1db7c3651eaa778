"""The reader processes as the flow sees them: mails of the vault in, readings out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gateway.flow.reading.asked import Answer, Request
from gateway.formats.validity.verdict import Verdict
from gateway.isolation.channel import Reply
from gateway.isolation.limits import Limits
from gateway.isolation.pool import Pool
from gateway.model.documents import CdaHeader, DocumentReading, MailReading
from gateway.protocols.cda_transform import Completion
from gateway.vault.files import Vault

WORK = "gateway.flow.reading.reader:work"
JUDGING = "gateway.flow.reading.judging:work"
SCHEMA = "CDA_extended.xsd"

#: Thirty pages by OCR, each read twice, take longer than any other document.
LOOK_SECONDS = 240.0

#: A process that judges keeps the rules that it has compiled: it is neither small nor replaced often.
JUDGING_LIMITS = Limits(seconds=60.0, documents=2000, growth=768 << 20)
#: Saxon looks at its own memory map before it starts, and may see nothing of other processes.
JUDGING_READS = Path("/proc/self")


class ReaderProcesses:
    """``Readers`` of the house, over a pool. ``schemas`` is the folder of the ANS's package; None: no schema check.

    ``judges`` is the pool that judges what goes to the DMP by that package; None: nothing is judged.
    """

    def __init__(self, pool: Pool, vault: Vault, schemas: Path | None, judges: Pool | None = None) -> None:
        self._pool, self._vault, self._judges = pool, vault, judges
        self._folder = str(schemas or "")
        self._schema = str(find_schema(schemas) or "") if schemas else ""

    async def start(self) -> None:
        """Start the processes. ReadersUnavailable."""
        await self._pool.start()
        if self._judges is not None:
            await self._judges.start()

    async def close(self) -> None:
        """End them."""
        if self._judges is not None:
            await self._judges.close()
        await self._pool.close()

    async def read(self, digest: str, *, message: bool = False) -> tuple[MailReading, dict[str, bytes]]:
        """Read a mail, or a message of the hospital's own record; the bytes of its documents by part, when they are
        small. Raises ReaderError.
        """
        reply = await self._ask(Request("message" if message else "read", schema=self._schema), digest)
        answer = msgspec.json.decode(reply.body, type=Answer)
        assert answer.reading is not None, "a reading was asked for"  # noqa: S101 - our own protocol
        return answer.reading, dict(zip(answer.parts, reply.parts, strict=True))

    async def look(self, digest: str, one: DocumentReading, date: str) -> DocumentReading:
        """The reading of a document that is pictures, with what was read on them. Raises ReaderError."""
        request = Request("look", part=one.part, document=one, date=date)
        reply = await self._pool.call(msgspec.json.encode(request), [self._vault.get(digest)], seconds=LOOK_SECONDS)
        answer = msgspec.json.decode(reply.body, type=Answer)
        assert answer.document is not None, "a document was asked for"  # noqa: S101 - our own protocol
        return answer.document

    async def extract(self, digest: str, part: str) -> bytes:
        """The bytes of one document. Raises ReaderError."""
        return (await self._ask(Request("extract", part=part), digest)).parts[0]

    async def in_utf8(self, digest: str, part: str) -> bytes:
        """The bytes of one CDA in its canonical form. Raises ReaderError."""
        return (await self._ask(Request("utf8", part=part), digest)).parts[0]

    async def pdfa(self, digest: str, part: str) -> bytes:
        """One PDF of a mail as PDF/A-1. Raises ReaderError: ReaderRefused when it cannot be."""
        return (await self._ask(Request("archive", part=part), digest)).parts[0]

    async def printable(self, digest: str, part: str) -> bytes:
        """The PDF that one CDA carries of itself; empty when it carries none. Raises ReaderError."""
        return (await self._ask(Request("printable", part=part), digest)).parts[0]

    async def render(self, digest: str, part: str) -> bytes:
        """The bytes in which one document travels that cannot travel as it came. Raises ReaderError."""
        return (await self._ask(Request("render", part=part), digest)).parts[0]

    async def transform(self, cda: bytes, completion: Completion) -> tuple[bytes, CdaHeader]:
        """A received CDA with its header completed. Raises ReaderError."""
        reply = await self._pool.call(msgspec.json.encode(Request("transform", completion=completion)), [cda])
        answer = msgspec.json.decode(reply.body, type=Answer)
        assert answer.header is not None, "a header was asked for"  # noqa: S101 - our own protocol
        return reply.parts[0], answer.header

    async def judge(self, cda: bytes) -> Verdict:
        """What the rules of the package say of a document. Raises ReaderError."""
        if self._judges is None:
            return Verdict()
        reply = await self._judges.call(self._folder.encode(), [cda])
        return msgspec.json.decode(reply.body, type=Verdict)

    async def _ask(self, request: Request, digest: str) -> Reply:
        return await self._pool.call(msgspec.json.encode(request), [self._vault.get(digest)])


def find_schema(folder: Path) -> Path | None:
    """The CDA schema somewhere in the unpacked package."""
    return next(iter(sorted(folder.rglob(SCHEMA))), None)
