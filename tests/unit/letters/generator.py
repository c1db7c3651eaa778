"""Letters of invented people, made from a seed: types, layouts, habits of software, traps. For tests only."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = ("Marc", "Anne", "Jean-Pierre", "Sylvie", "Karim", "Élodie", "Anne-Laure", "Henri", "Noémie", "Luc")
LAST = (
    "Vernay",
    "Le Goff",
    "Castelnau",
    "Dupré",
    "Haddad",
    "de Lestrac",
    "Ozanne-Riou",
    "N'Guessan",
    "Mérieux",
    "Tolbiac",
)
TOWNS = ("Valbrune", "Saint-Avit", "Port-Lannec", "Montplaisir")
SPECIALTIES = ("Cardiologie", "Médecine générale", "Rhumatologie", "Chirurgie viscérale", "Pneumologie", "Neurologie")
PATIENTS = ("Mme Odile BRUNEREAU", "M. Thierry ALBARET", "Madame Zélie PONTAVICE", "Monsieur Gaston LARTIGUE")
GREETINGS = ("Cher Confrère,", "Chère Consœur,", "Cher ami,", "Mon cher confrère,", "Cher Docteur,", "Chers confrères,")
FORMULAS = (
    "Bien confraternellement,",
    "Je vous prie de croire, cher confrère, à l'assurance de mes sentiments les meilleurs.",
    "Confraternellement.",
    "Avec mes salutations confraternelles,",
    "Bien cordialement,",
    "En vous remerciant de votre confiance, je vous prie d'agréer mes salutations distinguées.",
)
FILLERS = (
    "Antécédents : appendicectomie en 1998, hypertension artérielle.",
    "Pas d'allergie connue. Tabac sevré depuis dix ans.",
    "Traitement habituel : amlodipine 5 mg le matin.",
    "Le contexte familial est sans particularité.",
    "Poids 74 kg pour 1,71 m. Tension artérielle 13/8.",
)
#: What a letter of any type may mention of another one.
MENTIONS = (
    "L'IRM lombaire du 3 février montrait une discopathie L4-L5 sans conflit.",
    "Le compte rendu opératoire de janvier nous a été transmis.",
    "La biologie récente est normale : hémoglobine 13,4 g/dL, créatinine 71 µmol/L.",
    "Une échographie abdominale avait été réalisée l'an dernier, sans anomalie.",
    "Il avait été hospitalisé en 2019 pour une pneumopathie.",
    "L'anatomopathologie concluait à un polype hyperplasique.",
    "Le dossier avait été présenté en RCP en décembre.",
    "La coloscopie de 2021 était normale.",
    "Un scanner thoracique de contrôle est à prévoir dans six mois.",
    "Je lui ai remis une ordonnance de kinésithérapie.",
)


@dataclass(frozen=True)
class Kind:
    """Titles that name the type, ways to open it, its own sentences and lines. ``prose``: a letter to a colleague."""

    code: str
    titles: tuple[str, ...]
    openings: tuple[str, ...]
    lines: tuple[str, ...]
    prose: bool = True


KINDS = (
    Kind(
        "11488-4",
        ("Compte rendu de consultation", "Consultation du", "Courrier de consultation", "CONSULTATION DE CARDIOLOGIE"),
        (
            "J'ai vu ce jour en consultation {p}, qui se plaint de douleurs du genou droit.",
            "Je revois {p} pour le suivi de son hypertension.",
            "Merci de m'avoir adressé {p} pour un avis sur une dyspnée d'effort.",
            "J'ai eu le plaisir d'examiner {p} à ma consultation.",
            "{p} est venue me consulter pour des céphalées matinales.",
            "Voici les nouvelles de {p}, que je suis pour une polyarthrite.",
            "J'ai reçu votre patient {p} à trois mois de son traitement.",
        ),
        (
            "À l'examen, l'auscultation est claire et symétrique.",
            "L'examen clinique ne retrouve pas de déficit.",
            "Je lui propose de poursuivre le même traitement.",
            "Je le reverrai dans six mois, plus tôt si besoin.",
            "J'ai modifié la posologie du bisoprolol.",
            "Au total, évolution favorable sous traitement.",
            "Conduite à tenir : bilan biologique et nouvelle évaluation.",
        ),
    ),
    Kind(
        "34112-3",
        ("Compte rendu d'hospitalisation", "COMPTE-RENDU D'HOSPITALISATION", "Courrier d'hospitalisation"),
        (
            "Votre patient {p} a été hospitalisé dans le service du 2 au 9 mars.",
            "{p} a séjourné dans notre unité du 12 au 18 avril pour une décompensation cardiaque.",
            "Nous avons pris en charge {p}, hospitalisée du 4 au 11 mai.",
            "{p} est entrée dans le service le 5 juin, adressée par les urgences.",
        ),
        (
            "Motif d'hospitalisation : altération de l'état général.",
            "Examen à l'entrée : apyrétique, saturation 95 %.",
            "Évolution dans le service : l'évolution a été favorable sous antibiotiques.",
            "Durant le séjour, une ETT a montré une fonction conservée.",
            "Examens complémentaires : CRP 43 mg/L à l'entrée, 8 mg/L à la sortie.",
            "Traitement de sortie : furosémide 40 mg le matin, bisoprolol 2,5 mg.",
            "Retour à domicile avec passage infirmier.",
            "Au total : décompensation cardiaque sur écart de régime.",
        ),
    ),
    Kind(
        "11490-0",
        ("Lettre de liaison à la sortie", "LETTRE DE LIAISON", "Lettre de sortie"),
        ("{p} sort ce jour de notre établissement.", "Séjour du 3 au 6 février de {p}."),
        (
            "Motif d'hospitalisation : cure de hernie inguinale.",
            "Synthèse médicale du séjour : suites simples.",
            "Portage de bactéries multirésistantes : non recherché.",
            "Transfusion de produits sanguins labiles : non.",
            "Traitements à la sortie : paracétamol 1 g si douleur.",
            "Suites à donner : ablation des fils à J10.",
            "Lettre de liaison remise au patient le jour de la sortie.",
        ),
    ),
    Kind(
        "34874-8",
        ("Compte rendu opératoire", "COMPTE-RENDU OPERATOIRE", "CRO", "Protocole opératoire", "C.R. opératoire"),
        ("Intervention : cholécystectomie par cœlioscopie.", "Intervention : prothèse totale de hanche droite."),
        (
            "Opérateur : Dr {d}. Anesthésiste : Dr Faure.",
            "Installation en décubitus dorsal, champs stériles.",
            "Incision médiane, hémostase au bistouri électrique.",
            "Dissection du triangle de Calot, clips sur l'artère et le canal.",
            "Lavage abondant et fermeture plan par plan.",
            "Compte de compresses exact. Drain de Redon laissé en place.",
            "Indication : lithiase vésiculaire symptomatique.",
            "Suites opératoires : lever précoce, anticoagulation dix jours.",
        ),
        prose=False,
    ),
    Kind(
        "18748-4",
        (
            "IRM DU GENOU DROIT",
            "Scanner thoraco-abdomino-pelvien",
            "ECHOGRAPHIE ABDOMINALE",
            "Radiographie du thorax",
            "COMPTE RENDU D'IMAGERIE",
            "Mammographie bilatérale",
            "TDM cérébrale",
        ),
        ("Indication : douleurs persistantes.", "Indication : bilan d'extension.", "Renseignements cliniques : toux."),
        (
            "Technique : acquisition hélicoïdale après injection de produit de contraste.",
            "Technique : séquences T1, T2 et diffusion dans les trois plans.",
            "Résultats : pas d'épanchement pleural ni péricardique.",
            "Le foie est de taille normale, homogène, sans lésion focale.",
            "Hypersignal T2 du ligament croisé antérieur.",
            "Voies biliaires non dilatées. Vésicule alithiasique.",
            "Conclusion : examen sans anomalie décelable.",
            "Produit de contraste : 90 mL. PDL : 412 mGy.cm.",
        ),
        prose=False,
    ),
    Kind(
        "55115-0",
        ("Demande d'IRM", "Demande d'examen d'imagerie", "ORDONNANCE D'IMAGERIE", "Demande de scanner"),
        (
            "Merci de réaliser une IRM du genou droit chez {p}.",
            "Merci de bien vouloir pratiquer un scanner thoracique à {p}.",
            "Prière de réaliser une échographie abdominale.",
        ),
        (
            "Question posée : lésion méniscale ?",
            "Renseignements cliniques : gonalgie mécanique depuis trois mois.",
            "Pas de pacemaker, pas de claustrophobie, pas d'allergie à l'iode.",
            "Créatininémie : 71 µmol/L.",
        ),
        prose=False,
    ),
    Kind(
        "11502-2",
        (
            "Compte rendu d'examens biologiques",
            "RESULTATS D'ANALYSES",
            "HEMATOLOGIE",
            "Résultats de laboratoire",
            "BIOCHIMIE",
        ),
        ("Prélèvement veineux, tube hépariné.", "Examens demandés par le Dr Roussel.", "Dossier n° 4412"),
        (
            "Hémoglobine 13,2 g/dL (12,0 - 16,0)",
            "Leucocytes 6,41 Giga/L 4,00 à 10,00",
            "Plaquettes 245 Giga/L (150 - 400)",
            "Créatinine 72 µmol/L 45 - 84",
            "Glycémie à jeun 0,97 g/L 0,70 à 1,10",
            "CRP 3,1 mg/L < 5,0",
            "Cholestérol total 2,01 g/L  (1,50 - 2,00)",
            "TSH 2,11 mUI/L 0,27 - 4,20",
            "Potassium 4,2 mmol/L 3,5 - 5,1",
            "ASAT 22 UI/L < 35",
            "Valeurs de référence    Antériorités",
        ),
        prose=False,
    ),
    Kind(
        "60568-3",
        ("Compte rendu d'anatomie et de cytologie pathologiques", "EXAMEN ANATOMO-PATHOLOGIQUE", "Examen histologique"),
        ("Nature du prélèvement : biopsies coliques.", "Renseignements cliniques : nodule mammaire gauche."),
        (
            "Macroscopie : trois fragments mesurant de 2 à 4 mm, inclus en totalité.",
            "Microscopie : muqueuse colique d'architecture conservée.",
            "Immunohistochimie : récepteurs hormonaux positifs, Ki67 à 12 %.",
            "Carcinome canalaire infiltrant de grade II, exérèse en limites saines.",
            "Prélèvement fixé en formol, inclusion en paraffine.",
            "Conclusion : adénome tubuleux en dysplasie de bas grade.",
        ),
        prose=False,
    ),
    Kind(
        "34794-8",
        ("Réunion de concertation pluridisciplinaire", "Compte rendu de RCP", "RCP DIGESTIVE", "Fiche RCP"),
        (
            "Le dossier de {p} a été discuté en réunion de concertation pluridisciplinaire.",
            "Dossier présenté par le Dr {d}.",
        ),
        (
            "Participants : chirurgien, oncologue, radiologue, anatomopathologiste.",
            "Question posée : indication d'une chimiothérapie adjuvante ?",
            "Statut OMS : 1. Stade : T2N1M0.",
            "Proposition de la RCP : chimiothérapie par FOLFOX, six cures.",
            "Quorum atteint.",
        ),
        prose=False,
    ),
    Kind(
        "57833-6",
        ("Ordonnance", "ORDONNANCE", "Prescription médicale", "Ordonnance bizone"),
        ("",),
        (
            "PARACETAMOL 1 g : 1 comprimé matin, midi et soir pendant 5 jours",
            "AMOXICILLINE 1 g, 1 gélule matin et soir pendant 7 jours",
            "RAMIPRIL 5 mg 1 cp le matin, 3 mois",
            "METFORMINE 850 mg : 1 cp matin et soir au repas",
            "BISOPROLOL 2,5 mg 1-0-0 QSP 3 mois, non substituable",
            "LEVOTHYROX 75 µg un comprimé à jeun",
        ),
        prose=False,
    ),
    Kind(
        "89601-9",
        ("Certificat médical", "CERTIFICAT MEDICAL", "Certificat"),
        (
            "Je soussigné, docteur en médecine, certifie avoir examiné ce jour {p}.",
            "Je soussigné certifie que l'état de santé de {p} ne contre-indique pas la pratique du sport.",
        ),
        (
            "Certificat établi à la demande de l'intéressé et remis en main propre.",
            "Fait pour servir et valoir ce que de droit.",
        ),
        prose=False,
    ),
    Kind(
        "34749-2",
        ("Consultation pré-anesthésique", "CONSULTATION D'ANESTHESIE", "Compte rendu de consultation d'anesthésie"),
        ("Intervention prévue : arthroscopie du genou.", "{p} est vu en consultation pré-anesthésique."),
        (
            "ASA 2. Mallampati 1, ouverture de bouche normale.",
            "Antécédents anesthésiques : sans particularité.",
            "Technique anesthésique proposée : rachianesthésie.",
            "À jeun à partir de minuit. Score d'Apfel 2.",
            "Visite pré-anesthésique la veille de l'intervention.",
        ),
        prose=False,
    ),
    Kind(
        "70004-7",
        (
            "COLOSCOPIE",
            "Compte rendu de gastroscopie",
            "Holter ECG des 24 heures",
            "Explorations fonctionnelles respiratoires",
            "Électrocardiogramme",
            "ECHOCARDIOGRAPHIE TRANSTHORACIQUE",
            "EEG",
            "Polygraphie ventilatoire",
        ),
        ("Indication : rectorragies.", "Motif : palpitations.", "Indication : dyspnée d'effort."),
        (
            "Préparation de bonne qualité, score de Boston 8. Progression jusqu'au cæcum.",
            "Rythme sinusal permanent, 212 extrasystoles ventriculaires.",
            "VEMS 91 % de la théorique, rapport de Tiffeneau normal, DLCO conservée.",
            "Fraction d'éjection estimée à 62 %. Pas de valvulopathie.",
            "Biopsies réalisées dans l'antre et le fundus.",
            "Conclusion : examen normal.",
            "IAH à 31 par heure, désaturations répétées.",
        ),
        prose=False,
    ),
    Kind(
        "15507-7",
        ("Compte rendu de passage aux urgences", "PASSAGE AUX URGENCES", "CR urgences"),
        (
            "{p} s'est présenté aux urgences ce jour pour une chute.",
            "Votre patiente {p} a été admise aux urgences à 14 h 20, amenée par les pompiers.",
        ),
        (
            "Motif de recours : traumatisme de cheville.",
            "Radiographies sans fracture. Attelle et antalgiques.",
            "Retour à domicile avec conseils de surveillance.",
            "CCMU 2. Prise en charge en box de suture.",
        ),
    ),
    Kind(
        "15508-5",
        ("Compte rendu d'accouchement",),
        ("{p} a accouché le 4 mars d'un garçon de 3 240 g.",),
        (
            "Travail spontané à 39 SA + 4 jours, péridurale.",
            "Accouchement par voie basse, Apgar 10/10.",
            "Délivrance naturelle complète, périnée intact.",
            "Présentation céphalique, pas d'extraction instrumentale.",
        ),
        prose=False,
    ),
    Kind(
        "96349-6",
        ("Lettre d'adressage", "Demande d'avis", "Demande d'avis spécialisé", "Demande de consultation"),
        (
            "Je vous adresse {p} pour un avis sur des lombalgies rebelles.",
            "Je me permets de vous adresser {p}, 62 ans, pour prise en charge.",
            "Merci de recevoir {p} pour un nodule thyroïdien.",
            "Je te confie {p} pour bilan d'une anémie.",
            "Je sollicite votre avis concernant {p}.",
        ),
        (
            "Merci de votre avis et de ce que vous ferez.",
            "L'examen est normal ce jour en dehors d'une hépatomégalie.",
            "Je vous remercie par avance de votre aide.",
        ),
    ),
    Kind(
        "51969-4",
        ("Compte rendu de génétique moléculaire", "ANALYSE GENETIQUE", "Caryotype"),
        ("Motif de l'analyse : antécédents familiaux de cancer du sein.",),
        (
            "Séquençage NGS d'un panel de 13 gènes, dont BRCA1 et BRCA2.",
            "Variant pathogène identifié à l'état hétérozygote dans l'exon 11.",
            "Un conseil génétique est recommandé aux apparentés.",
        ),
        prose=False,
    ),
    Kind(
        "87273-9",
        ("Note de vaccination", "Certificat de vaccination", "Attestation de vaccination"),
        ("{p} a reçu ce jour le vaccin antitétanique.", "J'ai vacciné ce jour {p} contre la grippe."),
        ("Lot : AB1234. Site d'injection : deltoïde gauche.", "Prochain rappel dans vingt ans."),
        prose=False,
    ),
    Kind(
        "47420-5",
        ("Bilan kinésithérapique", "Bilan diagnostic kinésithérapique", "Bilan orthophonique", "Bilan orthoptique"),
        ("J'ai pris en charge {p} pour une rééducation d'épaule.", "Bilan réalisé à la demande du Dr Roussel."),
        (
            "Bilan articulaire : flexion 120°, abduction 90°.",
            "Bilan musculaire : testing à 4/5. Bilan de la douleur : EVA 3.",
            "Diagnostic kinésithérapique : raideur de l'épaule droite.",
            "Objectifs : récupération des amplitudes, plan de traitement de quinze séances.",
        ),
    ),
    Kind(
        "PRESC-KINE",
        ("Ordonnance de kinésithérapie", "Prescription de kinésithérapie"),
        ("Faire pratiquer par un kinésithérapeute quinze séances de rééducation du genou droit.",),
        ("Massages, physiothérapie, renforcement du quadriceps.",),
        prose=False,
    ),
    Kind(
        "PRESC-BIO",
        ("Ordonnance de biologie", "Prescription d'examens biologiques"),
        ("Faire pratiquer par un laboratoire : NFS, plaquettes, CRP, ionogramme sanguin, créatinine.",),
        ("Prélèvement à jeun. TSH, ferritine.",),
        prose=False,
    ),
    Kind(
        "78513-9",
        ("Consultation d'ophtalmologie", "Bilan ophtalmologique", "Examen du fond d'œil"),
        ("J'ai examiné {p} pour le dépistage d'une rétinopathie.", "Je revois {p} pour son glaucome."),
        (
            "Acuité visuelle corrigée 10/10 P2 aux deux yeux.",
            "Lampe à fente : cristallins clairs. Tonus oculaire 14 et 15 mmHg.",
            "Fond d'œil : pas de rétinopathie. Champ visuel stable.",
        ),
    ),
    Kind(
        "59283-2",
        ("Examen de suivi de l'enfant", "Examen du 9e mois", "Examen de l'enfant"),
        ("J'ai vu {p} pour la visite obligatoire.",),
        (
            "Périmètre crânien 46 cm, courbe de croissance régulière.",
            "Développement psychomoteur normal, tient assis seul.",
            "Vaccinations à jour. Diversification alimentaire bien menée.",
        ),
    ),
    Kind(
        "85208-7",
        ("Compte rendu de téléconsultation", "Téléconsultation"),
        ("J'ai vu {p} en téléconsultation ce jour.", "{p} a été vu par visioconsultation."),
        ("L'interrogatoire retrouve une toux sans fièvre.", "Pas de signe de gravité, surveillance simple."),
    ),
)


@dataclass(frozen=True)
class Letter:
    """A letter and what it truly is. ``signer`` is (given, family); ``titled``: its title names its type."""

    text: str
    code: str
    signer: tuple[str, str]
    addressee: tuple[str, str]
    day: str
    titled: bool


def letter(seed: int, *, titled: float = 0.5) -> Letter:
    """One letter; the same for the same seed. ``titled``: how often a title names the type."""
    dice = random.Random(seed)
    kind = dice.choice(KINDS)
    signer, other = (dice.choice(FIRST), dice.choice(LAST)), (dice.choice(FIRST), dice.choice(LAST))
    while set(other) & set(signer):
        other = (dice.choice(FIRST), dice.choice(LAST))
    year, month, date = 2026, dice.randint(1, 6), dice.randint(1, 28)
    named = dice.random() < titled
    town = dice.choice(TOWNS)
    patient = dice.choice(PATIENTS)
    parts = [
        *_letterhead(dice, signer, town),
        *_addressee(dice, other),
        *((f"{town}, le {date:02}/{month:02}/{year}",) if dice.random() < 0.6 else ()),
        f"{patient}, née le 12/04/1957"
        if "M" in patient[:2] and "e" in patient[:3]
        else f"{patient}, né le 02/11/1949",
        *((dice.choice(kind.titles),) if named else ()),
        *_body(dice, kind, patient, signer),
        *_signature(dice, kind, signer, other),
    ]
    return Letter("\n".join(parts), kind.code, signer, other, f"{year}{month:02}{date:02}", named)


def _letterhead(dice: random.Random, signer: tuple[str, str], town: str) -> list[str]:
    if dice.random() < 0.25:  # an image
        return []
    name = f"{dice.choice(('Dr', 'Docteur'))} {signer[0]} {dice.choice((signer[1], signer[1].upper()))}"
    lines = [
        name,
        dice.choice(SPECIALTIES),
        f"{dice.randint(1, 90)} rue du Moulin",
        f"37{dice.randint(100, 999)} {town}",
    ]
    if dice.random() < 0.3:
        lines.insert(0, "Clinique du Val - Consultations externes")
    if dice.random() < 0.2:
        lines += ["IRM - Scanner - Échographie sur rendez-vous"]
    return lines


def _addressee(dice: random.Random, other: tuple[str, str]) -> list[str]:
    if dice.random() < 0.4:
        return []
    return [f"Docteur {other[0]} {other[1].upper()}", "3 place de la Mairie", "37200 Bellefond"]


def _body(dice: random.Random, kind: Kind, patient: str, signer: tuple[str, str]) -> list[str]:
    chosen = dice.sample(kind.lines, k=min(len(kind.lines), dice.randint(2, 6)))
    if kind.prose:
        chosen += dice.sample(FILLERS, k=dice.randint(0, 2)) + dice.sample(MENTIONS, k=dice.randint(0, 2))
    else:
        chosen.sort(key=kind.lines.index)
        chosen += dice.sample(FILLERS, k=dice.randint(0, 1)) if kind.code != "57833-6" else []
    opening = dice.choice(kind.openings)
    greeting = [dice.choice(GREETINGS)] if kind.prose and dice.random() < 0.8 else []
    body = [line.format(p=patient, d=signer[1]) for line in (opening, *chosen) if line]
    return [*greeting, *body]


def _signature(dice: random.Random, kind: Kind, signer: tuple[str, str], other: tuple[str, str]) -> list[str]:
    given, family = signer
    forms = (
        f"Dr {given} {family}",
        f"Docteur {given} {family.upper()}",
        f"Dr {given[0]}. {family.upper()}",
        f"Pr {family.upper()} {given}",
        f"Signé électroniquement par Dr {given} {family}",
        f"Validé par le Dr {given} {family}",
        f"Dr {family.upper()}",
    )
    lines = [dice.choice(FORMULAS)] if kind.prose or dice.random() < 0.3 else []
    lines.append(dice.choice(forms))
    if dice.random() < 0.25:
        lines.append(f"Copie à : Dr {other[0]} {other[1]}")
    if dice.random() < 0.15:
        lines.append("Secrétariat : 02 47 00 00 00 - Page 1/1")
    return lines
