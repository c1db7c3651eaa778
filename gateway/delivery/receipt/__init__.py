"""Delivery of receipts to senders, by the operator's submission server (spec/mssante/mssante-mail.md §1, §5)."""
