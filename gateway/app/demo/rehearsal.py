"""Situations of the DMP within a demonstration: each has a patient and a mail of its own, which must end as it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.app import samples
from gateway.app.errors import CommandError
from gateway.app.samples import FILED, Expected, Sample, not_fed
from gateway.model.identity import Patient
from gateway.sandbox.armed import Order, ScenarioError, order
from gateway.sandbox.scenarios import Moment, Scenario

#: Numbers of the mails, after those of the samples; and how many situations one demonstration takes.
_FIRST, MOST = 20, 70
_NAMES = ("AUBRELIN", "BOISMARTIN", "CHANTEVILLE", "DORMESSAN", "ESTRADEL", "FONTGALLAND", "GRANDPREY")
_GIVEN = ("CLAIRE", "DENISE", "EDITH", "FLORE", "GISELE", "IRENE", "JEANNE", "LAURE", "MIREILLE", "NADINE")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``orders`` go to the sandbox DMP, the rest to the gateway and its index."""

    samples: tuple[Sample, ...] = ()
    patients: tuple[Patient, ...] = ()
    orders: tuple[str, ...] = ()


def rehearse(wanted: Sequence[str], today: date) -> Rehearsal:
    """What the situations ``NAME[:COUNT]`` need. CommandError when one is not known, or when they are too many."""
    if len(wanted) > MOST:
        raise CommandError(f"--scenario : {MOST} situations au plus à la fois")
    try:
        ordered = [order(one) for one in wanted]
    except ScenarioError as error:
        raise CommandError(str(error)) from error
    people = [_patient(number) for number in range(len(ordered))]
    return Rehearsal(tuple(_mails(ordered, people, today)), tuple(people), tuple(map(_aimed, ordered, people)))


def expected(scenario: Scenario) -> tuple[Expected, ...]:
    """Where the mails of a situation end: one, or a document and then its deletion."""
    word, _, reason = scenario.ends.partition(" ")
    refused = Expected("filed", None, "delivered", "refused", scenario.code)
    end = {"fed": FILED, "refused": refused}.get(word) or not_fed(reason)
    return (FILED, end) if scenario.moment is Moment.DELETE else (end,)


def _mails(ordered: Iterable[Order], people: Iterable[Patient], today: date) -> Iterator[Sample]:
    for number, (one, patient) in enumerate(zip(ordered, people, strict=True), _FIRST):
        played = one.scenario
        label = played.name if len(played.name) <= 22 else f"{played.name[:21]}…"
        story = f"{played.name} : {played.happens}"
        yield from samples.rehearsal(today, number, patient, label, story, played.does, *expected(played))


def _aimed(one: Order, patient: Patient) -> str:
    """The order for this patient alone; at the connection nobody is known yet."""
    whom = "" if one.scenario.moment is Moment.CONNECT or patient.ins is None else f"@{patient.ins.number}"
    return f"{one.scenario.name}{f':{one.times}' if one.times else ''}{whom}"


def _patient(number: int) -> Patient:
    name, given = _NAMES[number % len(_NAMES)], _GIVEN[number // len(_NAMES)]
    return samples.person(
        f"001{200 + number:05}", name, given, f"{1940 + number % 50}{1 + number % 12:02}15", "F", "35238"
    )
