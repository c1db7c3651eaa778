"""One claim beside one patient, or beside another claim, trait by trait (DESIGN §5)."""

from __future__ import annotations

from gateway.identity import dates
from gateway.identity.ins import compact
from gateway.identity.names import is_prefix, normalise, one_typing_error, similarity, tokens
from gateway.model.identity import Candidate, Claim, Likeness, Patient, TraitEvidence

SAME = frozenset({Likeness.EQUAL, Likeness.NORMALISED})
FAMILY = ("birth_name", "used_name", "family_name")
STRICT = (*FAMILY, "given_names", "birth_date", "sex")

_WEIGHTS = {"ins": 4.0, "given_names": 2.0, "birth_date": 3.0, "sex": 1.0, "birth_place": 1.0}
_FAMILY_WEIGHT = 3.0
_SWAPPED = 0.85


def compare(claim: Claim, patient: Patient) -> tuple[TraitEvidence, ...]:
    """Every trait that the claim states, and every strict trait that it lacks, beside the patient's."""
    return (
        *_ins(claim, patient),
        *_names(claim, patient),
        _birth_date(claim, patient),
        _sex(claim, patient),
        *_birth_place(claim, patient),
    )


def differing(evidence: tuple[TraitEvidence, ...]) -> tuple[TraitEvidence, ...]:
    """The traits that are stated and are not the patient's."""
    return tuple(e for e in evidence if e.likeness in (Likeness.CLOSE, Likeness.DIFFERENT))


def candidate(claim: Claim, patient: Patient) -> Candidate:
    """A patient to show, with a score from 0 to 1 that only ranks."""
    evidence = compare(claim, patient)
    crossed = (*FAMILY, "given_names") if swapped(claim, patient) else ()
    weighed = [
        (_WEIGHTS.get(e.trait, _FAMILY_WEIGHT), _SWAPPED if e.trait in crossed else _closeness(e)) for e in evidence
    ]
    total = sum(weight for weight, _ in weighed) or 1.0
    return Candidate(patient.ipp, round(sum(w * c for w, c in weighed) / total, 3), evidence)


def swapped(claim: Claim, patient: Patient) -> bool:
    """Whether family and given names are the patient's, one in the place of the other."""
    given = normalise(claim.first_given or claim.given_names or "")
    families = {normalise(name) for name in (claim.birth_name, claim.used_name, claim.family_name) if name}
    return normalise(patient.first_given) in families and given in _families(patient)


def contradict(one: Claim, other: Claim) -> bool:
    """Whether two claims cannot be of one person. What only one of them states contradicts nothing."""
    return (
        _ins_contradict(one, other)
        or bool(one.birth_date and other.birth_date and not dates.compatible(one.birth_date, other.birth_date))
        or (one.sex in ("M", "F") and other.sex in ("M", "F") and one.sex != other.sex)
        or _givens_contradict(one, other)
        or _families_contradict(one, other)
    )


def claimed_givens(claim: Claim) -> tuple[str, ...]:
    """The words of the given names that a claim states."""
    return tokens(claim.first_given) or tokens(claim.given_names)


def _ins(claim: Claim, patient: Patient) -> tuple[TraitEvidence, ...]:
    if claim.ins is None:
        return ()
    number = compact(claim.ins.number)
    if patient.ins is None:
        return (TraitEvidence("ins", Likeness.DIFFERENT, number, None),)
    same = number == compact(patient.ins.number) and claim.ins.oid in ("", patient.ins.oid)
    likeness = Likeness.EQUAL if same else Likeness.DIFFERENT
    return (TraitEvidence("ins", likeness, f"{number} ({claim.ins.oid})", f"{patient.ins.number} ({patient.ins.oid})"),)


def _names(claim: Claim, patient: Patient) -> tuple[TraitEvidence, ...]:
    if claim.full_name is not None and not claimed_givens(claim):
        return _full_name(claim, claim.full_name, patient)
    used = patient.used_name or patient.birth_name
    stated = (
        ("birth_name", claim.birth_name, (patient.birth_name,)),
        ("used_name", claim.used_name, (used,)),
        ("family_name", claim.family_name, (patient.birth_name, used)),
    )
    rows = [_best(trait, name, held) for trait, name, held in stated if name]
    if not rows:
        rows = [TraitEvidence("birth_name", Likeness.ABSENT, None, patient.birth_name)]
    return (*rows, _given(claim, patient))


def _full_name(claim: Claim, full: str, patient: Patient) -> tuple[TraitEvidence, ...]:
    """Family and given names in either order; the given ones any beginning of the patient's list."""
    words, held = tokens(full), f"{patient.birth_name} {patient.given_names}"
    used = tokens(patient.used_name) or tokens(patient.birth_name)
    families = {used} if claim.birth_name else {tokens(patient.birth_name), used}
    givens = [given for given in _beginnings(patient) if given]
    orders = {order for f in families if f for g in givens for order in (f + g, g + f)}
    if words in orders:
        likeness = Likeness.NORMALISED
    elif any(one_typing_error(" ".join(words), " ".join(order)) for order in orders):
        likeness = Likeness.CLOSE
    else:
        likeness = Likeness.DIFFERENT
    birth = [_best("birth_name", claim.birth_name, (patient.birth_name,))] if claim.birth_name else []
    same_given = Likeness.NORMALISED if likeness is Likeness.CLOSE else likeness
    return (
        *birth,
        TraitEvidence("family_name", likeness, full, held),
        TraitEvidence("given_names", same_given, full, patient.given_names),
    )


def _best(trait: str, name: str, held: tuple[str, ...]) -> TraitEvidence:
    order = list(Likeness)
    likeness, against = min(((_name(name, each), each) for each in held), key=lambda pair: order.index(pair[0]))
    return TraitEvidence(trait, likeness, name, against)


def _name(claimed: str, held: str) -> Likeness:
    if claimed == held and normalise(held):
        return Likeness.EQUAL
    if normalise(claimed) == normalise(held) != "":
        return Likeness.NORMALISED
    return Likeness.CLOSE if one_typing_error(claimed, held) else Likeness.DIFFERENT


def _given(claim: Claim, patient: Patient) -> TraitEvidence:
    held = patient.given_names or patient.first_given
    if claim.first_given:
        likeness = _name(claim.first_given, patient.first_given)
        if likeness is Likeness.DIFFERENT and normalise(claim.first_given) in tokens(held):
            likeness = Likeness.CLOSE
        return TraitEvidence("given_names", likeness, claim.first_given, patient.first_given)
    if claim.given_names:
        return TraitEvidence("given_names", _given_list(claim, patient), claim.given_names, held)
    return TraitEvidence("given_names", Likeness.ABSENT, None, held)


def _given_list(claim: Claim, patient: Patient) -> Likeness:
    """A list of which the first is not told apart: equal when it begins the patient's list and holds his first.

    Longer than the patient's list, only the same INS says that it is not another person's double given name.
    """
    words, first, held = tokens(claim.given_names), tokens(patient.first_given), tokens(patient.given_names)
    if words in _beginnings(patient):
        return Likeness.NORMALISED
    same_ins = claim.ins is not None and patient.ins is not None and claim.ins.number == patient.ins.number
    if same_ins and is_prefix(first, words) and is_prefix(held or first, words):
        return Likeness.NORMALISED
    if is_prefix(first, words) or is_prefix(words, first) or set(words) & set(held):
        return Likeness.CLOSE
    near = any(one_typing_error(" ".join(words), " ".join(each)) for each in _beginnings(patient))
    return Likeness.CLOSE if near else Likeness.DIFFERENT


def _beginnings(patient: Patient) -> tuple[tuple[str, ...], ...]:
    """The beginnings of the patient's list of given names that hold at least his first one."""
    first, held = tokens(patient.first_given), tokens(patient.given_names)
    if not is_prefix(first, held):
        held = first
    return tuple(held[:length] for length in range(len(first), len(held) + 1) if length)


def _birth_date(claim: Claim, patient: Patient) -> TraitEvidence:
    claimed, held = claim.birth_date, patient.birth_date
    if not claimed or not dates.is_whole(claimed):
        likeness = Likeness.ABSENT
        if claimed and len(claimed) == len(held) == 8 and not dates.compatible(claimed, held):
            likeness = Likeness.DIFFERENT
    elif dates.agree(claimed, held):
        likeness = Likeness.EQUAL
    else:
        likeness = Likeness.CLOSE if dates.one_typing_error(claimed, held) else Likeness.DIFFERENT
    return TraitEvidence("birth_date", likeness, claimed, held)


def _sex(claim: Claim, patient: Patient) -> TraitEvidence:
    if claim.sex not in ("M", "F"):
        return TraitEvidence("sex", Likeness.ABSENT, claim.sex, patient.sex)
    likeness = Likeness.EQUAL if claim.sex == patient.sex else Likeness.DIFFERENT
    return TraitEvidence("sex", likeness, claim.sex, patient.sex)


def _birth_place(claim: Claim, patient: Patient) -> tuple[TraitEvidence, ...]:
    """Compared only when both know it; 99999 is an unknown place."""
    claimed, held = (claim.birth_place or "").strip().upper(), patient.birth_place.strip().upper()
    if claimed in ("", "99999") or held in ("", "99999"):
        return ()
    likeness = Likeness.EQUAL if claimed == held else Likeness.DIFFERENT
    return (TraitEvidence("birth_place", likeness, claimed, held),)


def _closeness(evidence: TraitEvidence) -> float:
    if evidence.likeness in SAME:
        return 1.0
    if evidence.likeness is Likeness.ABSENT or not evidence.claimed or not evidence.held:
        return 0.0
    if evidence.trait in ("ins", "sex", "birth_place"):
        return 0.0
    return 0.9 * similarity(evidence.claimed, evidence.held)


def _families(patient: Patient) -> frozenset[str]:
    return frozenset(filter(None, (normalise(patient.birth_name), normalise(patient.used_name))))


def _ins_contradict(one: Claim, other: Claim) -> bool:
    if one.ins is None or other.ins is None:
        return False
    oids = {one.ins.oid, other.ins.oid} - {""}
    return compact(one.ins.number) != compact(other.ins.number) or len(oids) > 1


def _givens_contradict(one: Claim, other: Claim) -> bool:
    left, right = claimed_givens(one), claimed_givens(other)
    return bool(left and right) and not (is_prefix(left, right) or is_prefix(right, left))


def _families_contradict(one: Claim, other: Claim) -> bool:
    if one.full_name and other.full_name:
        return sorted(tokens(one.full_name)) != sorted(tokens(other.full_name))
    if one.full_name or other.full_name:
        return _full_contradicts(one, other) if one.full_name else _full_contradicts(other, one)
    same_kind = ((one.birth_name, other.birth_name), (one.used_name, other.used_name))
    if any(a and b and normalise(a) != normalise(b) for a, b in same_kind):
        return True
    return _outside(one, other) or _outside(other, one)


def _full_contradicts(whole: Claim, parts: Claim) -> bool:
    """A whole name must hold the given names of the other claim, and one of its family names."""
    words = set(tokens(whole.full_name))
    families = [set(tokens(name)) for name in (parts.birth_name, parts.used_name, parts.family_name) if name]
    held = not families or any(family <= words for family in families)
    return not (held and set(claimed_givens(parts)[:1]) <= words)


def _outside(one: Claim, other: Claim) -> bool:
    """Whether a family name of unsaid kind is none of those that the other claim tells in full."""
    if not one.family_name:
        return False
    known = [normalise(name) for name in (other.family_name, other.birth_name, other.used_name) if name]
    told = other.family_name or (other.birth_name and other.used_name)
    return bool(told) and normalise(one.family_name) not in known
