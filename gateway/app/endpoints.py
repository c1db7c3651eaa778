"""What each place that the gateway speaks to, or listens at, must be told: mailboxes, inlets, record, DMP."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from gateway.app import lines
from gateway.app.hosts import host_and_port, is_loopback, is_network, read_url
from gateway.app.problem import Problem, mailbox_name
from gateway.model.settings import Dmp, Dpi, Hospital, Mailbox, Patients, Settings, Smtp, Submission
from gateway.protocols.hl7v2 import MAX_BYTES

#: A path that fits sockaddr_un (unix(7)), or a host that needs no look-up with its port.
_CLAMD = re.compile(r"unix:/[^\0\n]{1,105}|tcp://[0-9a-fA-F.:\[\]]+:[0-9]{1,5}")
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def mailboxes(settings: Settings) -> Iterator[Problem]:
    """The mailboxes, and each against the others."""
    for name, count in Counter(box.name for box in settings.mailbox).items():
        if count > 1:
            yield Problem(f'[[mailbox]] "{name}" name', "deux boîtes portent ce nom", "donner à chacune le sien")
    for box in settings.mailbox:
        name = mailbox_name(box)
        yield from _address(f"{name} address", box.address)
        yield from _reached(name, box)
        if box.auth == "xoauth2" and box.token_file is None:
            yield Problem(f"{name} token_file", "manque", 'auth = "xoauth2" demande le fichier du jeton')
        for key in ("done_folder", "review_folder"):
            if getattr(box, key) == box.folder:
                yield Problem(f"{name} {key}", "c'est le dossier que l'on relève", "en choisir un autre")
        yield from positive(name, box, "poll")


def submission(settings: Settings) -> Iterator[Problem]:
    """The server of receipts and mails, and who is told of errors."""
    yield from _error_mailbox(settings)
    if settings.submission is None:
        return
    box = settings.submission.mailbox
    if box is not None and box not in {one.name for one in settings.mailbox}:
        remedy = "écrire le name d'une [[mailbox]] : les accusés des destinataires y reviennent"
        yield Problem("[submission] mailbox", f'"{box}" n\'est pas une boîte relevée', remedy)
    yield from _reached("[submission]", settings.submission)
    if settings.submission.auth == "password" and not settings.submission.user:
        yield Problem("[submission] user", "manque", 'auth = "password" demande un compte')


def _error_mailbox(settings: Settings) -> Iterator[Problem]:
    """What is sent there must not come back to us as an arrival."""
    address = settings.receipt.error_mailbox
    if not address:
        return
    yield from _address("[receipt] error_mailbox", address)
    served = (*(box.address for box in settings.mailbox), *(settings.smtp.recipients if settings.smtp else ()))
    if address.lower() in {one.lower() for one in served}:
        remedy = "écrire l'adresse d'une boîte que des personnes lisent"
        yield Problem("[receipt] error_mailbox", "est une boîte que la passerelle relève", remedy)
    if settings.submission is None:
        yield Problem("[receipt] error_mailbox", "demande un serveur d'envoi", "ajouter la table [submission]")


def smtp(settings: Settings) -> Iterator[Problem]:
    """The SMTP inlet."""
    inlet = settings.smtp
    if inlet is None:
        return
    listen = host_and_port(inlet.listen)
    if listen is None:
        yield Problem("[smtp] listen", f'"{inlet.listen}" ne convient pas', 'écrire par exemple "127.0.0.1:2525"')
    elif not is_loopback(listen[0]):
        yield from _exposed(inlet)
    for address in inlet.recipients:
        yield from _address("[smtp] recipients", address)
    if not inlet.recipients:
        yield Problem("[smtp] recipients", "est vide", 'écrire { "bal@exemple.mssante.fr" = "nom de la boîte" }')
    yield from _peers(inlet)


def antivirus(settings: Settings) -> Iterator[Problem]:
    """The antivirus, which sees mails in clear."""
    table = settings.antivirus
    if table is None:
        return
    wrong = f'"{table.clamd}" ne convient pas'
    if not _CLAMD.fullmatch(table.clamd) or (table.clamd.startswith("tcp:") and not _on_loopback(table.clamd)):
        remedy = 'écrire "unix:/run/clamav/clamd.ctl", ou "tcp://127.0.0.1:3310" : les messages y passent en clair'
        yield Problem("[antivirus] clamd", wrong, remedy)
    yield from positive("[antivirus]", table, "timeout")


def patients(settings: Settings) -> Iterator[Problem]:
    """The feed of the patient index."""
    feed: Patients = settings.patients
    yield from lines.listened("[patients] adt_", feed.adt_listen, feed.adt_allow, "127.0.0.1:2576")
    yield from positive("[patients]", feed, "max_age")


def hospital(settings: Settings) -> Iterator[Problem]:
    """The inlet of the hospital's own documents, and where the record learns what became of them."""
    inlet = settings.hospital
    if inlet is not None:
        yield from lines.listened("[hospital] ", inlet.listen, inlet.allow, "127.0.0.1:2577")
        if inlet.max_size > MAX_BYTES:
            yield Problem("[hospital] max_size", "dépasse ce que la passerelle sait lire", 'écrire au plus "128MB"')
        if not lines.is_here(inlet.listen) and not _certified(inlet) and not inlet.cleartext_accepted:
            remedy = "donner cert et key, ou cleartext_accepted = true si l'établissement l'accepte"
            yield Problem("[hospital] cert", "manque pour écouter hors de cette machine", remedy)
        if inlet.client_ca is not None and not _certified(inlet):
            yield Problem("[hospital] cert", "manque alors que client_ca est donné", "donner cert et key")
    if settings.ack is not None:
        yield from lines.reached("[ack]", settings.ack.url, clear=settings.ack.cleartext_accepted)
        yield from positive("[ack]", settings.ack, "timeout")


def dpi(settings: Settings) -> Iterator[Problem]:
    """The patient record."""
    record = settings.dpi
    if record.kind == "folder" and record.path is None:
        yield Problem("[dpi] path", "manque", 'kind = "folder" demande le dossier où déposer')
    if record.kind == "mllp":
        yield from _mllp(record)
    if record.kind == "fhir":
        yield from _fhir(record)
    yield from positive("[dpi]", record, "timeout")


def dmp_services(settings: Settings) -> Iterator[Problem]:
    """The DMP."""
    dmp = settings.dmp
    if dmp.enabled:
        yield from _feeding(dmp)
    if dmp.base_url is not None:
        url = read_url(dmp.base_url)
        clear = url is not None and url.scheme == "http" and is_loopback(url.hostname or "")
        if url is None or not url.hostname or (url.scheme != "https" and not clear):
            yield Problem("[dmp] base_url", f'"{dmp.base_url}" ne convient pas', 'écrire une adresse "https://…"')
    for key in ("timeout", "existence_ttl"):
        yield from positive("[dmp]", dmp, key)


def revocation(settings: Settings) -> Iterator[Problem]:
    """Where lists are fetched."""
    for address in settings.revocation.urls:
        url = read_url(address)
        if url is None or url.scheme not in {"http", "https"} or not url.hostname:
            yield Problem(
                "[revocation] urls", f'"{address}" ne convient pas', 'écrire une adresse "http://…/autorite.crl"'
            )
    yield from positive("[revocation]", settings.revocation, "refresh")


def _reached(name: str, server: Mailbox | Submission) -> Iterator[Problem]:
    """What a mailbox and the server of receipts have in common."""
    if not _HOST.fullmatch(server.host) and ":" not in server.host:
        yield Problem(
            f"{name} host", "ce n'est pas un nom de serveur", 'écrire par exemple "imap.operateur.mssante.fr"'
        )
    if not 0 < server.port <= 65535:
        yield Problem(f"{name} port", f"{server.port} n'est pas un port", "écrire un nombre entre 1 et 65535")
    if server.tls == "none" and not is_loopback(server.host):
        yield Problem(f"{name} tls", '"none" hors de cette machine', 'écrire "starttls" ou "implicit"')
    if server.auth == "password" and server.password_file is None:
        yield Problem(f"{name} password_file", "manque", 'auth = "password" demande le fichier du mot de passe')
    if server.auth == "external" and server.client_cert is None and getattr(server, "client_p12", None) is None:
        yield Problem(f"{name} client_cert", "manque", 'auth = "external" demande un certificat et sa clé')


def _on_loopback(address: str) -> bool:
    reached = host_and_port(address.removeprefix("tcp://"))
    return reached is not None and reached[1] > 0 and is_loopback(reached[0])


def _exposed(inlet: Smtp) -> Iterator[Problem]:
    if not inlet.peers:
        yield Problem("[smtp] peers", "manque pour écouter hors de cette machine", "nommer qui peut déposer")
    if not _certified(inlet):
        yield Problem("[smtp] cert", "manque pour écouter hors de cette machine", "donner cert et key")


def _certified(inlet: Smtp | Hospital) -> bool:
    return inlet.cert is not None or inlet.p12 is not None


def _peers(inlet: Smtp) -> Iterator[Problem]:
    for peer in inlet.peers:
        if is_network(peer):
            continue
        if re.fullmatch(r"[0-9.:/]+", peer) or not _HOST.fullmatch(peer):
            yield Problem("[smtp] peers", f'"{peer}" ne convient pas', 'écrire "10.1.0.0/16" ou un nom de certificat')
        elif inlet.client_ca is None or not _certified(inlet):
            key = "client_ca" if _certified(inlet) else "cert"
            yield Problem(f"[smtp] {key}", f'manque alors que peers nomme le certificat "{peer}"', "le donner")


def _mllp(record: Dpi) -> Iterator[Problem]:
    if record.url is None:
        yield Problem("[dpi] url", "manque", 'kind = "mllp" demande l\'adresse du dossier, "mllp://serveur:2575"')
        return
    yield from lines.reached("[dpi]", record.url, clear=record.cleartext_accepted)


def _fhir(record: Dpi) -> Iterator[Problem]:
    url = read_url(record.url) if record.url is not None else None
    if url is None or url.scheme not in {"https", "http"} or not url.hostname or url.query or url.fragment:
        wrong = "manque" if record.url is None else f'"{record.url}" ne convient pas'
        yield Problem("[dpi] url", wrong, 'kind = "fhir" demande l\'adresse du service, "https://serveur/fhir"')
    elif url.scheme == "http" and not is_loopback(url.hostname):
        if not record.cleartext_accepted:
            remedy = "écrire \"https://…\", ou cleartext_accepted = true si l'établissement l'accepte"
            yield Problem("[dpi] url", "http:// envoie les documents en clair sur le réseau", remedy)
        if record.token_file is not None:
            yield Problem("[dpi] token_file", "http:// montre le jeton à qui écoute le réseau", 'écrire "https://…"')


def _feeding(dmp: Dmp) -> Iterator[Problem]:
    needed = ["base_url", "lps_name", "lps_version", "lps_homologation_file", "responsible"]
    needed += [f"{use}_cert" for use in ("auth", "sign") if getattr(dmp, f"{use}_p12") is None]
    for key in needed:
        if not getattr(dmp, key):
            yield Problem(f"[dmp] {key}", "manque", "enabled = true le demande : l'écrire, ou mettre enabled = false")


def _address(where: str, address: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        yield Problem(where, f'"{address}" n\'est pas une adresse', 'écrire par exemple "accueil@clinique.mssante.fr"')


def positive(name: str, table: Struct, key: str) -> Iterator[Problem]:
    """A duration of zero makes no sense there."""
    if getattr(table, key) <= 0:
        yield Problem(f"{name} {key}", "une durée nulle ne convient pas ici", 'écrire une durée comme "30s"')
