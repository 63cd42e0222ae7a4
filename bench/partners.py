"""Who asks, found among 10 and 1,000 partners: by certificate, at each request. It may not grow with their number.

Each question looks in the store whether a partner changed; what is looked through is the same index that a request is
answered by. The floor is the same with ten partners. A change is the one thing that costs by the number: each process
reads all of them anew, once, at its next request.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from bench.report import Row, against, seconds, show
from bench.search import ENGINES
from gateway.access.partners import CertificateName, Client, KeySet, Partner, encode
from gateway.access.peers import PeerCertificate
from gateway.registry import Registry
from gateway.store import Batch, Store, open_store
from gateway.store.records import PartnerVersion

_FEW, _MANY = 10, 1_000
_BAR = 1.2
_AT = datetime(2026, 1, 5, tzinfo=UTC)


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines, of many short rounds: others may be at work. `full` measures longer."""
    return [row for engine in ENGINES for row in _measured(engine, rounds=2_000 if full else 500)]


def _measured(engine: str, *, rounds: int) -> Iterator[Row]:
    with ENGINES[engine]([_FEW, _MANY]) as urls:
        stores = [open_store(url, durability="normal") for url in urls]
        few, many = (_filled(store, number) for store, number in zip(stores, (_FEW, _MANY), strict=True))
        pair = against(partial(_asked, many, _MANY), partial(_asked, few, _FEW), rounds=rounds, repeat=5)
        figures = f"{pair.work * 1e6:,.0f} µs, {pair.ratio:.2f} x that of {_FEW}"
        yield Row(f"{engine}: a certificate among {_MANY:,} partners", f"≤ {_BAR} x", figures, pair.ratio <= _BAR)
        read = seconds(lambda: Registry(stores[1]).partners(), repeat=5)
        yield Row(f"{engine}: {_MANY:,} partners read anew, after a change", "", f"{read * 1e3:,.1f} ms")
        for store in stores:
            store.close()


def _filled(store: Store, number: int) -> Registry:
    versions = [_version(_partner(n)) for n in range(number)]
    store.write(lambda _: (Batch(b"{}", partners=versions), None))
    return Registry(store)


def _asked(registry: Registry, number: int) -> None:
    """Ask for the last partner, as a request does."""
    peer = PeerCertificate("CN=CA,C=NL", f"CN=Partner {number - 1},C=NL", "0" * 64)
    found = registry.partners().by_certificate(peer, _AT)
    assert found is not None


def _partner(n: int) -> Partner:
    return Partner(
        id=f"partner{n}",
        name=f"Partner {n}",
        kind="vvt",
        ura=f"{n:08}",
        certificates=(CertificateName(issuer="CN=CA,C=NL", subject=f"CN=Partner {n},C=NL"),),
        clients=(Client(id=f"client{n}", keys=(KeySet(url=f"https://partner{n}.example/jwks"),)),),
        scopes=("system/Slot.cruds", "system/Location.cruds"),
    )


def _version(partner: Partner) -> PartnerVersion:
    names = [("certificate", partner.certificates[0].key), ("client", partner.clients[0].id), ("URA", partner.ura)]
    return PartnerVersion(partner.id, 1, 0, "bench", "added", encode(partner), names)


if __name__ == "__main__":
    show(rows())
