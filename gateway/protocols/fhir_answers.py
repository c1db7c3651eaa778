"""What a FHIR R4 server answers: an OperationOutcome, the result of a search, its capabilities.

Diagnostics and texts are never kept: they may quote the patient. Codes are, when they belong to a closed list. Members
that are not asked for are skipped; nesting beyond what the decoder takes is an error like any other.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from gateway.protocols.fhir_types import FhirError

_ISSUES = (
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing "
    "not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly "
    "business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational"
)
_XDS_ERRORS = (
    "XDSDocumentUniqueIdError XDSDuplicateUniqueIdInRegistry XDSNonIdenticalHash XDSNonIdenticalSize "
    "XDSPatientIdDoesNotMatch XDSRegistryBusy XDSRepositoryBusy XDSRegistryDeprecatedDocumentError "
    "XDSRegistryError XDSRepositoryError XDSRegistryMetadataError XDSRepositoryMetadataError "
    "XDSRegistryOutOfResources XDSRepositoryOutOfResources XDSReplaceFailed XDSUnknownPatientId "
    "InvalidDocumentContent UnresolvedReferenceException DocumentQueued"
)
#: IssueType (R4 valueset-issue-type).
ISSUES = frozenset(_ISSUES.split())
#: Errors of IHE ITI TF-3 table 4.2.4.1-2 that a document may meet; MHD lets them stand in ``details``.
XDS_ERRORS = frozenset(_XDS_ERRORS.split())
_T = TypeVar("_T", bound=Struct)


class Found(Struct, frozen=True):
    """What a search found. ``references``: the resources given, relative (``DocumentReference/1``)."""

    total: int
    references: tuple[str, ...]


class Capabilities(Struct, frozen=True):
    """What a server says it does with DocumentReference."""

    version: str
    software: str
    interactions: frozenset[str]
    conditional_create: bool
    searches: frozenset[str]


def issues(body: bytes) -> tuple[str, ...] | None:
    """The known codes of the errors of an OperationOutcome, the most precise first; None: it is not one."""
    try:
        outcome = _read(body, _Outcome)
    except FhirError:
        return None
    if outcome.kind != "OperationOutcome":
        return None
    errors = [issue for issue in outcome.issue if issue.severity in {"error", "fatal"}]
    precise = [c.code for issue in errors if issue.details for c in issue.details.coding if c.code in XDS_ERRORS]
    return (*precise, *(issue.code for issue in errors if issue.code in ISSUES))


def search(body: bytes) -> Found:
    """The result of a search; without a total, what it holds is counted. Raises FhirError."""
    bundle = _read(body, _Bundle)
    if bundle.kind != "Bundle":
        raise FhirError("the answer is not the result of a search")
    kept = [one.resource.id for one in bundle.entry if one.resource and one.resource.kind == "DocumentReference"]
    if bundle.total is None and bundle.next:
        raise FhirError("the search tells no total")
    total = len(kept) if bundle.total is None else bundle.total
    return Found(total, tuple(f"DocumentReference/{name}" for name in kept if name))


def capabilities(body: bytes) -> Capabilities:
    """A CapabilityStatement, as far as DocumentReference goes. Raises FhirError."""
    statement = _read(body, _Statement)
    if statement.kind != "CapabilityStatement":
        raise FhirError("the answer is not a CapabilityStatement")
    resources = [one for rest in statement.rest for one in rest.resource if one.type == "DocumentReference"]
    return Capabilities(
        version=statement.version,
        software=statement.software.name if statement.software else "",
        interactions=frozenset(one.code for resource in resources for one in resource.interaction),
        conditional_create=any(resource.conditional_create for resource in resources),
        searches=frozenset(one.name for resource in resources for one in resource.search),
    )


def _read(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FhirError("the answer cannot be read") from error


class _Coding(Struct):
    code: str = ""


class _Concept(Struct):
    coding: list[_Coding] = []


class _Issue(Struct):
    severity: str = ""
    code: str = ""
    details: _Concept | None = None


class _Outcome(Struct):
    kind: str = msgspec.field(default="", name="resourceType")
    issue: list[_Issue] = []


class _Resource(Struct):
    kind: str = msgspec.field(default="", name="resourceType")
    id: str = ""


class _Entry(Struct):
    resource: _Resource | None = None


class _Link(Struct):
    relation: str = ""


class _Bundle(Struct):
    kind: str = msgspec.field(default="", name="resourceType")
    total: int | None = None
    entry: list[_Entry] = []
    link: list[_Link] = []

    @property
    def next(self) -> bool:
        """Whether another page follows."""
        return any(one.relation == "next" for one in self.link)


class _Named(Struct):
    name: str = ""


class _Interaction(Struct):
    code: str = ""


class _Supported(Struct):
    type: str = ""
    interaction: list[_Interaction] = []
    conditional_create: bool = msgspec.field(default=False, name="conditionalCreate")
    search: list[_Named] = msgspec.field(default_factory=list, name="searchParam")


class _Rest(Struct):
    resource: list[_Supported] = []


class _Statement(Struct):
    kind: str = msgspec.field(default="", name="resourceType")
    version: str = msgspec.field(default="", name="fhirVersion")
    software: _Named | None = None
    rest: list[_Rest] = []
