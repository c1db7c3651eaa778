"""The sender directory: who may speak, and who is an author (DESIGN §5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sender:
    """One row of the sender directory, keyed by MSSanté address (lower case).

    ``kind``: PER, ORG, APP, CAB. ``rpps`` of 11 digits or empty. ``specialty_code`` of JDV_J01. ``structure_id`` is
    Struct_IdNat. ``feeds_dmp``: this sender's own software feeds the DMP. ``sector`` (SAxx) and ``practice_setting``
    (JDV_J04) default to the establishment's. ``adeli``, of 9 characters, is the older number of one who has no RPPS.
    """

    address: str
    kind: str
    rpps: str
    civility: str
    title: str
    name: str
    given: str
    specialty_code: str
    specialty_label: str
    structure: str
    structure_id: str
    authorised: bool
    feeds_dmp: bool = False
    sector: str = ""
    practice_setting: str = ""
    adeli: str = ""

    @property
    def is_person(self) -> bool:
        """Whether the mailbox stands for one identified professional."""
        return bool(self.rpps)
