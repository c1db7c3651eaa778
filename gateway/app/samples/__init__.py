"""Sample mails about invented persons, each with what must become of it: every outcome is shown once."""

from gateway.app.samples.book import Expected, Sample, samples
from gateway.app.samples.people import MAILBOX, SENDERS, patients, patients_csv, senders_csv

__all__ = ["MAILBOX", "SENDERS", "Expected", "Sample", "patients", "patients_csv", "samples", "senders_csv"]
