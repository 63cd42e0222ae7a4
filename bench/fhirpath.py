"""Compiled FHIRPath against the same rules written by hand in Python, in the same run.

The floor is what a developer would write for that one rule: `get` with a default, a comprehension, an early return.
Dates are read and ordered by the same functions on both sides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from bench.report import Row, against, seconds, show
from gateway.fhirpath import Scope, compile  # noqa: A004 -- as re.compile
from gateway.fhirpath.runtime.system import date_time
from gateway.fhirpath.values.temporal import order

Json = dict[str, Any]
BAR = 3.0

PATIENT: Json = {
    "resourceType": "Patient",
    "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}, {"value": "P-1"}],
    "name": [{"use": "official", "family": "de Vries", "given": ["Anna", "Maria"]}, {"given": ["An"]}],
    "telecom": [{"system": "phone", "value": "0300000000"}, {"system": "email", "value": "a@example.org"}],
    "address": [{"city": "Utrecht", "line": ["Kerkstraat 1"]}, {"city": "Zeist"}],
    "deceasedBoolean": False,
    "contact": [{"telecom": [{"system": "phone", "value": "0300000001"}]}],
}
REQUEST: Json = {
    "resourceType": "ServiceRequest",
    "subject": {"reference": "Patient/p1", "display": "A. de Vries"},
    "occurrenceDateTime": "2026-01-05T10:00:00+01:00",
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "valueQuantity": {"value": 120, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    "component": [{"code": {"coding": [{"code": "8480-6"}]}}, {"code": {"coding": [{"code": "8462-4"}]}}],
}
ENCOUNTER: Json = {
    "resourceType": "Encounter",
    "location": [{"location": {"reference": "Location/b1"}}, {"location": {"reference": "Location/b2"}}],
}
LOCATION: Json = {"resourceType": "Location", "name": "C2-3", "alias": ["3", "drie"]}
SLOT: Json = {"resourceType": "Slot", "start": "2026-01-05T10:00:00+01:00"}
BUNDLE: Json = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{n}", "request": {"method": "POST"}, "resource": SLOT}
        for n in range(10)
    ],
}
PERIOD: Json = {"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T11:00:00+01:00"}
TASK: Json = {"resourceType": "Task", "authoredOn": "2026-01-05", "lastModified": "2026-01-06"}


# ---- search parameters by hand


def given(r: Json) -> list[Any]:
    return [given for name in r.get("name") or () for given in name.get("given") or () if given is not None]


def phone(r: Json) -> list[Any]:
    return [telecom for telecom in r.get("telecom") or () if telecom.get("system") == "phone"]


def identifier(r: Json) -> list[Any]:
    return list(r.get("identifier") or ())


def city(r: Json) -> list[Any]:
    return [a["city"] for a in r.get("address") or () if a.get("city") is not None]


def deceased(r: Json) -> list[Any]:
    if "deceasedDateTime" in r:
        return [True]
    return [r.get("deceasedBoolean", False)]


def patient(r: Json) -> list[Any]:
    subject = r.get("subject")
    if subject is None:
        return []
    parts = subject.get("reference", "").split("/")
    if len(parts) > 1 and parts[-2] == "Patient":
        return [subject]
    return [subject] if subject.get("type") == "Patient" else []


def occurrence(r: Json) -> list[Any]:
    for key in ("occurrenceDateTime", "occurrencePeriod", "occurrenceTiming"):
        if key in r:
            return [r[key]]
    return []


def value_quantity(r: Json) -> list[Any]:
    return [r[key] for key in ("valueQuantity", "valueSampledData") if key in r]


def combo_code(r: Json) -> list[Any]:
    found = [r["code"]] if "code" in r else []
    for component in r.get("component") or ():
        if "code" in component and component["code"] not in found:
            found.append(component["code"])
    return found


def locations(r: Json) -> list[Any]:
    return [one["location"] for one in r.get("location") or () if one.get("location") is not None]


def name(r: Json) -> list[Any]:
    names = [r["name"]] if "name" in r else []
    for alias in r.get("alias") or ():
        if alias not in names:
            names.append(alias)
    return names


def start(r: Json) -> list[Any]:
    return [r["start"]] if "start" in r else []


# ---- invariants by hand


def pat_1(r: Json) -> bool:
    return bool(r.get("name") or r.get("telecom") or r.get("address") or r.get("organization"))


def per_1(r: Json) -> bool:
    first, last = date_time(r.get("start")), date_time(r.get("end"))
    return first is None or last is None or order(first, last) in {-1, 0}


def qty_3(r: Json) -> bool:
    return "code" not in r or "system" in r


def bdl_1(r: Json) -> bool:
    return "total" not in r or r.get("type") in {"searchset", "history"}


def bdl_3(r: Json) -> bool:
    wanted = r.get("type") in {"batch", "transaction", "history"}
    return all(("request" in entry) == wanted for entry in r.get("entry") or ())


def bdl_8(r: Json) -> bool:
    url = r.get("fullUrl")
    return url is None or "/_history/" not in url


def obs_6(r: Json) -> bool:
    return "dataAbsentReason" not in r or not any(key.startswith("value") for key in r)


def obs_7(r: Json) -> bool:
    if not any(key.startswith("value") for key in r):
        return True
    own = (r.get("code") or {}).get("coding") or ()
    codes = [one.get("code") or {} for one in r.get("component") or ()]
    return not any(coding in own for code in codes for coding in code.get("coding") or ())


def dom_4(r: Json) -> bool:
    metas = [one.get("meta") or {} for one in r.get("contained") or ()]
    return not any("versionId" in meta or "lastUpdated" in meta for meta in metas)


def ext_1(r: Json) -> bool:
    return bool(r.get("extension")) != any(key.startswith("value") for key in r)


def inv_1(r: Json) -> bool:
    first, last = date_time(r.get("authoredOn")), date_time(r.get("lastModified"))
    return first is None or last is None or order(last, first) in {0, 1}


def tim_9(r: Json) -> bool:
    when = r.get("when") or ()
    return "offset" not in r or bool(when and not any(one in {"C", "CM", "CD", "CV"} for one in when))


_VALUE = "Observation.value"
SEARCH: tuple[tuple[str, str, Json, Callable[[Json], list[Any]]], ...] = (
    ("Patient", "Patient.name.given", PATIENT, given),
    ("Patient", "Patient.telecom.where(system='phone')", PATIENT, phone),
    ("Patient", "Patient.identifier", PATIENT, identifier),
    ("Patient", "Patient.address.city", PATIENT, city),
    ("Patient", "Patient.deceased.exists() and Patient.deceased != false", PATIENT, deceased),
    ("ServiceRequest", "ServiceRequest.subject.where(resolve() is Patient)", REQUEST, patient),
    ("ServiceRequest", "ServiceRequest.occurrence", REQUEST, occurrence),
    ("Observation", f"{_VALUE}.ofType(Quantity) | {_VALUE}.ofType(SampledData)", OBSERVATION, value_quantity),
    ("Observation", "Observation.code | Observation.component.code", OBSERVATION, combo_code),
    ("Encounter", "Encounter.location.location", ENCOUNTER, locations),
    ("Location", "Location.name | Location.alias", LOCATION, name),
    ("Slot", "Slot.start", SLOT, start),
)  # fmt: skip
_REQUESTED = "%resource.type = 'batch' or %resource.type = 'transaction' or %resource.type = 'history'"
_CODES = "component.code.where(coding.intersect(%resource.code.coding).exists()).empty()"
_CONTACT = "name.exists() or telecom.exists() or address.exists() or organization.exists()"
_OFFSET = "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))"
INVARIANTS: tuple[tuple[str, str, Json, Callable[[Json], bool]], ...] = (
    ("Patient.contact", _CONTACT, PATIENT["contact"][0], pat_1),
    ("Period", "start.hasValue().not() or end.hasValue().not() or (start <= end)", PERIOD, per_1),
    ("Quantity", "code.empty() or system.exists()", OBSERVATION["valueQuantity"], qty_3),
    ("Bundle", "total.empty() or (type = 'searchset') or (type = 'history')", BUNDLE, bdl_1),
    ("Bundle", f"entry.all(request.exists() = ({_REQUESTED}))", BUNDLE, bdl_3),
    ("Bundle.entry", "fullUrl.exists() implies fullUrl.contains('/_history/').not()", BUNDLE["entry"][0], bdl_8),
    ("Observation", "dataAbsentReason.empty() or value.empty()", OBSERVATION, obs_6),
    ("Observation", f"value.empty() or {_CODES}", OBSERVATION, obs_7),
    ("Location", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()", LOCATION, dom_4),
    ("Extension", "extension.exists() != value.exists()", {"url": "http://example.org/x", "valueCode": "a"}, ext_1),
    ("Task", "lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn", TASK, inv_1),
    ("Timing.repeat", _OFFSET, {"when": ["AC"], "offset": 30}, tim_9),
)  # fmt: skip
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Measured:
    """One expression: microseconds compiled and by hand, and their ratio."""

    expression: str
    work: float
    floor: float
    ratio: float


def search() -> list[Measured]:
    """Return the figures of the search paths; AssertionError when a compiled one differs from the one by hand."""
    return [_measured(row, compile(row[1], root=row[0]).evaluate, list) for row in SEARCH]


def invariants() -> list[Measured]:
    """Return the figures of the invariants; AssertionError when a compiled one differs from the one by hand."""
    return [_measured(row, compile(row[1], root=row[0]).test, bool) for row in INVARIANTS]


def _measured(row: Any, compiled: Callable[..., Any], shape: Callable[[Any], Any]) -> Measured:
    _, expression, value, hand = row
    if shape(compiled(value, _NOTHING)) != hand(value):
        raise AssertionError(f"{expression} differs from the one by hand")
    pair = against(lambda: compiled(value, _NOTHING), lambda: hand(value), rounds=15, repeat=500)
    return Measured(expression, pair.work * 1e6, pair.floor * 1e6, pair.ratio)


def rows(*, full: bool = False) -> list[Row]:
    """Return the rows of the scoreboard."""
    del full
    return [_row("search paths", search()), _row("invariants", invariants()), _compiling()]


def _row(work: str, measured: list[Measured]) -> Row:
    each = [one.ratio for one in measured]
    text = f"median {median(each):.2f} x, worst {max(each):.2f} x"
    return Row(f"FHIRPath: {len(each)} {work} against the same by hand", f"<= {BAR:.0f} x", text, max(each) <= BAR)


def _compiling() -> Row:
    texts = [(row[0], row[1]) for row in (*SEARCH, *INVARIANTS)]
    times = [seconds(partial(compile, text, root=root, scope=Scope())) for root, text in texts]
    return Row("FHIRPath: compiling one of these expressions", "", f"{median(times) * 1e3:.2f} ms")


def main() -> None:
    """Print every expression with its figures, then the rows."""
    for one in (*search(), *invariants()):
        print(f"{one.ratio:6.2f} x  {one.work:7.3f} us against {one.floor:7.3f} us  {one.expression}")
    show(rows())


if __name__ == "__main__":
    main()
