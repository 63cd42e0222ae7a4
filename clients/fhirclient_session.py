"""A session of fhirclient with a gateway: `python fhirclient_session.py BASE`.

Its models are strict: what a gateway answers must be R4, or they raise. It has no patch, and sends no header of ours:
conditions and versions go by entries of Bundles, which do have a place for them.
"""

import sys
from typing import Any
from uuid import uuid4

from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.location import Location
from fhirclient.models.patient import Patient
from requests import HTTPError
from session import SYSTEM, at_once, held, refused, statuses

Json = dict[str, Any]


def named(mark: str) -> Identifier:
    return Identifier({"system": SYSTEM, "value": mark})


def crud(smart: client.FHIRClient) -> None:
    statement = smart.server.capabilityStatement
    held("the CapabilityStatement is R4", that=statement.fhirVersion == "4.0.1")
    patient = Patient()
    patient.name = [HumanName({"family": "Fhirclient"})]
    made = patient.create(smart.server)
    held("create", that=bool(made["id"]))
    read = Patient.read(made["id"], smart.server)
    read.birthDate = FHIRDate("1990-01-02")
    held("update", that=read.update(smart.server)["meta"]["versionId"] == "2")
    history = Bundle.read_from(f"Patient/{read.id}/_history", smart.server)
    held("history", that=[entry.resource.meta.versionId for entry in history.entry] == ["2", "1"])
    first = Patient.read_from(f"Patient/{read.id}/_history/1", smart.server)
    held("vread", that=first.birthDate is None)
    read.delete(smart.server)
    refused("delete, then 410", lambda: Patient.read(made["id"], smart.server), HTTPError, "410")


def searches(smart: client.FHIRClient) -> None:
    mark = uuid4().hex
    ward = Location()
    ward.status, ward.name, ward.identifier = "active", "ward", [named(mark)]
    ward_id = ward.create(smart.server)["id"]
    made = []
    for number in range(12):
        bed = Location()
        bed.status, bed.name = "active", f"bed {number}"
        bed.partOf = FHIRReference({"reference": f"Location/{ward_id}"})
        made.append(bed.create(smart.server)["id"])
    search = Location.where({"partof": f"Location/{ward_id}", "_count": "5"})
    held("pages", that=sorted(bed.id for bed in search.perform_resources_iter(smart.server)) == sorted(made))
    chained = Location.where({"partof.identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("chain", that=len(chained) == len(made))
    had = Location.where({"_has:Location:partof:_id": made[3]}).perform_resources(smart.server)
    held("_has", that=[one.id for one in had] == [ward_id])
    search = Location.where({"_id": made[0], "_include": "Location:partof"})
    found = [entry.resource.id for entry in next(search.perform_iter(smart.server)).entry]
    held("_include", that=found == [made[0], ward_id])


def carried_out(smart: client.FHIRClient, kind: str, *entries: Json) -> list[str]:
    """Send a Bundle, which its model looks at on both ways, and return what became of each entry."""
    asked = Bundle({"resourceType": "Bundle", "type": kind, "entry": list(entries)})
    answer = Bundle(smart.server.post_json("", asked.as_json()).json())
    return statuses(entry.response.status for entry in answer.entry)


def entry(resource: Json, method: str, url: str, **request: str) -> Json:
    return {"resource": resource, "request": {"method": method, "url": url} | request}


def bundles(smart: client.FHIRClient) -> None:
    mark, url = uuid4().hex, f"urn:uuid:{uuid4()}"
    ward = entry(
        {"resourceType": "Location", "status": "active", "identifier": [named(mark).as_json()]}, "POST", "Location"
    )
    bed = entry({"resourceType": "Location", "status": "active", "partOf": {"reference": url}}, "POST", "Location")
    held("transaction", that=carried_out(smart, "transaction", ward | {"fullUrl": url}, bed) == ["201", "201"])
    linked = Location.where({"partof.identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("urn:uuid became the reference", that=len(linked) == 1)
    nowhere = {"request": {"method": "GET", "url": "Location/not-there"}}
    held("batch", that=carried_out(smart, "batch", ward, nowhere) == ["201", "404"])
    bad = entry({"resourceType": "Location", "status": "sure"}, "POST", "Location")
    refused("a transaction that fails", lambda: carried_out(smart, "transaction", ward, bad), HTTPError, "422")
    found = Location.where({"identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("changed nothing", that=len(found) == 2)


def conditions(smart: client.FHIRClient) -> None:
    mark = uuid4().hex
    patient = {"resourceType": "Patient", "identifier": [named(mark).as_json()], "active": True}
    condition = f"identifier={SYSTEM}|{mark}"
    create = entry(patient, "POST", "Patient", ifNoneExist=condition)
    told = sorted(status for (status,) in at_once(lambda _: carried_out(smart, "transaction", create)))
    held("16 conditional creates make one", that=told == ["200"] * 15 + ["201"])
    changed = smart.server.put_json(f"Patient?{condition}", patient | {"active": False})
    held("conditional update", that=changed.json()["meta"]["versionId"] == "2")
    found = Patient.where({"identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("changed the one there is", that=[one.active for one in found] == [False])
    smart.server.delete_json(f"Patient?{condition}")
    gone = Patient.where({"identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("conditional delete", that=gone == [])


def races(smart: client.FHIRClient) -> None:
    patient = Patient().create(smart.server)["id"]

    def update(number: int) -> list[str]:
        mine = {"resourceType": "Patient", "id": patient, "multipleBirthInteger": number + 1}
        return carried_out(smart, "batch", entry(mine, "PUT", f"Patient/{patient}", ifMatch='W/"1"'))

    told = sorted(status for (status,) in at_once(update))
    held("of 16 who change one version one does", that=told == ["200"] + ["412"] * 15)


if __name__ == "__main__":
    settings = {"app_id": "clients", "api_base": sys.argv[1]}
    fhirclient = client.FHIRClient(settings=settings)
    for part in (crud, searches, bundles, conditions, races):
        part(fhirclient)
