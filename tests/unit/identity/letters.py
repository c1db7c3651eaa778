"""Letters with the patient who may be filed, or the reasons of which one must hold them. Fictitious throughout."""

# ruff: noqa: E501 - a letter stands on one line

from __future__ import annotations

JEAN_INS = "1 56 03 37 261 123"

#: (name, letter, IPP)
FILED: tuple[tuple[str, str, str], ...] = (
    (
        "civility, given, family, prose",
        "Merci de m'avoir adressé Monsieur Jean MARTIN, né le 12 mars 1956, pour avis.",
        "JEAN",
    ),
    ("civility, family, given", "Objet : M. MARTIN Jean, né le 12/03/1956\n\nCher confrère,", "JEAN"),
    ("date with dots", "Re : Mr MARTIN Jean (12.03.1956)", "JEAN"),
    ("date with hyphens", "Patient : MARTIN Jean né le 12-03-1956", "JEAN"),
    ("date with the first of the month", "Concerne : Mme Claire MARTIN née DUPONT, née le 1er juillet 1958", "CLAIRE"),
    ("two digits of the year", "Patient : MARTIN Jean (M) - 12.03.56", "JEAN"),
    ("newborn with two digits", "Patient : PETIT Adam (M) - 01.03.26", "NEWBORN"),
    ("birth and used names in brackets", "Madame MARTIN (née DUPONT) Claire\nnée le 01/07/1958", "CLAIRE"),
    ("used name alone", "Je vois ce jour Mme Claire MARTIN, née le 01/07/1958.", "CLAIRE"),
    ("birth name then spouse", "Mme DUPONT épouse MARTIN Claire, née le 01/07/1958", "CLAIRE"),
    ("given after the birth name", "Concerne : Mme MARTIN Claire née DUPONT le 01/07/1958", "CLAIRE"),
    ("birth name alone", "Mme Claire DUPONT, née le 1 juillet 1958, se plaint de lombalgies.", "CLAIRE"),
    ("all capitals", "MADAME LE GOFF MARIE CLAIRE NEE LE 31/12/1970\nCONSULTATION DU 02/02/2026", "MARIE-CLAIRE"),
    ("all capitals with hyphen", "CONCERNE : MME LE GOFF MARIE-CLAIRE NEE LE 31/12/1970", "MARIE-CLAIRE"),
    ("particle in capitals", "Madame Jacqueline DE LA BRETÈCHE\nnée le 30/01/1940", "JACQUELINE"),
    ("particle in small letters", "Mme Jacqueline de la BRETÈCHE, née le 30 janvier 1940", "JACQUELINE"),
    ("family name in title case", "Mme Jacqueline de La Bretèche, née le 30 janvier 1940", "JACQUELINE"),
    ("elision", "Mme Anne D’ARGENT née le 28.02.1949", "ANNE"),
    ("elision in small letters", "Mme Anne d'ARGENT, née le 28/02/1949", "ANNE"),
    ("Arabic name", "M. BEN ALI Karim, né le 9 août 1985", "KARIM"),
    ("ligature written in full", "M. Blaise LECOEUR, né le 1er octobre 1933", "BLAISE"),
    ("ligature", "M. Blaise LECŒUR, né le 1er octobre 1933", "BLAISE"),
    ("composed names", "Monsieur Jean-Marc SAINT-JUST--MOREL, né le 9 novembre 1977", "COMPOSED"),
    (
        "composed names without hyphens",
        "Patient : SAINT JUST MOREL Jean Marc - né le 09/11/1977 - Sexe : M",
        "COMPOSED",
    ),
    ("child", "J'ai examiné l'enfant Léa MARTIN, née le 15 novembre 2015.", "LEA"),
    ("fields on one line", "Nom : MARTIN Prénom : Jean Date de naissance : 12/03/1956 Sexe : M", "JEAN"),
    ("fields with bars", "Nom : MARTIN | Prénom : Jean | Né(e) le : 12/03/1956 | Sexe : Masculin", "JEAN"),
    (
        "fields on lines",
        "IDENTITÉ DU PATIENT\nNom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M",
        "JEAN",
    ),
    ("labels and values on different lines", "Nom\nMARTIN\nPrénom\nJean\nNé(e) le\n12-03-1956\nSexe\nMasculin", "JEAN"),
    ("labels first, values then", "Nom\nPrénom\nDate de naissance\nSexe\nMARTIN\nJean\n12/03/1956\nM", "JEAN"),
    ("a row of a table", "Nom Prénom Date de naissance Sexe\nMARTIN Jean 12/03/1956 M", "JEAN"),
    (
        "used and birth names in fields",
        "Nom d'usage : MARTIN\nNom de naissance : DUPONT\nPrénom : Claire\nNée le : 01/07/1958\nSexe : F",
        "CLAIRE",
    ),
    ("whole name in one field", "Nom et prénom : MARTIN Jean\nDate de naissance : 12/03/1956\nSexe : Homme", "JEAN"),
    ("civility in a field", "Civilité : Monsieur\nNom : MARTIN\nPrénom : Jean\nDDN : 12/03/1956", "JEAN"),
    (
        "label without a colon",
        "Nom de naissance MARTIN\nPremier prénom Jean\nDate de naissance 12/03/1956\nSexe M",
        "JEAN",
    ),
    (
        "patient line then fields",
        "Patient : MARTIN Jean\nNé le : 12/03/1956\nSexe : M\nMédecin : Dr Paul DURAND",
        "JEAN",
    ),
    ("patient without civility in prose", "Le patient Jean MARTIN, né le 12/03/1956, consulte ce jour.", "JEAN"),
    ("date on the next line", "Madame Claire MARTIN\nnée DUPONT\nle 01/07/1958\nnée le 01/07/1958", "CLAIRE"),
    ("address between", "Monsieur Jean MARTIN\n12 rue des Lilas\n37000 Tours\nNé le 12/03/1956\n\nORDONNANCE", "JEAN"),
    (
        "page header",
        "MARTIN Jean né le 12/03/1956 - page 1/2\nDr Paul DURAND\nCardiologie\n\nCher confrère,\nÉvolution simple.",
        "JEAN",
    ),
    ("without civility, with birth name", "MARTIN Claire née DUPONT - née le 01/07/1958 - page 1", "CLAIRE"),
    ("age between", "Je reçois Monsieur Jean MARTIN, âgé de 70 ans, né le 12/03/1956, pour une toux.", "JEAN"),
    ("DDN", "Objet : bilan du 02/02/2026 - Mr MARTIN Jean, DDN 12/03/1956", "JEAN"),
    ("no-break blanks", "Patient : MARTIN Jean\nNé le : 12/03/1956\nSexe : M", "JEAN"),
    ("decomposed accents", "Mme Jacqueline DE LA BRETE\u0300CHE, ne\u0301e le 30/01/1940", "JACQUELINE"),
    ("ISO date", "Nom : MARTIN\nPrénom : Jean\nDate de naissance : 1956-03-12\nSexe : M", "JEAN"),
    ("abbreviated month", "M. Jean MARTIN, né le 12 déc. 1956\nPatient : M. Jean MARTIN", ""),
    (
        "his mother beside",
        "Patient : MARTIN Léa (F) - 15.11.2015\nAccompagnée par sa mère, Mme Claire MARTIN, née le 01/07/1958.",
        "LEA",
    ),
    (
        "his father in the line above",
        "Concerne : l'enfant Léo MARTIN, né le 15/11/2015\nPère :\nM. Jean MARTIN, né le 12/03/1956",
        "LEO",
    ),
    (
        "his spouse",
        "Monsieur Jean MARTIN\nné le 12/03/1956\nSon épouse, Mme Claire MARTIN (01/07/1958), est suivie ici.",
        "JEAN",
    ),
    (
        "trusted person in fields",
        "Nom : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\nPersonne à prévenir\nNom : MARTIN\nPrénom : Claire\nNée le : 01/07/1958",
        "JEAN",
    ),
    (
        "dated copy and signatory",
        "Concerne : M. Karim BEN ALI, né le 09/08/1985\nConsultation du 02/02/2026.\nDr Paul DURAND\nCopie à : Mme Claire MARTIN (infirmière) ; Dr Jean MARTIN",
        "KARIM",
    ),
    (
        "other dates",
        "Diplômé le 12/06/1994\nDicté le 28/08/2026\nRe : M. Karim BEN ALI, né le 09.08.1985\nOpéré le 12/03/1956 d'une hernie.\nProchain rendez-vous le 12/01/2027",
        "KARIM",
    ),
    (
        "social-security number of a parent",
        "Patient : MARTIN Léa (F) - née le 15/11/2015\nN° de sécurité sociale de l'assuré : 2 58 07 37 261 124 12",
        "LEA",
    ),
    (
        "doctor with a civility and title",
        "Monsieur le Docteur Paul DURAND\nné pour soigner\nConcerne : M. Jean MARTIN né le 12/03/1956",
        "JEAN",
    ),
    (
        "broken line in prose",
        "Merci de m'avoir adressé en consultation de cardiologie Monsieur Jean\nMARTIN, né le 12 mars 1956, pour palpitations.",
        "JEAN",
    ),
    (
        "woman with three children",
        "J'ai vu Mme Claire MARTIN, née le 01/07/1958, mère de trois enfants, sans antécédent.",
        "CLAIRE",
    ),
    (
        "INS with OID",
        f"Nom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\nMatricule INS\n{JEAN_INS} {{key}}\nOID\n1.2.250.1.213.1.4.8",
        "JEAN",
    ),
    (
        "INS with NIR",
        f"Nom de naissance : MARTIN\nPremier prénom : Jean\nNé le : 12/03/1956\nSexe : M\nINS : {JEAN_INS} {{key}} (NIR)",
        "JEAN",
    ),
    (
        "INS without authority, agreeing",
        f"Patient : MARTIN Jean né le 12/03/1956 - Sexe : M - INS {JEAN_INS} {{key}}",
        "JEAN",
    ),
    ("Vietnamese name", "Mme PHAM Thi Hoa, née le 2 février 1968", "PHAM"),
    (
        "weekday-free certificate",
        "Je soussigné, Dr Paul DURAND, certifie avoir examiné ce jour\nM. Karim BEN ALI\nné le 09/08/1985",
        "KARIM",
    ),
    ("both homonyms, date decides", "Patient : M. Jean MARTIN, né le 12 mars 1986", "YOUNG-JEAN"),
)

#: (name, letter, reasons of which one must be given)
HELD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "nobody",
        "Cher Confrère,\nVoir le courrier du mois dernier, rien de nouveau.\nDr Paul DURAND",
        ("identity-missing",),
    ),
    (
        "doctor only",
        "Dr Paul DURAND\nné le 05/05/1960\nCher ami, rien de nouveau.",
        ("identity-missing", "identity-incomplete"),
    ),
    ("no date", "Concerne : M. Jean MARTIN\nTout va bien.", ("identity-incomplete",)),
    ("year only", "Re : M. MARTIN Jean, né en 1956", ("identity-incomplete",)),
    ("month and year", "Re : M. MARTIN Jean, né en mars 1956", ("identity-incomplete",)),
    ("impossible day", "Re : M. MARTIN Jean, né le 31/02/1956", ("identity-incomplete",)),
    ("impossible month", "Re : M. MARTIN Jean, né le 12/13/1956", ("identity-incomplete",)),
    ("no sex", "Dossier de Jean MARTIN, né(e) le 12 mars 1956.", ("identity-incomplete",)),
    (
        "template with both sexes",
        "Nom : MARTIN\nPrénom : Jean\nNé(e) le : 12/03/1956\nSexe : M / F",
        ("identity-incomplete",),
    ),
    ("family name only", "Concerne : M. MARTIN, né le 12/03/1956", ("identity-incomplete",)),
    ("sexes that disagree", "Madame Claire MARTIN, né le 01/07/1958", ("identity-incomplete",)),
    ("typing error in the name", "M. Jean MARTTN, né le 12/03/1956", ("identity-doubtful",)),
    ("typing error in the given name", "M. Jena MARTIN, né le 12/03/1956", ("identity-doubtful",)),
    ("typing error in the date", "M. Jean MARTIN, né le 13/03/1956", ("identity-doubtful",)),
    ("letters read as figures", "Re : M. MART1N Jean, né le l2/O3/l956", ("identity-incomplete", "identity-doubtful")),
    (
        "names in each other's place, labelled",
        "Nom : JEAN\nPrénom : Martin\nNé le : 12/03/1956\nSexe : M",
        ("identity-doubtful",),
    ),
    ("order not told between two men", "MONSIEUR MARTIN THOMAS NE LE 20/08/1952", ("identity-ambiguous",)),
    ("other birth name", "Mme Claire MARTIN née DURIEUX, née le 01/07/1958", ("patient-unknown", "identity-doubtful")),
    ("other used name", "Mme Claire LEROY née DUPONT, née le 01/07/1958", ("patient-unknown", "identity-doubtful")),
    ("unknown", "M. Odilon TREMBLAY, né le 04/04/1944", ("patient-unknown",)),
    ("second given name", "M. Paul MARTIN, né le 12/03/1956", ("patient-unknown", "identity-doubtful")),
    ("half of a composed name", "Mme Marie LE GOFF, née le 31/12/1970", ("patient-unknown", "identity-doubtful")),
    (
        "composed name of which we know half",
        "M. Karim-Ali BEN ALI, né le 09/08/1985",
        ("patient-unknown", "identity-doubtful"),
    ),
    ("other sex", "Mme Jean MARTIN, née le 12/03/1956", ("patient-unknown", "identity-doubtful")),
    ("twin by given name", "Mlle Anaïla ROUX, née le 04/04/2003", ("patient-unknown", "identity-doubtful")),
    (
        "two patients announced",
        "Concerne : M. Jean MARTIN, né le 12/03/1956\nConcerne : Mme Claire MARTIN, née le 01/07/1958",
        ("several-patients",),
    ),
    (
        "two letters in one",
        "Objet : M. Karim BEN ALI, né le 09/08/1985\nTexte.\n\fObjet : Mme Anne D'ARGENT, née le 28/02/1949",
        ("several-patients",),
    ),
    (
        "twins together",
        "Je vois ce jour Léa MARTIN née le 15/11/2015 et Léo MARTIN né le 15/11/2015.",
        ("several-patients",),
    ),
    (
        "two blocks of fields",
        "Nom : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\nNom : BEN ALI\nPrénom : Karim\nNé le : 09/08/1985\nSexe : M",
        ("several-patients",),
    ),
    (
        "mother dated, child not",
        "Concerne : l'enfant Léa MARTIN\nElle vient avec sa mère, Mme Claire MARTIN, née le 01/07/1958.",
        ("identity-incomplete",),
    ),
    (
        "only the mother is named",
        "La mère de l'enfant, Mme Claire MARTIN, née le 01/07/1958, est inquiète.",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "mother named after",
        "Mme Claire MARTIN, née le 01/07/1958, mère de la patiente, est inquiète.",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "mother apposed",
        "Mme Claire MARTIN (mère), née le 01/07/1958, a téléphoné.",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "mother on a line above",
        "Patient : enfant MARTIN\nAccompagnant :\nMme Claire MARTIN\nnée le 01/07/1958",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "his son",
        "Je vois M. MARTIN. Son fils Léo MARTIN, né le 15/11/2015, va bien.",
        ("identity-missing", "identity-incomplete"),
    ),
    ("newborn of", "Nouveau-né de Mme Claire MARTIN, née le 01/07/1958", ("identity-missing", "identity-incomplete")),
    (
        "baby of, without a given name",
        "Bébé de Mme MARTIN Claire née le 01/07/1958, pesée ce jour.",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "organ donor",
        "Patient : M. DUPUIS\nDonneur : M. Jean MARTIN, né le 12/03/1956",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "insured person in fields",
        "Assuré\nNom : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "mother's fields under the child's name",
        "Patient : MARTIN Léa\nMère : MARTIN Claire\nDate de naissance : 01/07/1958\nSexe : F",
        ("identity-incomplete",),
    ),
    (
        "trusted person only",
        "Personne de confiance : Mme Claire MARTIN née le 01/07/1958",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "homonym spoken of",
        "Attention, homonyme : M. Jean MARTIN, né le 12/03/1956.",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "copy recipient with a date",
        "Dr Paul DURAND\nCopie à : M. Jean MARTIN né le 12/03/1956",
        ("identity-missing", "identity-incomplete"),
    ),
    (
        "INS of another",
        "Nom de naissance : BEN ALI\nPrénom : Karim\nNé le : 09/08/1985\nSexe : M\nINS : {jean} (NIR)",
        ("identity-conflict",),
    ),
    (
        "INS with a wrong key",
        "Nom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\nINS : 1 56 03 37 261 123 01 (NIR)",
        ("identity-conflict",),
    ),
    (
        "INS of test",
        "Nom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1956\nSexe : M\nINS : {jean}\nOID : 1.2.250.1.213.1.4.10",
        ("identity-conflict",),
    ),
    (
        "INS without authority, of another",
        "Patient : BEN ALI Karim né le 09/08/1985 - Sexe : M - INS {jean}",
        ("identity-conflict",),
    ),
    (
        "INS with the date of another",
        "Nom de naissance : MARTIN\nPrénom : Jean\nNé le : 12/03/1986\nSexe : M\nINS : {jean} (NIR)",
        ("identity-conflict",),
    ),
    (
        "INS without sex",
        "Nom de naissance : MARTIN\nPrénom : Jean\nNé(e) le : 12/03/1956\nINS : {jean} (NIR)",
        ("identity-incomplete",),
    ),
    ("INS, used name only", "Mme Claire MARTIN, née le 01/07/1958, INS : {claire} (NIR)", ("identity-incomplete",)),
    (
        "two INS",
        "Patient : MARTIN Jean né le 12/03/1956 - Sexe : M\nINS : {jean} (NIR)\nINS : {claire} (NIR)",
        ("several-patients", "identity-conflict"),
    ),
    (
        "two dates for one name",
        "Patient : M. Jean MARTIN, né le 12/03/1956\nConcerne : M. Jean MARTIN, né le 12/03/1986",
        ("several-patients",),
    ),
    (
        "his date on a stray line is another's",
        "Concerne : M. Jean MARTIN, né le 12/03/1956\nTexte\nDate de naissance : 09/08/1985",
        ("several-patients", "identity-conflict"),
    ),
    (
        "letter to the family",
        "Madame Claire MARTIN\n12 rue des Lilas\n37000 Tours\nMadame, votre fils va bien.",
        ("identity-incomplete", "identity-missing"),
    ),
    (
        "midwife as addressee",
        "Adressé par Mme Claire MARTIN, sage-femme\nTout va bien.",
        ("identity-missing", "identity-incomplete"),
    ),
)
