"""Certificates, private keys, revocation lists, secrets and the TLS contexts made of them.

A room of its own because intake (IMAP, SMTP, ADT) and delivery (DMP, record, receipts) need the same things and may not
know each other. It stands just above the model: it reads local files and nothing else, and opens no connection. Its
only error is ``TrustError``, whose text is one French line for the operator: which file, what is wrong, what to do.
"""
