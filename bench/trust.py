"""What trust costs: the share of a request that knowing who asks, keeping to the policy and the audit take together.

A partner that shows its certificate asks the whole application, without a network. The floor is the same request with
none of the three: who asks is known beforehand, no policy limits it, and nothing is written of it.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.policy import Asker
from bench.report import CORE, Row, against, show
from gateway.access.certificates import authority, client
from gateway.access.partners import CertificateName, Partner
from gateway.access.peers import PeerCertificate
from gateway.access.policy import development_caller, unlimited
from gateway.app import create_app
from gateway.fhir.json import encode
from gateway.mapping.library import Library
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.store.sqlite import write
from gateway.transact import Put, partners, transact
from gateway.validation import Validator

_READ, _TRANSACTION = 0.25, 0.15
_UNTIL_FULL = 14_000
"""So many writes later SQLite's log is written over, as it is from a server's first minutes on, and not made longer."""
_PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Jansen"}], "gender": "female"}
_BODY = encode(
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": {"resourceType": "Location", "status": "active", "name": f"Bed {n}"}, "request": request}
            for n, request in enumerate([{"method": "POST", "url": "Location"}] * 10)
        ],
    }
)


class _Connection:
    """A connection over TLS, as gunicorn hands it on."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def getpeercert(self, _binary: bool) -> bytes:  # noqa: FBT001 - as the ssl module has it
        return self._certificate


class _Unaudited:
    """A store that keeps nothing of who read what."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def audit(self, _row: bytes) -> None:
        """Forget it."""


def _write_nothing(*_: object) -> None:
    """Write no row of the audit."""


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures. `full` measures longer."""
    return list(_measured(2_000 if full else 500))


def _measured(rounds: int) -> Iterator[Row]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/store.sqlite"
        store = opened.enter_context(closing(open_store(url, durability="full")))
        signer, now = authority(datetime.now(UTC)), datetime.now(UTC)
        certificate = client(signer, now, None, "partner").certificate.public_bytes(Encoding.DER)
        (folder / "ca.pem").write_bytes(signer.certificate_pem)
        settings = Settings(database=url, tls_client_ca=folder / "ca.pem")
        numbers = iter(range(10**9))
        ids = lambda: f"id-{next(numbers)}"  # noqa: E731 - as short as it can be
        to = Services(settings, store, Validator(), Library.load([]), lambda: now, ids)
        partner = _partner(PeerCertificate.read(certificate))
        partners.add([partner], development_caller(), to)
        transact([Put(_PATIENT)], unlimited(partner.caller()), to)
        for _ in range(_UNTIL_FULL):
            store.audit(b"x" * 400)
        gc.collect()
        gc.freeze()  # as the server does after its start
        gc.set_threshold(50_000, 20, 20)
        shown = {"gunicorn.socket": _Connection(certificate), "wsgi.url_scheme": "https"}
        for name, method, path, body, bar in (
            ("a read of a Patient by id", "GET", "/fhir/Patient/p1", b"", _READ),
            ("a transaction of 10, stored (SQLite FULL)", "POST", "/fhir", _BODY, _TRANSACTION),
        ):
            whole, bare = _whole(to, method, path, body, shown), _bare(to, partner, method, path, body)
            pair = against(whole, bare, rounds=rounds if method == "GET" else rounds // 5, repeat=3, clock=CORE)
            share = 1 - 1 / pair.ratio
            told = f"{share:.0%} ({pair.work * 1e6:,.0f} µs; without {pair.floor * 1e6:,.0f} µs)"
            yield Row(f"certificate, policy and audit: {name}", f"≤ {bar:.0%} of it", told, share <= bar)


def _partner(peer: PeerCertificate) -> Partner:
    names = (CertificateName(issuer=peer.issuer, subject=peer.subject),)
    return Partner(
        id="one",
        name="One",
        kind="ziekenhuis",
        ura="00000001",
        certificates=names,
        scopes=("system/*.cruds",),
        rate=10**9,
    )


def _whole(to: Services, method: str, path: str, body: bytes, shown: dict[str, Any]) -> Callable[[], object]:
    """Return the request as a partner makes it."""
    return _asking(to, method, path, body, shown)


def _bare(to: Services, partner: Partner, method: str, path: str, body: bytes) -> Callable[[], object]:
    """Return the request with nothing of trust."""
    bare = replace(to, store=_Unaudited(to.store))
    object.__setattr__(bare, "identities", Asker(unlimited(partner.caller())))
    ask = _asking(bare, method, path, body, {})

    def unaudited() -> None:
        audited, module = write.write_audit, vars(write)
        module["write_audit"] = _write_nothing  # by hand: `unittest.mock` takes a tenth of the request for it
        try:
            ask()
        finally:
            module["write_audit"] = audited

    return unaudited


def _asking(to: Services, method: str, path: str, body: bytes, more: dict[str, Any]) -> Callable[[], object]:
    app = create_app(to)
    builder = EnvironBuilder(path=path, method=method, data=body or None, content_type="application/fhir+json")
    environ = builder.get_environ() | more

    def ask() -> None:
        answer, status, _ = run_wsgi_app(app, environ | {"wsgi.input": BytesIO(body)})
        assert status == "200 OK", (status, b"".join(answer))

    return ask


def main() -> None:
    """Print the figures."""
    show(rows())


if __name__ == "__main__":
    main()
