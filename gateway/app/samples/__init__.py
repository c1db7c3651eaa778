"""Sample mails about invented persons, each with what must become of it: every outcome is shown once."""

from gateway.app.samples.book import FILED, Expected, Sample, not_fed, rehearsal, samples
from gateway.app.samples.people import MAILBOX, SENDERS, patients, patients_csv, person, senders_csv

__all__ = [
    "FILED",
    "MAILBOX",
    "SENDERS",
    "Expected",
    "Sample",
    "not_fed",
    "patients",
    "patients_csv",
    "person",
    "rehearsal",
    "samples",
    "senders_csv",
]
