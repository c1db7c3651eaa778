"""HL7 v2 acknowledgements, both ways (chapter 2 of the standard; spec/mssante/dpi-hl7v2.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.protocols.hl7v2 import Hl7Error, Message, Segment, components, escape, rewritten, segment


@dataclass(frozen=True, slots=True)
class AckError:
    """One ERR. ``condition`` is ERR-3.1 (table 0357), ``code`` ERR-5.1 (900–906 when condition is 207), trimmed.

    ``severity`` is ERR-4 (table 0516: E, W, I), E when it is not said.
    """

    condition: str
    code: str = ""
    text: str = ""
    location: str = ""
    severity: str = "E"


@dataclass(frozen=True, slots=True)
class Ack:
    """MSA-1 (AA, AE, AR; CA, CE, CR in enhanced mode), MSA-2 (the MSH-10 answered) and the errors."""

    code: str
    control_id: str
    errors: tuple[AckError, ...] = ()


def read_ack(message: Message) -> Ack:
    """Read an acknowledgement (spec/mssante/dpi-hl7v2.md §4). Raises Hl7Error when it has no MSA-1 and MSA-2.

    Errors are read where v2.6 has them, in ERR-1 (before v2.5), and in MSA-6 (before v2.4) when there is no ERR.
    """
    msa = message.first("MSA")
    code, control_id = msa.field(1).strip(), msa.field(2).strip()
    if not code or not control_id:
        raise Hl7Error("the acknowledgement has no MSA-1 and MSA-2")
    errors = [error for err in message.named("ERR") for error in (_older_errors(err) or [_ack_error(err)])]
    stated = msa.field(6).strip()
    if not errors and stated:
        errors = [AckError(stated, text=(msa.field(6, component=2) or msa.field(3)).strip())]
    return Ack(code.upper(), control_id, tuple(errors))


def build_ack(request: Message, code: str, errors: Sequence[AckError] = (), *, control_id: str, time: str) -> bytes:
    """The answer to ``request``: MSH swapped, MSA, one ERR an error. ``time`` is MSH-7.

    It echoes the version and the processing id of the request, so that it serves ADT (2.5) as MDM (2.6).
    """
    lines = [_ack_header(request, control_id, time), segment("MSA", {1: code, 2: escape(request.control_id)})]
    return b"".join([*lines, *(_err(error) for error in errors)])


def _ack_header(request: Message, control_id: str, time: str) -> bytes:
    msh = request.first("MSH")
    swapped = {3: 5, 4: 6, 5: 3, 6: 4, 11: 11, 12: 12}
    trigger = escape(msh.field(9, component=2))
    kind = f"ACK^{trigger}^ACK" if trigger else "ACK"
    ours = {2: "^~\\&", 7: escape(time), 9: kind, 10: escape(control_id), 17: "FRA", 18: "UNICODE UTF-8"}
    return segment("MSH", ours | {mine: rewritten(msh, theirs) for mine, theirs in swapped.items()})


def _ack_error(err: Segment) -> AckError:
    location = "^".join(err.field(2, component=n) for n in range(1, 7)).rstrip("^")
    text = err.field(5, component=2) or err.field(8) or err.field(3, component=2)
    severity = err.field(4).strip().upper() or "E"
    return AckError(err.field(3).strip(), err.field(5).strip(), text.strip(), location, severity)


def _older_errors(err: Segment) -> list[AckError]:
    """ERR-1, repeatable: segment^sequence^field^code&text (type ELD); empty when ERR-3 speaks."""
    if err.field(3).strip():
        return []
    found = []
    for n in range(1, err.repetitions(1) + 1):
        location = "^".join(err.field(1, n, part) for part in (1, 2, 3)).rstrip("^")
        found.append(AckError(err.field(1, n, 4).strip(), text=err.field(1, n, 4, 2).strip(), location=location))
    return found


def _err(error: AckError) -> bytes:
    location = "^".join(escape(part) for part in error.location.split("^"))
    application = components(error.code, error.text, "applicationErrorCode") if error.code else ""
    condition = components(error.condition, "" if error.code else error.text, "messageErrorCondition")
    return segment("ERR", {2: location, 3: condition, 4: "E", 5: application})
