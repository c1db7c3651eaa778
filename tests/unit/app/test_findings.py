"""What ``check`` says of certificates, secrets, folders and choices."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.app.config import Finding, check_files, load
from gateway.formats.office import fonts
from tests.unit.app.test_config import BASE, DMP, MAILBOX, SMTP
from tests.unit.trust.pki import DAY, NOW, Authority, Issued, write_secret

STRUCTURE = "1350000018"


def organisation(authority: Authority, unit: str = STRUCTURE, *, ends: datetime = NOW + 365 * DAY) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)])
    return Issued(authority.sign(subject, key, ends=ends), key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = Authority()
    authority.write(tmp_path)
    organisation(authority).write(tmp_path, "auth")
    write_secret(tmp_path / "secret", "sesame")
    (tmp_path / "homologation.txt").write_text("TEST-1\n")
    (tmp_path / "crl").write_bytes(authority.crl().public_bytes(Encoding.DER))
    return tmp_path


def findings(folder: Path, text: str, now: datetime = NOW) -> list[Finding]:
    (folder / "gateway.toml").write_text(text)
    found = check_files(load(folder / "gateway.toml"), now)
    assert not any("\n" in finding.text or "sesame" in finding.text for finding in found)
    return found


def of(level: str, found: list[Finding]) -> list[str]:
    return [finding.text for finding in found if finding.level == level]


WHOLE = BASE + MAILBOX + 'ca = "ca.pem"\ncrl = "crl"\n' + DMP + 'ca = "ca.pem"\n'


def test_a_sound_configuration_has_no_error(folder: Path) -> None:
    assert of("error", findings(folder, WHOLE)) == []


def test_documents_for_mssante_without_a_mailbox_to_send_from(folder: Path) -> None:
    inlet = '[hospital]\nlisten = "127.0.0.1:2577"\n'
    submit = '[submission]\nhost = "127.0.0.1"\ntls = "none"\nauth = "none"\n'
    for text, said in ((inlet, 1), (inlet + submit, 1), (submit, 0), (f'{inlet}{submit}mailbox = "accueil"\n', 0)):
        warnings = of("warning", findings(folder, WHOLE + text))
        assert sum("DPI destine à MSSanté" in one for one in warnings) == said, text


def test_fonts_that_are_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any("DejaVu" in text for text in of("warning", findings(folder, WHOLE)))
    monkeypatch.setattr(fonts, "_FOLDERS", (str(folder),))
    fonts.folder.cache_clear()
    try:
        assert sum("fonts-dejavu-core" in text for text in of("warning", findings(folder, WHOLE))) == 1
    finally:
        fonts.folder.cache_clear()


def test_errors_come_first(folder: Path) -> None:
    levels = [finding.level for finding in findings(folder, WHOLE, NOW + 400 * DAY)]
    assert levels == sorted(levels, key=("error", "warning", "decision").index)
    assert levels[0] == "error"


def test_an_expired_certificate_is_an_error(folder: Path) -> None:
    errors = of("error", findings(folder, WHOLE, NOW + 366 * DAY))
    assert sum("auth.pem : certificat expiré" in error for error in errors) == 2
    assert any("ca.pem : certificat expiré" in error for error in errors)
    assert any("crl : liste de révocation expirée" in error for error in errors)


@pytest.mark.parametrize(("left", "said"), [(timedelta(days=29), 1), (timedelta(days=31), 0)])
def test_a_certificate_near_its_end_is_a_warning(folder: Path, left: timedelta, said: int) -> None:
    organisation(Authority(), ends=NOW + left).write(folder, "client")
    text = BASE + MAILBOX + 'auth = "external"\nclient_cert = "client.pem"\nclient_key = "client.key"\n'
    assert sum("expire dans 29 jour" in warning for warning in of("warning", findings(folder, text))) == said


def test_a_wrong_key_and_a_wrong_password_are_errors(folder: Path) -> None:
    authority = Authority()
    authority.issue().write(folder, "auth")
    organisation(authority).write(folder, "other")
    (folder / "auth.key").write_bytes((folder / "other.key").read_bytes())
    assert any("n'est pas celle du certificat" in error for error in of("error", findings(folder, WHOLE)))
    p12, _ = authority.issue().write_p12(folder, "autre")
    text = BASE + MAILBOX + f'client_p12 = "{p12.name}"\nclient_password_file = "secret"\n'
    assert any("ne s'ouvre pas" in error for error in of("error", findings(folder, text)))


def test_a_key_that_everybody_reads_is_a_warning_and_a_secret_an_error(folder: Path) -> None:
    (folder / "auth.key").chmod(0o644)
    (folder / "secret").chmod(0o644)
    found = findings(folder, WHOLE)
    assert any("auth.key : cette clé privée est lisible par tous" in text for text in of("warning", found))
    assert any("secret : ce secret est lisible par tous" in text for text in of("error", found))


def test_a_certificate_of_another_structure_is_a_warning(folder: Path) -> None:
    organisation(Authority(), "1999999999").write(folder, "auth")
    assert sum(f"n'est pas {STRUCTURE}" in text for text in of("warning", findings(folder, WHOLE))) == 2
    text = WHOLE.replace("[[mailbox]]", 'legal_entity = "1999999999"\n[[mailbox]]', 1)
    assert not any("(OU)" in text for text in of("warning", findings(folder, text)))


def test_an_empty_homologation_file_is_an_error(folder: Path) -> None:
    (folder / "homologation.txt").write_text(" \n")
    assert any("homologation.txt : fichier vide" in error for error in of("error", findings(folder, WHOLE)))


def test_a_folder_that_cannot_be_made_is_an_error(folder: Path) -> None:
    text = BASE + '[quarantine]\nfolder = "secret/quarantaine"\n[dpi]\nkind = "folder"\npath = "secret/depot"\n'
    errors = of("error", findings(folder, text))
    assert [error for error in errors if "quarantaine : on ne peut pas y écrire" in error]
    assert [error for error in errors if "depot : on ne peut pas y écrire" in error]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + MAILBOX, "[[mailbox]] \"accueil\" ca : absent"),
        (BASE + DMP, "[dmp] ca : absent"),
        (BASE + DMP, "[dmp] schemas : absent"),
        (BASE, "disque"),
        (BASE, "aucune destination"),
        (BASE + '[dmp]\nbase_url = "https://dev9.lps2.dmp.gouv.fr/x"\n', "serveur de test"),
        (BASE + MAILBOX + SMTP.replace('= "accueil"', '= "acceuil"'), "boîte acceuil"),
    ],
)  # fmt: skip
def test_warnings(folder: Path, text: str, words: str) -> None:
    assert any(words in warning for warning in of("warning", findings(folder, text)))
    assert not any(words in warning for warning in of("warning", findings(folder, QUIET))) or words == "disque"


QUIET = f'{BASE}[dpi]\nkind = "mllp"\nurl = "mllp://127.0.0.1:2575"\nadd_ipp = false\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (QUIET, '[matching] without_ins = "review"'),
        (QUIET + '[matching]\nocr = "file-and-feed"\n', "entre au dossier et va au DMP"),
        (BASE + DMP, "accord de la CNAM"),
        (BASE + DMP + "minor_secret = true\n", "[dmp] minor_secret"),
        (QUIET.replace("add_ipp = false", ""), "[dpi] add_ipp"),
        (QUIET.replace("[dpi]", '[dpi]\nmessage = "oru"'), "[dpi] message"),
        (QUIET.replace('"mllp"', '"fhir"').replace("mllp:", "http:"), "[dpi] kind"),
        (QUIET.replace("[dpi]", "[dpi]\ncommit_is_enough = true"), "[dpi] commit_is_enough"),
        (QUIET + "cleartext_accepted = true\n", "[dpi] cleartext_accepted"),
        (QUIET + '[senders]\ntrusted_domains = ["*"]\n', "[senders] trusted_domains"),
    ],
)
def test_decisions_are_named(folder: Path, text: str, words: str) -> None:
    assert any(words in decision for decision in of("decision", findings(folder, text)))


def test_no_clearance_is_asked_of_who_never_feeds_what_he_receives(folder: Path) -> None:
    decisions = of("decision", findings(folder, BASE + DMP + 'feed_received_cda = "never"\n'))
    assert not any("CNAM" in decision for decision in decisions)
