"""Files of the ANS → value sets: JDV in XML (IHE SVS), ValueSet, CodeSystem and ConceptMap in JSON (FHIR R4).

Bytes in, values out; nothing is believed before it has the shape of a value set. What a file lacks is said in French.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from lxml import etree

from gateway.terminology.own import MAX_FILE, Entry, TerminologyError

MAX_CODES = 20_000
_SVS = "{urn:ihe:iti:svs:2008}"
_NAME = re.compile(r"\b(JDV|ASS)[-_](J[0-9]{2,4}|[AX][0-9]{2})(?![0-9])")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,500}\Z")
_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9][0-9]*))+)\Z")
#: Addresses of systems that a message names otherwise than by an OID, and that of LOINC (spec/dmp/metadata.md).
_SYSTEMS = {
    "http://loinc.org": "2.16.840.1.113883.6.1",
    "https://mos.esante.gouv.fr/NOS/TRE_A10-NomenclatureURN/FHIR/TRE-A10-NomenclatureURN": "URN",
    "https://mos.esante.gouv.fr/NOS/TRE_A12-NomenclatureASTM/FHIR/TRE-A12-NomenclatureASTM": "ASTM",
}


@dataclass(frozen=True, slots=True)
class Published:
    """What a file gives: a set, a map (``classes``), or a code system, of which ``name`` is the address.

    In ``entries`` a system is an OID or an address; ``wanted``: addresses of systems of which the set takes every code.
    ``version`` is YYYY-MM-DD.
    """

    kind: str
    name: str
    oid: str
    version: str
    entries: tuple[Entry, ...] = ()
    classes: Mapping[str, str] | None = None
    wanted: tuple[str, ...] = ()


class _Identifier(msgspec.Struct):
    value: str = ""


class _Coded(msgspec.Struct):
    code: str
    display: str = ""
    system: str = ""
    concept: tuple[_Coded, ...] = ()


class _Include(msgspec.Struct):
    system: str = ""
    concept: tuple[_Coded, ...] = ()
    filter: tuple[msgspec.Raw, ...] = ()
    valueSet: tuple[str, ...] = ()  # noqa: N815 - FHIR's name


class _Compose(msgspec.Struct):
    include: tuple[_Include, ...] = ()
    exclude: tuple[msgspec.Raw, ...] = ()


class _Expansion(msgspec.Struct):
    contains: tuple[_Coded, ...] = ()
    total: int = 0
    offset: int = 0


class _Target(msgspec.Struct):
    code: str = ""


class _Element(msgspec.Struct):
    code: str
    target: tuple[_Target, ...] = ()


class _Group(msgspec.Struct):
    element: tuple[_Element, ...] = ()


class _Resource(msgspec.Struct):
    """The parts of the three resources that we read."""

    resourceType: str = ""  # noqa: N815 - FHIR's name
    id: str = ""
    url: str = ""
    name: str = ""
    version: str = ""
    date: str = ""
    identifier: tuple[_Identifier, ...] | _Identifier = ()
    compose: _Compose | None = None
    expansion: _Expansion | None = None
    concept: tuple[_Coded, ...] = ()
    group: tuple[_Group, ...] = ()


def read(data: bytes) -> Published:
    """What one file holds. Raises TerminologyError, without the file's name."""
    if len(data) > MAX_FILE:
        raise TerminologyError("fichier trop gros pour un jeu de valeurs")
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return _checked(_svs(data))
    if start == b"{":
        return _checked(_fhir(data))
    raise TerminologyError("ce n'est ni un JDV en XML, ni une ressource FHIR en JSON de l'ANS")


def _svs(data: bytes) -> Published:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise TerminologyError("ce n'est pas du XML bien formé") from error
    found = root.find(f"{_SVS}ValueSet")
    if (
        root.tag != f"{_SVS}RetrieveValueSetResponse"
        or found is None
        or root.getroottree().docinfo.internalDTD is not None
    ):
        raise TerminologyError("ce n'est pas un jeu de valeurs (RetrieveValueSetResponse)")
    name = _name(found.get("displayName", ""), found.get("urlFichier", ""))
    version = _version(found.get("dateMaj", ""), found.get("revisionDate", ""), found.get("version", ""))
    entries = (
        Entry(one.get("code", ""), one.get("codeSystem", ""), one.get("displayName", ""))
        for one in found.iter(f"{_SVS}Concept")
        if not _ended(one.get("dateFin", ""), version)
    )
    return Published("set", name, found.get("id", ""), version, tuple(entries))


def _ended(until: str, version: str) -> bool:
    """Whether a code has been withdrawn before the version was made; it stays in the file with its date."""
    digits = "".join(filter(str.isdigit, until))[:8]
    return bool(digits) and digits <= version.replace("-", "")


def _fhir(data: bytes) -> Published:
    try:
        one = msgspec.json.decode(data, type=_Resource)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TerminologyError("ce n'est pas une ressource FHIR lisible (JSON)") from error
    version = _version(one.version, one.date)
    if one.resourceType == "CodeSystem":
        entries = tuple(Entry(code.code, one.url, code.display) for code in _flat(one.concept))
        return Published("system", one.url, _oid(one), version, entries)
    name = _name(one.id, one.name, one.url)
    if one.resourceType == "ConceptMap":
        return Published("map", name, _oid(one), version, classes=dict(_pairs(one.group)))
    if one.resourceType == "ValueSet":
        return Published("set", name, _oid(one), version, *_content(one))
    raise TerminologyError(f"ressource FHIR « {one.resourceType[:40]} » : ValueSet, CodeSystem ou ConceptMap attendu")


def _content(one: _Resource) -> tuple[tuple[Entry, ...], None, tuple[str, ...]]:
    """The members of a ValueSet, and the systems that it takes whole."""
    if one.expansion is not None and one.expansion.contains:
        listed = tuple(Entry(code.code, code.system, code.display) for code in _flat(one.expansion.contains))
        if one.expansion.offset or one.expansion.total > len(listed):
            raise TerminologyError("ce fichier n'est qu'une page du jeu de valeurs ; le demander en entier")
        return listed, None, ()
    included = one.compose.include if one.compose else ()
    if (one.compose and one.compose.exclude) or any(part.filter or part.valueSet for part in included):
        raise TerminologyError("ce jeu de valeurs est défini par des règles ; donner sa forme développée (expansion)")
    entries = (Entry(code.code, part.system, code.display) for part in included for code in part.concept)
    return tuple(entries), None, tuple(part.system for part in included if not part.concept)


def _flat(codes: Iterable[_Coded]) -> Iterator[_Coded]:
    for code in codes:
        yield code
        yield from _flat(code.concept)


def _pairs(groups: Iterable[_Group]) -> Iterator[tuple[str, str]]:
    for group in groups:
        for element in group.element:
            if len(element.target) == 1 and element.target[0].code:
                yield element.code, element.target[0].code


def _checked(found: Published) -> Published:
    """Not empty, not boundless, and of codes that a message can carry."""
    count = len(found.entries) + len(found.classes or {})
    if count > MAX_CODES:
        raise TerminologyError(f"{count} codes : c'est trop pour un jeu de valeurs")
    if not count and not found.wanted:
        raise TerminologyError("ce fichier ne contient aucun code")
    texts = [text for one in found.entries for text in (one.code, one.system, one.label or "-")]
    texts += [text for pair in (found.classes or {}).items() for text in pair]
    if not all(map(_TEXT.match, texts)):
        raise TerminologyError("un code, un système ou un libellé est vide, trop long ou illisible")
    return found


def _name(*said: str) -> str:
    """``JDV_J66`` from ``JDV-J66-TypeCode-DMP`` or its address."""
    found = next((match for text in said if (match := _NAME.search(text))), None)
    if found is None:
        raise TerminologyError("ce fichier ne dit pas quel jeu de valeurs il contient (JDV_Jxx ou ASS_Xxx)")
    return f"{found[1]}_{found[2]}"


def _version(*said: str) -> str:
    """The first date among them, as YYYY-MM-DD."""
    for text in said:
        digits = re.match(r"(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])", text)
        if digits:
            return "-".join(digits.groups())
    raise TerminologyError("ce fichier ne dit pas de quelle date est sa version")


def _oid(one: _Resource) -> str:
    listed = (one.identifier,) if isinstance(one.identifier, _Identifier) else one.identifier
    return next((found[1] for item in listed if (found := _OID.match(item.value))), "")


def oid_of(system: str) -> str:
    """What an address says by itself: ``urn:oid:…``, or a system known by its address; empty when it says nothing."""
    found = _OID.match(system)
    return found[1] if found else _SYSTEMS.get(system, "")
