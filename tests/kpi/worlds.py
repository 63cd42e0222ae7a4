"""A store that is written at given times, for indicators to be computed from: clocks are set, resources are plain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from gateway.access.partners import Partner, encode
from gateway.access.policy import Caller
from gateway.fhir.datetime import dutch_time
from gateway.kpi import computing
from gateway.kpi.definitions import definition
from gateway.kpi.facts import Span
from gateway.kpi.results import Result
from gateway.services import Services
from gateway.store import partners
from gateway.store.records import PartnerVersion, microseconds
from gateway.transact import Put, transact

Resource = dict[str, Any]
OURS = "https://msb-gateway.example/fhir"
EXTENSION = f"{OURS}/StructureDefinition/"
OPERATOR = Caller("00000001", "zcc")
ORGANISATIONS = {"ziekenhuis": "00000002", "vvt": "00000003", "hap": "00000004", "ander": "00000005"}
WEST, HAAGLANDEN = "west/gouda", "west/haaglanden"


def when(text: str) -> datetime:
    """Return a moment in the Netherlands: `2024-04-12 09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=dutch_time()).astimezone(UTC)


def fhir(text: str) -> str:
    return when(text).astimezone(dutch_time()).isoformat()


@dataclass
class World:
    """A gateway whose clock is set by each write."""

    services: Services
    now: datetime = field(default_factory=lambda: when("2024-04-01 00:00"))
    to: Services = field(init=False)

    def __post_init__(self) -> None:
        self.to = replace(self.services, clock=lambda: self.now)
        for name, ura in ORGANISATIONS.items():
            region = HAAGLANDEN if name == "ander" else WEST
            self.partner(
                Partner(id=name, name=name, kind="vvt" if name == "ander" else name, ura=ura, regions=(region,))
            )

    def partner(self, one: Partner) -> None:
        row = PartnerVersion(one.id, 1, microseconds(self.now), "test", "add", encode(one))
        with self.to.store.changing() as db:
            partners.put(db, [row])

    def partner_of(self, name: str, ura: str, region: str = WEST, kind: str = "vvt") -> None:
        self.partner(Partner(id=name, name=name, kind=kind, ura=ura, regions=(region,)))

    def put(self, at: str, *resources: Resource) -> None:
        self.now = when(at)
        if resources:
            transact([Put(resource) for resource in resources], OPERATOR, self.to)

    def kpi(
        self, number: str, span: Span, *, at: str = "2024-06-01 00:00", known: str = "", region: str = "", **own: Any
    ) -> Result:
        self.now = when(at)
        one = definition(number)
        one = replace(one, parameters={**one.parameters, **own})
        moment = microseconds(when(known)) if known else None
        return computing.results([one], span, self.to, region=region, known=moment)[0]


def values(result: Result) -> dict[str, Any]:
    return {one.code: one.value for one in result.whole.figures}


def org(name: str) -> Resource:
    identifier = {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": ORGANISATIONS.get(name, name)}
    return {"type": "Organization", "identifier": identifier}


def extension(name: str, **value: Any) -> Resource:
    return {"url": EXTENSION + name, **value}


def care_type(code: str) -> Resource:
    return {"coding": [{"system": f"{OURS}/CodeSystem/care-type", "code": code}]}


def request(id_: str, authored: str, *, care: str = "elv-hoog", by: str = "hap", **others: Any) -> Resource:
    return {
        "resourceType": "ServiceRequest", "id": id_, "status": "active", "intent": "order",
        "extension": [extension("care-type", valueCodeableConcept=care_type(care))],
        "subject": {"reference": f"Patient/{id_}"}, "authoredOn": fhir(authored), "requester": org(by), **others,
    }  # fmt: skip


def task(
    id_: str, status: str = "requested", *, to: str = "vvt", request: str = "", reason: str = "", **others: Any
) -> Resource:
    why = {"coding": [{"system": f"{OURS}/CodeSystem/refusal-reason", "code": reason}]}
    return {
        "resourceType": "Task", "id": id_, "status": status, "intent": "order", "owner": org(to),
        "focus": {"reference": f"ServiceRequest/{request or id_}"}, **({"statusReason": why} if reason else {}),
        **others,
    }  # fmt: skip


def call(id_: str, request: str, at: str) -> Resource:
    return {
        "resourceType": "Communication", "id": id_, "status": "completed", "sent": fhir(at),
        "basedOn": [{"reference": f"ServiceRequest/{request}"}], "medium": [{"text": "telefoon"}],
    }  # fmt: skip


def site(id_: str, by: str = "vvt", **others: Any) -> Resource:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "si"}]}
    return {
        "resourceType": "Location", "id": id_, "name": id_, "status": "active", "mode": "instance",
        "physicalType": kind, "managingOrganization": org(by), **others,
    }  # fmt: skip


def service(
    id_: str,
    care: str,
    *,
    by: str = "vvt",
    at: str = "",
    measured: str = "",
    counts: Resource | None = None,
    stop: Resource | None = None,
    **others: Any,
) -> Resource:
    said = [extension("capacity-source", valueString=by), extension("capacity-method", valueCode="automatic")]
    if measured:
        said.append(extension("capacity-measured-at", valueDateTime=fhir(measured)))
    if counts:
        numbers = [{"url": name, "valueDecimal": number} for name, number in counts.items()]
        said.append(extension("capacity-count", extension=numbers))
    if stop:
        said.append(extension("capacity-stop", extension=_stop(stop)))
    return {
        "resourceType": "HealthcareService", "id": id_, "active": True, "extension": said, "providedBy": org(by),
        "type": [care_type(care)], "location": [{"reference": f"Location/{at or id_}"}], **others,
    }  # fmt: skip


def stop(status: str, start: str, expected: str = "", exceptions: tuple[str, ...] = ()) -> Resource:
    return {"status": status, "start": start, "expectedEnd": expected, "exceptions": exceptions}


def copied(said: Resource) -> Resource:
    return extension("capacity-stop", extension=_stop(said))


def _stop(said: Resource) -> list[Resource]:
    moments = [{"url": name, "valueDateTime": fhir(said[name])} for name in ("start", "expectedEnd") if said.get(name)]
    exceptions = [
        {
            "url": "exception",
            "valueCodeableConcept": {"coding": [{"system": f"{OURS}/CodeSystem/stop-exception", "code": one}]},
        }
        for one in said["exceptions"]
    ]
    return [{"url": "status", "valueCode": said["status"]}, *moments, *exceptions]


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
