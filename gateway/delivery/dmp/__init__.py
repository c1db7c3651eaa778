"""The DMP: existence test, feeding, look-up and deletion in INDIRECTE mode (spec/dmp/transactions.md)."""

from __future__ import annotations

from gateway.delivery.dmp.adapter import Dmp
from gateway.delivery.dmp.errors import DmpError
from gateway.delivery.dmp.submission import Feed
from gateway.protocols.pix import DmpStatus, Existence

__all__ = ["Dmp", "DmpError", "DmpStatus", "Existence", "Feed"]
