"""Mail from IMAP mailboxes (RFC 3501, 2177 IDLE, 4315 UIDPLUS, 6851 MOVE)."""
