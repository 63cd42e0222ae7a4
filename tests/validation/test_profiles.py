"""What a profile can ask of a resource, and that breaking it is told: where, by which element of which profile."""

from typing import Any

import pytest

from gateway.validation.profiles import profile_issues
from tests.validation.profile_kit import BASE, R4, element, found, issues, library, profile, sliced

PATIENT = {"resourceType": "Patient", "active": True, "gender": "female"}
BSN = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}
OWN = {"system": "https://example.org/own", "value": "7"}


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}} | more


# --- single elements --------------------------------------------------------------------------------------------

ELEMENTS: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("min", element("Patient.name", min=1), PATIENT, [("profile-cardinality", "Patient.name")]),
    ("min is met", element("Patient.name", min=1), PATIENT | {"name": [{"text": "A"}]}, []),
    (
        "max",
        element("Patient.identifier", max="1"),
        PATIENT | {"identifier": [BSN, OWN]},
        [("profile-cardinality", "Patient.identifier")],
    ),
    ("prohibited", element("Patient.gender", max="0"), PATIENT, [("profile-cardinality", "Patient.gender")]),
    (
        "a choice is prohibited",
        element("Patient.deceased[x]", max="0"),
        PATIENT | {"deceasedBoolean": False},
        [("profile-cardinality", "Patient.deceased")],
    ),
    ("fixed", element("Patient.gender", fixedCode="male"), PATIENT, [("profile-value", "Patient.gender")]),
    ("fixed is met", element("Patient.gender", fixedCode="female"), PATIENT, []),
    (
        "a fixed boolean is no number",
        element("Patient.active", fixedBoolean=True),
        PATIENT | {"active": 1},
        [("profile-value", "Patient.active")],
    ),
    (
        "fixed is the whole of it",
        element("Patient.maritalStatus", fixedCodeableConcept={"text": "M"}),
        PATIENT | {"maritalStatus": {"text": "M", "id": "1"}},
        [("profile-value", "Patient.maritalStatus")],
    ),
    (
        "pattern",
        element("Patient.maritalStatus", patternCodeableConcept={"coding": [{"code": "M"}]}),
        PATIENT | {"maritalStatus": {"coding": [{"code": "S"}]}},
        [("profile-value", "Patient.maritalStatus")],
    ),
    (
        "a pattern is part of it",
        element("Patient.maritalStatus", patternCodeableConcept={"coding": [{"code": "M"}]}),
        PATIENT | {"maritalStatus": {"text": "m", "coding": [{"code": "S"}, {"code": "M", "system": "x"}]}},
        [],
    ),
    (
        "type",
        element("Patient.deceased[x]", type=[{"code": "dateTime"}]),
        PATIENT | {"deceasedBoolean": True},
        [("profile-type", "Patient.deceased")],
    ),
    (
        "in a backbone",
        element("Patient.contact.gender", min=1),
        PATIENT | {"contact": [{"gender": "male"}, {"name": {"text": "B"}}]},
        [("profile-cardinality", "Patient.contact[1].gender")],
    ),
    (
        "in a datatype",
        element("Patient.name.family", min=1),
        PATIENT | {"name": [{"text": "A"}]},
        [("profile-cardinality", "Patient.name[0].family")],
    ),
    (
        "in a choice by its short name",
        element("Patient.deceasedDateTime", fixedDateTime="2020"),
        PATIENT | {"deceasedDateTime": "2021"},
        [("profile-value", "Patient.deceased")],
    ),
    (
        "only an extension is no value",
        element("Patient.gender", fixedCode="male"),
        PATIENT | {"gender": None, "_gender": {"extension": [{"url": "https://example.org/x", "valueCode": "y"}]}},
        [("profile-value", "Patient.gender")],
    ),
    (
        "an extension of a primitive",
        element("Patient.birthDate.extension", min=1),
        PATIENT | {"birthDate": "2020-01-01"},
        [("profile-cardinality", "Patient.birthDate.extension")],
    ),
]


@pytest.mark.parametrize(
    ("asked", "resource", "told"), [case[1:] for case in ELEMENTS], ids=[case[0] for case in ELEMENTS]
)
def test_an_element(asked: dict[str, Any], resource: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert found(resource, profile("Patient", asked)) == told


def test_a_finding_names_profile_and_element() -> None:
    told = issues(PATIENT, profile("Patient", element("Patient.name", min=1)))[0]

    assert told.rule == f"{BASE}asked#Patient.name"
    assert told.severity == "error"
    assert told.diagnostics == "name: at least 1 needed, there are 0"


def test_everything_is_told_at_once() -> None:
    asked = profile(
        "Patient",
        element("Patient.name", min=1),
        element("Patient.gender", fixedCode="male"),
        element("Patient.active", max="0"),
    )

    assert {one.code for one in issues(PATIENT, asked)} == {"profile-cardinality", "profile-value"}
    assert len(issues(PATIENT, asked)) == 3


def test_what_r4_asks_anyway_is_not_asked_again() -> None:
    """R4's own validation tells it; twice would be noise."""
    asked = profile("Observation", element("Observation.status", min=1, max="1"))

    assert found({"resourceType": "Observation"}, asked) == []


def test_no_value_of_the_resource_is_in_the_text() -> None:
    told = issues(PATIENT | {"gender": "secret"}, profile("Patient", element("Patient.gender", fixedCode="male")))[0]

    assert "secret" not in str(told)
    assert told.value == "secret"


# --- slices -----------------------------------------------------------------------------------------------------


def bsn_slice(**more: Any) -> dict[str, Any]:
    return profile(
        "Patient",
        sliced("Patient.identifier", ("value", "system"), **more),
        element("Patient.identifier:bsn", min=1, max="1"),
        element("Patient.identifier:bsn.system", min=1, fixedUri=BSN["system"]),
        element("Patient.identifier:bsn.value", min=1),
    )


SLICES: list[tuple[str, dict[str, Any], list[Any], list[tuple[str, str]]]] = [
    ("there", bsn_slice(), [OWN, BSN], []),
    ("lacking", bsn_slice(), [OWN], [("profile-cardinality", "Patient.identifier")]),
    ("twice", bsn_slice(), [BSN, BSN], [("profile-cardinality", "Patient.identifier")]),
    ("in it", bsn_slice(), [{"system": BSN["system"]}], [("profile-cardinality", "Patient.identifier[0].value")]),
    ("closed", bsn_slice(rules="closed"), [BSN, OWN], [("profile-slice", "Patient.identifier[1]")]),
    ("open at end", bsn_slice(rules="openAtEnd"), [OWN, BSN], [("profile-slice", "Patient.identifier[0]")]),
    ("open at end is met", bsn_slice(rules="openAtEnd"), [BSN, OWN], []),
]


@pytest.mark.parametrize(
    ("asked", "identifiers", "told"), [case[1:] for case in SLICES], ids=[case[0] for case in SLICES]
)
def test_a_slice_by_value(asked: dict[str, Any], identifiers: list[Any], told: list[tuple[str, str]]) -> None:
    assert found(PATIENT | {"identifier": identifiers}, asked) == told


def test_slices_in_order() -> None:
    asked = profile(
        "Patient",
        sliced("Patient.identifier", ("value", "system"), ordered=True),
        element("Patient.identifier:own"),
        element("Patient.identifier:own.system", min=1, fixedUri=OWN["system"]),
        element("Patient.identifier:bsn"),
        element("Patient.identifier:bsn.system", min=1, fixedUri=BSN["system"]),
    )

    assert found(PATIENT | {"identifier": [OWN, BSN]}, asked) == []
    assert found(PATIENT | {"identifier": [BSN, OWN]}, asked) == [("profile-slice", "Patient.identifier[1]")]


def test_a_slice_by_pattern_of_the_whole() -> None:
    asked = profile(
        "Observation",
        sliced("Observation.category", ("pattern", "$this")),
        element("Observation.category:lab", min=1, patternCodeableConcept={"coding": [{"code": "laboratory"}]}),
        element("Observation.category:lab.text", min=1),
    )

    assert found(observation(category=[{"coding": [{"code": "vital-signs"}]}]), asked) == [
        ("profile-cardinality", "Observation.category")
    ]
    assert found(observation(category=[{"coding": [{"code": "laboratory"}]}]), asked) == [
        ("profile-cardinality", "Observation.category[0].text")
    ]


def test_a_slice_by_type() -> None:
    asked = profile(
        "Observation",
        sliced("Observation.value[x]", ("type", "$this")),
        element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x]:valueQuantity.code", min=1),
    )

    assert found(observation(valueString="a"), asked) == []
    assert found(observation(valueQuantity={"value": 1}), asked) == [("profile-cardinality", "Observation.value.code")]


def test_a_slice_by_the_type_in_an_entry() -> None:
    asked = profile(
        "Bundle",
        sliced("Bundle.entry", ("type", "resource")),
        element("Bundle.entry:patient", min=1, max="1"),
        element("Bundle.entry:patient.resource", min=1, type=[{"code": "Patient"}]),
    )
    held = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": observation()}]}

    assert found(held, asked) == [("profile-cardinality", "Bundle.entry")]
    assert found(held | {"entry": [{"resource": PATIENT}]}, asked) == []


def test_a_slice_by_existence() -> None:
    asked = profile(
        "Patient",
        sliced("Patient.identifier", ("exists", "assigner")),
        element("Patient.identifier:given", max="1"),
        element("Patient.identifier:given.assigner", min=1),
        element("Patient.identifier:loose", max="0"),
        element("Patient.identifier:loose.assigner", max="0"),
    )
    given = OWN | {"assigner": {"display": "A"}}

    assert found(PATIENT | {"identifier": [given]}, asked) == []
    assert found(PATIENT | {"identifier": [given, given]}, asked) == [("profile-cardinality", "Patient.identifier")]
    assert found(PATIENT | {"identifier": [OWN]}, asked) == [("profile-cardinality", "Patient.identifier")]


BLOOD = profile("Observation", element("Observation.code", patternCodeableConcept={"text": "blood"}), name="blood")
MEMBERS = profile(
    "Observation",
    sliced("Observation.hasMember", ("profile", "resolve()")),
    element(
        "Observation.hasMember:blood",
        min=1,
        max="1",
        type=[{"code": "Reference", "targetProfile": [BASE + "blood"]}],
    ),
)


def members(*texts: str) -> dict[str, Any]:
    parts = [observation(id=f"m{at}", code={"text": text}) for at, text in enumerate(texts)]
    return observation(contained=parts, hasMember=[{"reference": f"#m{at}"} for at in range(len(texts))])


def test_a_slice_by_the_profile_of_what_it_refers_to() -> None:
    assert found(members("blood", "urine"), MEMBERS, BLOOD) == []
    assert found(members("urine"), MEMBERS, BLOOD) == [("profile-cardinality", "Observation.hasMember")]
    assert found(members("blood", "blood"), MEMBERS, BLOOD) == [("profile-cardinality", "Observation.hasMember")]


def test_a_slice_nobody_can_tell_is_said_and_breaks_nothing() -> None:
    elsewhere = observation(hasMember=[{"reference": "Observation/1"}])

    assert found(elsewhere, MEMBERS, BLOOD) == [("profile-unchecked", "Observation.hasMember[0]")]


def test_a_slice_by_type_of_what_it_refers_to() -> None:
    """The type stands in the reference itself: nothing has to be resolved."""
    asked = profile(
        "Observation",
        sliced("Observation.performer", ("type", "resolve()")),
        element(
            "Observation.performer:who", max="1", type=[{"code": "Reference", "targetProfile": [R4 + "Practitioner"]}]
        ),
    )
    two = [{"reference": "Practitioner/1"}, {"reference": "Practitioner/2"}]

    assert found(observation(performer=[*two, {"reference": "Organization/1"}]), asked) == [
        ("profile-cardinality", "Observation.performer")
    ]


def test_a_slice_by_a_value_in_what_it_refers_to() -> None:
    asked = profile(
        "Observation",
        sliced("Observation.hasMember", ("value", "resolve().code")),
        element(
            "Observation.hasMember:blood",
            min=1,
            max="1",
            type=[{"code": "Reference", "targetProfile": [BASE + "blood"]}],
        ),
    )

    assert found(members("blood", "urine"), asked, BLOOD) == []
    assert found(members("urine", "urine"), asked, BLOOD) == [("profile-cardinality", "Observation.hasMember")]


KIND = "https://example.org/kind"


def test_a_slice_by_an_extension() -> None:
    asked = profile(
        "Patient",
        sliced("Patient.contact", ("value", f"extension('{KIND}').value")),
        element("Patient.contact:first", min=1, max="1"),
        sliced("Patient.contact:first.extension", ("value", "url")),
        element("Patient.contact:first.extension:kind", min=1),
        element("Patient.contact:first.extension:kind.url", min=1, fixedUri=KIND),
        element("Patient.contact:first.extension:kind.value[x]", min=1, fixedCode="one"),
    )
    asked["differential"]["element"][4]["type"] = [{"code": "Extension", "profile": [KIND]}]

    def contact(code: str) -> dict[str, Any]:
        return {"extension": [{"url": KIND, "valueCode": code}], "gender": "male"}

    assert found(PATIENT | {"contact": [contact("one")]}, asked)[1:] == []
    assert ("profile-cardinality", "Patient.contact") in found(PATIENT | {"contact": [contact("two")]}, asked)


def test_a_slice_by_a_type_of_a_choice() -> None:
    asked = profile(
        "Observation",
        sliced("Observation.component", ("value", "value.ofType(CodeableConcept)")),
        element("Observation.component:yes", max="1"),
        element(
            "Observation.component:yes.value[x]",
            min=1,
            type=[{"code": "CodeableConcept"}],
            patternCodeableConcept={"text": "yes"},
        ),
    )

    def component(**value: Any) -> dict[str, Any]:
        return {"code": {"text": "q"}} | value

    yes = component(valueCodeableConcept={"text": "yes"})
    assert found(observation(component=[yes, component(valueString="yes")]), asked) == []
    assert found(observation(component=[yes, yes]), asked) == [("profile-cardinality", "Observation.component")]


def test_a_slice_of_a_slice() -> None:
    asked = profile(
        "Patient",
        sliced("Patient.identifier", ("value", "use")),
        element("Patient.identifier:official"),
        element("Patient.identifier:official.use", min=1, fixedCode="official"),
        sliced("Patient.identifier:official", ("value", "system")),
        element("Patient.identifier:official/bsn", max="1"),
        element("Patient.identifier:official/bsn.system", min=1, fixedUri=BSN["system"]),
    )
    asked["differential"]["element"][4]["path"] = "Patient.identifier"
    official = BSN | {"use": "official"}

    assert found(PATIENT | {"identifier": [official, OWN | {"use": "official"}, BSN]}, asked) == []
    assert found(PATIENT | {"identifier": [official, official]}, asked) == [
        ("profile-cardinality", "Patient.identifier")
    ]


# --- types, references, extensions ------------------------------------------------------------------------------


def test_a_profile_on_a_datatype() -> None:
    name = profile("HumanName", element("HumanName.family", min=1), name="name")
    asked = profile("Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [BASE + "name"]}]))

    told = issues(PATIENT | {"name": [{"text": "A"}]}, asked, name)

    assert [(one.code, one.expression, one.rule) for one in told] == [
        ("profile-cardinality", "Patient.name[0].family", f"{BASE}name#HumanName.family")
    ]


def test_one_of_several_profiles_on_a_datatype() -> None:
    family = profile("HumanName", element("HumanName.family", min=1), name="family")
    text = profile("HumanName", element("HumanName.text", min=1), name="text")
    both = [{"code": "HumanName", "profile": [BASE + "family", BASE + "text"]}]
    asked = profile("Patient", element("Patient.name", type=both))

    assert found(PATIENT | {"name": [{"text": "A"}, {"family": "B"}]}, asked, family, text) == []
    assert found(PATIENT | {"name": [{"given": ["C"]}]}, asked, family, text) == [("profile-type", "Patient.name[0]")]


def test_a_profile_that_is_not_here_is_said() -> None:
    asked = profile("Patient", element("Patient.name", type=[{"code": "HumanName", "profile": [BASE + "away"]}]))

    assert found(PATIENT | {"name": [{"text": "A"}]}, asked) == [("profile-unchecked", "Patient.name[0]")]


def test_a_resource_of_another_type_than_is_allowed_here() -> None:
    asked = profile("Bundle", element("Bundle.entry.resource", type=[{"code": "Patient"}]))
    held = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": PATIENT}, {"resource": observation()}],
    }

    assert found(held, asked) == [("profile-type", "Bundle.entry[1].resource")]


TARGET = profile("Patient", element("Patient.birthDate", min=1), name="born")
REFERS = profile(
    "Observation", element("Observation.subject", type=[{"code": "Reference", "targetProfile": [BASE + "born"]}])
)


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ({"reference": "Patient/1"}, []),
        ({"reference": "Group/1"}, [("profile-reference", "Observation.subject")]),
        ({"type": "Group", "display": "a"}, [("profile-reference", "Observation.subject")]),
        ({"reference": "#p"}, [("profile-reference", "Observation.subject")]),
        ({"reference": "#b"}, []),
        ({"display": "somebody"}, []),
    ],
)
def test_where_a_reference_may_point(subject: dict[str, Any], told: list[tuple[str, str]]) -> None:
    held = [{"resourceType": "Patient", "id": "p"}, {"resourceType": "Patient", "id": "b", "birthDate": "2020"}]

    assert found(observation(subject=subject, contained=held), REFERS, TARGET) == told


def test_a_reference_within_a_bundle() -> None:
    person = {"fullUrl": "urn:uuid:1", "resource": PATIENT}
    result = observation(subject={"reference": "urn:uuid:1"}, meta={"profile": [REFERS["url"]]})
    held = {"resourceType": "Bundle", "type": "collection", "entry": [person, {"resource": result}]}

    told = profile_issues(library(REFERS, TARGET), held)

    assert [(one.code, one.expression) for one in told] == [("profile-reference", "Bundle.entry[1].resource.subject")]


EXTENSION = profile(
    "Extension",
    element("Extension.url", fixedUri=BASE + "colour"),
    element("Extension.value[x]", min=1, type=[{"code": "code"}]),
    name="colour",
    context=[{"type": "element", "expression": "Patient.contact"}, {"type": "element", "expression": "HumanName"}],
)


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ({"contact": [{"extension": [{"url": BASE + "colour", "valueCode": "red"}]}]}, []),
        ({"name": [{"extension": [{"url": BASE + "colour", "valueCode": "red"}]}]}, []),
        ({"extension": [{"url": BASE + "colour", "valueCode": "red"}]}, [("profile-type", "Patient.extension[0]")]),
        (
            {"contact": [{"extension": [{"url": BASE + "colour", "valueString": "red"}]}]},
            [("profile-type", "Patient.contact[0].extension[0].value")],
        ),
        (
            {"contact": [{"extension": [{"url": BASE + "colour"}]}]},
            [("profile-cardinality", "Patient.contact[0].extension[0].value")],
        ),
        (
            {"_gender": {"extension": [{"url": BASE + "colour", "valueCode": "red"}]}},
            [("profile-type", "Patient.gender.extension[0]")],
        ),
    ],
)
def test_an_extension_whose_definition_is_known(resource: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert found(PATIENT | resource, profile("Patient"), EXTENSION) == told


def test_an_extension_slice_is_known_by_its_profile() -> None:
    asked = profile(
        "Patient",
        sliced("Patient.contact.extension", ("value", "url")),
        element(
            "Patient.contact.extension:colour",
            min=1,
            max="1",
            type=[{"code": "Extension", "profile": [BASE + "colour"]}],
        ),
    )

    assert found(PATIENT | {"contact": [{"gender": "male"}]}, asked, EXTENSION) == [
        ("profile-cardinality", "Patient.contact[0].extension")
    ]


# --- rules ------------------------------------------------------------------------------------------------------


def rule(expression: str, severity: str = "error") -> dict[str, Any]:
    return {"key": "x-1", "severity": severity, "human": "so it is", "expression": expression}


@pytest.mark.parametrize(
    ("path", "expression", "told"),
    [
        ("Patient", "name.exists()", [("profile-invariant", "error", "Patient")]),
        ("Patient", "gender = 'female'", []),
        ("Patient.gender", "$this = 'male'", [("profile-invariant", "error", "Patient.gender")]),
        ("Patient.contact", "%resource.gender = gender", [("profile-invariant", "error", "Patient.contact[0]")]),
        ("Patient", "gender.", [("profile-unchecked", "information", "Patient")]),
        ("Patient", "birthDate < @2020-01-01", []),
        ("Patient", "gender.lower() = today().toString()", [("profile-unchecked", "information", "Patient")]),
    ],
)
def test_an_invariant(path: str, expression: str, told: list[tuple[str, str, str]]) -> None:
    asked = profile("Patient", element(path, constraint=[rule(expression)]))

    got = issues(PATIENT | {"contact": [{"gender": "male"}]}, asked)

    assert [(one.code, one.severity, one.expression) for one in got] == told


def test_an_invariant_can_be_a_warning() -> None:
    asked = profile("Patient", element("Patient", constraint=[rule("name.exists()", "warning")]))

    assert [one.severity for one in issues(PATIENT, asked)] == ["warning"]


def test_elements_that_refer_to_others() -> None:
    """`Questionnaire.item.item` has the content of `Questionnaire.item`, at any depth."""
    asked = profile("Questionnaire", element("Questionnaire.item.prefix", min=1))
    inner = {"linkId": "2", "type": "group"}
    held = {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": "1", "type": "group", "prefix": "a", "item": [inner | {"item": [inner]}]}],
    }

    assert found(held, asked) == [
        ("profile-cardinality", "Questionnaire.item[0].item[0].prefix"),
        ("profile-cardinality", "Questionnaire.item[0].item[0].item[0].prefix"),
    ]


# --- which profiles ---------------------------------------------------------------------------------------------


def claiming(*urls: str) -> dict[str, Any]:
    return PATIENT | {"meta": {"profile": list(urls)}}


def test_a_claimed_profile_is_checked() -> None:
    known = library(profile("Patient", element("Patient.name", min=1)))

    assert [one.code for one in profile_issues(known, claiming(BASE + "asked"))] == ["profile-cardinality"]
    assert profile_issues(known, PATIENT) == []


def test_a_claimed_profile_that_is_not_known_is_a_warning_and_an_asked_one_an_error() -> None:
    known = library()

    assert [(one.code, one.severity) for one in profile_issues(known, claiming(BASE + "x"))] == [
        ("profile-unknown", "warning")
    ]
    assert [(one.code, one.severity) for one in profile_issues(known, PATIENT, [BASE + "x"])] == [
        ("profile-unknown", "error")
    ]
    assert profile_issues(known, claiming(R4 + "Patient")) == []


def test_a_profile_of_another_type_is_an_error() -> None:
    known = library(profile("Group"))

    assert [(one.code, one.severity) for one in profile_issues(known, claiming(BASE + "asked"))] == [
        ("profile-type", "error")
    ]


def test_what_is_asked_for_is_asked_of_the_resources_in_a_bundle() -> None:
    known = library(profile("Patient", element("Patient.name", min=1)))
    held = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": observation()}]}

    def told(bundle: dict[str, Any]) -> list[tuple[str, str | None]]:
        return [(one.code, one.expression) for one in profile_issues(known, bundle, [BASE + "asked"])]

    assert told(held | {"entry": [{"resource": observation()}, {"resource": PATIENT}]}) == [
        ("profile-cardinality", "Bundle.entry[1].resource.name")
    ]
    assert told(held) == [("profile-type", "Bundle.meta.profile")]


def test_a_contained_resource_may_claim() -> None:
    known = library(profile("Patient", element("Patient.name", min=1)))
    held = observation(contained=[claiming(BASE + "asked") | {"id": "p"}], subject={"reference": "#p"})

    assert [one.expression for one in profile_issues(known, held)] == ["Observation.contained[0].name"]


def test_one_profile_stands_in_for_another() -> None:
    """What has the canonical of a profile as its identifier is asked where that profile is not here."""
    stands_in = profile("Patient", element("Patient.name", min=1))
    stands_in["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": "https://draft.example/p"}]

    assert [one.code for one in profile_issues(library(stands_in), claiming("https://draft.example/p"))] == [
        "profile-cardinality"
    ]


def test_what_is_stood_in_for_takes_over_when_it_is_here() -> None:
    stands_in = profile("Patient", element("Patient.name", min=1))
    stands_in["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": "https://draft.example/p"}]
    draft = profile("Patient", element("Patient.gender", max="0"), name="draft") | {"url": "https://draft.example/p"}

    told = profile_issues(library(stands_in, draft), claiming("https://draft.example/p"))

    assert [one.expression for one in told] == ["Patient.gender"]


# --- what must not hang or crash --------------------------------------------------------------------------------


def test_a_profile_that_asks_itself_of_what_it_refers_to() -> None:
    turns = profile(
        "Observation",
        element("Observation.hasMember", type=[{"code": "Reference", "targetProfile": [BASE + "asked"]}]),
    )
    held = observation(id="a", hasMember=[{"reference": "#b"}])
    held["contained"] = [observation(id="b", hasMember=[{"reference": "#b"}])]

    assert found(held, turns) == []


def test_profiles_that_are_each_others_base() -> None:
    one = profile("Patient", name="one", base=BASE + "two")
    two = profile("Patient", name="two", base=BASE + "one")

    assert [(i.code, i.severity) for i in profile_issues(library(one, two), claiming(BASE + "one"))] == [
        ("bad-profile", "warning")
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"differential": {"element": [element("Patient"), element("Patient.nothing", min=1)]}},
        {"snapshot": {"element": []}},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.a.b"}]}},
        {"differential": {"element": 5}},
        {"baseDefinition": "https://example.org/nowhere"},
    ],
)
def test_a_profile_that_cannot_be_used_is_said(broken: dict[str, Any]) -> None:
    told = issues(claiming(BASE + "asked"), profile("Patient") | broken)

    assert {(one.code, one.severity) for one in told} == {("bad-profile", "error")}


@pytest.mark.parametrize(
    "shapeless",
    [
        {"resourceType": "Patient", "meta": {"profile": [BASE + "asked"]}, "name": "text", "identifier": [3, None]},
        {"resourceType": "Patient", "meta": {"profile": BASE + "asked"}},
        {"resourceType": "Patient", "meta": {"profile": [3]}},
        {"resourceType": "Patient", "meta": 3, "contained": 4, "contact": {"name": []}},
        {"resourceType": 3, "meta": {"profile": [BASE + "asked"]}},
        {"resourceType": "Bundle", "entry": [{"resource": 3}, 4, {"resource": {"meta": {"profile": [BASE + "x"]}}}]},
        {"resourceType": "Patient", "meta": {"profile": [BASE + "asked"]}, "extension": [{"url": 3}, "x"]},
    ],
)
def test_a_resource_without_shape_is_no_crash(shapeless: dict[str, Any]) -> None:
    known = library(bsn_slice(), EXTENSION)

    assert isinstance(profile_issues(known, shapeless), list)


def test_a_warning_is_told_though_a_slice_was_chosen_by_the_same_profile() -> None:
    """To choose the slice the value is held against the profile in silence; that is not all there is to say."""
    named = profile("HumanName", element("HumanName", constraint=[rule("text.exists()", "warning")]), name="named")
    asked = profile(
        "Patient",
        sliced("Patient.name", ("profile", "$this")),
        element("Patient.name:named", max="1", type=[{"code": "HumanName", "profile": [BASE + "named"]}]),
    )

    assert found(PATIENT | {"name": [{"family": "A"}]}, asked, named) == [("profile-invariant", "Patient.name[0]")]


def test_a_flood_of_claims_is_told_to_an_end_and_not_kept() -> None:
    known = library(profile("Patient"))
    flood: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    flood["entry"] = [{"resource": claiming(*(f"https://x/{n}-{at}" for at in range(90)))} for n in range(60)]

    assert len(profile_issues(known, flood)) == 1_000
    assert len(known._profiles) == 0


def test_resources_that_refer_to_each_other_are_not_looked_at_again_and_again() -> None:
    """200 results that each have all others as members: followed naively that has no end."""
    every = profile(
        "Observation",
        element("Observation.hasMember", type=[{"code": "Reference", "targetProfile": [BASE + "asked"]}]),
    )
    names = [f"urn:uuid:{at}" for at in range(200)]
    members = [{"reference": name} for name in names]
    entry = [
        {"fullUrl": name, "resource": observation(hasMember=members, meta={"profile": [BASE + "asked"]})}
        for name in names
    ]

    assert profile_issues(library(every), {"resourceType": "Bundle", "type": "collection", "entry": entry}) == []


@pytest.mark.parametrize(
    "shapeless",
    [
        {"context": True},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.name", "min": {}, "max": "x"}]}},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": "Patient.name", "type": 3}]}},
        {"snapshot": {"element": [{"path": "Patient"}, {"path": 4}]}},
        {"differential": {"element": [element("Patient"), element("Patient.name", type=["HumanName"])]}},
        {"baseDefinition": []},
    ],
)
def test_a_definition_without_shape_is_no_crash(shapeless: dict[str, Any]) -> None:
    told = issues(PATIENT | {"name": [{"text": "A"}]}, profile("Patient") | shapeless)

    assert {(one.code, one.severity) for one in told} <= {("bad-profile", "error")}


def test_a_value_set_without_shape_answers_nothing() -> None:
    broken = {"resourceType": "ValueSet", "url": "https://example.org/ValueSet/asked", "compose": {"include": [3]}}
    bound = {"strength": "required", "valueSet": broken["url"]}

    assert found(PATIENT, profile("Patient", element("Patient.gender", binding=bound)), broken) == [
        ("profile-unchecked", "Patient.gender")
    ]
