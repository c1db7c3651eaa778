"""What the header fields and the body of a mail say: hints for a person and the rules, never an identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from gateway.formats.errors import FormatError
from gateway.formats.limits import Limits
from gateway.formats.mails import kinds, smime
from gateway.formats.mails.headers import Fields
from gateway.formats.mails.part import Part, without_uuencoded
from gateway.formats.office import rtf
from gateway.formats.sniff import Kind, sniff
from gateway.model.documents import Envelope

_OF_LISTS = ("list-id", "list-post", "list-unsubscribe")
_DROPPED = frozenset({"script", "style", "head", "title"})
_BLOCKS = frozenset({"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
_MARKUP = 500_000
_RECIPIENTS = 200
_PICTURES = 2_000_000  # bytes of HTML in which they are looked for
_WORDS = frozenset({Kind.TEXT, Kind.HTML, Kind.EMPTY, Kind.UNKNOWN, Kind.XML, Kind.MAIL})


def read(fields: Fields, parts: Sequence[Part], limits: Limits) -> Envelope:
    """The envelope of a mail cut into parts."""
    sender = next(iter(fields.addresses("from") or fields.addresses("sender")), ("", ""))
    return_path = _return_path(fields)
    recipients = [bare for name in ("to", "cc") for _, bare in fields.addresses(name)]
    return Envelope(
        message_id=fields.text("message-id")[:998],
        subject=fields.text("subject")[:2000],
        sender=sender[1],
        sender_name=sender[0][:200],
        return_path=return_path,
        reply_to=_first(fields, "reply-to"),
        recipients=tuple(dict.fromkeys(recipients))[:_RECIPIENTS],
        date=fields.text("date")[:100],
        receipt_to=_first(fields, "disposition-notification-to"),
        automatic=kinds.is_automatic(fields, return_path),
        body=body(parts, limits),
        signature=signature(parts),
        listed=any(fields.get(name) for name in _OF_LISTS),
    )


def is_body(part: Part) -> bool:
    """Whether a part is text to be read with the mail, rather than a file attached to it."""
    kind = part.media_type
    text = kind in {"text/plain", "text/html", "text/enriched"} or kind.startswith("multipart/")  # one without parts
    return (
        (text or (kind == "text/rtf" and _in_outlook(part))) and part.disposition != "attachment" and not part.filename
    )


def is_words(part: Part, data: bytes) -> bool:
    """Whether a part is words of the mail only: a message that some programs send as text is more than that."""
    return is_body(part) and (part.media_type == "text/rtf" or sniff(data) in _WORDS)


def markup(parts: Sequence[Part]) -> str:
    """The HTML text of a mail, where the pictures that it shows are named."""
    return "\n".join(part.text(_PICTURES) for part in parts if part.media_type == "text/html" and is_body(part))


def signature(parts: Sequence[Part]) -> str:
    """The state of the signature of the mail itself: valid only when it covers everything."""
    own = [part for part in parts if not part.mails] or parts
    covered = {part.signature for part in own if part.media_type not in kinds.SIGNATURE_TYPES}
    return smime.worst(list(covered)) if covered != {""} else ""


def body(parts: Sequence[Part], limits: Limits) -> str:
    """The plain text of the mail itself (not of those inside it); HTML only where there is no plain text.

    What Outlook packs with its files is read where there is nothing else.
    """
    every = [part for part in parts if is_body(part) and not part.mails and not part.too_deep]
    own = [part for part in every if not _in_outlook(part)]
    return _text(own, limits) or _text([part for part in every if _in_outlook(part)], limits)


def _text(own: Sequence[Part], limits: Limits) -> str:
    plain = [part for part in own if part.media_type != "text/html"]
    texts = [_plain(part, limits) for part in plain] or [plain_text(part.text(_MARKUP)) for part in own]
    joined = "\n\n".join(text.replace("\r\n", "\n").strip() for text in texts if text.strip())
    return joined.replace("\x00", "")[: limits.body_text]


def _plain(part: Part, limits: Limits) -> str:
    if part.media_type != "text/rtf":
        return without_uuencoded(part.text(4 * limits.body_text))
    try:
        return rtf.read(part.decoded(), limits)
    except FormatError:
        return ""


def plain_text(markup: str) -> str:
    """The words of an HTML text, one line for each block."""
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ""
    pieces = _pieces(root) if root is not None else ()
    return "\n".join(line for line in (" ".join(line.split()) for line in "".join(pieces).splitlines()) if line)


def _pieces(root: etree._Element) -> Iterator[str]:
    skipped: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start" and skipped is None:
            if element.tag in _DROPPED:
                skipped = element
            else:
                yield "\n" if element.tag in _BLOCKS else ""
                yield element.text or ""
        elif event == "end":
            skipped = None if skipped is element else skipped
            if skipped is None:
                yield "\n" if element.tag in _BLOCKS else ""
                yield element.tail or ""


def _in_outlook(part: Part) -> bool:
    return Kind.TNEF.value in part.parents


def _return_path(fields: Fields) -> str | None:
    value = fields.get("return-path")
    if value is None:
        return None
    return next((bare for _, bare in fields.addresses("return-path")), "") if "@" in value else ""


def _first(fields: Fields, name: str) -> str:
    return next((bare for _, bare in fields.addresses(name)), "")
