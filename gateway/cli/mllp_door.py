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

    def answer(message: bytes, sender: mllp.Sender) -> bytes:
        ids, span = Correlation(to.new_id()).begin("MLLP", {"network.protocol.name": "mllp"}, to.telemetry)
        with span:
            caller, provider = _known(message, sender, ids, to)
            return acknowledged(message, provider=provider, caller=caller, to=to)

    return answer


def _known(message: bytes, sender: mllp.Sender, ids: Correlation, to: Services) -> tuple[Caller, str]:
    """Return who sends, and as which provider; who may not is written down."""
    if to.identities is None:
        return development_caller(ids, sender.address), _DEVELOPMENT_PROVIDER
    caller = refusals.nobody(ids, sender.address)
    try:
        peer = PeerCertificate.read(sender.certificate) if sender.certificate else None
        found = to.identities.caller(peer, None, to.clock())
        caller = replace(found, correlation=ids, address=sender.address)
        return caller, provider_of(message, caller, to.library)
    except NotKnown as error:
        refusals.not_known(error.reason, caller, to)
        raise
    except Forbidden:
        refusals.not_known("provider-of-another", caller, to)
        raise
