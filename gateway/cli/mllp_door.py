"""The MLLP door of `gateway serve`: who sends is known by its certificate, before anything of a message is read."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace

from gateway import mllp
from gateway.access.correlation import Correlation
from gateway.access.peers import PeerCertificate
from gateway.access.policy import Caller, development_caller
from gateway.access.unknown import NotKnown
from gateway.errors import Forbidden, Issue, Overloaded
from gateway.ingest import acknowledged
from gateway.ingest.senders import provider_of
from gateway.query import refusals
from gateway.services import Services

_DEVELOPMENT_PROVIDER = "dev"


def listen(to: Services, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Answer MLLP on `listener` until SIGTERM."""

    def refused(issue: Issue) -> None:
        if issue.code == Overloaded.issue_code:
            to.metrics.turned_away("mllp")

    limits = mllp.Limits(waiting=to.settings.max_waiting, wait_seconds=to.settings.wait_seconds)
    mllp.serve(listener, answering(to), tls=tls, limits=limits, refused=refused)


def answering(to: Services) -> mllp.Answer:
    """Return what answers a message whose sender shows a certificate. Raises NotKnown, Forbidden, TooManyRequests."""

    def answer(message: bytes, certificate: bytes | None) -> bytes:
        ids, span = Correlation(to.new_id()).begin("MLLP", {"network.protocol.name": "mllp"}, to.telemetry)
        with span:
            caller, provider = _sender(message, certificate, ids, to)
            return acknowledged(message, provider=provider, caller=replace(caller, correlation=ids), to=to)

    return answer


def _sender(message: bytes, certificate: bytes | None, ids: Correlation, to: Services) -> tuple[Caller, str]:
    """Return who sends, and as which provider; who may not is written down."""
    if to.identities is None:
        return development_caller(), _DEVELOPMENT_PROVIDER
    caller = None
    try:
        peer = PeerCertificate.read(certificate) if certificate else None
        caller = to.identities.caller(peer, None, to.clock())
        return caller, provider_of(message, caller, to.library)
    except NotKnown as error:
        refusals.not_known(error.reason, refusals.nobody(ids), to)
        raise
    except Forbidden:
        who = replace(caller, correlation=ids) if caller else refusals.nobody(ids)
        refusals.not_known("provider-of-another", who, to)
        raise
