"""The sample mails in the order in which they are sent, with what ``gateway results`` must say of each document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.app.samples import people
from gateway.app.samples.paper import ARCHIVE, Attachment, mail, pdf, receipt, xdm
from gateway.model.documents import Action, CdaHeader, Code
from gateway.model.identity import InsStatus, Patient
from gateway.model.people import Sender
from gateway.model.settings import Establishment
from gateway.protocols import cda, oids
from gateway.terminology import type_code

PARIS = ZoneInfo("Europe/Paris")
ROOT = "1.2.250.1.999.50"
_LOINC = "2.16.840.1.113883.6.1"
_LABELS = {
    "01-nouveau": "Nouveau document (XDM)",
    "02-lettre-pdf": "Lettre en PDF",
    "03-remplacement": "Remplacement",
    "04-erreur": "Envoyé par erreur",
    "05-suppression": "Suppression",
    "06-anapath": "Anatomie pathologique",
    "07-sans-dmp": "Patient sans DMP",
    "08-ins-recuperee": "INS récupérée",
    "09-mineure": "Patiente mineure",
    "10-inconnu": "Patient inconnu",
    "11-orthographe": "Orthographe proche",
    "12-dangereux": "Pièce dangereuse",
    "13-archive": "Archive illisible",
    "14-expediteur": "Expéditeur inconnu",
    "15-sans-document": "Message sans document",
    "16-doublon": "Envoyé deux fois",
    "17-accuse": "Accusé de lecture",
}
_BODY = "Bonjour,\r\n\r\nVeuillez trouver ci-joint un document concernant votre patient.\r\n\r\nBien cordialement\r\n"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of one document, in the words of ``gateway results``."""

    outcome: str
    reason: str | None = None
    dpi: str = "off"
    dmp: str = "off"
    dmp_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail. ``label`` (22 characters at most) and ``story`` say in French what it shows; ``expected`` has one line
    a document, in order. ``advice``: what a person does about it, for a situation that is rehearsed.
    """

    slug: str
    label: str
    story: str
    sender: str
    raw: bytes
    expected: tuple[Expected, ...]
    advice: str = ""

    @property
    def message_id(self) -> str:
        """As the mail carries it."""
        return f"<{self.slug}@exemple.mssante.fr>"


def samples(today: date) -> tuple[Sample, ...]:
    """The samples as if they had been written the day before; the same day gives the same bytes."""
    written = datetime.combine(today - timedelta(days=1), time(9, 30), PARIS)
    desk = _Desk(written, people.minor(today))
    return tuple(_sample(slug, made) for slug, made in desk.mails().items())


def rehearsal(
    today: date, number: int, patient: Patient, label: str, story: str, advice: str, *expected: Expected
) -> tuple[Sample, ...]:
    """A mail (``number`` of 20 to 99) about a patient of its own; with two ``expected``, its deletion too."""
    desk = _Desk(datetime.combine(today - timedelta(days=1), time(9, 30), PARIS), people.minor(today))
    letter = _Letter(f"essai-{number}", patient, ("Examen clinique sans particularité.",))
    made = []
    for turn, (action, meant) in enumerate(zip((Action.CREATE, Action.DELETE), expected, strict=False)):
        slug = f"{number}-essai-{turn + 1}"
        mail_made = desk.write(slug, story, letter, meant, action)
        made.append(Sample(slug, label, story, mail_made.sender, mail_made.raw, mail_made.expected, advice))
    return tuple(made)


FILED = Expected("filed", None, "delivered", "fed")


def not_fed(reason: str) -> Expected:
    """Filed in the record, and kept out of the DMP."""
    return Expected("filed", None, "delivered", "not-fed", reason)


def waiting(reason: str) -> Expected:
    """Kept for a person."""
    return Expected("quarantined", reason, dmp_reason="quarantined")


def ignored(reason: str) -> Expected:
    """Set aside without asking anybody."""
    return Expected("ignored", reason, dmp_reason=reason)


@dataclass(frozen=True, slots=True)
class _Made:
    story: str
    raw: bytes
    expected: tuple[Expected, ...]
    sender: str = people.DOCTOR.address


def _sample(slug: str, made: _Made) -> Sample:
    return Sample(slug, _LABELS[slug], made.story, made.sender, made.raw, made.expected)


@dataclass(frozen=True, slots=True)
class _Letter:
    """One CDA: whom it concerns, who writes, what."""

    name: str
    patient: Patient
    lines: tuple[str, ...]
    author: Sender = people.DOCTOR
    type: str = "11488-4"
    title: str = "Compte rendu de consultation"
    version: int = 1
    parent: str = ""


class _Desk:
    """Writes the mails."""

    def __init__(self, written: datetime, minor: Patient) -> None:
        self._written, self._minor = written, minor

    def mails(self) -> dict[str, _Made]:
        """Every mail by its slug."""
        return dict([*self._filed(), *self._filed_only(), *self._for_a_person(), *self._set_aside()])

    def write(self, slug: str, story: str, letter: _Letter, expected: Expected, action: Action) -> _Made:
        """One mail with one document."""
        return self._xdm(slug, story, letter, expected, action=action)

    def _filed(self) -> Iterator[tuple[str, _Made]]:
        first = _Letter(
            "consultation", people.MARGUERITE, ("Tension artérielle équilibrée.", "Contrôle dans six mois.")
        )
        second = replace(
            first, name="consultation-v2", version=2, parent="consultation",
            lines=("Tension artérielle équilibrée.", "Contrôle dans trois mois, et non six."),
        )  # fmt: skip
        copy = Attachment("CR_DUVALONNE_Marguerite.pdf", pdf(self._page(first)))
        story = "nouveau document (XDM), avec sa copie PDF lisible, qui est écartée"
        yield "01-nouveau", self._xdm("01-nouveau", story, first, FILED, ignored("copy"), also=(copy,))
        yield "02-lettre-pdf", self._letter("02-lettre-pdf")
        story = "le premier document est remplacé par une version corrigée"
        yield "03-remplacement", self._xdm("03-remplacement", story, second, FILED, action=Action.REPLACE)
        wrong = _Letter("envoi-par-erreur", people.HUGO, ("Document établi pour un autre motif.",))
        yield "04-erreur", self._xdm("04-erreur", "document que son auteur va supprimer", wrong, FILED)
        story = "l'auteur supprime le document précédent"
        yield "05-suppression", self._xdm("05-suppression", story, wrong, FILED, action=Action.DELETE)
        pathology = _Letter(
            "biopsie", people.HUGO, ("Biopsie gastrique.", "Absence de lésion suspecte."), people.PATHOLOGIST,
            "60568-3", "Compte rendu d'anatomie pathologique",
        )  # fmt: skip
        story = "anatomie pathologique : au DMP, cachée au patient jusqu'à la consultation"
        yield "06-anapath", self._xdm("06-anapath", story, pathology, FILED)

    def _filed_only(self) -> Iterator[tuple[str, _Made]]:
        plain = ("Examen clinique sans particularité.",)
        story = "le patient n'a pas de DMP : dossier seulement"
        letter = _Letter("sans-dmp", people.BAPTISTE, plain)
        yield "07-sans-dmp", self._xdm("07-sans-dmp", story, letter, not_fed("no-dmp"))
        story = "INS récupérée, pas encore qualifiée ici : dossier seulement"
        letter = _Letter("ins-recuperee", replace(people.ODILE, ins_status=InsStatus.QUALIFIEE), plain)
        yield "08-ins-recuperee", self._xdm("08-ins-recuperee", story, letter, not_fed("ins-not-qualified"))
        story = "patiente mineure, contraception : un professionnel décidera de l'envoi au DMP"
        letter = _Letter("mineure", self._minor, ("Prescription remise.",), title="Consultation de contraception")
        yield "09-mineure", self._xdm("09-mineure", story, letter, not_fed("minor-rule"))

    def _for_a_person(self) -> Iterator[tuple[str, _Made]]:
        story = "patient inconnu de l'index"
        letter = _Letter("inconnu", people.NOBODY, ("Premier avis demandé.",))
        yield "10-inconnu", self._xdm("10-inconnu", story, letter, waiting("patient-unknown"))
        story = "nom presque juste : une personne tranchera"
        lines = self._private_letter("Mme GAUTEROTTE Élise", "née le 28/02/1987")
        slug = "11-orthographe"
        yield slug, self._attached(slug, story, waiting("identity-doubtful"), Attachment("courrier.pdf", pdf(lines)))
        story = "pièce jointe dangereuse : elle n'est pas ouverte"
        script = Attachment("compte_rendu.pdf.js", b"// exemple inoffensif\r\n", "application/octet-stream")
        yield "12-dangereux", self._attached("12-dangereux", story, waiting("unsafe"), script)
        story = "archive illisible : l'expéditeur devra renvoyer"
        broken = Attachment(ARCHIVE, b"PK\x03\x04" + b"archive interrompue" * 8, "application/zip")
        yield "13-archive", self._attached("13-archive", story, waiting("malformed-xdm"), broken)
        story = "expéditeur hors de l'espace de confiance MSSanté"
        stranger = ("Cabinet Exemple", "cabinet@messagerie.example")
        letter_pdf = Attachment(
            "courrier.pdf", pdf(self._private_letter("Mme DUVALONNE Marguerite", "née le 14/03/1951"))
        )
        slug = "14-expediteur"
        yield slug, self._attached(slug, story, waiting("untrusted-sender"), letter_pdf, sender=stranger)
        story = "message sans document"
        yield "15-sans-document", self._attached("15-sans-document", story, waiting("no-document"))

    def _set_aside(self) -> Iterator[tuple[str, _Made]]:
        first = _Letter(
            "consultation", people.MARGUERITE, ("Tension artérielle équilibrée.", "Contrôle dans six mois.")
        )
        story = "le premier document, envoyé une seconde fois"
        yield "16-doublon", self._xdm("16-doublon", story, first, ignored("duplicate"))
        raw = receipt("17-accuse", self._at("17-accuse"), people.DOCTOR)
        yield "17-accuse", _Made("accusé de lecture d'un correspondant", raw, (ignored("report"),))

    def _letter(self, slug: str) -> _Made:
        story = "lettre en PDF seul : mise au format du DMP"
        lines = self._private_letter("Mme DUVALONNE Marguerite", "née le 14/03/1951")
        return self._attached(slug, story, FILED, Attachment("lettre.pdf", pdf(lines)))

    def _private_letter(self, patient: str, born: str) -> tuple[str, ...]:
        return (
            "Docteur Hélène Marchandeau",
            "Maison de santé des Tilleuls",
            f"Le {self._written:%d/%m/%Y}",
            "COMPTE RENDU DE CONSULTATION",
            f"Patiente : {patient}",
            born,
            "Cher confrère, l'état général est bon et le traitement est bien toléré.",
            "Bien confraternellement, Dr Hélène Marchandeau",
        )

    def _attached(
        self,
        slug: str,
        story: str,
        expected: Expected,
        *attachments: Attachment,
        sender: Sender | tuple[str, str] = people.DOCTOR,
    ) -> _Made:
        raw = mail(slug, self._at(slug), sender, "Courrier médical", _BODY, *attachments)
        return _Made(story, raw, (expected,), sender.address if isinstance(sender, Sender) else sender[1])

    def _xdm(
        self,
        slug: str,
        story: str,
        letter: _Letter,
        *expected: Expected,
        action: Action = Action.CREATE,
        also: tuple[Attachment, ...] = (),
    ) -> _Made:
        archive = Attachment(ARCHIVE, xdm(*self._document(letter), action), "application/zip")
        raw = mail(slug, self._at(slug), letter.author, f"XDM/1.0/DDM+{letter.title}", _BODY, archive, *also)
        return _Made(story, raw, expected, letter.author.address)

    def _document(self, letter: _Letter) -> tuple[bytes, CdaHeader]:
        known = type_code(letter.type)
        request = cda.WrapRequest(
            id=oids.derive(ROOT, letter.name),
            set_id=oids.derive(ROOT, "set", letter.name.removesuffix(f"-v{letter.version}")),
            version=letter.version,
            patient=letter.patient,
            ipp_oid="1.2.250.1.999.51",
            author=letter.author,
            establishment=_practice(letter.author),
            type=Code(letter.type, _LOINC, known.label if known else ""),
            title=letter.title,
            effective_time=f"{self._written + timedelta(minutes=letter.version):%Y%m%d%H%M%S%z}",
            media_type="application/pdf",
            body=pdf(self._page(letter)),
            act_date=f"{self._written:%Y%m%d}",
            parent=oids.derive(ROOT, letter.parent) if letter.parent else "",
        )
        return cda.build(request)

    def _page(self, letter: _Letter) -> tuple[str, ...]:
        patient = letter.patient
        born = f"{patient.birth_date[6:]}/{patient.birth_date[4:6]}/{patient.birth_date[:4]}"
        return (
            f"Docteur {letter.author.given} {letter.author.name}",
            letter.author.structure,
            f"Le {self._written:%d/%m/%Y}",
            letter.title.upper(),
            f"{patient.birth_name} {patient.first_given.title()}, {'né' if patient.sex == 'M' else 'née'} le {born}",
            *letter.lines,
        )

    def _at(self, slug: str) -> datetime:
        """Each mail leaves some minutes after the one before."""
        return self._written + timedelta(minutes=5 + int(slug[:2]))


def _practice(author: Sender) -> Establishment:
    return Establishment(
        name=author.structure,
        structure_id=author.structure_id,
        sector=author.sector,
        oid_root=ROOT,
        ipp_oid="1.2.250.1.999.51",
        practice_setting=author.practice_setting,
    )
