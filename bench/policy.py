"""What the policy costs a partner: reads and a search over HTTP, against the same without a policy; and many partners.

Who asks is known beforehand: what that costs is measured by `bench.partners`. The requests go through the whole
application, without a network. What is read is one's own, a place nearby, and of a referral all that a rule goes along.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.report import Row, against, show
from bench.search import ENGINES, services_on
from gateway.access.partners import Partner
from gateway.access.policy import Caller, development_caller, unlimited
from gateway.app import create_app
from gateway.identities.people import Known
from gateway.services import Services
from gateway.store import open_store
from gateway.transact import Put, partners, transact

_FEW, _MANY = 10, 1_000
_BAR = 1.25
_FLAT = 1.2
_URA = "http://fhir.nl/fhir/NamingSystem/ura"
ASKED = {
    "a read of one's own": "Location/own",
    "a read of a place nearby": "Location/near",
    "a read of a Task": "Task/t7",
    "a read of a request that was accepted": "ServiceRequest/r7",
    "a read of its patient": "Patient/p7",
    "a read of an observation of that patient": "Observation/o7",
    "a search on places by name": "Location?name=spoed",
    "a search on observations of a patient": "Observation?patient=Patient/p7",
}


class Asker:
    """What knows who asks without a look."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def known(self, *_: object) -> Known:
        return Known(self._caller, None)


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines. `full` measures longer."""
    return [row for engine in ENGINES for row in _measured(engine, rounds=400 if full else 100)]


def _measured(engine: str, *, rounds: int) -> Iterator[Row]:
    with ENGINES[engine]([_FEW, _MANY]) as urls:
        few, many = (_world(url, number) for url, number in zip(urls, (_FEW, _MANY), strict=True))
        gc.collect()
        gc.freeze()  # as the server does after its start
        gc.set_threshold(50_000, 20, 20)
        caller = _asking(few)
        for name, path in ASKED.items():
            pair = against(_request(few, caller, path), _request(few, unlimited(caller), path), rounds=rounds, repeat=3)
            figures = f"{pair.work * 1e6:,.0f} µs, {pair.ratio:.2f} x that without a policy"
            yield Row(f"{engine}: {name}", f"≤ {_BAR} x", figures, pair.ratio <= _BAR)
        for name in ("a read of a place nearby", "a search on places by name"):
            work, floor = _request(many, _asking(many), ASKED[name]), _request(few, caller, ASKED[name])
            pair = against(work, floor, rounds=rounds, repeat=3)
            figures = f"{pair.ratio:.2f} x that among {_FEW}"
            yield Row(
                f"{engine}: {name}, {_MANY:,} partners in a network", f"≤ {_FLAT} x", figures, pair.ratio <= _FLAT
            )
        for to in (few, many):
            to.store.close()


def _request(to: Services, caller: Caller, path: str) -> Callable[[], object]:
    """Return what asks for a path as somebody."""
    known = replace(to)
    object.__setattr__(known, "identities", Asker(caller))
    app = create_app(known)
    environ = EnvironBuilder(path=f"/fhir/{path.partition('?')[0]}", query_string=path.partition("?")[2]).get_environ()

    def ask() -> None:
        body, status, _ = run_wsgi_app(app, dict(environ))
        assert status == "200 OK", (path, status, b"".join(body))

    return ask


def _partner(n: int, kind: str = "vvt") -> Partner:
    return Partner(
        id=f"p{n}", name=f"Partner {n}", kind=kind, ura=f"{n:08}", scopes=("system/*.cruds",), networks=("one",)
    )


def _asking(to: Services) -> Caller:
    to.registry.partners()
    return to.registry.granted(_partner(1).caller(), to.clock())


def _world(url: str, count: int) -> Services:
    """Return a store with partners of one network, and referrals of one of them to another."""
    to = services_on(open_store(url, durability="normal"), url)
    everyone = [_partner(n, "ziekenhuis" if n == 0 else "vvt") for n in range(count)]
    partners.add(everyone, development_caller(), to)
    hospital, home = (unlimited(one.caller()) for one in everyone[:2])
    place = {"resourceType": "Location", "status": "active", "name": "Spoed"}
    transact([Put({**place, "id": "near"})], hospital, to)
    transact([Put({**place, "id": "own"})], home, to)
    for n in range(100):
        transact([Put(one) for one in _referral(n)], hospital, to)
    return to


def _referral(n: int) -> Iterator[dict[str, Any]]:
    patient, coded = {"reference": f"Patient/p{n}"}, {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    owner = {"identifier": {"system": _URA, "value": f"{1:08}"}}
    focus = {"reference": f"ServiceRequest/r{n}"}
    yield {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": "Jansen"}]}
    yield {"resourceType": "Observation", "id": f"o{n}", "status": "final", "code": coded, "subject": patient}
    yield {"resourceType": "ServiceRequest", "id": f"r{n}", "status": "active", "intent": "order", "subject": patient}
    yield {
        "resourceType": "Task", "id": f"t{n}", "status": "accepted", "intent": "order", "focus": focus, "owner": owner
    }  # fmt: skip


if __name__ == "__main__":
    show(rows())
