"""The wordings of French medical letters that say of whom one speaks; all on folded text (page.py)."""

from __future__ import annotations

import re
from typing import Final

_W: Final = r"(?<![A-Z0-9])"  # a word begins
_E: Final = r"(?![A-Z0-9])"  # a word ends

#: Kinship, guardianship and such: the person is somebody about the patient.
_KIN: Final = (
    r"(?:(?:ARRIERE|GRANDE?|BEAUX?|BELLE|PETITE?|DEMI)S?[- ]?)?(?:MERE|PERE|PARENTE?|FILS|FILLE|FILLETTE|"
    r"FRERE|SOEUR|SŒUR|"
    r"ENFANTS)S?|MAMAN|PAPA|JUMEAUX?|JUMELLES?|CONJOINTE?|EPOUX|MARI|COMPAGNE|COMPAGNON|CONCUBINE?|PARTENAIRE|ONCLE|"
    r"TANTE|COUSINE?|NEVEU|NIECE|GENDRE|BRU|PARRAIN|MARRAINE|TUTEUR|TUTRICE|CURATEUR|CURATRICE|MANDATAIRE|"
    r"PERSONNES? (?:DE CONFIANCE|A PREVENIR|A CONTACTER|RESSOURCE|RESPONSABLE)|REPRESENTANTE?S?(?: LEGA(?:L|LE|UX))?|"
    r"REPRESENTE PAR|REPRESENTEE PAR|RESPONSABLE LEGALE?|AIDANTE?|ACCOMPAGNANTE?|ACCOMPAGNEE? (?:PAR|DE|D')|"
    r"ACCOMPAGNEMENT|ASSUREE?(?: SOCIALE?| PRINCIPALE?)?|AYANT[- ]DROIT|OUVRANT[- ]DROIT|BENEFICIAIRE|"
    r"VOISINE?|NOURRICE|"
    r"ASSISTANTE MATERNELLE|DONNEUR|DONNEUSE|RECEVEUR|RECEVEUSE|CAS INDEX|CAS CONTACT|HOMONYME|FAMILLE|ENTOURAGE|"
    r"SA FEMME|FEMME DE|EPOUSE (?:DE|DU|DE LA)|EPOUSE D'|(?:SON|L'|L' |NOTRE|VOTRE) ?EPOUSE|EPOUSE ?[:,]|"
    r"EPOUSE (?:MME|MADAME)|"
    r"(?:SON|SA|UNE?|LEUR) AMIE?|NOUVEAU[- ]NEE? (?:DE|D')|BEBE (?:DE|D')|NOURRISSON (?:DE|D')|ENFANT (?:DE|D')|"
    r"(?:GARCON|BB|NN) (?:DE|D')|"
    r"(?:SON|SES|LEURS?|NOTRE|VOTRE) ENFANTS?|FAMILIA(?:L|LE|LES|UX)|TITULAIRE|ADHERENTE?|SOUSCRIPTEUR|SOUSCRIPTRICE|"
    r"DEBITEUR|PAYEUR|DECLARANTE?|GARANTE?|TEMOIN|AGRESSEUR|PROPOSITUS|APPARENTEE?|FIANCEE?|INTERPRETE|"
    r"CONTACTS?(?= ?:)|"
    r"VIT AVEC|EN COUPLE AVEC|(?:MARIE|PACSE|UNI)E? (?:A|AVEC)|(?:VEUVE?|DIVORCEE?|SEPAREE?) (?:DE|D'AVEC)|"
    r"(?:NE|NEE|ISSUE?) DE(?! LA (?!RELATION|UNION|MERE|PATIENTE|GROSSESSE|FIV|PREMIERE|DEUXIEME|SECONDE))|"
    r"CO[- ]?DETENUE?|COLLEGUE|EMPLOYEUR|AUTRE PATIENTE?"
)
RELATIVE: Final = re.compile(f"{_W}(?:{_KIN}){_E}|{_W}(?:ACCOMPAGNEE? D'|EPOUSE D'|NEE? D')")

#: The same word just after a person: "Mme X, sa mère", "M. X (père de la patiente)"; not "mère de trois enfants".
APPOSED: Final = re.compile(
    r"[\s,;(\-:]*(?:(?:EST|ETAIT|QUI EST|C'EST|C'ETAIT) )?"
    rf"(?:(?:SA|SON|LA|LE|LEUR|UNE?|VOTRE|NOTRE) |L')?(?:{_KIN}){_E}"
    r"(?! DE (?:FAMILLE|[0-9]|UN|DEUX|TROIS|QUATRE|CINQ|SIX|PLUSIEURS)| UNIQUE)"
)

PROFESSION: Final = re.compile(
    r"[\s,(\-]*(?:(?:VOTRE|NOTRE|SON|SA|LE|LA|UNE?) )?(?:INFIRMI|KINE|MASSEU|SAGE[- ]FEMME|MEDECIN|PHARMACIEN|DIETETIC|"
    r"PSYCHO|ORTHOPH|ORTHOPT|ERGOTHER|PODOLOG|PEDICURE|OSTEOPATH|CHIRURG|CARDIOLOG|RADIOLOG|BIOLOG|SECRETAIRE|INTERNE|"
    r"ASSISTANT|AUXILIAIRE|CADRE|AIDE[- ]SOIGN|DIRECT|NEUROLOG|GENERALISTE|DENTISTE|AUDIOPROTH|MANIPULAT|PSYCHIATR)"
)

#: Heads of a person in prose. Group 1 is the civility.
HEAD: Final = re.compile(
    rf"{_W}(MONSIEUR|MADAME|MADEMOISELLE|MME|MLLE|MELLE|MR|M|L'ENFANT|ENFANT|BEBE|NOURRISSON|PATIENTE?|DOCTEURE?|DR|"
    rf"PROFESSEURE?|PR|MAITRE|CONFRERE|CONSOEUR|CONSŒUR)(?:\.|{_E})"
)
#: What stands before the second civility of a form that leaves both: "M./Mme", "Madame ou Monsieur".
BOTH: Final = re.compile(rf"{_W}(?:MONSIEUR|MADAME|MME|MLLE|MR|M)\.? ?(?:/|OU|-) ?$")
PROFESSIONAL: Final = re.compile(r"DOCTEURE?|DR|PROFESSEURE?|PR|MAITRE|CONFRERE|CONSOEUR|CONSŒUR")
TITLED: Final = re.compile(
    r"[ .]*(?:LE |LA |L')?(?:DOCTEURE?|DR|PROFESSEURE?|PR|MEDECIN|DIRECTEUR|DIRECTRICE|MAITRE)(?![A-Z])"
)
SEX: Final = {
    "MONSIEUR": "M",
    "MR": "M",
    "M": "M",
    "MADAME": "F",
    "MADEMOISELLE": "F",
    "MME": "F",
    "MLLE": "F",
    "MELLE": "F",
}

#: Lines that name the patient; the name follows the mark, or stands on the next line.
PATIENT_LINE: Final = re.compile(
    r"(?m)^[ \-*•]*(?:(?:DOSSIER|IDENTITE|NOM|REF(?:ERENCE)?S?\.?|COORDONNEES|ETIQUETTE) (?:DU |DE LA |"
    r"DE LA/DU |DU/DE LA )?)?"
    r"(?:PATIENTE?(?:\(E\)|/E|\.E|·E)?(?: CONCERNEE?| EXAMINEE?)?|CONCERNE|CONCERNANT|OBJET|RE|REF|RÉF|"
    r"A PROPOS DE|AU SUJET DE|DOSSIER|"
    r"IDENTITE|NOM ?(?:,|/|-|ET|&|) ?PRENOMS?(?:\(S\))?|PRENOMS?(?:\(S\))? ?(?:,|/|-|ET|&|) ?NOM|"
    r"NOM COMPLET|CONSULTANTE?|SUJET|"
    r"PERSONNE (?:EXAMINEE|SOIGNEE|CONCERNEE)|USAGERE?|RESIDENTE?)(?: DU PATIENT| DE LA PATIENTE)? ?(?::|(?=\n))"
)

LOOSE_LINE: Final = re.compile(
    r"[ \-*•]*(?:OBJET|RE|REF|RÉF|SUJET|CONCERNE|CONCERNANT|A PROPOS DE|AU SUJET DE|DOSSIER) ?:"
)

#: Words that announce the patient just before his name.
ANNOUNCED: Final = re.compile(
    r"(?:ADRESSEE?R?|CONFIEE?R?|RECEVOIR|RECU|RECUE|REVUE?|VUE?|VOIR|VOIS|REVOIS|REVOIR|REÇOIS|RECOIS|"
    r"EXAMINEE?R?|EXAMINE|"
    r"CONCERNANT|CONCERNE|SUJET DE|PROPOS DE|DOSSIER(?: MEDICAL)? DE|DOSSIER D'|SUIVI DE|SUIVIE?|"
    r"PATIENTE?(?: DE [0-9]+ ANS)?|"
    r"HOSPITALISEE?|HOSPITALISATION DE|ACCUEILLI|PRESENTE|NOUVELLES DE|CONSULTATION DE|EXAMEN DE|BILAN DE|"
    r"POUR|PRIS EN CHARGE|"
    r"PRISE EN CHARGE DE|CERTIFIE AVOIR EXAMINE|JE SOUSSIGNE .{0,60} EXAMINE|SITUATION DE|CAS DE|RESULTATS DE)"
    r"(?: EN (?:CONSULTATION|URGENCE|HOSPITALISATION|VISITE))?(?: CE JOUR| AUJOURD'HUI| LE [0-9/.]{6,10})?"
    r"(?: VOTRE PATIENTE?| LE PATIENT| LA PATIENTE| LE JEUNE| LA JEUNE| L'ENFANT)?[ ,:]*$"
)

#: A line that opens a list of copies.
COPY_LINE: Final = re.compile(
    r"(?m)^[ \-*•]*(?:C\.?C\.?I?|COPIES?|DOUBLES?|AMPLIATIONS?|DESTINATAIRES? EN COPIE|EN COPIE)(?: A|"
    r" POUR| AU| AUX)? ?(?::|DR|MME|M\.|MR|$)"
)

#: Headings of a block that is another person's. The first always, the second only when the fields follow at once.
KIN_HEADING: Final = re.compile(
    rf"[ \-*•]*(?:(?:IDENTITE|NOM|COORDONNEES) (?:DE |DU |DE LA |DE L'|DES ))?(?:L')?(?:{_KIN}){_E}(?! NEE? LE)"
)
_PROFESSIONALS: Final = (
    r"(?:MEDECIN|PRESCRIPTEUR|PRESCRIPTRICE|DEMANDEUR|DESTINATAIRE|EXPEDITEUR|CORRESPONDANT|"
    r"PRATICIEN|PROFESSIONNEL|"
    r"AUTEUR|SIGNATAIRE|REDACTEUR|OPERATEUR|INTERVENANT|VALIDE PAR|ADRESSE PAR|ADRESSEUR|BIOLOGISTE|"
    r"RADIOLOGUE|SECRETAIRE|"
    r"CHIRURGIEN|ANESTHESISTE|INFIRMIER|PHARMACIEN|CONTACT)[A-Z ]{0,30}"
)
PROFESSIONAL_HEADING: Final = re.compile(rf"[ \-*•]*{_PROFESSIONALS}:? *$")
PROFESSIONAL_LABEL: Final = re.compile(rf"(?<![A-Z]){_PROFESSIONALS} ?: *$")
PATIENT_HEADING: Final = re.compile(
    r"[ \-*•]*(?:(?:IDENTITE|INFORMATIONS?|RENSEIGNEMENTS?|DONNEES|COORDONNEES|ETAT CIVIL|IDENTIFICATION)[A-Z' ]{0,30}"
    r"(?:PATIENTE?(?:\(E\))?)?|PATIENTE?(?:\(E\))?|ETAT[- ]CIVIL) *:? *$"
)

BORN: Final = re.compile(
    r"(?P<born>NEE?|NE\(E\)|NE ?\( ?E ?\)|NE\.E|NE·E|NE/NEE|NE/E|NE-E) ?(?:LE|EN|DEPUIS LE)? ?:? ?(?:LE )?(?=[0-9A-Z])"
)
DATED: Final = re.compile(
    r"(?:DDN|D\.D\.N\.?|DN|DATE DE NAISSANCE|DATE DE NAISS\.?|DATE NAISSANCE|NAISSANCE) ?:? ?(?:LE |EN )?(?=[0-9A-Z])"
)
MAIDEN: Final = re.compile(
    r"(?:NEE?|NOM DE NAISSANCE|NOM DE JEUNE FILLE|NOM DE FAMILLE|N\.) ?:? (?!(?:LE|EN|AU|A) ?[0-9])(?=[A-Z])"
)
MARRIED: Final = re.compile(
    r"(?:EPOUSE|EPSE|EP\.?|VEUVE|VVE|DIVORCEE|NOM D'USAGE|NOM UTILISE|NOM MARITAL|USAGE) ?:? (?!DE |DU |D')(?=[A-Z])"
)
SEXED: Final = re.compile(
    r"\( ?(?P<in>FEMININ|MASCULIN|F|M|H|HOMME|FEMME) ?\)|SEXE ?:? ?(?P<out>FEMININ|MASCULIN|FEMME|HOMME|F|M|H)(?![A-Z])"
)
LETTER_SEX: Final = re.compile(r"(?P<in>[FMH])(?= *(?:[\-,/|;)]|$|\n))")
WIDOW: Final = re.compile(r" (?:VEUVE|VVE) ")
BORN_AT: Final = re.compile(r"(?P<born>NEE?|NE\(E\)) A [A-Z' \-]{2,40}(?:\([0-9AB]{2,5}\) )?,? ?LE (?=[0-9])")
#: What may stand between a name and a birth date.
AGED: Final = re.compile(
    r"(?:PATIENTE? )?(?:AGEE?(?:\(E\))? DE )?[0-9]{1,3} (?:ANS|MOIS|JOURS|SEMAINES)(?![A-Z])|"
    r"(?:IPP|NIP|N° ?DOSSIER|DOSSIER) ?:? ?[0-9]+|DE NATIONALITE [A-Z]+|TEL(?:\.|EPHONE)? ?:? ?[0-9 .]{8,16}|"
    r"(?:DEMEURANT|DOMICILIEE?|HABITANT) [^,;\n]{3,80}(?=,)"
)
JOINT: Final = re.compile(r" {0,3}[,;:(\-)\[\]/]{0,2} {0,2}\n?[ \-(,]{0,3}")
