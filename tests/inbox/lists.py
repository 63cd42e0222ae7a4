"""Lists of all beds, of a provider whose lists close what they do not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.access.policy import development_caller
from gateway.data import shipped
from gateway.ingest import Ingested, ingest
from gateway.mapping.library import Library
from gateway.services import Services

HEADER = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Operationeel;Peilmoment"
_OVERLAY = """
provider: {name}
organisation: {{name: Ziekenhuis Zuid, ura: "00000009"}}
systems: {{base: https://zuid.example/fhir/NamingSystem, place: https://zuid.example/fhir/NamingSystem/plek}}
snapshot: {{csv/bed_extract: {said}}}
"""
_PROVIDERS = {
    "zuid": "close",
    "zuid-keep": "keep",
    "zuid-report": "report",
    "zuid-ward": "{absent: close, scope: ward}",
    "zuid-all": "{absent: close, scope: everything, atLeast: 0}",
    "zuid-total": "{absent: close, total: true}",
}


@cache
def library() -> Library:
    with TemporaryDirectory() as folder:
        providers = Path(folder) / "providers"
        providers.mkdir()
        for name, said in _PROVIDERS.items():
            (providers / f"{name}.yaml").write_text(_OVERLAY.format(name=name, said=said), encoding="utf-8")
        return Library.load([shipped("mappings"), Path(folder)])


def gateway(services: Services) -> Services:
    return replace(services, library=library())


def row(bed: object, state: str = "VRIJ", *, at: str = "09:40", site: str = "ZUID", ward: str = "IC") -> str:
    at = at if "-" in at else f"05-01-2026 {at}"
    return f"{site};{ward};K1;{bed};{state};J;{at}"


def table(rows: Iterable[str], end: str = "\r\n") -> bytes:
    return ("\r\n".join((HEADER, *rows)) + end).encode()


def take(data: bytes, to: Services, provider: str = "zuid") -> Ingested:
    return ingest(data, provider=provider, content_type="text/csv", caller=development_caller(), to=to)


def picture(to: Services) -> dict[str, tuple[str, int]]:
    """Return of each bed, by its path, the status of its Slot and the version of that."""
    sql = """
select t.code, s.status, c.version from slot s join current c on c.key = s.key
join index_token t on t.key = s.key and t.param = 'identifier'"""
    with to.store.reading() as db:
        return {path: (status, version) for path, status, version in db.rows(sql)}
