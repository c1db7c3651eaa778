"""The judgement of one document: file, ask a person, or set aside. Pure: same inputs, same answer (DESIGN §5).

The order of the questions is the policy: what is not a document, who speaks, what could not be read, whether we have it
already, whom it concerns, whether it may replace, what the rules say, whether the DMP gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from gateway.decision import RuleBook, rule
from gateway.flow.judgement.author import others
from gateway.flow.judgement.versions import Target, objection
from gateway.identity.match import several_patients
from gateway.ledger.rows import Document
from gateway.model.decision import Question, Ruling
from gateway.model.documents import Action, DocumentReading, Envelope, Signatory, Visibility
from gateway.model.identity import Match, Patient
from gateway.model.orders import Orders
from gateway.model.people import Sender
from gateway.model.reasons import Ignored, NotFed, Reason
from gateway.model.settings import Settings
from gateway.model.states import DocumentState
from gateway.terminology import type_code

PATIENT_DOMAIN = "patient.mssante.fr"

#: The envelope of a mail that was not opened: nothing says who wrote it, so what stopped us is the reason.
UNOPENED = Envelope()

#: What can travel in a CDA level 1 (spec/dmp/transactions.md §8). The DMP gets what came in it, or a message as text.
WRAPPED = frozenset({"application/pdf", "image/jpeg", "image/tiff", "text/rtf", "application/rtf", "text/plain"})


@dataclass(frozen=True, slots=True)
class Known:
    """What the house knows that bears on one document. ``copy`` owns its claim, ``asked`` is what the hospital's own
    record asked for that; ``parent`` is what it replaces or deletes, ``parent_reading`` how that was read (None: it is
    no longer kept), ``parent_sender`` the address that sent it, ``parent_overtaken`` that another version takes its
    place, delivered or not yet. ``waits`` until then a parent may still come.
    """

    match: Match
    patient: Patient | None
    copy: Document | None = None
    asked: Orders | None = None
    parent: Document | None = None
    parent_reading: DocumentReading | None = None
    parent_sender: str = ""
    parent_overtaken: bool = False
    parent_waits: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for all documents of a mail. ``today`` is the establishment's; ``index_fresh`` DESIGN §5.

    ``author``: whom a person named as the author, in the sender's place; then it is about one document.
    ``hospital``: it came from the hospital's own record, which need not be believed by its address.
    """

    settings: Settings
    book: RuleBook
    envelope: Envelope
    sender: Sender | None
    trusted_channel: bool
    mailbox: str
    service: str
    today: date
    index_fresh: bool
    author: Sender | None = None
    hospital: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be done. ``file`` True: deliver to ``match.ipp``. Otherwise ``reason`` (a person), ``ignored``, or
    neither: wait. ``joins``: the quarantined copy whose fate it shares. ``not_fed`` None: feed. ``signatories``: who
    signs in the sender's place, when that alone leaves the author unknown.
    """

    file: bool = False
    reason: Reason | None = None
    ignored: Ignored | None = None
    detail: str = ""
    match: Match | None = None
    ruling: Ruling | None = None
    not_fed: NotFed | None = None
    visibility: Visibility = Visibility()
    joins: int | None = None
    wait: bool = False
    signatories: tuple[Signatory, ...] = ()


def judge(one: DocumentReading, known: Known, context: Context, *, alone: bool) -> Judgement:
    """Judge one document. ``alone`` is False when the mail's documents name different persons."""
    before_identity = _before_identity(one, known, context)
    if before_identity is not None:
        return before_identity
    if not alone:
        detail = "Les documents de ce message concernent des personnes différentes."
        return Judgement(reason=Reason.SEVERAL_PATIENTS, match=known.match, detail=detail)
    if known.match.reason is not None or known.patient is None:
        return Judgement(reason=known.match.reason or Reason.PATIENT_UNKNOWN, match=known.match, detail=one.detail)
    if one.action is not Action.CREATE:
        objection = _objection(one, known, context)
        if objection is not None:
            return objection
    return file(one, known.match, known.patient, context)


def file(
    one: DocumentReading, match: Match, patient: Patient, context: Context, *, by_person: bool = False
) -> Judgement:
    """The judgement of a document whose patient is certain (by the index or by a person, whose word lifts a hold)."""
    ruling = _ruling(one, context, patient)
    visibility = _visibility(one, ruling, minor=_is_minor(patient, context))
    if ruling.hold is not None and not by_person:
        return Judgement(reason=ruling.hold, match=match, ruling=ruling, visibility=visibility)
    not_fed = why_not_fed(one, match, patient, ruling, context)
    if not_fed is None and context.settings.dmp.uncertain_type == "invisible" and not ruling.type_certain:
        visibility = Visibility(False, True, visibility.invisible_to_representatives)
    signed = others(one, context.sender) if not_fed is NotFed.AUTHOR_UNKNOWN else ()
    return Judgement(file=True, match=match, ruling=ruling, not_fed=not_fed, visibility=visibility, signatories=signed)


def _ruling(one: DocumentReading, context: Context, patient: Patient) -> Ruling:
    """What the rules say. Who may see a document of the record's own, a professional has told by its flags."""
    ruling = rule(question(one, context, patient), context.book)
    if one.orders is None:
        return ruling
    return replace(ruling, invisible_to_patient=False, invisible_to_representatives=False, wait_for_professional=False)


def persons_apart(readings: Sequence[DocumentReading], matches: Sequence[Match]) -> bool:
    """Whether the documents of one mail name different persons (one mail is one patient: ECO.2.1.1)."""
    found = {match.ipp for match in matches if match.ipp}
    return len(found) > 1 or several_patients([one.claims for one in readings])


def question(one: DocumentReading, context: Context, patient: Patient) -> Question:
    """What the rules are asked."""
    return Question(
        sender=context.envelope.sender,
        mailbox=context.mailbox,
        service=context.service,
        specialty=context.sender.specialty_code if context.sender else "",
        type_given=one.type,
        title=_stated_title(one),
        subject=context.envelope.subject,
        filename=one.filename,
        lines=tuple(line for line in one.text.splitlines() if line.strip())[:80],
        age=age(patient.birth_date, context.today),
        final=one.final,
        guess=one.guess,
    )


def _stated_title(one: DocumentReading) -> str:
    """The title that a field states; one found in the text is a heading, which the rules weigh by its place."""
    in_text = one.header is None and bool(one.text) and one.title.partition(" (")[0] in one.text
    return "" if in_text else one.title


def why_not_fed(
    one: DocumentReading, match: Match, patient: Patient, ruling: Ruling, context: Context
) -> NotFed | None:
    """The first condition of DESIGN §5 that does not hold, TD0.2 excepted; None when the document may be fed."""
    dmp = context.settings.dmp
    confidentiality = one.confidentiality or (one.header.confidentiality if one.header else "N")
    known_type = type_code(ruling.type.code)
    minor = _is_minor(patient, context)
    hidden_from_parents = one.visibility.invisible_to_representatives or ruling.invisible_to_representatives
    hidden_from_parents |= one.orders is not None and one.orders.secret
    secret = hidden_from_parents and dmp.minor_secret
    conditions = (
        (NotFed.OFF, not dmp.enabled or not _is_for_dmp(one, context)),
        (NotFed.CONFIDENTIALITY, confidentiality != "N"),
        (NotFed.MINOR_RULE, minor and not secret and (hidden_from_parents or ruling.wait_for_professional)),
        (NotFed.IDENTITY_BLOCKED, bool({flag.upper() for flag in patient.attributes} & {"CACH", "ANOM", "USUR"})),
        (NotFed.INS_NOT_QUALIFIED, not patient.qualified or not match.feedable),
        (NotFed.OPPOSED, patient.opposed),
        (NotFed.TYPE_NOT_ACCEPTED, known_type is None or not (known_type.in_dmp and known_type.is_of_professionals)),
        (NotFed.TYPE_TO_CONFIRM, not ruling.type_certain and dmp.uncertain_type == "hold"),
        (NotFed.NOT_VALIDATED, not one.final),
        (NotFed.AUTHOR_UNKNOWN, not _author_known(one, context)),
        (NotFed.AUTHOR_FEEDS, one.header is None and context.sender is not None and context.sender.feeds_dmp),
        (NotFed.FORMAT, one.header is None and not _fit_for_dmp(one)),
        (NotFed.RULE, not ruling.feed),
        (NotFed.INDEX_STALE, not context.index_fresh),
    )
    return next((reason for reason, holds in conditions if holds), None)


def _is_minor(patient: Patient, context: Context) -> bool:
    return (age(patient.birth_date, context.today) or 0) < context.settings.dmp.age_of_majority


def _is_for_dmp(one: DocumentReading, context: Context) -> bool:
    """What the hospital's own record marks for the DMP; of received CDAs, what the site allows."""
    if one.orders is not None:
        return one.orders.to_dmp
    return one.header is None or context.settings.dmp.feed_received_cda != "never"


def travels_as(one: DocumentReading) -> str:
    """The media type in which a document travels."""
    return one.rendition or one.media_type


def age(birth_date: str, today: date) -> int | None:
    """Whole years of somebody born on YYYYMMDD; None when the day is not fully known."""
    try:
        born = date(int(birth_date[:4]), int(birth_date[4:6]), int(birth_date[6:8]))
    except ValueError:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _before_identity(one: DocumentReading, known: Known, context: Context) -> Judgement | None:
    if one.ignored is not None:
        return Judgement(ignored=one.ignored)
    if one.problem is not None and context.envelope == UNOPENED:
        return Judgement(reason=one.problem, detail=one.detail)
    objection = distrust(context)
    if objection is not None:
        return Judgement(reason=objection)
    if one.problem is not None:
        return Judgement(reason=one.problem, detail=one.detail)
    if context.hospital != (one.orders is not None):
        return Judgement(reason=Reason.UNTRUSTED_SENDER)  # orders are believed from where they come alone
    if one.visibility.masked_to_professionals and one.orders is None:
        return Judgement(reason=Reason.MASKED)
    return _copy(one, known.copy, known.asked) if known.copy is not None else None


def distrust(context: Context) -> Reason | None:
    """Why the sender may not speak; None when he may (DESIGN §5, Who may speak)."""
    if context.hospital:
        return None
    if is_patient(context.envelope.sender):
        return Reason.PATIENT_MAIL
    trusted = domain_trusted(context.settings, context.envelope.sender)
    refused = context.sender is not None and not context.sender.authorised
    return None if trusted and context.trusted_channel and not refused else Reason.UNTRUSTED_SENDER


def is_patient(address: str) -> bool:
    """Whether an address is one of Mon espace santé."""
    return f".{address.rpartition('@')[2]}".endswith("." + PATIENT_DOMAIN)


def domain_trusted(settings: Settings, address: str) -> bool:
    """Whether an address is within the trusted space."""
    domain = address.rpartition("@")[2]
    return any(fnmatchcase(domain, pattern.lower()) for pattern in settings.senders.trusted_domains)


def _copy(one: DocumentReading, copy: Document, asked: Orders | None) -> Judgement | None:
    """What becomes of a document whose id or bytes are known; a copy that was rejected meanwhile does not count."""
    if copy.state is DocumentState.REJECTED:
        return None
    if copy.sha256 != one.sha256:
        detail = "Un document portant le même identifiant, mais un autre contenu, a déjà été reçu."
        return Judgement(reason=Reason.MALFORMED_XDM, detail=detail)
    if copy.state is DocumentState.READ:
        return Judgement(wait=True)
    if one.orders is not None and one.orders.asks_beyond(asked):
        detail = "Le DPI a déjà transmis ce document, avec d'autres demandes (visibilité, DMP ou destinataires)."
        return Judgement(reason=Reason.VERSION_CONFLICT, detail=detail)
    if copy.state is DocumentState.QUARANTINED:
        return Judgement(reason=copy.reason, joins=copy.id)
    return Judgement(ignored=Ignored.DUPLICATE)


_NOT_KEPT = (
    "Le document à remplacer ou à supprimer a été classé ici, mais il n'est plus gardé : son auteur et sa version ne "
    "peuvent plus être comparés d'office."
)


def _objection(one: DocumentReading, known: Known, context: Context) -> Judgement | None:
    """Why a replacement or deletion may not be applied by itself; None when it may."""
    if known.parent is None:
        if known.parent_waits:
            return Judgement(wait=True)
        detail = "Le document à remplacer ou à supprimer n'a pas été reçu ici."
        return Judgement(reason=Reason.REPLACES_UNKNOWN, match=known.match, detail=detail)
    if known.parent_reading is None:
        reason = Reason.NOT_AUTHOR if known.parent.ipp == known.match.ipp else Reason.IDENTITY_CONFLICT
        return Judgement(reason=reason, match=known.match, detail=_NOT_KEPT)
    target = Target(known.parent, known.parent_reading, known.parent_sender, known.parent_overtaken)
    found = objection(one, target, known.match.ipp, context.envelope.sender, context.sender)
    return Judgement(reason=found[0], match=known.match, detail=found[1]) if found else None


def _visibility(one: DocumentReading, ruling: Ruling, *, minor: bool) -> Visibility:
    """The sender's flags and the rules' together: what either hides is hidden.

    What is to be deposited in a secret connection is hidden from a minor's representatives (EX_2.1-1050).
    """
    secret = minor and one.orders is not None and one.orders.secret
    return Visibility(
        one.visibility.masked_to_professionals,
        one.visibility.invisible_to_patient or ruling.invisible_to_patient,
        one.visibility.invisible_to_representatives or ruling.invisible_to_representatives or secret,
    )


def _fit_for_dmp(one: DocumentReading) -> bool:
    """What is drawn anew for the record is not what its author made: the DMP does not get it (DESIGN §5)."""
    return one.media_type in WRAPPED or one.rendition == "text/plain"


def _author_known(one: DocumentReading, context: Context) -> bool:
    """The header's author, in his structure or in the one that signs or keeps the document; else the sender, unless
    another signs or a person named another.
    """
    if one.header is not None:
        known = one.header.legal_authenticator_organisation or one.header.custodian
        return any(a.person.id_extension and (a.organisation or known) is not None for a in one.header.authors)
    author = context.author or context.sender
    if author is None or not author.is_person or not author.structure_id:
        return False
    return context.author is not None or not others(one, author)
