"""TLS as we serve it: 1.2 or later, and with an authority for clients none without a certificate of it."""

import ssl
from pathlib import Path

from gateway.errors import BadSettings, Issue


def server_context(
    certificate: Path, key: Path, client_ca: Path | None = None, *, optional: bool = False
) -> ssl.SSLContext:
    """Return the context of a server that shows `certificate` (a PEM chain).

    With `client_ca` every client must show a certificate that one of its authorities signed, unless that is `optional`:
    then it may show none. Raises BadSettings, with every reason, when a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    issues = []
    try:
        context.load_cert_chain(certificate, key, password="")  # never ask: nobody is there to answer
    except (OSError, ssl.SSLError) as error:
        issues.append(_unusable(f"certificate {certificate} with key {key}", error))
    if client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as error:
            issues.append(_unusable(f"client authorities {client_ca}", error))
    if issues:
        raise BadSettings(issues)
    return context


def _unusable(what: str, error: OSError) -> Issue:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return Issue("bad-settings", f"the {what} cannot be used: {reason}")
