"""``gateway documents`` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.app import cli
from tests.protocol.commands import Site, build
from tests.samples import ZOE, Samples
from tests.unit.formats import builders

LETTER = (
    "COMPTE RENDU DE CONSULTATION",
    "Patient : Mme CHAUVELIN Zoe",
    "nee le 19/08/1956",
    "Lesion maligne a l'examen.",
)
WHO = ("--by", "Secrétariat", "--on-request-of", "10107507153")


class Terminal:
    """Commands on one site, in this process."""

    def __init__(self, site: Site, printed: pytest.CaptureFixture[str]) -> None:
        self.site, self._printed = site, printed

    def says(self, *words: str, code: int = 0) -> str:
        """What a command prints; its exit code must be ``code``."""
        verbs = 2 if words[0] in ("documents", "audit") else 1
        assert cli.run([*words[:verbs], "-c", str(self.site.config), *words[verbs:]]) == code, words
        out, err = self._printed.readouterr()
        return err if code else out


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(build(tmp_path / "site"), capsys)


def test_a_hidden_document_is_listed_counted_shown_and_leaves_the_list(terminal: Terminal) -> None:
    assert "Aucun document n'attend" in terminal.says("documents", "list")
    letter = builders.attached(builders.pdf(*LETTER), "lettre.pdf", "application/pdf")
    terminal.site.ingest(letter=Samples("d")._mail("lettre", letter))
    (one,) = json.loads(terminal.says("documents", "list", "--json"))
    assert (one["document"], one["patient_ipp"], one["carried"], one["overdue"]) == (1, ZOE.ipp, "wrapped", False)
    assert "règle « Cancer »" in terminal.says("documents", "list")
    status = json.loads(terminal.says("status", "--json"))
    assert (status["hidden"], status["hidden_overdue"]) == (1, 0)
    assert "À annoncer au patient : 1" in terminal.says("status")
    assert "RPPS" in terminal.says("documents", "make-visible", "1", *WHO[:3], "12", code=1)
    assert "web_ps" in terminal.says("documents", "web-ps", "1", "--by", "x", code=1)
    done = terminal.says("documents", "make-visible", "1", *WHO, "--reason", "annonce faite")
    assert done.startswith("Document 1 : document visible par le patient (version 2)")
    assert "déjà le cas" in terminal.says("documents", "make-visible", "1", *WHO)
    assert json.loads(terminal.says("documents", "list", "--json")) == []
    told = terminal.says("documents", "show", "1")
    assert "Le patient le voit" in told
    assert "rendu visible au patient par Secrétariat à la demande de 10107507153 : annonce faite" in told


def test_what_was_taken_back_is_not_said_to_be_seen(terminal: Terminal) -> None:
    letter = builders.attached(builders.pdf(*LETTER), "lettre.pdf", "application/pdf")
    terminal.site.ingest(letter=Samples("d")._mail("lettre", letter))
    terminal.says("documents", "delete", "1", "--by", "Secrétariat", "--reason", "mauvais patient")
    told = terminal.says("documents", "show", "1")
    assert "Suppression demandée" in told
    assert "le voi" not in told
    terminal.site.work()
    told = terminal.says("documents", "show", "1")
    assert "(dépôt) : retiré" in told
    assert "refusé" not in told


def test_what_its_author_deleted_or_replaced_names_his_demand(terminal: Terminal) -> None:
    samples = Samples("d")
    terminal.site.ingest(a=samples.new(), b=samples.replacement(), c=samples.deletion())
    numbers = {line["action"]: line["id"] for line in terminal.site.results().values() if line["outcome"] == "filed"}
    first = terminal.says("documents", "show", str(numbers["create"]))
    assert f"Remplacé par son auteur : document {numbers['replace']}" in first
    told = terminal.says("documents", "show", str(numbers["replace"]))
    assert f"Supprimé par son auteur : document {numbers['delete']}" in told
    assert "le voi" not in told
    demand = terminal.says("documents", "show", str(numbers["delete"]))
    assert f"demande de supprimer le document {numbers['replace']}" in demand


def test_a_number_that_is_none_is_said_in_french(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run(["documents", "show", "-c", "gateway.toml", "abc"])
    assert ended.value.code == 2
    assert "'abc' n'est pas un nombre" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("make-visible", "1", "--by", "x"), ("delete", "1", "--by", "x"), ("announced", "1")]
)
def test_who_and_why_must_be_given(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run(["documents", words[0], "-c", "gateway.toml", *words[1:]])
    assert ended.value.code == 2


def test_the_link_goes_to_the_terminal_and_nowhere_else(terminal: Terminal) -> None:
    config = terminal.site.config
    text = config.read_text(encoding="utf-8") + '\n[dmp]\nweb_ps = "https://www.dmp.exemple.fr"\n'
    config.write_text(text, encoding="utf-8")
    terminal.site.ingest(new=Samples("d").new())
    assert ZOE.ins is not None
    number = next(line["id"] for line in terminal.site.results().values() if line["outcome"] == "filed")
    link = f"https://www.dmp.exemple.fr/AccesDirect/Documents/{ZOE.ins.number}"
    assert link in terminal.says("documents", "web-ps", str(number), "--by", "Secrétariat")
    exported = terminal.says("audit", "export")
    assert '"web-ps"' in exported
    assert "AccesDirect" not in exported
    assert ZOE.ins.number not in exported
