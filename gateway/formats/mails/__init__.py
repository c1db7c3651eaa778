"""Mails cut into parts: MIME, S/MIME, winmail.dat, and what in them is no document."""
