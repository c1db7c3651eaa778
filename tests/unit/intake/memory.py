"""An IMAP server in memory, behind the Session port: for what takes a week, or happens between two commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.intake.imap.errors import CommandRefused, ConnectionLost, Unfetchable, Vanished
from gateway.intake.imap.port import Seen
from gateway.intake.imap.wire import Fetched


class Server:
    """One mailbox. ``down``: cannot be reached. ``poison``: mails at whose body the connection breaks."""

    def __init__(self, *bodies: bytes, capabilities: str = "MOVE UIDPLUS") -> None:
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": dict(enumerate(bodies, 1))}
        self.deleted: set[int] = set()
        self.capabilities = frozenset(capabilities.split())
        self.uidvalidity = 1
        self.connections = 0
        self.down = False
        self.poison: set[int] = set()
        self.refused: set[int] = set()
        self.immovable: set[int] = set()
        self.unconfirmed: set[int] = set()
        self.read_only = False
        self.declared: dict[int, int] = {}
        self.before: Callable[[str], None] = lambda _command: None
        self.heard: list[str] = []

    async def connect(self) -> Session:
        if self.down:
            raise ConnectionLost("absent")
        self.connections += 1
        return Session(self)


class Session:
    def __init__(self, server: Server) -> None:
        self.capabilities = server.capabilities
        self.read_only = False
        self.alive = True
        self._server = server

    async def select(self, folder: str, *, read_only: bool = False) -> int:  # noqa: ARG002
        self._hear("SELECT")
        self.read_only = read_only or self._server.read_only
        return self._server.uidvalidity

    async def search(self, criteria: str) -> list[int]:
        self._hear(f"SEARCH {criteria}")
        return sorted(self._inbox.keys() - self._server.deleted)

    async def sizes(self, uids: Sequence[int]) -> list[Seen]:
        self._hear("SIZES")
        declared = self._server.declared
        return [Seen(uid, declared.get(uid, len(self._inbox[uid]))) for uid in uids if uid in self._inbox]

    async def bodies(self, uids: Sequence[int], limit: int) -> list[Fetched]:  # noqa: ARG002
        self._hear("BODIES")
        self._trip(uids)
        return [Fetched(uid, None, bytearray(self._inbox[uid])) for uid in uids if uid in self._inbox]

    async def piece(self, uid: int, offset: int, length: int) -> bytes:
        self._hear(f"PIECE {uid} {offset}")
        try:
            self._trip([uid])
        except CommandRefused as error:
            raise Unfetchable("") from error
        if uid not in self._inbox:
            raise Vanished("")
        return self._inbox[uid][offset : offset + length]

    async def header(self, uid: int) -> bytes:
        return (await self.piece(uid, 0, 64 << 10)).partition(b"\r\n\r\n")[0]

    async def message_ids(self, uids: Sequence[int]) -> list[tuple[Seen, str]]:
        return [(seen, "") for seen in await self.sizes(uids)]

    async def move(self, uids: Sequence[int], folder: str) -> None:
        self._hear(f"MOVE {len(uids)}")
        if self._server.immovable & set(uids):
            raise CommandRefused("MOVE", "NOPERM")
        for uid in uids:
            self._server.folders.setdefault(folder, {})[uid] = self._inbox.pop(uid, b"")

    async def copy(self, uids: Sequence[int], folder: str) -> set[int] | None:
        self._hear("COPY")
        self._server.folders.setdefault(folder, {}).update({uid: self._inbox[uid] for uid in uids})
        return set(uids) - self._server.unconfirmed

    async def mark_deleted(self, uids: Sequence[int]) -> None:
        self._hear("STORE")
        self._server.deleted.update(uids)

    async def expunge(self, uids: Sequence[int]) -> None:
        self._hear("EXPUNGE")
        for uid in uids:
            self._inbox.pop(uid)

    async def ensure(self, folder: str) -> None:
        self._server.folders.setdefault(folder, {})

    async def noop(self) -> None:
        self._hear("NOOP")

    async def idle(self, seconds: float) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        self.alive = False

    @property
    def _inbox(self) -> dict[int, bytes]:
        return self._server.folders["INBOX"]

    def _hear(self, command: str) -> None:
        self._server.heard.append(command)
        self._server.before(command)
        if self._server.down or not self.alive:
            self._break()

    def _trip(self, uids: Sequence[int]) -> None:
        if self._server.refused & set(uids):
            raise CommandRefused("FETCH", "SERVERBUG")
        if self._server.poison & set(uids):
            self._break()

    def _break(self) -> None:
        self.alive = False
        raise ConnectionLost("cut")
