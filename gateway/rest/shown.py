"""What a request shows of who sends it: the certificate of its connection, or of the client before a proxy; a token."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_UNIX
from typing import TYPE_CHECKING

from gateway.access import forwarded
from gateway.access.tokens import bearer
from gateway.access.unknown import NotKnown

if TYPE_CHECKING:
    from gateway.access.peers import PeerCertificate
    from gateway.rest.wire import Http
    from gateway.services import Services
    from gateway.settings import Settings


def certificate(asked: Http, to: Services) -> PeerCertificate | None:
    """Return the certificate of the client, None when it has none. Raises NotKnown for one that is not to be believed.

    What a header says of it counts from a listed proxy, or over the socket that is there for one, and from nobody else:
    there it is the only thing that counts.
    """
    identities = to.identities
    if identities is None:
        return None
    if not _from_proxy(asked, to.settings):
        der = _of_connection(asked)
        return _read(der) if der else None
    der = forwarded.certificate(asked.header(forwarded.STANDARD), asked.header(forwarded.ESCAPED))
    peer = _read(der) if der else None
    if peer is not None:
        identities.check_forwarded(peer, to.clock())
    return peer


def token(asked: Http) -> str | None:
    """Return the token that is shown, None when there is none. Raises NotKnown for other credentials."""
    return bearer(asked.header("Authorization"))


def _from_proxy(asked: Http, settings: Settings) -> bool:
    """Return whether a proxy sends this. Raises NotKnown for somebody else who speaks as one."""
    proxies = settings.proxies
    if settings.socket is not None and _family_of_connection(asked) == AF_UNIX:
        return True
    if proxies and forwarded.is_proxy(asked.remote_addr or "", proxies):
        return True
    if asked.header(forwarded.STANDARD) is not None or asked.header(forwarded.ESCAPED) is not None:
        raise NotKnown("certificate-in-a-header")
    return False


def _family_of_connection(asked: Http) -> object:
    return getattr(asked.environ.get("gunicorn.socket"), "family", None)


def _of_connection(asked: Http) -> bytes | None:
    """Return the certificate that TLS took, as gunicorn hands the connection on."""
    connection = asked.environ.get("gunicorn.socket")
    ask = getattr(connection, "getpeercert", None)  # a connection without TLS has none to ask for
    found: bytes | None = ask(True) if ask else None  # noqa: FBT003 - in DER: the name of it in the ssl module
    return found


@lru_cache(maxsize=1024)
def _read(der: bytes) -> PeerCertificate:
    from gateway.access.peers import PeerCertificate  # noqa: PLC0415 - not in development mode

    return PeerCertificate.read(der)
