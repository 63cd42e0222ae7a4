"""`$transform` and `$translate`: on what is installed, listed as served, refused in words."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir.json import decode, encode

FHIR = "application/fhir+json"
MAPPINGS = Path(__file__).parents[2] / "mappings"
A20 = (MAPPINGS / "hl7v2/adt_a20_bed/cases/good-free.hl7").read_bytes()
STATUS = "https://msb-gateway.example/fhir/ConceptMap/bed-status"
TO_PERSON = """
map "https://example.org/fhir/StructureMap/to-person" = "ToPerson"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Person" alias Person as target
group ToPerson(source src : Patient, target tgt : Person) {
  src.name -> tgt.name;
  src.gender -> tgt.gender;
  src.birthDate as day -> tgt.birthDate = day "born";
}
"""
PATIENT = {"resourceType": "Patient", "gender": "female", "birthDate": "1941-03-07", "name": [{"family": "Jansen"}]}


def parameters(**named: Any) -> bytes:
    made = []
    for name, value in named.items():
        key = "resource" if isinstance(value, dict) else "valueBoolean" if isinstance(value, bool) else "valueString"
        made.append({"name": name, key: value})
    return encode({"resourceType": "Parameters", "parameter": made})


def transform(client: FlaskClient, path: str = "/fhir/StructureMap/$transform", **named: Any) -> tuple[int, Any]:
    answer = client.post(path, data=parameters(**named), content_type=FHIR)
    return answer.status_code, decode(answer.data)


def part(resource: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in resource["parameter"] if one["name"] == name)
    return found


@pytest.mark.parametrize("name", ["adt-a20-bed", "fml-adt-a20-bed"])
def test_an_installed_map_transforms_a_message(client: FlaskClient, name: str) -> None:
    content = {"resourceType": "Binary", "contentType": "x-application/hl7-v2+er7", "data": b64encode(A20).decode()}
    for path, extra in (
        (f"/fhir/StructureMap/{name}/$transform", {}),
        ("/fhir/StructureMap/$transform", {"sourceMap": f"https://msb-gateway.example/fhir/StructureMap/{name}"}),
    ):
        status, made = transform(client, path, content=content, **extra)
        assert status == 200, made
        assert made["resourceType"] == "Bundle"
        assert "Slot" in {entry["resource"]["resourceType"] for entry in made["entry"]}


def test_the_trace_says_where_each_element_came_from(client: FlaskClient) -> None:
    text = A20.decode("latin-1")
    status, made = transform(client, "/fhir/StructureMap/fml-adt-a20-bed/$transform", content=text, trace=True)
    assert status == 200
    assert part(made, "result")["resource"]["resourceType"] == "Bundle"
    elements = [{p["name"]: p["valueString"] for p in one["part"]} for one in part(made, "trace")["part"]]
    status_ = next(one for one in elements if one["path"] == "Location.operationalStatus.code")
    assert status_["source"].startswith("NPU-2 (line 3, byte ")
    assert status_["through"].startswith("ConceptMap bed-status row")
    assert status_["map"].startswith("mappings/fml/bed_status/mapping.fml:")


def test_a_map_that_comes_along_transforms_a_resource(client: FlaskClient) -> None:
    status, made = transform(client, srcMap=TO_PERSON, content=PATIENT)
    assert (status, made) == (200, {**PATIENT, "resourceType": "Person"})


def test_the_trace_names_the_elements_of_a_resource(client: FlaskClient) -> None:
    _, made = transform(client, srcMap=TO_PERSON, content=PATIENT, trace=True)
    elements = [{p["name"]: p["valueString"] for p in one["part"]} for one in part(made, "trace")["part"]]
    found = {one["path"]: one.get("source") for one in elements}
    assert found == {
        "Person.name[0].family": "/name/0",
        "Person.gender": "/gender: female",
        "Person.birthDate": "/birthDate: 1941-03-07",
    }


def test_a_document_comes_back_as_a_binary(client: FlaskClient) -> None:
    text = """map "https://example.org/m" = "m"
    uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
    uses "http://hl7.org/cda/stds/core/StructureDefinition/ClinicalDocument" alias ClinicalDocument as target
    group m(source src : Patient, target tgt : ClinicalDocument) { src -> tgt.title as t, t.xmlText = 'Brief'; }"""
    status, made = transform(client, srcMap=text, content=PATIENT)
    assert (status, made["contentType"]) == (200, "application/xml")
    assert b'<ClinicalDocument xmlns="urn:hl7-org:v3">' in b64decode(made["data"])


def refused(made: tuple[int, Any], status: int) -> str:
    assert made[0] == status, made
    return " ".join(str(issue.get("diagnostics")) for issue in made[1]["issue"])


def test_what_is_wrong_is_said(client: FlaskClient) -> None:
    assert "needs 'content'" in refused(transform(client, sourceMap="x"), 400)
    assert "needs 'sourceMap'" in refused(transform(client, content=PATIENT), 400)
    assert "no such StructureMap" in refused(transform(client, sourceMap="https://x.example/y", content=PATIENT), 404)
    assert "did you mean 'content'" in refused(transform(client, contnt="x"), 400)
    broken = TO_PERSON.replace("tgt.gender", "tgt.gendr")
    answer = transform(client, srcMap=broken, content=PATIENT)
    assert "did you mean 'gender'" in refused(answer, 422)
    assert answer[1]["issue"][0]["code"] == "invalid"
    assert answer[1]["issue"][0]["extension"][0]["valueCode"] == "sender"
    whole = client.post("/fhir/StructureMap/$transform", data=encode(PATIENT), content_type=FHIR)
    assert whole.status_code == 400


def test_groups_that_call_each_other_without_end_are_refused(client: FlaskClient) -> None:
    text = TO_PERSON.replace("src.name -> tgt.name;", "src -> tgt then ToPerson(src, tgt) 'again';")
    assert "without end" in refused(transform(client, srcMap=text, content=PATIENT), 422)


def translate(client: FlaskClient, **asked: str) -> tuple[int, Any]:
    answer = client.get("/fhir/ConceptMap/$translate", query_string=asked)
    return answer.status_code, decode(answer.data)


def test_a_code_is_translated(client: FlaskClient) -> None:
    status, made = translate(client, url=STATUS, code="VRIJ")
    assert status == 200
    assert part(made, "result") == {"name": "result", "valueBoolean": True}
    said = {one["name"]: one for one in part(made, "match")["part"]}
    assert said["concept"]["valueCoding"]["code"] == "U"
    assert said["source"]["valueUri"] == STATUS
    body = encode(
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "url", "valueUri": STATUS}, {"name": "coding", "valueCoding": {"code": "VRIJ"}}],
        }
    )
    posted = client.post("/fhir/ConceptMap/$translate", data=body, content_type=FHIR)
    assert decode(posted.data) == made
    assert decode(client.get("/fhir/ConceptMap/bed-status/$translate?code=VRIJ").data) == made


def test_a_code_is_translated_back(client: FlaskClient) -> None:
    _, made = translate(client, url=STATUS, code="U", reverse="true")
    codes = {p["valueCoding"]["code"] for m in made["parameter"] if m["name"] == "match" for p in m["part"][1:2]}
    assert {"VRIJ", "U"} <= codes


def test_a_code_without_a_row_has_no_match(client: FlaskClient) -> None:
    _, made = translate(client, url=STATUS, code="NIET")
    assert part(made, "result")["valueBoolean"] is False
    assert "message" in {one["name"] for one in made["parameter"]}


def test_a_translation_that_is_not_understood_is_refused(client: FlaskClient) -> None:
    assert "no such ConceptMap" in refused(translate(client, url="https://x.example/y", code="U"), 404)
    assert "needs a code" in refused(translate(client, url=STATUS), 400)
    assert "did you mean 'system'" in refused(translate(client, url=STATUS, code="U", sytem="x"), 400)


def test_what_is_listed_is_served(client: FlaskClient) -> None:
    statement = decode(client.get("/fhir/metadata").data)
    listed = {
        r["type"]: [o["name"] for o in r["operation"]] for r in statement["rest"][0]["resource"] if "operation" in r
    }
    assert (listed["ConceptMap"], listed["StructureMap"]) == (["translate"], ["transform"])
    assert client.get("/fhir/ConceptMap/$translate").status_code == 400
    assert client.post("/fhir/StructureMap/$transform", data=b"{}", content_type=FHIR).status_code == 400


def test_an_operation_stands_in_a_batch_but_not_in_a_transaction(client: FlaskClient) -> None:
    entry = {"request": {"method": "GET", "url": f"ConceptMap/$translate?url={STATUS}&code=VRIJ"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = decode(client.post("/fhir", data=encode(batch), content_type=FHIR).data)
    assert part(answer["entry"][0]["resource"], "result")["valueBoolean"] is True
    refused_ = client.post("/fhir", data=encode({**batch, "type": "transaction"}), content_type=FHIR)
    assert refused_.status_code == 400
    assert decode(refused_.data)["issue"][0]["expression"] == ["Bundle.entry[0].request"]


def test_every_operation_that_is_listed_is_served_where_it_is_listed(client: FlaskClient) -> None:
    """By POST of nothing: whatever the answer, it is not that there is no such path or method."""
    rest = decode(client.get("/fhir/metadata").data)["rest"][0]
    wanted = [("", operation["name"]) for operation in rest["operation"]]
    wanted += [(r["type"], operation["name"]) for r in rest["resource"] for operation in r.get("operation", [])]
    assert len(wanted) > 100
    rules = {(rule.rule, method) for rule in client.application.url_map.iter_rules() for method in rule.methods or ()}
    for type_, name in wanted:
        places = [f"/fhir/{type_}/${name}", f"/fhir/{type_}/<fhir_id:id>/${name}", f"/fhir/<fhir_type:type>/${name}"]
        places += [f"/fhir/<fhir_type:type>/<fhir_id:id>/${name}", f"/fhir/<fhir_id:id>/${name}"]
        assert any((place.replace("//", "/"), method) in rules for place in places for method in ("GET", "POST")), name


def test_an_operation_that_is_not_listed_for_a_type_is_not_served_on_it(client: FlaskClient) -> None:
    for path in ("Location/a/$expand", "ValueSet/$meta", "Provenance/a/$meta-delete", "Patient/$lastn", "$validate"):
        assert client.post(f"/fhir/{path}", data=b"{}", content_type=FHIR).status_code in {404, 405}, path
