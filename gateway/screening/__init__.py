"""Antivirus: the bytes of a mail are shown to a scanner before anything opens them."""
