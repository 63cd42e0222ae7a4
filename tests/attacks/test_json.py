"""Bad inputs 16 to 31: JSON that is hostile, broken, or not FHIR."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.attacks.target import JSON, Attack, Target, cases, check_refused, encoded, on_both, patient, spliced

pytestmark = pytest.mark.slow


def weighing(number: str) -> bytes:
    """Return a weight that is indexed as a quantity."""
    quantity = f'{{"value":{number},"system":"http://unitsofmeasure.org","code":"kg"}}'
    return (
        f'{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"valueQuantity":{quantity}}}'.encode()
    )


def narrating(content: str, before: str = "") -> bytes:
    div = f'{before}<div xmlns="http://www.w3.org/1999/xhtml">{content}</div>'
    return encoded(text={"status": "generated", "div": div})


def containing(contained: Any) -> bytes:
    return encoded(managingOrganization={"reference": "#a"}, contained=[contained])


def nested(levels: int) -> bytes:
    return spliced('"extension":[{"url":"u",' * levels + '"x":1' + "}]" * levels)


REFUSED = [
    Attack(16, "100000-nested-arrays", 400, "nested deeper than", body=b"[" * 100_000 + b"]" * 100_000),
    Attack(16, "nested-arrays-never-closed", 400, "JSON|nested", body=b"[" * 100_000),
    Attack(
        16, "nested-arrays-in-an-element", 400, "nested deeper than", body=spliced('"x":' + "[" * 9999 + "]" * 9999)
    ),
    Attack(17, "5000-nested-extensions", 400, "nested deeper than", body=nested(5000)),
    Attack(18, "nan", 400, r"JSON text.*byte \d+", body=spliced('"x":NaN')),
    Attack(18, "infinity", 400, r"JSON text.*byte \d+", body=spliced('"x":-Infinity')),
    Attack(19, "1e400", 400, "exponent", body=spliced('"extension":[{"url":"u:x","valueDecimal":1e400}]')),
    Attack(
        19,
        "1e999999999999999999",
        400,
        "exponent",
        body=spliced('"extension":[{"url":"u:x","valueDecimal":1e999999999999999999}]'),
    ),
    Attack(19, "1e-400", 400, "exponent", body=spliced('"extension":[{"url":"u:x","valueDecimal":1e-400}]')),
    Attack(20, "100000-digits", 400, "integer", body=spliced('"multipleBirthInteger":' + "7" * 100_000)),
    Attack(
        20,
        "1000-digits-as-integer",
        422,
        r"Patient\.multipleBirth",
        body=spliced('"multipleBirthInteger":' + "7" * 1000),
    ),
    Attack(20, "beyond-32-bits", 422, r"Patient\.multipleBirth", body=spliced('"multipleBirthInteger":4294967296')),
    Attack(21, "duplicate-keys", 400, "twice: name", body=spliced('"name":[{"family":"x"}]')),
    Attack(22, "lone-surrogate", 400, r"byte \d+", body=spliced(r'"language":"\ud800"')),
    Attack(22, "raw-surrogate", 400, r"UTF-8", body=spliced('"language":"\ud800"')),
    Attack(23, "nul", 400, "NUL", body=spliced(r'"language":"\u0000"')),
    Attack(23, "raw-nul", 400, r"byte \d+", body=spliced('"language":"\0"')),
    Attack(
        24,
        "latin-1",
        400,
        r"UTF-8.*|byte \d+",
        body='{"resourceType":"Patient","name":[{"family":"Geheimstra\xe9"}]}'.encode("latin-1"),
    ),
    Attack(24, "overlong-utf-8", 400, "UTF-8", body=encoded().replace(b"Patient", b"Pa\xc0\xafent")),
    Attack(25, "utf-16", 400, "JSON|UTF-8", body=encoded().decode().encode("utf-16")),
    Attack(25, "utf-16-without-mark", 400, "JSON|UTF-8|NUL", body=encoded().decode().encode("utf-16-le")),
    Attack(
        25,
        "utf-16-as-declared",
        415,
        "UTF-8",
        body=encoded().decode().encode("utf-16"),
        headers={"Content-Type": "application/fhir+json; charset=utf-16"},
    ),
    Attack(26, "empty", 400, "nothing here", method="POST", headers={"Content-Type": "application/fhir+json"}),
    Attack(26, "blank", 400, "nothing here", body=b" \n "),
    Attack(26, "null", 400, "object", body=b"null"),
    Attack(26, "array", 400, "object", body=b"[" + encoded() + b"]"),
    Attack(26, "number", 400, "object", body=b"5"),
    Attack(26, "string", 400, "object", body=b'"Geheimstra"'),
    Attack(26, "empty-object", 400, "resourceType", body=b"{}"),
    Attack(26, "no-resource-type", 400, "resourceType", body=encoded(resourceType=None)),
    Attack(26, "resource-type-is-a-number", 400, "resourceType", body=encoded(resourceType=5)),
    Attack(26, "resource-type-is-another", 400, "resourceType", body=encoded(resourceType="Slot")),
    Attack(26, "resource-type-is-a-list", 400, "resourceType", body=encoded(resourceType=["Patient"])),
    Attack(26, "text-after-it", 400, r"byte \d+", body=encoded() + b"x"),
    Attack(26, "cut-off", 400, "ends too early|line 1", body=encoded()[:-5]),
    Attack(26, "comment", 400, r"byte \d+", body=b"/* Geheimstra */" + encoded()),
    Attack(26, "name-is-a-string", 422, r"Patient\.name", body=encoded(name="Geheimstra")),
    Attack(26, "name-is-an-object", 422, r"Patient\.name", body=encoded(name={"family": "Geheimstra"})),
    Attack(26, "family-is-a-list", 422, r"Patient\.name\[0\]\.family", body=encoded(name=[{"family": ["Geheimstra"]}])),
    Attack(26, "name-holds-null", 422, r"Patient\.name", body=encoded(name=[None])),
    Attack(26, "null-element", 422, r"Patient\.active", body=spliced('"active":null')),
    Attack(26, "boolean-as-text", 422, r"Patient\.active", body=encoded(active="true")),
    Attack(26, "text-as-number", 422, r"Patient\.language", body=encoded(language=5)),
    Attack(26, "unknown-element", 422, r"Patient.*element", body=encoded(Geheim="x")),
    Attack(26, "unknown-element-named-as-the-patient", 422, r"Patient", body=encoded(contact=[{"x": "Geheimstra"}])),
    Attack(26, "reference-is-a-number", 422, r"Patient\.managing", body=encoded(managingOrganization={"reference": 5})),
    Attack(
        26, "reference-is-a-list", 422, r"Patient\.managing", body=encoded(managingOrganization={"reference": ["x"]})
    ),
    Attack(
        26, "reference-is-an-object", 422, r"Patient\.managing", body=encoded(managingOrganization={"reference": {}})
    ),
    Attack(26, "contained-is-a-name", 422, r"Patient\.contained", body=encoded(contained=["Geheimstra"])),
    Attack(26, "contained-is-an-object", 422, r"Patient\.contained", body=encoded(contained={"id": "a"})),
    Attack(26, "contained-without-type", 422, r"Patient\.contained", body=encoded(contained=[{"id": "a"}])),
    Attack(26, "meta-is-a-name", 422, r"Patient\.meta", body=encoded(meta="Geheimstra")),
    Attack(26, "meta-is-a-list", 422, r"Patient\.meta", body=encoded(meta=[{}])),
    Attack(26, "profile-is-a-number", 422, r"Patient\.meta\.profile", body=encoded(meta={"profile": [5]})),
    Attack(
        26, "identifier-value-is-a-number", 422, r"Patient\.identifier", body=encoded(identifier=[{"value": 999911120}])
    ),
    Attack(26, "id-is-an-object-on-create", 422, r"Patient\.id", body=encoded(id={})),
    Attack(
        26, "extension-without-url", 422, r"Patient\.extension", body=encoded(extension=[{"valueString": "Geheimstra"}])
    ),
    Attack(26, "shadow-of-nothing", 422, r"Patient", body=encoded(_gender=[{"id": "x"}])),
    Attack(26, "empty-array", 422, r"Patient\.telecom", body=encoded(telecom=[])),
    Attack(26, "empty-object-in-array", 422, r"Patient\.telecom\[0\]", body=encoded(telecom=[{}])),
    Attack(26, "empty-string", 422, r"Patient\.language", body=encoded(language="")),
    Attack(26, "proto", 422, r"Patient", body=encoded(__proto__={"admin": True})),
    Attack(26, "constructor", 422, r"Patient", body=encoded(constructor={"prototype": {"x": 1}})),
    Attack(26, "wrong-code", 422, r"Patient\.gender", body=encoded(gender="Geheimstra")),
    Attack(26, "thirtieth-of-february", 422, r"Patient\.birthDate", body=encoded(birthDate="1960-02-30")),
    Attack(
        26, "two-of-a-choice", 422, r"Patient\.deceased", body=encoded(deceasedBoolean=True, deceasedDateTime="2020")
    ),
    Attack(
        26,
        "id-that-is-none",
        400,
        r"Patient.*the id",
        path="/fhir/Patient?identifier=a|b",
        method="PUT",
        body=encoded(id="a b'c"),
    ),
    Attack(27, "broken-invariant", 422, r"Patient\.contact\[0\].*", body=encoded(contact=[{"gender": "male"}])),
    Attack(28, "script", 422, r"Patient\.text", body=narrating("<script>alert(1)</script>")),
    Attack(28, "onerror", 422, r"Patient\.text", body=narrating('<img src="x" onerror="alert(1)"/>')),
    Attack(
        28, "javascript-link", 422, r"Patient\.text", body=narrating('<a href="javascript:alert(1)">Geheimstra</a>')
    ),
    Attack(
        28,
        "entity",
        422,
        r"Patient\.text",
        body=narrating("&x;", '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ),
    Attack(
        30,
        "contained-in-contained",
        422,
        r"Patient\.contained\[0\]",
        body=containing(
            {
                "resourceType": "Organization",
                "id": "a",
                "name": "x",
                "contained": [{"resourceType": "Organization", "id": "b", "name": "y"}],
            }
        ),
    ),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused_and_nothing_is_left(target: Target, attack: Attack) -> None:
    before = target.rows()

    answer = target.send(*attack.request)

    check_refused(answer, attack.status, attack.says)
    assert target.rows() == before


@pytest.mark.threat(20)
@pytest.mark.parametrize("number", ["1e99", "-1e-99", "7" * 1000, "7" * 1000 + ".5", "0." + "3" * 1000, "9" * 30])
def test_20_a_number_of_many_digits_is_refused_or_kept(target: Target, number: str) -> None:
    before = target.rows()

    answer = target.send("POST", "/fhir/Observation", weighing(number), {"Content-Type": "application/fhir+json"})

    if answer.status == 201:
        kept = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["valueQuantity"]["value"]
        assert kept == Decimal(number)
        found = target.get(f"/fhir/Observation?_id={answer.json()['id']}&value-quantity=gt-1&_summary=count")
        assert found.json()["total"] == 1
    else:
        check_refused(answer, 400, "digits|exponent")
        assert target.rows() == before


@pytest.mark.threat(25)
def test_25_a_byte_order_mark_changes_nothing(target: Target) -> None:
    answer = target.send(
        "POST", "/fhir/Patient", b"\xef\xbb\xbf" + encoded(), {"Content-Type": "application/fhir+json"}
    )

    assert answer.status == 201
    assert answer.json()["name"] == patient()["name"]


@pytest.mark.threat(29)
def test_29_the_client_does_not_choose_id_and_version_on_create(target: Target) -> None:
    answer = target.post(
        "/fhir/Patient", patient(id="mine", meta={"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z"})
    )

    stored = answer.json()
    assert answer.status == 201
    assert stored["id"] != "mine"
    assert stored["meta"]["versionId"] == "1"
    assert not stored["meta"]["lastUpdated"].startswith("1999")


@pytest.mark.threat(30)
def test_30_a_contained_resource_that_refers_to_itself_is_no_endless_walk(target: Target) -> None:
    contained = {"resourceType": "Organization", "id": "a", "name": "x", "partOf": {"reference": "#a"}}

    answer = target.post("/fhir/Patient", patient(managingOrganization={"reference": "#a"}, contained=[contained]))

    assert answer.status == 201


@pytest.mark.threat(31)
@pytest.mark.parametrize("number", ["1.10", "0.000000000000000001", "4.8950000000", "-0.50"])
def test_31_a_decimal_keeps_its_precision(target: Target, number: str) -> None:
    resource: Any = {"resourceType": "Location", "position": {"longitude": 1.0, "latitude": 52}}
    body = json.dumps(resource).replace("1.0", number).encode()

    created = target.send("POST", "/fhir/Location", body, {"Content-Type": "application/fhir+json"})
    read = target.get(f"/fhir/Location/{created.json()['id']}")

    kept = json.loads(read.text, parse_float=Decimal)["position"]["longitude"]
    assert kept.as_tuple() == Decimal(number).as_tuple()


@pytest.mark.threat(16, 17, 20)
@pytest.mark.parametrize("attack", [each for each in REFUSED if each.number in {16, 17, 20}], ids=str)
def test_it_takes_little_room(target: Target, attack: Attack) -> None:
    with target.in_little_room(100_000_000):
        for door in ("/fhir/Patient", "/ingest/dev", "/fhir"):
            assert target.send("POST", door, attack.request[2], {"Content-Type": JSON}).status in {400, 415, 422}


@pytest.mark.threat(23)
@on_both
@pytest.mark.parametrize("text", [r"\u0000", "\0"])
def test_23_nul_is_refused_by_both_databases(target: Target, text: str) -> None:
    before = target.rows()

    answer = target.send("POST", "/fhir/Patient", spliced(f'"language":"{text}"'), {"Content-Type": JSON})
    asked = target.get("/fhir/Patient?family=a%00b")

    check_refused(answer, 400, "NUL|byte")
    check_refused(asked, 400, "control character")
    assert target.rows() == before
