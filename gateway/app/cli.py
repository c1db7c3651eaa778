"""``gateway``, the commands of DESIGN §7. Exit 0 done; 1 wrong, said in one line on stderr; 2 usage; 3 time is up."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

#: What argparse says, in French.
_FRENCH = {
    "usage: ": "usage : ",
    "positional arguments": "arguments",
    "options": "options",
    "show this help message and exit": "afficher cette aide",
    "the following arguments are required: %s": "il manque : %s",
    "unrecognized arguments: %s": "arguments inconnus : %s",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r n'est pas une commande (au choix : %(choices)s)",
    "expected one argument": "une valeur est attendue",
    "invalid %(type)s value: %(value)r": "%(value)r n'est pas un nombre",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s : %(message)s",
    "%(prog)s: error: %(message)s\n": "%(prog)s : %(message)s\n",
}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    argparse._ = lambda text: _FRENCH.get(text, text)  # type: ignore[attr-defined]
    options = parser().parse_args(arguments)
    from gateway.app.errors import explain  # noqa: PLC0415 - after the usage was checked: it loads the house

    module = importlib.import_module(f"gateway.app.commands.{options.module}")
    try:
        return int(module.run(options))
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:  # the reader of our output, head say, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the outermost place: one line for a person, or the defect itself
        line = explain(error)
        if line is None:
            raise
        print(f"gateway : {line}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    top = argparse.ArgumentParser(prog="gateway", description="Passerelle MSSanté vers le dossier patient et le DMP")
    commands = top.add_subparsers(dest="command", required=True, metavar="commande")
    _operate(commands)
    _feed(commands)
    _review(commands)
    _documents(commands)
    _train(commands)
    return top


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives this type no public name


def _command(
    commands: Commands[argparse.ArgumentParser], name: str, text: str, module: str = "", *, configured: bool = True
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(module=module or name)
    if configured:
        command.add_argument("-c", dest="config", type=Path, required=True, metavar="FICHIER", help="gateway.toml")
    return command


def _operate(commands: Commands[argparse.ArgumentParser]) -> None:
    init = _command(commands, "init", "écrire un gateway.toml commenté et une copie des règles", configured=False)
    init.add_argument("folder", type=Path, metavar="DOSSIER")
    check = _command(commands, "check", "vérifier la configuration, les certificats, la clé et le registre")
    check.add_argument("--connect", action="store_true", help="joindre aussi chaque serveur, et comparer l'heure")
    _command(commands, "run", "le service")
    status = _command(commands, "status", "où en est la passerelle")
    status.add_argument("--json", action="store_true")
    _queue(_verbs(commands, "queue", "ce qui est en chemin vers chaque destination"))
    rules = _verbs(commands, "rules", "les règles de l'établissement")
    _command(rules, "check", "vérifier les règles", "rules")
    test = _command(rules, "test", "dire ce que deviendrait un message, sans rien garder", "rules")
    test.add_argument("mail", type=Path, metavar="MESSAGE.eml")
    test.add_argument("--mailbox", default="", metavar="NOM", help="la boîte qui le recevrait")
    explain = _command(rules, "explain", "pourquoi un document a été ainsi décidé", "rules")
    explain.add_argument("document", type=int, metavar="ID", help="son numéro dans gateway results")
    _terminology(_verbs(commands, "terminology", "les jeux de valeurs de l'ANS"))
    audit = _verbs(commands, "audit", "la piste d'audit")
    _command(audit, "verify", "vérifier que la piste est intacte", "audit")
    export = _command(audit, "export", "écrire la piste sur la sortie", "audit")
    export.add_argument("--format", choices=("csv", "jsonl"), default="jsonl")
    for name, text in (("backup", "copier le registre et le coffre"), ("restore", "remettre une copie en place")):
        copy = _command(commands, name, text, "backup")
        copy.add_argument("folder", type=Path, metavar="DOSSIER")
        copy.add_argument("--by", metavar="QUI")


def _terminology(verbs: Commands[argparse.ArgumentParser]) -> None:
    _command(verbs, "list", "les jeux en service, avec leur version et leur origine", "terminology")
    taken = _command(verbs, "import", "prendre des versions plus récentes, depuis des fichiers de l'ANS", "terminology")
    taken.add_argument("files", type=Path, nargs="+", metavar="FICHIER", help="JDV en XML, ou FHIR en JSON")
    taken.add_argument("--force", action="store_true", help="prendre même une version plus ancienne")


def _queue(verbs: Commands[argparse.ArgumentParser]) -> None:
    listed = _command(verbs, "list", "ce qui n'est pas encore remis", "queue")
    listed.add_argument("--json", action="store_true")
    retry = _command(verbs, "retry", "réessayer maintenant ce qui a échoué", "queue")
    hold = _command(verbs, "hold", "ne plus rien envoyer à une destination", "queue")
    resume = _command(verbs, "resume", "reprendre les envois", "queue")
    where = "dossier patient, DMP, accusés aux expéditeurs, accusés métier au dossier, courriels ; sans elle, toutes"
    for one in (listed, retry, hold, resume):
        one.add_argument("--destination", choices=("dpi", "dmp", "receipt", "ack", "mssante"), help=where)
    for one in (retry, hold, resume):
        one.add_argument("--by", metavar="QUI", help="qui agit ; par défaut, le compte de la machine")


def _feed(commands: Commands[argparse.ArgumentParser]) -> None:
    ingest = _command(commands, "ingest", "prendre des messages depuis des fichiers, dans l'ordre donné")
    ingest.add_argument("--wait", action="store_true", help="attendre que tout soit traité")
    ingest.add_argument("--timeout", type=float, metavar="SECONDES", help="attendre au plus ce temps (sortie 3)")
    ingest.add_argument("mails", type=Path, nargs="+", metavar="MESSAGE.eml")
    _command(commands, "results", "ce que chaque document est devenu, en lignes JSON")
    for name, text in (("patients", "l'index des patients"), ("senders", "l'annuaire des expéditeurs")):
        table = commands.add_parser(name, help=text, description=text)
        verbs = table.add_subparsers(dest="verb", required=True, metavar="verbe")
        verb = _command(verbs, "import", f"ajouter ou mettre à jour {text} depuis un CSV", "imports")
        verb.set_defaults(table=name)
        verb.add_argument("file", type=Path, metavar="FICHIER.csv")


def _review(commands: Commands[argparse.ArgumentParser]) -> None:
    verbs = _verbs(commands, "quarantine", "ce qui attend une personne")
    listed = _command(verbs, "list", "tout ce qui attend", "quarantine")
    show = _command(verbs, "show", "une entrée : quoi, de qui, pourquoi, que faire", "quarantine")
    for one in (listed, show):
        one.add_argument("--json", action="store_true")
    assign = _command(verbs, "assign", "attribuer le document à un patient", "quarantine")
    reject = _command(verbs, "reject", "rejeter le document, ou clore l'entrée traitée autrement", "quarantine")
    release = _command(verbs, "release", "libérer : décider ou envoyer à nouveau", "quarantine")
    undo = _command(verbs, "undo", "annuler un rejet", "quarantine")
    author = _command(verbs, "author", "confirmer l'auteur d'un document que l'expéditeur n'a pas signé", "quarantine")
    for one in (show, assign, reject, release, undo):
        one.add_argument("entry", type=int, metavar="ID")
    author.add_argument("entry", type=int, metavar="DOCUMENT", help="le numéro donné par gateway results")
    author.add_argument("--author", default="", metavar="RPPS|ADRESSE", help="par défaut, le signataire trouvé")
    assign.add_argument("--ipp", required=True)
    reject.add_argument("--reason", required=True, metavar="MOTIF")
    for one in (assign, reject, release, undo, author):
        one.add_argument("--by", required=True, metavar="QUI")


def _documents(commands: Commands[argparse.ArgumentParser]) -> None:
    verbs = _verbs(commands, "documents", "ce que le patient ne voit pas encore, et qui voit quoi dans le DMP")
    listed = _command(verbs, "list", "ce qui attend d'être annoncé, le plus ancien d'abord", "documents")
    show = _command(verbs, "show", "un document : qui le voit, ses versions, ses remises", "documents")
    for one in (listed, show):
        one.add_argument("--json", action="store_true")
    visible = _command(verbs, "make-visible", "rendre visible au patient ce que nous avons mis en forme", "documents")
    invisible = _command(verbs, "make-invisible", "le rendre invisible au patient", "documents")
    for one in (visible, invisible):
        who = "aux représentants légaux d'un mineur, au lieu du patient"
        one.add_argument("--representatives", action="store_true", help=who)
    mask = _command(verbs, "mask", "le masquer aux professionnels (le dossier n'en est pas informé)", "documents")
    unmask = _command(verbs, "unmask", "le démasquer", "documents")
    delete = _command(verbs, "delete", "le supprimer du DMP et du dossier", "documents")
    announced = _command(verbs, "announced", "noter qu'un CDA reçu a été annoncé : il quitte la liste", "documents")
    link = _command(verbs, "web-ps", "le lien du DMP du patient, pour le professionnel (Web-PS)", "documents")
    words = (visible, invisible, mask, unmask, delete, announced)
    for one in (show, *words, link):
        one.add_argument("document", type=int, metavar="ID", help="son numéro dans gateway results")
    for one in words:
        asked = one in (visible, invisible, mask, unmask)
        of = "le RPPS du professionnel qui le demande"
        one.add_argument("--on-request-of", required=asked, metavar="RPPS", help=of)
        one.add_argument("--reason", required=one is delete, metavar="MOTIF")
    for one in (*words, link):
        one.add_argument("--by", required=True, metavar="QUI", help="qui tape cette commande")


def _verbs(commands: Commands[argparse.ArgumentParser], name: str, text: str) -> Commands[argparse.ArgumentParser]:
    return commands.add_parser(name, help=text, description=text).add_subparsers(
        dest="verb", required=True, metavar="verbe"
    )


def _train(commands: Commands[argparse.ArgumentParser]) -> None:
    demo = _command(commands, "demo", "la passerelle entière, avec un DMP et un DPI d'essai", configured=False)
    demo.add_argument("--once", action="store_true", help="finir seul, une fois les messages d'exemple traités")
    demo.add_argument("--dir", type=Path, metavar="DOSSIER", help="garder les fichiers de la démonstration ici")
    _scenario(demo)
    text = "un DMP ou un DPI d'essai, seul, joignable de cette machine seulement"
    sandbox = commands.add_parser("sandbox", help=text, description=text)
    kinds = sandbox.add_subparsers(dest="kind", required=True, metavar="dmp|dpi")
    dmp = _command(kinds, "dmp", "un DMP d'essai (TD0.2, TD2.1, TD3.1b, TD3.3c)", "sandbox", configured=False)
    dpi = _command(kinds, "dpi", "un DPI d'essai (MDM T02, T10, T04 par MLLP)", "sandbox", configured=False)
    for one in (dmp, dpi):
        one.add_argument("--port", type=int, default=0, help="0 : un port libre, dit au démarrage")
        one.add_argument("--state", type=Path, metavar="DOSSIER", help="où garder les documents (défaut : temporaire)")
        one.add_argument("--patients", type=Path, metavar="FICHIER.csv", help="colonnes ipp, ins, dmp_state")
    dmp.add_argument("--cert", type=Path, metavar="PEM", help="certificat du serveur : le DMP répond en TLS")
    dmp.add_argument("--key", type=Path, metavar="PEM")
    dmp.add_argument("--client-ca", type=Path, metavar="PEM", help="autorité des clients : TLS mutuel")
    dmp.add_argument("--structure", action="append", default=[], metavar="ID", help="site admis (défaut : tous)")
    dmp.add_argument("--legal-entity", action="append", default=[], metavar="ID", help="certificat d'entité juridique")
    dmp.add_argument("--terminology", type=Path, metavar="DOSSIER", help="jeux de valeurs de l'établissement")
    dmp.add_argument("--delete-right", choices=("feeder", "author"), default="feeder", help="qui peut supprimer")
    _scenario(dmp)
    dpi.add_argument("--refuse", default="", metavar="CODE", help="refuser chaque message, par exemple 906")


def _scenario(command: argparse.ArgumentParser) -> None:
    text = "une situation du DMP à répéter ; plusieurs fois si besoin ; « list » les donne toutes"
    command.add_argument("--scenario", action="append", default=[], metavar="NOM[:NOMBRE][@INS]", help=text)
