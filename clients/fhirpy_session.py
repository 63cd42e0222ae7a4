"""A session of fhirpy with a gateway: `python fhirpy_session.py BASE`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

SYSTEM = "https://msb-gateway.example/fhir/NamingSystem/clients"
RACERS = 16


def held(what: str, *, that: bool) -> None:
    """Say that something held, or end."""
    if not that:
        sys.exit(f"NOT ok {what}")
    print(f"ok {what}")


def crud(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Fhirpy", "given": ["An"]}], gender="female")
    patient.save()
    held("create", that=bool(patient.id))
    read = client.reference("Patient", patient.id).to_resource()
    held("read", that=read["gender"] == "female")
    read["birthDate"] = "1980-02-03"
    read.save()
    held("update", that=read["meta"]["versionId"] == "2")
    history = client.execute(f"Patient/{patient.id}/_history", method="get")
    held("history", that=[entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"])
    patch = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "replace"},
                    {"name": "path", "valueString": "Patient.gender"},
                    {"name": "value", "valueCode": "other"},
                ],
            }
        ],
    }
    patched = client.execute(f"Patient/{patient.id}", method="patch", data=patch)
    held("FHIRPath Patch", that=patched["gender"] == "other")
    read.delete()
    try:
        client.reference("Patient", patient.id).to_resource()
    except ResourceNotFound:
        held("delete, then 410", that=True)
    else:
        held("delete, then 410", that=False)


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
    found = client.resources("Location").search(partof=ward.to_reference()).limit(7)
    held("pages", that={bed.id for bed in found.fetch_all()} == {bed.id for bed in beds})
    counted = client.resources("Location").search(partof=ward.to_reference(), _total="accurate", _count=0).fetch_raw()
    held("total", that=counted["total"] == len(beds))
    chained = client.resources("Location").search(partof__Location__identifier=f"{SYSTEM}|{mark}").limit(50).fetch()
    held("chain", that=len(chained) == len(beds))
    included = client.resources("Location").search(_id=beds[0].id).include("Location", "partof").fetch_raw()
    held("_include", that={one["resource"]["id"] for one in included["entry"]} == {beds[0].id, ward.id})
    reverse = client.resources("Location").search(_id=ward.id).revinclude("Location", "partof").fetch_raw()
    held("_revinclude", that=len(reverse["entry"]) == len(beds) + 1)
    newest = client.resources("Location").search(partof=ward.to_reference()).sort("-_lastUpdated").first()
    held("_sort", that=newest.id == beds[-1].id)
    try:
        client.resources("Location").search(colour="red").fetch()
    except OperationOutcome as error:
        held("an unknown parameter is refused by name", that="colour" in str(error))
    else:
        held("an unknown parameter is refused by name", that=False)


def conditions(client: SyncFHIRClient) -> None:
    mark = uuid4().hex
    wanted = {"identifier": f"{SYSTEM}|{mark}"}
    patient = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": mark}], "active": True}
    request = {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|{mark}"}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": patient, "request": request}]}

    def create(_: int) -> tuple[str, str]:
        response = client.execute("", data=bundle)["entry"][0]["response"]
        return response["location"].split("/_history")[0], response["status"][:3]

    with ThreadPoolExecutor(RACERS) as pool:
        made = list(pool.map(create, range(RACERS)))
    one = len({location for location, _ in made}) == 1 and sorted(status for _, status in made)[-1] == "201"
    held("16 conditional creates make one", that=one and [status for _, status in made].count("201") == 1)
    try:  # fhirpy puts the condition of a create into the URL, which is no FHIR
        client.resources("Patient").search(**wanted).get_or_create(client.resource("Patient", **patient))
    except OperationOutcome as error:
        held("a condition in the URL of a create is pointed to its place", that="If-None-Exist" in str(error))
    else:
        held("a condition in the URL of a create is pointed to its place", that=False)
    update = client.resource("Patient", identifier=[{"system": SYSTEM, "value": mark}], active=False)
    updated, is_new = client.resources("Patient").search(**wanted).update(update)
    held("conditional update", that=not is_new and updated["active"] is False and made[0][0].endswith(updated.id))
    second = client.resource("Patient", identifier=[{"system": SYSTEM, "value": mark}])
    second.save()
    try:
        client.resources("Patient").search(**wanted).update(update)
    except MultipleResourcesFound:
        held("a condition that two match is refused", that=True)
    else:
        held("a condition that two match is refused", that=False)


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
    held("transaction", that=[one["response"]["status"][:3] for one in answer["entry"]] == ["201", "201"])
    linked = client.resources("ServiceRequest").search(subject__Patient__identifier=f"{SYSTEM}|{mark}").fetch()
    held("urn:uuid became the reference", that=len(linked) == 1)
    bad = [
        entries[0],
        {"resource": request | {"status": "sure"}, "request": {"method": "POST", "url": "ServiceRequest"}},
    ]
    before = number(client, mark)
    try:
        client.execute("", data={"resourceType": "Bundle", "type": "transaction", "entry": bad})
    except OperationOutcome as error:
        held("a transaction that fails names the entry", that="entry[1]" in str(error))
    held("and changed nothing", that=number(client, mark) == before)
    answer = client.execute("", data={"resourceType": "Bundle", "type": "batch", "entry": bad})
    held("batch", that=[one["response"]["status"][:3] for one in answer["entry"]] == ["201", "422"])


if __name__ == "__main__":
    fhirpy = SyncFHIRClient(sys.argv[1])
    for part in (crud, searches, conditions, bundles):
        part(fhirpy)
