"""A session of fhirclient with a gateway: `python fhirclient_session.py BASE`.

Its models are strict: what a gateway answers must be R4, or they raise.
"""

import sys
from uuid import uuid4

from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.location import Location
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException

SYSTEM = "https://msb-gateway.example/fhir/NamingSystem/clients"


def held(what: str, *, that: bool) -> None:
    """Say that something held, or end."""
    if not that:
        sys.exit(f"NOT ok {what}")
    print(f"ok {what}")


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
    read.delete(smart.server)
    try:
        Patient.read(made["id"], smart.server)
    except FHIRNotFoundException:
        held("delete", that=True)
    except Exception as error:  # noqa: BLE001 - 410 is an error of requests here
        held("delete, then 410", that="410" in str(error))


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
    held("pages", that=[bed.id for bed in search.perform_resources_iter(smart.server)] == made)
    chained = Location.where({"partof.identifier": f"{SYSTEM}|{mark}"}).perform_resources(smart.server)
    held("chain", that=len(chained) == len(made))
    search = Location.where({"_id": made[0], "_include": "Location:partof"})
    found = [entry.resource.id for entry in search.perform(smart.server).entry]
    held("_include", that=found == [made[0], ward_id])


if __name__ == "__main__":
    settings = {"app_id": "clients", "api_base": sys.argv[1]}
    fhirclient = client.FHIRClient(settings=settings)
    for part in (crud, searches):
        part(fhirclient)
