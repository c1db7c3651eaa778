"""What a report says of a mail that we sent: delivery reports and receipts of every kind met.

RFC 3464 as Postfix, Exim and Exchange write it, and bounces that are plain text; RFC 8098 of any mail program, and
both forms of the volet: 1.1.3 with an ``Error`` field, 1.1.2 with the error in ``Disposition``
(spec/mssante/mssante-mail.md §5). Nothing here is proof: whoever acts on a report compares it with what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import headers, mime
from gateway.formats.mails.headers import Fields
from gateway.formats.mails.part import Part
from gateway.model.reports import Fate, Report, ReportKind

_DELIVERY = frozenset({"message/delivery-status", "message/global-delivery-status"})
_DISPOSITION = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_SIZE = 256 * 1024
_TEXT = 500
_FATES = 200

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])")
_ERROR = re.compile(r"\s*(\w+)\s*\^([^^|]*)")
_ID = re.compile(r"<[^<>\s]{1,990}>")
_CLASSES = {"2": "delivered", "4": "delayed", "5": "failed"}
_BLANK_LINE = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_FAILED = re.compile(
    r"undeliver|not be delivered|non[ -]remis|delivery (?:has )?fail|returned mail|failure notice|permanent error|"
    r"[ée]chec de (?:la )?(?:remise|distribution)|impossible de (?:remettre|distribuer)",
    re.IGNORECASE,
)
_DELAYED = re.compile(r"\bdelay|\bretard|warning: message|will be retried|still trying", re.IGNORECASE)
_COPY = re.compile(
    r"^(?:---[^\n]{0,200}(?:copy of|original message|message original|message follows|message header)|"
    r"(?:Received|Return-Path|Message-ID):)",
    re.IGNORECASE | re.MULTILINE,
)
_COPIED_ID = re.compile(r"^[ \t>]*Message-ID:\s*(<[^<>\s]{1,990}>)", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(
    r"^[ \t]{0,40}<?([^\s@<>:,;\"()]{1,64}@[^\s@<>:,;\"()]{1,255})>?[ \t]{0,40}(?::|\(|\r?$)", re.MULTILINE
)


def read(raw: bytes, limits: Limits) -> Report | None:
    """What a report says; None when it says nothing of a delivery nor of a disposition. Never raises for its bytes."""
    try:
        root, parts = mime.top(raw, limits)
    except FormatError:
        return None
    about = _returned_id(parts) or _id(root.get("in-reply-to") or "") or _id(root.get("references") or "")
    receipt = next((part for part in parts if part.media_type in _DISPOSITION), None)
    if receipt is not None:
        return _disposition(receipt, about, limits)
    status = [part for part in parts if part.media_type in _DELIVERY]
    return _delivery(status, about, limits) if status else _bounce(root, parts, about)


def _disposition(part: Part, about: str, limits: Limits) -> Report:
    content = part.decoded()[:_SIZE]
    fields = Fields(tuple(pair for block in _blocks(content, limits) for pair in block.pairs))
    said = fields.text("disposition")
    mode, separator, rest = said.partition(";")
    kind, _, modifier = (rest if separator else said).partition("/")
    modifiers = tuple(word.strip().lower() for word in modifier.partition(":")[0].split(",") if word.strip())
    stated = fields.text("error")
    found = _ERROR.match(stated or modifier.partition(":")[2])
    action = kind.strip().lower()
    fate = Fate(
        recipient=_address(fields, "final-recipient"),
        original_recipient=_address(fields, "original-recipient"),
        action=action,
        error=action == "failed" or bool(stated) or any(word.startswith("error") for word in modifiers),
        code=found[1] if found else "",
        label=found[2].strip()[:_TEXT] if found else "",
        text=(stated or fields.text("failure") or fields.text("warning"))[:_TEXT],
    )
    automatic = "manual" not in mode.partition("/")[0].lower()
    message = _id(fields.get("original-message-id") or "") or about
    return Report(ReportKind.DISPOSITION, message, (fate,), automatic and bool(separator), modifiers)


def _delivery(parts: Sequence[Part], about: str, limits: Limits) -> Report:
    blocks = [block for part in parts for block in _blocks(part.decoded()[:_SIZE], limits)]
    envelope = next((text for text in (block.text("original-envelope-id") for block in blocks) if text), "")
    about = about or next((one for one in (_id(b.get("original-message-id") or "") for b in blocks) if one), "")
    fates = tuple(fate for fate in map(_fate, blocks) if fate.recipient or fate.original_recipient)
    return Report(ReportKind.DELIVERY, about, fates[:_FATES], envelope_id=envelope[:_TEXT])


def _fate(block: Fields) -> Fate:
    """One group of fields of a delivery report (RFC 3464 §2.3)."""
    text = block.text("diagnostic-code").partition(";")[2].strip() or block.text("diagnostic-code")
    status = _ENHANCED.search(block.text("status")) or _ENHANCED.search(text)
    reply = _REPLY.match(text)
    digits = status[1] if status else reply[1] if reply else ""
    return Fate(
        recipient=_address(block, "final-recipient"),
        original_recipient=_address(block, "original-recipient"),
        action=next(iter(re.findall(r"[a-z]+", block.text("action").lower())), _CLASSES.get(digits[:1], "")),
        status=status[1] if status else "",
        smtp=reply[1] if reply else "",
        text=text[:_TEXT],
    )


def _bounce(root: Fields, parts: Sequence[Part], about: str) -> Report | None:
    """A bounce without machine part: whom it names before the copy of the mail, and the codes that it quotes."""
    whole = "\n".join(part.text(_SIZE) for part in parts[:5])
    copy = _COPY.search(whole)
    words = whole[: copy.start()] if copy else whole
    copied = _COPIED_ID.search(whole)
    failed = [bare for _, bare in root.addresses("x-failed-recipients")]
    named = dict.fromkeys(failed or (one.lower() for one in _NAMED.findall(words)))
    about = about or (copied[1] if copied else "")
    if not named or not about:
        return None
    status, reply = _ENHANCED.search(words), _REPLY.search(words)
    digits = (status or reply or [""])[0][:1]
    delayed = _DELAYED.search(root.text("subject")) is not None
    refused = digits == "5" or bool(failed) or _FAILED.search(f"{root.text('subject')} {words}") is not None
    action = "delayed" if delayed else "failed" if refused else ""
    codes = (status[1] if status else "", reply[1] if reply else "")
    fates = tuple(Fate(one, "", action, *codes) for one in list(named)[:_FATES])
    return Report(ReportKind.DELIVERY, about, fates)


def _blocks(content: bytes, limits: Limits) -> Iterator[Fields]:
    """The groups of fields between blank lines."""
    for block in _BLANK_LINE.split(content.strip()):
        fields = headers.parse(block, limits.header_value)
        if fields.pairs:
            yield fields


def _returned_id(parts: Sequence[Part]) -> str:
    """The Message-ID of the mail that the report gives back, whole or by its header."""
    for part in parts:
        if part.media_type in _RETURNED:
            head = _BLANK_LINE.split(part.decoded()[:_SIZE].lstrip(), maxsplit=1)[0]
            found = _id(headers.parse(head, 4096).get("message-id") or "")
            if found:
                return found
    return ""


def _address(fields: Fields, name: str) -> str:
    """The address of ``rfc822; address`` (RFC 3464 §2.3.1), whatever surrounds it."""
    return next((bare for _, bare in fields.addresses(name)), "")


def _id(text: str) -> str:
    found = _ID.search(text)
    return found[0] if found else ""
