"""One mail as a stream of pieces, over a connection that may break on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.intake.imap.errors import ConnectionLost, Oversized, Unfetchable
from gateway.intake.imap.port import Connect, Session

PIECE = 1 << 20
_CUTS = 3


async def chunks(
    connected: Connect, sleep: Callable[[float], Awaitable[None]], uid: int, size: int, limit: int
) -> AsyncIterator[bytes]:
    """The mail's bytes, 1 MiB at a time; after a cut it goes on at its offset on a new connection.

    ``connected`` gives the connection of the moment, opened anew when the last one broke. The mail ends where the
    server has no more bytes, since the announced ``size`` may be an estimate.
    Unfetchable after three cuts at one offset; Vanished; Oversized beyond ``limit`` bytes.
    """
    offset = 0
    while True:
        piece = await _piece(connected, sleep, uid, offset)
        offset += len(piece)
        if offset > limit:
            raise Oversized(f"Le message UID {uid} dépasse {limit} octets.")
        if piece:
            yield piece
        if not piece or (len(piece) < PIECE and offset >= size):
            return


async def _piece(connected: Connect, sleep: Callable[[float], Awaitable[None]], uid: int, offset: int) -> bytes:
    for cut in range(_CUTS):
        session: Session = await connected()
        try:
            return await session.piece(uid, offset, PIECE)
        except ConnectionLost:
            await sleep(0.5 * cut)
    raise Unfetchable(f"La connexion se coupe chaque fois que le message UID {uid} est lu.")
