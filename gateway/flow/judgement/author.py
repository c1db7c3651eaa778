"""Whether who signs a document is the person whose mailbox sent it: two writings of one name (DESIGN §5).

An equal RPPS settles it. Else the family name, or a part of a compound one (birth and used names), must stand in both
and the given names must agree: equal, initials, one of several. Order, case, accents and hyphens do not matter. The
name in the mailbox's address counts as the directory's: a colleague may be known there by her married name.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.identity.names import one_typing_error, tokens
from gateway.model.documents import DocumentReading, Signatory
from gateway.model.people import Sender

_PARTICLES = frozenset({"DE", "DU", "DES", "LA", "LE", "LES", "D", "L", "VAN", "VON", "EL", "BEN", "AL", "DA", "DI"})
_LONG = 5


def others(one: DocumentReading, sender: Sender | None) -> tuple[Signatory, ...]:
    """Who signs in the sender's place: empty when the document has a header, names nobody, or names him too."""
    if one.header is not None or sender is None or any(is_same(signed, sender) for signed in one.signatories):
        return ()
    return one.signatories


def is_same(signed: Signatory, sender: Sender) -> bool:
    """Whether a signature is that of this entry of the directory."""
    if signed.rpps and sender.rpps:
        return signed.rpps == sender.rpps
    words = {*tokens(signed.family), *tokens(signed.given)}
    families, givens = tokens(sender.name), tokens(sender.given)
    known = _written(families) | _long(tokens(sender.address.partition("@")[0])) - set(givens)
    shared = {word for word in words if word in known or _nearly(word, known, signed, givens)}
    if not shared:
        return False
    left = words - shared - _PARTICLES - set(families)
    return not left or not givens or any(_agrees(word, givens) for word in left) or _is_compound(signed, shared)


def _written(families: tuple[str, ...]) -> set[str]:
    """The words of a family name that tell it: particles do not, unless there is nothing else."""
    return _long(families) or set(families)


def _long(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) > 1 and word not in _PARTICLES and not word.isdigit()}


def _nearly(word: str, known: set[str], signed: Signatory, givens: tuple[str, ...]) -> bool:
    """A family name one letter apart, of somebody with the very same given name: a typing or reading error."""
    same_given = bool(givens) and givens[0] in tokens(signed.given)
    return same_given and len(word) >= _LONG and any(one_typing_error(word, other) for other in known)


def _agrees(word: str, givens: tuple[str, ...]) -> bool:
    """Whether a word is one of the given names, its initial, or all their initials together."""
    initials = "".join(given[0] for given in givens)
    return word in givens or (len(word) <= 3 and (initials.startswith(word) or word in initials))


def _is_compound(signed: Signatory, shared: set[str]) -> bool:
    """Whether what is left belongs to a compound family name: "Dr DURAND-LEROY", without any given name."""
    return not signed.given and "-" in signed.family and shared <= set(tokens(signed.family))
