"""The SMTP inlet: mails handed over by an operator or a relay, kept before they are acknowledged (DESIGN §4.1)."""

from gateway.intake.smtp.inlet import Inlet
from gateway.intake.smtp.port import Delivered, Taker

__all__ = ["Delivered", "Inlet", "Taker"]
