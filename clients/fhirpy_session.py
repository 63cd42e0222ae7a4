"""A session of fhirpy with a gateway: `python fhirpy_session.py BASE`."""

import sys
from typing import Any
from uuid import uuid4

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound
from session import SYSTEM, at_once, held, refused, statuses

Json = dict[str, Any]


def replacement(path: str, code: str) -> Json:
    """Return a FHIRPath Patch that replaces a code."""
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", "valueCode": code},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def crud(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Fhirpy", "given": ["An"]}], gender="female")
    patient.save()
    held("create", that=bool(patient.id))
    read = client.reference("Patient", patient.id).to_resource()
    held("read", that=read["gender"] == "female")
    read["birthDate"] = "1980-02-03"
    read.save()
    held("update", that=read["meta"]["versionId"] == "2")
    first = client.execute(f"Patient/{patient.id}/_history/1", method="get")
    held("vread", that="birthDate" not in first)
    patched = client.execute(f"Patient/{patient.id}", method="patch", data=replacement("Patient.gender", "other"))
    held("FHIRPath Patch", that=patched["gender"] == "other")
    # its own patch is a merge of JSON, which FHIR does not have
    refused("a patch of no kind that FHIR has", lambda: read.patch(gender="male"), OperationOutcome)
    histories(client, patient.id)
    read.delete()
    again = client.reference("Patient", patient.id)
    refused("delete, then 410", again.to_resource, ResourceNotFound, "delete")


def histories(client: SyncFHIRClient, patient: str) -> None:
    history = client.execute(f"Patient/{patient}/_history", method="get")
    versions = [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    held("history of an instance", that=versions == ["3", "2", "1"])
    for name, path in (("a type", "Patient/_history"), ("the system", "_history")):
        newest = client.execute(path, method="get", params={"_count": 1})["entry"]
        held(f"history of {name}", that=[one["resource"]["id"] for one in newest] == [patient])


def searches(client: SyncFHIRClient) -> None:
    mark = uuid4().hex
    named = [{"system": SYSTEM, "value": mark}]
    ward = client.resource("Location", status="active", name=f"ward {mark}", identifier=named)
    ward.save()
    beds = [
        client.resource("Location", status="active", name=f"bed {number} {mark}", partOf=ward.to_reference())
        for number in range(25)
    ]
    for bed in beds:
        bed.save()
    locations = client.resources("Location")
    found = locations.search(partof=ward.to_reference()).limit(7).fetch_all()
    held("pages", that=sorted(bed.id for bed in found) == sorted(bed.id for bed in beds))
    counted = locations.search(partof=ward.to_reference(), _total="accurate", _count=0).fetch_raw()
    held("total", that=counted["total"] == len(beds))
    own = locations.search(partof=ward.to_reference())  # asks with a parameter of another server
    refused("a parameter of somebody else is refused", own.count, OperationOutcome, "_totalMethod")
    chained = locations.search(partof__Location__identifier=f"{SYSTEM}|{mark}").limit(50).fetch()
    held("chain", that=len(chained) == len(beds))
    had = locations.has("Location", "partof", name__exact=f"bed 3 {mark}").fetch()
    held("_has", that=[one.id for one in had] == [ward.id])
    included = locations.search(_id=beds[0].id).include("Location", "partof").fetch_raw()
    held("_include", that={one["resource"]["id"] for one in included["entry"]} == {beds[0].id, ward.id})
    reverse = locations.search(_id=ward.id).revinclude("Location", "partof").fetch_raw()
    held("_revinclude", that=len(reverse["entry"]) == len(beds) + 1)
    newest = locations.search(partof=ward.to_reference()).sort("-_lastUpdated").first()
    held("_sort", that=newest is not None and newest.id == beds[-1].id)
    unknown = locations.search(colour="red")
    refused("an unknown parameter is refused by name", unknown.fetch, OperationOutcome, "colour")


def conditions(client: SyncFHIRClient) -> None:
    mark = uuid4().hex
    patient: Json = {"identifier": [{"system": SYSTEM, "value": mark}], "gender": "female"}
    mine = client.resources("Patient").search(identifier=f"{SYSTEM}|{mark}")
    made = conditional_creates(client, mark, patient | {"active": True})
    # fhirpy puts the condition of a create into the URL, which is no FHIR
    another = client.resource("Patient", **patient)
    place = "a condition in the URL of a create is pointed to its place"
    refused(place, lambda: mine.get_or_create(another), OperationOutcome, "If-None-Exist")
    update = client.resource("Patient", **patient, active=False)
    updated, is_new = mine.update(update)
    held("conditional update", that=not is_new and updated["active"] is False and made.endswith(updated.id))
    patched = client.execute("Patient", method="patch", data=replacement("Patient.gender", "other"), params=mine.params)
    held("conditional patch", that=patched["id"] == updated.id and patched["gender"] == "other")
    another.save()
    refused("a condition that two match is refused", lambda: mine.update(update), MultipleResourcesFound)
    another.delete()
    mine.delete()
    held("conditional delete", that=mine.fetch() == [])


def conditional_creates(client: SyncFHIRClient, mark: str, patient: Json) -> str:
    request = {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|{mark}"}
    entries = [{"resource": {"resourceType": "Patient", **patient}, "request": request}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answers = at_once(lambda _: client.execute("", data=bundle)["entry"][0]["response"])
    places = {answer["location"].split("/_history")[0] for answer in answers}
    created = statuses(answer["status"] for answer in answers).count("201")
    held("16 conditional creates make one", that=(len(places), created) == (1, 1))
    return str(places.pop())


def races(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", active=True)
    patient.save()
    knowing = SyncFHIRClient(client.url, extra_headers={"If-Match": f'W/"{patient["meta"]["versionId"]}"'})

    def update(number: int) -> bool:
        mine = {"resourceType": "Patient", "id": patient.id, "multipleBirthInteger": number + 1}
        try:
            knowing.execute(f"Patient/{patient.id}", method="put", data=mine)
        except MultipleResourcesFound:  # that is what it calls each 412
            return False
        return True

    held("of 16 who change one version one does", that=at_once(update).count(True) == 1)
    now = client.reference("Patient", patient.id).to_resource()
    held("and the others changed nothing", that=now["meta"]["versionId"] == "2")


def number(client: SyncFHIRClient, mark: str) -> int:
    return len(client.resources("Patient").search(identifier=f"{SYSTEM}|{mark}").fetch())


def bundles(client: SyncFHIRClient) -> None:
    mark = uuid4().hex
    url = f"urn:uuid:{uuid4()}"
    patient = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": mark}]}
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": url},
    }
    entries = [
        {"fullUrl": url, "resource": patient, "request": {"method": "POST", "url": "Patient"}},
        {"resource": request, "request": {"method": "POST", "url": "ServiceRequest"}},
    ]
    answer = client.execute("", data={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    held("transaction", that=statuses(one["response"]["status"] for one in answer["entry"]) == ["201", "201"])
    linked = client.resources("ServiceRequest").search(subject__Patient__identifier=f"{SYSTEM}|{mark}").fetch()
    held("urn:uuid became the reference", that=len(linked) == 1)
    bad = [
        entries[0],
        {"resource": request | {"status": "sure"}, "request": {"method": "POST", "url": "ServiceRequest"}},
    ]
    before = number(client, mark)
    transaction = {"resourceType": "Bundle", "type": "transaction", "entry": bad}
    named = "a transaction that fails names the entry"
    refused(named, lambda: client.execute("", data=transaction), OperationOutcome, "entry[1]")
    held("and changed nothing", that=number(client, mark) == before)
    answer = client.execute("", data={"resourceType": "Bundle", "type": "batch", "entry": bad})
    held("batch", that=statuses(one["response"]["status"] for one in answer["entry"]) == ["201", "422"])


if __name__ == "__main__":
    fhirpy = SyncFHIRClient(sys.argv[1])
    for part in (crud, searches, conditions, races, bundles):
        part(fhirpy)
