"""What the system or OpenSSL says of a failure, in French: a person reads it between brackets."""

from __future__ import annotations

import errno

_SYSTEM = {
    errno.EACCES: "accès refusé",
    errno.EADDRINUSE: "déjà prise par un autre programme",
    errno.EADDRNOTAVAIL: "cette machine n'a pas cette adresse",
    errno.ECONNREFUSED: "connexion refusée",
    errno.ECONNRESET: "connexion coupée",
    errno.EHOSTUNREACH: "machine hors d'atteinte",
    errno.EIO: "erreur du disque",
    errno.EISDIR: "c'est un dossier",
    errno.ENETUNREACH: "réseau hors d'atteinte",
    errno.ENOENT: "absent",
    errno.ENOSPC: "disque plein",
    errno.ENOTDIR: "ce n'est pas un dossier",
    errno.EPERM: "accès refusé",
    errno.EPIPE: "connexion coupée",
    errno.EROFS: "disque en lecture seule",
    errno.ETIMEDOUT: "pas de réponse",
}

#: The verification results of OpenSSL (X509_V_ERR_…, openssl-verification-options(1)).
_CERTIFICATE = {
    2: "autorité inconnue",
    3: "pas de liste de révocation de son autorité",
    9: "pas encore valable",
    10: "expiré",
    12: "liste de révocation périmée",
    18: "autorité inconnue",
    19: "autorité inconnue",
    20: "autorité inconnue",
    21: "autorité inconnue",
    23: "révoqué",
    26: "d'un autre usage",
    62: "d'un autre nom de serveur",
    64: "d'une autre adresse de serveur",
}

#: What the other side answers in TLS (OpenSSL's names of the alerts, RFC 8446 §6.2), and what is heard instead.
_TLS = {
    "SSLV3_ALERT_BAD_CERTIFICATE": "il refuse notre certificat",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "notre certificat a expiré",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "notre certificat est révoqué",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "il refuse notre certificat",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "il ne s'accorde pas avec nous",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "il demande un certificat",
    "TLSV1_ALERT_PROTOCOL_VERSION": "il parle une autre version de TLS",
    "TLSV1_ALERT_UNKNOWN_CA": "il ne connaît pas l'autorité de notre certificat",
    "UNEXPECTED_EOF_WHILE_READING": "il coupe la connexion",
    "WRONG_VERSION_NUMBER": "il ne parle pas TLS sur ce port",
}


def cause(error: OSError) -> str:
    """A few words, without a full stop; the system's own where we have none. Never empty."""
    verdict, alert = getattr(error, "verify_code", None), getattr(error, "reason", None)
    if verdict is not None:
        return _CERTIFICATE.get(verdict) or str(getattr(error, "verify_message", verdict))
    if alert:
        return _TLS.get(alert, str(alert))
    return _SYSTEM.get(error.errno or 0) or error.strerror or type(error).__name__
