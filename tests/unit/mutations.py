"""The guards of the gateway, each with the change that takes it away and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """``fragment`` stands exactly once in ``module`` (under gateway/); ``without`` in its place removes the guard."""

    guard: str
    module: str
    fragment: str
    without: str
    tests: tuple[str, ...]


_ARCHIVE = "tests/unit/formats/test_archive.py::test_"
_CDA = "tests/unit/formats/test_cda.py::test_"
_MAIL = "tests/unit/formats/test_mail.py::test_"
_CONTAINERS = "tests/unit/formats/test_containers.py::test_"
_DANGERS = "tests/unit/formats/test_dangers.py::test_"
_SMIME = "tests/unit/formats/test_smime.py::test_"
_TNEF = "tests/unit/formats/test_tnef.py::test_"
_MIME = "tests/unit/formats/test_mime.py::test_"
_MATCH = "tests/unit/identity/test_match.py::test_"
_GUARDS = "tests/unit/identity/test_guards.py::test_"
_TEXT = "tests/unit/identity/test_identify.py::test_"
_JUDGE = "tests/unit/flow/test_judge.py::test_"
_OWN = "tests/unit/flow/test_hospital_judged.py::test_"
_ALONE = f"{_JUDGE}each_condition_alone_keeps_a_document_out_of_the_dmp"


def _one(guard: str, module: str, fragment: str, without: str, *tests: str) -> Mutation:
    return Mutation(guard, module, fragment, without, tests)


_FORMATS = (
    _one(
        "zip: count",
        "formats/archive.py",
        'data.count(b"PK\\x01\\x02") > limits.zip_entries',
        "False",
        f"{_ARCHIVE}too_many_entries",
    ),
    _one(
        "zip: size of one",
        "formats/archive.py",
        "info.file_size > limits.zip_entry or ",
        "",
        f"{_ARCHIVE}entry_and_total_size",
    ),
    _one(
        "zip: total size",
        "formats/archive.py",
        "sum(info.file_size for info in infos) > limits.zip_total",
        "False",
        f"{_ARCHIVE}entry_and_total_size",
    ),
    _one(
        "zip: ratio",
        "formats/archive.py",
        "info.file_size > limits.zip_ratio * max(info.compress_size, 1)",
        "False",
        f"{_ARCHIVE}ratio",
    ),
    _one(
        "zip: overlap",
        "formats/archive.py",
        "info.header_offset < end:",
        "False:",
        f"{_ARCHIVE}overlapping_entries",
    ),
    _one(
        "zip: overlap with the directory",
        "formats/archive.py",
        "if end > directory:",
        "if False:",
        f"{_ARCHIVE}entry_that_runs_into_the_directory",
    ),
    _one("zip: path, parent", "formats/archive.py", ' or ".." in path.split("/")', "", f"{_ARCHIVE}path_tricks"),
    _one("zip: path, root", "formats/archive.py", 'path.startswith("/") or ', "", f"{_ARCHIVE}path_tricks"),
    _one("zip: path, drive", "formats/archive.py", 'path[1:2] == ":" or ', "", f"{_ARCHIVE}path_tricks"),
    _one("zip: hidden marks", "formats/archive.py", "_HIDDEN_MARKS.search(path)", "False", f"{_ARCHIVE}path_tricks"),
    _one(
        "zip: links",
        "formats/archive.py",
        "mode not in {0, stat.S_IFREG, stat.S_IFDIR}",
        "False",
        f"{_ARCHIVE}symbolic_link",
    ),
    _one("zip: twins", "formats/archive.py", "_check_twins(self.entries)", "pass", f"{_ARCHIVE}two_files_of_one_name"),
    _one("zip: encrypted", "formats/archive.py", "if self._locked:", "if False:", f"{_ARCHIVE}encrypted"),
    _one(
        "zip: nested",
        "formats/drafts.py",
        "depth > limits.zip_depth",
        "False",
        f"{_MAIL}zips_inside_zips_end_somewhere",
    ),
    _one(
        "xml: DTD, seen first",
        "formats/xmltree.py",
        "_refuse_doctype(_prolog(data))",
        "pass",
        f"{_CDA}document_types_are_refused",
    ),
    _one(
        "xml: DTD, seen after parsing",
        "formats/xmltree.py",
        '_refuse_doctype(getattr(root.getroottree().docinfo, "doctype", ""))',
        "pass",
        f"{_CDA}doctype_behind_a_long_prolog_is_refused_after_parsing",
    ),
    _one(
        "xml: depth",
        "formats/xmltree.py",
        'root.xpath("boolean(" + "/*" * (limits.xml_depth + 1) + ")")',
        "False",
        f"{_CDA}depth_and_size",
    ),
    _one("xml: size", "formats/xmltree.py", "len(data) > limits.xml_bytes", "False", f"{_CDA}depth_and_size"),
    _one("mail: parts", "formats/mails/mime.py", "len(kept) > limits.mime_parts", "False", f"{_MIME}too_many_parts"),
    _one(
        "mail: boundaries",
        "formats/mails/mime.py",
        " or seen > limits.boundary_marks",
        "",
        f"{_MIME}too_many_lines_that_look_like_a_boundary",
    ),
    _one(
        "mail: depth",
        "formats/mails/mime.py",
        "container and depth >= limits.mime_depth",
        "False",
        f"{_MIME}ten_thousand_multiparts_and_two_hundred_mails_are_not_opened",
    ),
    _one(
        "mail: what is too deep is said",
        "formats/mail.py",
        "if part.too_deep:",
        "if False:",
        f"{_MAIL}part_too_deep_is_unsafe",
    ),
    _one(
        "mail: archives, all together",
        "formats/archive.py",
        "self._files < 0 or self._bytes < 0",
        "False",
        f"{_CONTAINERS}the_whole_mail_is_bounded_not_only_each_archive",
    ),
    _one(
        "gzip: size",
        "formats/archive.py",
        "len(out) > most",
        "False",
        f"{_CONTAINERS}gzip_names_its_file_and_is_bounded",
    ),
    _one(
        "tnef: lengths",
        "formats/mails/tnef.py",
        "end + 2 > len(data)",
        "False",
        f"{_TNEF}lengths_that_lie_are_unreadable",
    ),
    _one(
        "tnef: count",
        "formats/mails/tnef.py",
        "seen > limits.tnef_attributes",
        "False",
        f"{_TNEF}too_many_attributes_are_unsafe",
    ),
    _one(
        "smime: what is signed is what is read",
        "formats/mails/smime.py",
        "        if stated not in",
        "        if False and stated not in",
        f"{_SMIME}altered_content_is_read_and_waits_for_a_person",
    ),
    _one(
        "smime: an altered document waits",
        "formats/draft.py",
        "if signature != smime.INVALID or",
        "if True or",
        f"{_SMIME}altered_content_is_read_and_waits_for_a_person",
    ),
    _one(
        "dangers: another file behind",
        "formats/dangers.py",
        "if disguised or before or behind:",
        "if disguised or before:",
        f"{_DANGERS}a_zip_inside_a_stream_of_a_pdf_is_no_second_file",
    ),
    _one(
        "mail: header",
        "formats/mails/mime.py",
        "following - start > limits.header_block",
        "False",
        f"{_MIME}header_beyond_its_limit",
    ),
)

_INTAKE = (
    _one(
        "SMTP: size",
        "intake/smtp/content.py",
        "size > self._limit",
        "False",
        "tests/protocol/test_smtp.py::test_size_is_checked_when_announced_and_while_receiving",
    ),
    _one(
        "SMTP: announced size",
        "intake/smtp/session.py",
        "data_size_limit=desk.max_size",
        "data_size_limit=None",
        "tests/protocol/test_smtp.py::test_size_is_checked_when_announced_and_while_receiving",
    ),
    _one(
        "SMTP: bare line ends",
        "intake/smtp/content.py",
        'piece.find(b"\\n", 0, -2) >= 0 or piece.find(b"\\r", 0, -2) >= 0',
        "False",
        "tests/protocol/test_smtp.py::test_only_crlf_dot_crlf_ends_a_message",
    ),
    _one(
        "IMAP: announced size",
        "intake/imap/collector.py",
        'max(mail.size, len(body or b"")) > self._settings.max_size',
        "False",
        "tests/unit/intake/test_imap_watcher.py::test_a_mail_larger_than_announced_is_too_large_all_the_same",
    ),
    _one(
        "IMAP: size while reading",
        "intake/imap/reader.py",
        "offset > limit",
        "False",
        "tests/unit/intake/test_imap_watcher.py::test_a_mail_larger_than_announced_is_too_large_all_the_same",
    ),
    _one(
        "vault: size",
        "vault/files.py",
        'raise TooLarge(f"longer than {limit} bytes")',
        "pass",
        "tests/unit/vault/test_files.py",
    ),
)

_IDENTITY = (
    _one("no-identity", "identity/match.py", "if not speakers:", "if False:", f"{_MATCH}nobody_is_named"),
    _one(
        "two-persons",
        "identity/sources.py",
        'return Reason.SEVERAL_PATIENTS, "two-persons"',
        "continue",
        f"{_MATCH}two_persons_of_one_source_are_several_patients",
    ),
    _one(
        "several patients in one mail",
        "identity/sources.py",
        "in combinations(each, 2)\n    )\n\n\ndef _is_another",
        "in ()\n    )\n\n\ndef _is_another",
        f"{_MATCH}the_documents_of_a_mail_are_about_one_patient_or_several",
    ),
    _one(
        "two sources apart",
        "identity/match.py",
        "    divided = apart(stated, metadata)\n",
        "    divided = None\n",
        f"{_MATCH}two_persons_of_one_source_are_several_patients",
    ),
    _one(
        "sources-disagree",
        "identity/match.py",
        "if differing(compare(heard, patient)):",
        "if False:",
        f"{_GUARDS}another_source_may_contradict_the_patient_where_the_document_is_silent",
    ),
    _one(
        "ins-conflict",
        "identity/match.py",
        "if holders and any(conflicts(claim, holder) for holder in holders):",
        "if False:",
        f"{_MATCH}one_trait_of_an_ins_off_is_a_conflict",
    ),
    _one(
        "ins-conflict: the OID",
        "identity/compare.py",
        ' and claim.ins.oid in ("", patient.ins.oid)',
        "",
        f"{_MATCH}one_trait_of_an_ins_off_is_a_conflict",
    ),
    _one(
        "ins-incomplete",
        "identity/match.py",
        "    if incomplete:\n",
        "    if False:\n",
        f"{_GUARDS}an_unknown_number_with_a_trait_missing_is_incomplete_whoever_is_near",
    ),
    _one(
        "ins-incomplete: the birth name",
        "identity/match.py",
        "if not all_equal(claim, holders[0], birth_name=True):",
        "if False:",
        f"{_MATCH}a_strict_trait_missing_is_incomplete",
    ),
    _one(
        "ins-unusable",
        "identity/match.py",
        "if not usable(claim, test=policy.test):",
        "if False:",
        f"{_MATCH}test_numbers_match_in_a_test_establishment_only",
    ),
    _one(
        "ins-unknown-traits-known",
        "identity/match.py",
        'if not same else _conflict(claim, same, "ins-unknown-traits-known")',
        "",
        f"{_MATCH}traits_of_somebody_without_ins_under_an_unknown_ins_are_a_conflict",
    ),
    _one(
        "ins-shared",
        "identity/match.py",
        "if len(holders) > 1:",
        "if False:",
        f"{_MATCH}an_ins_held_twice_is_ambiguous",
    ),
    _one(
        "traits-incomplete",
        "identity/match.py",
        "if lacking(claim, with_ins=False):",
        "if False:",
        f"{_MATCH}one_of_the_four_off_or_missing",
    ),
    _one(
        "traits-ambiguous",
        "identity/match.py",
        "if len(homonyms) > 1:",
        "if False:",
        f"{_MATCH}several_patients_fit",
    ),
    _one(
        "ins-without-authority",
        "identity/match.py",
        "if claim.ins is not None and not holds(same[0], claim):",
        "if False:",
        f"{_GUARDS}a_number_without_authority_only_contradicts",
    ),
    _one(
        "close-spelling",
        "identity/match.py",
        "if any(near(bare, patient) for patient in index.living):",
        "if False:",
        f"{_MATCH}one_of_the_four_off_or_missing",
    ),
    _one(
        "exact means exact",
        "identity/strict.py",
        "evidence.likeness in SAME for",
        "True for",
        f"{_MATCH}one_of_the_four_off_or_missing",
    ),
    _one(
        "merged-patient",
        "identity/match.py",
        "patient for patient in self.by_ipp.values() if patient.replaced_by is None",
        "patient for patient in self.by_ipp.values()",
        f"{_MATCH}a_merged_record_gives_way_to_its_survivor",
    ),
    _one(
        "doubtful-patient",
        "identity/match.py",
        'if "douteux" in flags:',
        "if False:",
        f"{_MATCH}a_doubtful_record_is_for_a_person",
    ),
    _one(
        "blocked-patient",
        "identity/match.py",
        "if flags & BLOCKING:",
        "if False:",
        f"{_MATCH}a_blocked_record_is_for_a_person",
    ),
    _one(
        "without-ins-review",
        "identity/match.py",
        'asked.append(("without-ins", policy.without_ins))',
        "pass",
        f"{_MATCH}four_traits_without_ins_file_as_the_site_decided",
    ),
    _one(
        "ocr-review",
        "identity/match.py",
        'asked.append(("ocr", policy.ocr))',
        "pass",
        f"{_MATCH}what_was_read_by_ocr_is_filed_as_the_site_decided",
    ),
    _one(
        "homonym-review",
        "identity/match.py",
        'asked.append(("homonym", policy.homonym))',
        "pass",
        f"{_MATCH}a_homonym_is_filed_as_the_site_decided",
    ),
    _one(
        "another patient in the text",
        "identity/identify.py",
        "    if others:\n",
        "    if False:\n",
        f"{_TEXT}another_patient_in_the_text_holds_it",
    ),
    _one(
        "the text disagrees",
        "identity/identify.py",
        "if not one.aside and differing(compare(told, certain)):",
        "if False:",
        f"{_TEXT}what_the_text_says_besides_of_the_patient_must_be_his",
    ),
    _one(
        "a coded header is not completed",
        "identity/identify.py",
        "found.rule in _OPEN and _is_read(said)",
        "found.rule in _OPEN",
        f"{_TEXT}a_coded_header_is_not_completed_by_a_text",
    ),
    _one(
        "kin around what is sighted",
        "identity/stated.py",
        "told = roles.speaks_of_kin(around) or ",
        "told = ",
        f"{_TEXT}what_is_not_plainly_an_identity_states_nothing",
    ),
    _one(
        "prose states nothing",
        "identity/stated.py",
        " or _is_prose(page, first, last)",
        "",
        f"{_TEXT}what_is_not_plainly_an_identity_states_nothing",
    ),
    _one(
        "somebody else in the text",
        "identity/stated.py",
        " or _somebody_else(words, seen, on)",
        "",
        f"{_TEXT}what_is_not_plainly_an_identity_states_nothing",
    ),
    _one(
        "a bare date may be that of the letter",
        "identity/stated.py",
        "born <= on.year - _YOUNG and ",
        "",
        f"{_TEXT}a_date_without_a_word_may_be_that_of_the_letter",
    ),
    _one(
        "an act's date is no birth date",
        "identity/sightings.py",
        " and (kind := kind_of(page, written)) is not Kind.ACT",
        " and (kind := kind_of(page, written))",
        f"{_TEXT}somebody_explained_or_not_dated_disturbs_nothing",
    ),
)

_POLICY = (
    _one(
        "untrusted-sender: domain",
        "flow/judgement/judge.py",
        "None if trusted and context",
        "None if context",
        f"{_JUDGE}who_may_speak_by_domain",
    ),
    _one(
        "untrusted-sender: channel",
        "flow/judgement/judge.py",
        " and context.trusted_channel and",
        " and",
        f"{_JUDGE}a_channel_that_is_not_trusted_makes_nobody_trusted",
    ),
    _one(
        "untrusted-sender: refused",
        "flow/judgement/judge.py",
        " and not refused else",
        " else",
        f"{_JUDGE}a_sender_who_is_no_longer_authorised",
    ),
    _one(
        "author-unknown: another signs",
        "flow/judgement/judge.py",
        "context.author is not None or not others(one, author)",
        "True",
        f"{_JUDGE}who_signs_in_the_senders_place_is_kept_with_the_judgement",
    ),
    _one(
        "patient-mail",
        "flow/judgement/judge.py",
        "if is_patient(context.envelope.sender):",
        "if False:",
        f"{_JUDGE}who_may_speak_by_domain",
    ),
    _one(
        "problem",
        "flow/judgement/judge.py",
        "if one.problem is not None:",
        "if False:",
        f"{_JUDGE}a_problem_of_reading_is_for_a_person_with_its_detail",
    ),
    _one(
        "masked",
        "flow/judgement/judge.py",
        "    if one.visibility.masked_to_professionals and one.orders is None:\n",
        "    if False:\n",
        f"{_JUDGE}what_is_masked_to_professionals_is_for_a_person",
    ),
    _one(
        "orders from elsewhere",
        "flow/judgement/judge.py",
        "if context.hospital != (one.orders is not None):",
        "if False:",
        f"{_OWN}orders_are_believed_from_the_record_alone",
    ),
    _one(
        "orders: not for the DMP",
        "flow/judgement/judge.py",
        "return one.orders.to_dmp",
        "return True",
        f"{_OWN}what_it_does_not_mark_does_not_go",
    ),
    _one(
        "orders: of the record's own alone",
        "flow/judgement/versions.py",
        "if one.orders is not None and target.reading.orders is not None:",
        "if one.orders is not None:",
        f"{_OWN}the_record_may_change_what_is_its_own_whoever_wrote_it",
    ),
    _one(
        "own number: traits",
        "identity/own.py",
        "or not _is_his(claims, patient)",
        "",
        "tests/unit/identity/test_own.py::test_it_never_stands_alone",
        "tests/unit/identity/test_own.py::test_a_record_that_is_not_one_to_file_under_stays_so",
    ),
    _one(
        "own number: of another",
        "identity/own.py",
        " or (found.ipp is not None and found.ipp not in known)",
        "",
        "tests/unit/identity/test_own.py::test_a_number_of_another_patient_takes_the_certainty_away",
    ),
    _one(
        "same id, other bytes",
        "flow/judgement/judge.py",
        "if copy.sha256 != one.sha256:",
        "if False:",
        f"{_JUDGE}the_same_id_with_other_bytes_is_malformed",
    ),
    _one(
        "duplicate",
        "flow/judgement/judge.py",
        "return _copy(one, known.copy, known.asked) if known.copy is not None else None",
        "return None",
        f"{_JUDGE}a_copy_of_what_is_filed_is_a_duplicate",
    ),
    _one(
        "several-patients",
        "flow/judgement/judge.py",
        "if not alone:",
        "if False:",
        f"{_JUDGE}a_mail_about_several_persons_is_for_a_person",
    ),
    _one(
        "no match", "flow/judgement/judge.py", "known.match.reason is not None or ", "", f"{_JUDGE}no_match_no_filing"
    ),
    _one(
        "replaces-unknown",
        "flow/judgement/judge.py",
        "return Judgement(reason=Reason.REPLACES_UNKNOWN, match=known.match, detail=detail)",
        "return None",
        f"{_JUDGE}a_parent_that_is_not_here_is_awaited_then_asked_for",
    ),
    _one(
        "parent of another",
        "flow/judgement/versions.py",
        "if target.document.ipp != ipp:",
        "if False:",
        f"{_JUDGE}a_parent_of_another_patient_is_a_conflict",
    ),
    _one(
        "not-author",
        "flow/judgement/versions.py",
        "return bool(_ids(new) & _ids(old))",
        "return True",
        f"{_JUDGE}another_author_may_not_replace",
    ),
    _one(
        "not-author: deletion",
        "flow/judgement/versions.py",
        "return same_sender or _is_author(sender, old)",
        "return True",
        f"{_JUDGE}a_deletion_carries_the_authors_own_header_so_its_sender_must_be_one",
    ),
    _one(
        "version-conflict: replaced",
        "flow/judgement/versions.py",
        "if parent.state is DocumentState.SUPERSEDED:",
        "if False:",
        f"{_JUDGE}a_version_that_was_already_replaced",
    ),
    _one(
        "version-conflict: lower",
        "flow/judgement/versions.py",
        " or new.version > old.version",
        " or True",
        f"{_JUDGE}a_version_that_is_not_higher",
    ),
    _one(
        "version-conflict: set",
        "flow/judgement/versions.py",
        "if new.set_id and old.set_id and new.set_id != old.set_id:",
        "if False:",
        f"{_JUDGE}a_version_of_another_set",
    ),
    _one(
        "duplicate claim",
        "flow/read.py",
        "held = documents.owner(c, claim) if claim else None",
        "held = None",
        "tests/unit/flow/test_claims.py",
    ),
    _one(
        "duplicate claim: all copies follow",
        "flow/read.py",
        "c.execute(update(document).where(document.c.duplicate_of == held.id).values(duplicate_of=number))",
        "pass",
        "tests/unit/flow/test_claims.py",
    ),
    _one(
        "duplicate claim: the lower arrival wins",
        "flow/read.py",
        "held.state is DocumentState.READ and held.arrival_seq > seen.seq",
        "False",
        "tests/unit/flow/test_claims.py",
    ),
)

#: Condition of why_not_fed → its test, in the order of the table there.
_CONDITIONS = (
    ("NotFed.OFF, not dmp.enabled or not _is_for_dmp(one, context)", "OFF"),
    ('NotFed.CONFIDENTIALITY, confidentiality != "N"', "CONFIDENTIALITY"),
    (
        "NotFed.MINOR_RULE, minor and not secret and (hidden_from_parents or ruling.wait_for_professional)",
        "MINOR_RULE",
    ),
    (
        'NotFed.IDENTITY_BLOCKED, bool({flag.upper() for flag in patient.attributes} & {"CACH", "ANOM", "USUR"})',
        "IDENTITY_BLOCKED",
    ),
    ("NotFed.INS_NOT_QUALIFIED, not patient.qualified or not match.feedable", "INS_NOT_QUALIFIED"),
    ("NotFed.OPPOSED, patient.opposed", "OPPOSED"),
    (
        "NotFed.TYPE_NOT_ACCEPTED, known_type is None or not (known_type.in_dmp and known_type.is_of_professionals)",
        "TYPE_NOT_ACCEPTED",
    ),
    ('NotFed.TYPE_TO_CONFIRM, not ruling.type_certain and dmp.uncertain_type == "hold"', "TYPE_TO_CONFIRM"),
    ("NotFed.NOT_VALIDATED, not one.final", "NOT_VALIDATED"),
    ("NotFed.AUTHOR_UNKNOWN, not _author_known(one, context)", "AUTHOR_UNKNOWN"),
    (
        "NotFed.AUTHOR_FEEDS, one.header is None and context.sender is not None and context.sender.feeds_dmp",
        "AUTHOR_FEEDS",
    ),
    ("NotFed.FORMAT, one.header is None and not _fit_for_dmp(one)", "FORMAT"),
    ("NotFed.RULE, not ruling.feed", "RULE"),
    ("NotFed.INDEX_STALE, not context.index_fresh", "INDEX_STALE"),
)
_FEEDING = tuple(
    _one(f"fed: {name}", "flow/judgement/judge.py", f"({condition})", f"(NotFed.{name}, False)", _ALONE)
    for condition, name in _CONDITIONS
)

#: Guard, module, fragment, what stands there instead, test.
_OFFICE = tuple(
    _one(f"office: {guard}", f"formats/office/{module}.py", fragment, without, f"tests/unit/formats/test_{test}")
    for guard, module, fragment, without, test in (
        ("size", "blocks", "min(room) < 0", "False", "office.py::test_more_than_a_letter_can_have_is_refused"),
        (
            "macros",
            "words",
            '"macroenabled" in one',
            "False",
            "office.py::test_macros_and_passwords_stay_what_they_were",
        ),
        (
            "key",
            "odt",
            'b"encryption-data" in',
            "b'-' not in",
            "office.py::test_macros_and_passwords_stay_what_they_were",
        ),
        ("hidden", "docx", " or look.hidden", "", "office.py::test_hidden_letters_and_instructions_are_left_out"),
        (
            "fields",
            "docx",
            "any(self._instructions) or ",
            "",
            "office.py::test_hidden_letters_and_instructions_are_left_out",
        ),
        (
            "deleted",
            "docx",
            'child(one, "trPr", "del") is None',
            "True",
            "office.py::test_tracked_changes_are_accepted",
        ),
        ("html hidden", "css", 'said.get("display") == "none"', "False", "office.py::test_html_as_a_browser_shows_it"),
        (
            "html depth",
            "html",
            "len(self._looks) > _DEEPEST",
            "False",
            "office.py::test_html_nested_without_end_is_refused",
        ),
        ("rtf depth", "rtf", "len(self.groups) > self.limits.rtf_depth", "False", "rtf.py::test_depth_and_cuts"),
        ("rtf objects", "rtf", 'if word == "objdata":', "if False:", "rtf.py::test_an_object_inside_is_unsafe"),
        ("rtf deleted", "rtf", '{"v", "deleted"}', '{"v"}', "rtf.py::test_letters"),
    )
)

_EXPIRES = "tests/unit/flow/test_nothing_expires.py::test_"
_HOUSEKEEPING = (
    _one(
        "sum: an arrival without document",
        "flow/reconcile.py",
        " and not c.execute(without).scalar_one()",
        "",
        f"{_EXPIRES}a_mail_that_was_read_and_has_no_document_breaks_the_sum",
    ),
    _one(
        "sum: a state that does not exist",
        "flow/reconcile.py",
        "total == sum(counts.get(state, 0) for state in MailState) and ",
        "",
        f"{_EXPIRES}the_housekeeping_says_whether_the_sum_holds",
    ),
    _one(
        "sum: it is said",
        "app/daemon.py",
        '"reconcile.done" if balanced else "reconcile.broken"',
        '"reconcile.done"',
        f"{_EXPIRES}the_housekeeping_says_whether_the_sum_holds",
    ),
    _one(
        "purge: what is referred to",
        "flow/reconcile.py",
        "if address not in kept)",
        ")",
        f"{_EXPIRES}what_waits_for_a_person_is_there_after_twenty_years",
        f"{_EXPIRES}what_waits_for_its_destination_is_delivered_after_twenty_years",
    ),
    _one(
        "purge: what is settled",
        "ledger/mails.py",
        "(mail.c.state == MailState.SETTLED) & (mail.c.settled_at < settled_before) & ",
        "",
        f"{_EXPIRES}what_waits_for_its_destination_is_delivered_after_twenty_years",
        "tests/unit/flow/test_reconcile.py::test_bytes_go_when_settled_long_ago_and_never_before",
    ),
)

MUTATIONS = _FORMATS + _INTAKE + _IDENTITY + _POLICY + _FEEDING + _OFFICE + _HOUSEKEEPING
