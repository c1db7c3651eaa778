"""What each key of gateway.toml means, in French, and an example for those without default. ``init`` writes them."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """The meaning of a key, and an example (TOML) for one that has no default."""

    meaning: str
    example: str = ""


TABLES: dict[str, str] = {
    "establishment": "Qui nous sommes.",
    "ledger": "Où sont gardés le registre et les octets reçus. Le disque doit être chiffré.",
    "mailbox": "Une boîte MSSanté à relever ; recopier la table pour chaque boîte.",
    "smtp": "Dépôt direct par SMTP, au lieu ou à côté des boîtes.",
    "submission": "Serveur auquel remettre les accusés et les courriels ; sans cette table, aucun n'est envoyé.",
    "antivirus": "L'antivirus qui contrôle chaque message avant qu'il soit ouvert ; sans cette table, aucun.",
    "patients": "L'index des patients et son alimentation.",
    "hospital": "Les documents de l'établissement lui-même, que le DPI confie par MLLP (ORU ou MDM).",
    "ack": "Où le DPI apprend ce qu'ils sont devenus (accusés métier ZAM) ; sans cette table, aucun n'est envoyé.",
    "senders": "Quels expéditeurs sont crus.",
    "matching": (
        "Ce que permet une identité exacte sans INS, lue par OCR, ou d'un homonyme : "
        '"file-and-feed" (dossier et DMP), "file" (dossier seul), "review" (une personne). '
        "La cellule d'identitovigilance en décide."
    ),
    "dpi": "Le dossier patient informatisé qui reçoit les documents.",
    "dmp": "Le DMP, en authentification indirecte avec les certificats de l'établissement.",
    "revocation": "Où les autorités publient leurs listes de révocation ; la dernière bonne liste est gardée.",
    "terminology": "Les jeux de valeurs de l'ANS plus récents que ceux livrés avec la passerelle.",
    "rules": "Les règles de classement et d'envoi.",
    "quarantine": "Où une personne trouve ce qui attend sa décision.",
    "receipt": "Quand et comment l'expéditeur reçoit un accusé.",
    "retry": "Nouveaux essais quand une destination ne répond pas.",
}

_CA = "Autorités admises pour ce serveur (PEM ou DER) ; celles de l'IGC-Santé. Absent : le magasin de la machine"
_CRL = "Liste de révocation de ces autorités (PEM ou DER) ; absent : celles de [revocation], sinon pas de contrôle"
_CERT = "Certificat client (PEM, suivi de sa chaîne) et sa clé privée (PEM, sans mot de passe)"
_P12 = "Ou le même en PKCS#12, avec le fichier de son mot de passe"
_FILE = "Fichier qui contient le mot de passe, fermé aux autres comptes"

KEYS: dict[str, Key] = {
    "establishment.name": Key("Nom de l'établissement"),
    "establishment.structure_id": Key('Struct_IdNat du site : "1" suivi du FINESS géographique'),
    "establishment.sector": Key('Secteur d\'activité (JDV_J61), par exemple "SA04"'),
    "establishment.oid_root": Key("Racine OID de l'établissement, sous laquelle les identifiants sont créés"),
    "establishment.ipp_oid": Key("OID du domaine des IPP"),
    "establishment.practice_setting": Key("Cadre d'exercice (JDV_J04)"),
    "establishment.legal_entity": Key(
        "Struct_IdNat de l'entité juridique, OU des certificats ; absent : structure_id", '"1350000018"'
    ),
    "establishment.test": Key("true : refuse les adresses de production et marque les messages comme tests"),
    "ledger.url": Key("Base du registre"),
    "ledger.vault": Key("Dossier des octets chiffrés"),
    "ledger.key_file": Key(
        "Clé maîtresse ; créée une fois, à garder aussi hors de cette machine et hors des sauvegardes"
    ),
    "ledger.retention_days": Key("Jours de garde des octets après règlement"),
    "ledger.trail_years": Key("Années de garde de la trace ; sans effet encore, rien n'en est effacé"),
    "mailbox.name": Key("Nom court de la boîte", '"accueil"'),
    "mailbox.address": Key("Son adresse", '"accueil@etablissement.mssante.fr"'),
    "mailbox.host": Key("Serveur IMAP de l'opérateur", '"imap.operateur.mssante.fr"'),
    "mailbox.port": Key("Port : 143 avec starttls, 993 avec implicit"),
    "mailbox.tls": Key('"starttls", "implicit", ou "none" sur cette machine seulement'),
    "mailbox.auth": Key('"password", "external" (certificat) ou "xoauth2" (jeton)'),
    "mailbox.user": Key("Compte ; absent : l'adresse", '"accueil@etablissement.mssante.fr"'),
    "mailbox.password_file": Key(_FILE, '"secrets/accueil.password"'),
    "mailbox.token_file": Key("Fichier du jeton pour xoauth2", '"secrets/accueil.token"'),
    "mailbox.client_cert": Key(_CERT, '"pki/accueil.pem"'),
    "mailbox.client_key": Key("Clé privée du certificat client", '"pki/accueil.key"'),
    "mailbox.client_p12": Key(_P12, '"pki/accueil.p12"'),
    "mailbox.client_password_file": Key("Mot de passe du PKCS#12", '"secrets/accueil-p12.password"'),
    "mailbox.ca": Key(_CA, '"pki/igc-sante.pem"'),
    "mailbox.crl": Key(_CRL, '"pki/igc-sante.crl"'),
    "mailbox.folder": Key("Dossier relevé"),
    "mailbox.done_folder": Key(
        "Dossier où va un message pris ; à la passerelle seule, qui reprend ce qu'elle n'y connaît pas"
    ),
    "mailbox.review_folder": Key(
        "Dossier où va un message que l'on ne peut prendre (trop gros, ou que le serveur ne remet pas)"
    ),
    "mailbox.service": Key("Service auquel cette boîte appartient, pour les règles et pour l'aiguillage dans le DPI"),
    "mailbox.service_code": Key("Code de ce service dans le DPI (UF, pôle)", '"3435"'),
    "mailbox.structure_id": Key("Struct_IdNat de la boîte ; absent : celui de l'établissement", '"1350000018"'),
    "mailbox.reconcile_days": Key("Jours de done_folder relus après un démarrage"),
    "mailbox.done_keep_days": Key("Jours de garde dans done_folder"),
    "mailbox.max_size": Key("Taille au-delà de laquelle un message attend une personne"),
    "mailbox.poll": Key("Délai entre deux relevés quand le serveur n'annonce rien"),
    "smtp.listen": Key("Adresse et port d'écoute", '"127.0.0.1:2525"'),
    "smtp.hostname": Key("Nom annoncé aux clients"),
    "smtp.recipients": Key(
        "Adresse reçue → nom de boîte ; toute autre est refusée", '{ "accueil@etablissement.mssante.fr" = "accueil" }'
    ),
    "smtp.peers": Key("Réseaux ou noms de certificats admis ; obligatoire hors de cette machine"),
    "smtp.cert": Key("Certificat du serveur (PEM) ; obligatoire hors de cette machine", '"pki/smtp.pem"'),
    "smtp.key": Key("Sa clé privée (PEM)", '"pki/smtp.key"'),
    "smtp.p12": Key("Ou le certificat du serveur en PKCS#12, avec le fichier de son mot de passe", '"pki/smtp.p12"'),
    "smtp.password_file": Key("Mot de passe du PKCS#12", '"secrets/smtp-p12.password"'),
    "smtp.client_ca": Key(
        "Autorités des certificats clients ; présent : un certificat est exigé", '"pki/igc-sante.pem"'
    ),
    "smtp.max_size": Key("Taille maximale d'un message"),
    "submission.host": Key("Serveur", '"smtp.operateur.mssante.fr"'),
    "submission.port": Key("Port"),
    "submission.tls": Key('"starttls", "implicit", ou "none" sur cette machine seulement'),
    "submission.auth": Key('"password", "external" (certificat) ou "none"'),
    "submission.user": Key("Compte", '"accueil@etablissement.mssante.fr"'),
    "submission.password_file": Key(_FILE, '"secrets/envoi.password"'),
    "submission.client_cert": Key(_CERT, '"pki/envoi.pem"'),
    "submission.client_key": Key("Clé privée du certificat client", '"pki/envoi.key"'),
    "submission.client_p12": Key(_P12, '"pki/envoi.p12"'),
    "submission.client_password_file": Key("Mot de passe du PKCS#12", '"secrets/envoi-p12.password"'),
    "submission.ca": Key(_CA, '"pki/igc-sante.pem"'),
    "submission.crl": Key(_CRL, '"pki/igc-sante.crl"'),
    "submission.nil": Key("Numéro d'identification du logiciel (X-MSS-NIL)"),
    "submission.mailbox": Key(
        "Boîte [[mailbox]] au nom de laquelle partent les documents de l'établissement ; absent : aucun ne part",
        '"accueil"',
    ),
    "submission.max_size": Key("Taille au-delà de laquelle un tel courriel ne part pas (25 Mo pour un patient)"),
    "submission.flags": Key(
        'Visibilités admises pour un envoi : "strict" (la matrice du volet) ou "lenient" (ce qui ne contredit rien)'
    ),
    "antivirus.clamd": Key(
        'Socket de clamd, "unix:/chemin", ou "tcp://127.0.0.1:3310" sur cette machine seulement',
        '"unix:/run/clamav/clamd.ctl"',
    ),
    "antivirus.timeout": Key("Attente de sa réponse ; au-delà, le message attend et le contrôle est retenté"),
    "patients.adt_listen": Key("Adresse et port d'écoute des messages ADT (MLLP)", '"127.0.0.1:2576"'),
    "patients.adt_allow": Key("Réseaux admis ; obligatoire hors de cette machine"),
    "patients.max_age": Key("Âge de l'index au-delà duquel le DMP n'est plus alimenté"),
    "hospital.listen": Key("Adresse et port d'écoute", '"127.0.0.1:2577"'),
    "hospital.allow": Key("Réseaux admis ; cette machine l'est toujours"),
    "hospital.cert": Key("Certificat serveur (PEM) et sa clé ; absent : en clair", '"pki/hospital.pem"'),
    "hospital.key": Key("Clé privée du certificat serveur", '"pki/hospital.key"'),
    "hospital.p12": Key(
        "Ou le certificat du serveur en PKCS#12, avec le fichier de son mot de passe", '"pki/hospital.p12"'
    ),
    "hospital.password_file": Key("Mot de passe du PKCS#12", '"secrets/hospital-p12.password"'),
    "hospital.client_ca": Key("Autorités des certificats clients admis", '"pki/igc-sante.pem"'),
    "hospital.max_size": Key("Taille maximale d'un message, base64 compris ; au plus 128 Mo"),
    "hospital.cleartext_accepted": Key("true : accepte d'écouter en clair hors de cette machine"),
    "hospital.speaker": Key(
        'Au nom de qui ces documents vont au DMP : "sender", l\'expéditeur nommé par le message si sa profession est '
        'connue, ou "responsible", la personne de [dmp]'
    ),
    "ack.url": Key('Adresse, "mllp://serveur:port" ou "mllps://serveur:port"', '"mllps://dpi.exemple:2578"'),
    "ack.ca": Key(_CA, '"pki/igc-sante.pem"'),
    "ack.crl": Key(_CRL, '"pki/igc-sante.crl"'),
    "ack.client_cert": Key(_CERT, '"pki/dpi.pem"'),
    "ack.client_key": Key("Clé privée du certificat client", '"pki/dpi.key"'),
    "ack.client_p12": Key(_P12, '"pki/dpi.p12"'),
    "ack.client_password_file": Key("Mot de passe du PKCS#12", '"secrets/dpi-p12.password"'),
    "ack.cleartext_accepted": Key("true : accepte mllp:// hors de cette machine"),
    "ack.timeout": Key("Délai de connexion et de réponse"),
    "senders.trusted_domains": Key("Domaines crus"),
    "matching.without_ins": Key("Document sans INS dont les traits désignent exactement un patient"),
    "matching.ocr": Key("Document lu par reconnaissance de caractères"),
    "matching.homonym": Key("Patient signalé homonyme"),
    "matching.parent_wait": Key("Attente du document remplacé quand il n'est pas encore arrivé"),
    "dpi.kind": Key('"folder" (dépôt de fichiers), "mllp" (HL7 v2), "fhir" (FHIR R4, PDSm) ou "none"'),
    "dpi.path": Key('Dossier de dépôt (kind = "folder")', '"depot"'),
    "dpi.url": Key(
        'Adresse : mllps:// (kind = "mllp"), ou celle du service FHIR, "https://…/fhir" (kind = "fhir")',
        '"mllps://dpi.etablissement.fr:2575"',
    ),
    "dpi.ca": Key(
        "Autorités admises pour son serveur (PEM ou DER) ; absent : le magasin de la machine", '"pki/interne.pem"'
    ),
    "dpi.crl": Key(_CRL, '"pki/interne.crl"'),
    "dpi.client_cert": Key(_CERT, '"pki/dpi.pem"'),
    "dpi.client_key": Key("Clé privée du certificat client", '"pki/dpi.key"'),
    "dpi.client_p12": Key(_P12, '"pki/dpi.p12"'),
    "dpi.client_password_file": Key("Mot de passe du PKCS#12", '"secrets/dpi-p12.password"'),
    "dpi.token_file": Key('Fichier du jeton "Bearer" (kind = "fhir"), relu à chaque échange', '"secrets/dpi.token"'),
    "dpi.cleartext_accepted": Key(
        "true : accepte mllp:// ou http:// en clair hors de cette machine ; le RSSI en décide"
    ),
    "dpi.message": Key('"mdm" (le volet) ou "oru" (ORU^R01, pour un DPI qui ne prend que lui)'),
    "dpi.charset": Key('Jeu de caractères (MSH-18) : "utf-8" ou "8859/15"'),
    "dpi.sending_application": Key('MSH-3 : un nom, ou "nom^identifiant^type"'),
    "dpi.sending_facility": Key("MSH-4"),
    "dpi.receiving_application": Key("MSH-5"),
    "dpi.receiving_facility": Key("MSH-6"),
    "dpi.add_ipp": Key("PID-3 porte aussi l'IPP retrouvé (écart assumé au volet)"),
    "dpi.commit_is_enough": Key(
        "true : la seule prise en charge par un concentrateur (MSA-1 CA) vaut remise, sans la réponse du DPI"
    ),
    "dpi.timeout": Key("Attente de l'acquittement, et de chaque progrès de l'envoi"),
    "dpi.connections": Key("Connexions simultanées"),
    "dmp.enabled": Key("true : alimente le DMP ; demande base_url, les certificats, lps_* et responsible"),
    "dmp.base_url": Key("Adresse des services", '"https://lps2.dmp.gouv.fr/si-dmp-server/v2/services"'),
    "dmp.proxy": Key("Mandataire HTTP", '"http://proxy.etablissement.fr:3128"'),
    "dmp.auth_cert": Key("Certificat ORG_AUTH_CLI (PEM) et sa clé", '"pki/auth.pem"'),
    "dmp.auth_key": Key("Clé privée de auth_cert", '"pki/auth.key"'),
    "dmp.auth_p12": Key(_P12, '"pki/auth.p12"'),
    "dmp.auth_password_file": Key("Mot de passe du PKCS#12", '"secrets/auth-p12.password"'),
    "dmp.sign_cert": Key("Certificat ORG_SIGN (PEM) et sa clé", '"pki/sign.pem"'),
    "dmp.sign_key": Key("Clé privée de sign_cert", '"pki/sign.key"'),
    "dmp.sign_p12": Key(_P12, '"pki/sign.p12"'),
    "dmp.sign_password_file": Key("Mot de passe du PKCS#12", '"secrets/sign-p12.password"'),
    "dmp.ca": Key(_CA, '"pki/igc-sante.pem"'),
    "dmp.crl": Key(_CRL, '"pki/igc-sante.crl"'),
    "dmp.lps_name": Key("Nom du logiciel homologué"),
    "dmp.lps_version": Key("Version du logiciel homologué"),
    "dmp.lps_homologation_file": Key("Fichier du numéro d'homologation", '"secrets/homologation.txt"'),
    "dmp.responsible": Key(
        "Personne responsable du traitement automatique, nommée dans chaque appel",
        '{ id = "810000000000", name = "NOM PRENOM", role = "10", specialty = "SM26" }',
    ),
    "dmp.vihf_version": Key('Version du VIHF : "3.0" ou "4.0"'),
    "dmp.vihf_mode_attribute": Key("Nom de l'attribut du mode d'authentification dans le VIHF ; les sources divergent"),
    "dmp.vihf_issuer": Key('Ordre du nom du certificat dans le VIHF : "cn-first" (CN=… d\'abord) ou "c-first"'),
    "dmp.authn_context": Key("Classe SAML de l'authentification locale, dans le VIHF"),
    "dmp.signature": Key('Empreinte de signature : "sha256", ou "sha1" pour un environnement ancien'),
    "dmp.xades_signature": Key("Celle de la signature des lots, si elle diffère de signature", '"sha256"'),
    "dmp.content_type": Key("Type d'activité des lots (JDV_J59) ; 97 : autre"),
    "dmp.existence_ttl": Key("Durée pendant laquelle la réponse « ce DMP existe » est crue"),
    "dmp.feed_received_cda": Key(
        'CDA reçus tels quels : "check-first" (vérifie qu\'ils n\'y sont pas), "always", "never" ; '
        "ceux d'autres structures demandent l'accord de la CNAM"
    ),
    "dmp.order": Key('"together" (en même temps que le dossier) ou "after-dpi"'),
    "dmp.withdraw_on_refusal": Key("Retire du DMP ce que le dossier a refusé pour l'identité"),
    "dmp.uncertain_type": Key('Type de document incertain : "hold" (attend), "invisible" ou "feed"'),
    "dmp.pdfa": Key(
        'PDF sans CDA, pour le DMP : "convert" (en PDF/A-1 ; le dossier garde l\'original) ou "as-is" (tel quel)'
    ),
    "dmp.minor_secret": Key("true : verse aussi ce qui doit rester caché aux représentants d'un mineur"),
    "dmp.allow_masked_and_invisible": Key(
        "true : un document peut être à la fois masqué aux professionnels et invisible au patient (paramètre du DMP)"
    ),
    "dmp.minor_attribute": Key("Nom, dans le VIHF, de l'attribut d'une connexion secrète"),
    "dmp.minor_code": Key("Sa valeur, qui n'est pas publique : à confirmer par la CNAM"),
    "dmp.age_of_majority": Key("Âge de la majorité"),
    "dmp.schemas": Key(
        "Dossier où décompresser les schémas et schématrons CDA de l'ANS ; absent : ce contrôle n'est pas fait",
        '"schemas"',
    ),
    "dmp.unknown_wait": Key("Attente avant de chercher un document dont l'envoi est resté sans réponse"),
    "dmp.timeout": Key("Attente d'une réponse"),
    "dmp.connections": Key("Connexions simultanées"),
    "dmp.web_ps": Key(
        "Adresse du DMP des professionnels (Web-PS), dont documents web-ps donne le lien ; absent : aucun lien",
        '"https://www.dmp.fr"',
    ),
    "revocation.urls": Key(
        'Adresses http(s) de ces listes, une par autorité de "ca" ; vides : seuls les fichiers crl servent'
    ),
    "revocation.folder": Key("Dossier où elles sont gardées"),
    "revocation.refresh": Key("Délai entre deux téléchargements"),
    "terminology.folder": Key(
        "Dossier des jeux de valeurs importés par gateway terminology import ; absent : ceux livrés avec la passerelle",
        '"terminologie"',
    ),
    "rules.folder": Key("Dossier des règles ; absent : celles livrées avec la passerelle"),
    "quarantine.folder": Key("Dossier, fermé aux autres comptes, dont les entrées partent une fois réglées"),
    "receipt.max_wait": Key("Délai après lequel un accusé négatif part si rien n'est décidé"),
    "receipt.form": Key('Version du volet suivie : "1.1.3" ou "1.1.2"'),
    "receipt.error_mailbox": Key(
        "Adresse interne prévenue de ce qui n'est pas intégré quand aucun accusé n'est demandé ; vide : personne"
    ),
    "receipt.notify_sender": Key("true : prévient aussi cet expéditeur, s'il est un professionnel cru"),
    "retry.first": Key("Premier délai ; les suivants doublent"),
    "retry.max": Key("Plus long délai entre deux essais"),
    "retry.breaker_after": Key("Échecs de suite après lesquels une destination est dite en panne"),
}
