"""What compile() promises beyond its answers: strictness, shape of the code, errors, no leaks."""

import pickle
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

import gateway.fhirpath
from gateway.fhir import elements, tables
from gateway.fhirpath import FhirPathError, compile  # noqa: A004 -- as re.compile
from tests.fhirpath.resources import BUNDLE, OBSERVATION, PATIENT


@pytest.mark.parametrize(
    ("root", "text", "words"),
    [
        ("Patient", "name.gven", "no element 'gven' in HumanName; did you mean 'given'?"),
        ("Patient", "name.first", "did you mean 'first()'?"),
        ("Patient", "Patient.birthdate", "did you mean 'birthDate'?"),
        ("Patient", "Encounter.status", "the context is Patient, not Encounter"),
        ("Observation", "valueQuantity.unit", "did you mean 'value.ofType(Quantity)'?"),
        ("Observation", "value.birthDate", "no type of 'value' has an element 'birthDate'"),
        ("Patient", "children().first()", "has no order"),
        ("Patient", "children()[0]", "no order"),
        ("Patient", "name.where(use)", "where() takes a condition"),
        ("Patient", "iif('a', 1, 2)", "iif() takes a condition"),
    ],
)
def test_strict_refuses_what_the_type_does_not_have(root: str, text: str, words: str) -> None:
    with pytest.raises(FhirPathError) as raised:
        compile(text, root=root, strict=True)
    assert words in str(raised.value)
    compile(text, root=root)


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("name.given.toDatetime()", 11, "toDateTime"),
        ("name.frist().given", 5, "first"),
        ("gender is strng", 0, "string"),
        ("%sctt", 0, None),
        ("name.where()", 5, None),
        ("birthDate + 7", 0, None),
    ],
)
def test_errors_have_a_position_and_a_suggestion(text: str, position: int, suggestion: str | None) -> None:
    with pytest.raises(FhirPathError) as raised:
        compile(text, root="Patient")({})
    assert raised.value.suggestion == suggestion
    assert raised.value.position == (None if text == "%sctt" else position)
    assert raised.value.status == 400


def test_single_elements_stay_single_values() -> None:
    assert "for" not in compile("maritalStatus.text", root="Patient").source
    assert "for" not in compile("subject.reference", root="Observation").source
    assert "for" in compile("name.family", root="Patient").source


def test_paths_and_invariants_call_nothing() -> None:
    for root, text in (
        ("Patient", "Patient.name.where(use = 'official').given"),
        ("Patient.contact", "name.exists() or telecom.exists() or address.exists() or organization.exists()"),
        ("Bundle", "total.empty() or (type = 'searchset') or (type = 'history')"),
        ("Observation", "dataAbsentReason.empty() or value.empty()"),
    ):
        compiled = compile(text, root=root)
        body = compiled.source.partition("def test" if "or" in text else "def evaluate")[2]
        assert "fp_" not in body.partition("\n\ndef ")[0], compiled.source


def test_the_source_is_readable() -> None:
    source = compile("name.where(use = 'official').given", root="Patient").source
    assert source.startswith("# name.where(use = 'official').given\n")
    assert "for _name1 in this.get('name') or ()" in source


def test_the_same_expression_is_compiled_once() -> None:
    assert compile("name.given", root="Patient") is compile("name.given", root="Patient")
    assert compile("name.given", root="Patient") is not compile("name.given", root="Practitioner")


def test_a_comment_cannot_get_out_of_its_line() -> None:
    assert compile("1 // a\n + 1\r\n+ 1")({}) == [3]
    assert compile("'\n\rimport os\n'")({}) == ["\n\rimport os\n"]


@pytest.mark.parametrize("text", ["'\"' & '\\''", "'{this}' & '%s'", "`__class__`.`__init__`", "'\0\ud800'"])
def test_text_of_an_expression_stays_text(text: str) -> None:
    compile(text, root="Patient")(PATIENT)
    compile(text)(PATIENT)


def test_values_of_a_resource_are_not_handed_out_for_change() -> None:
    names = compile("name", root="Patient")(PATIENT)
    names.clear()
    assert len(PATIENT["name"]) == 2


def test_an_input_of_another_shape_is_an_error_without_its_values() -> None:
    with pytest.raises(FhirPathError) as raised:
        compile("name.given", root="Patient")({"name": ["999900006"]})
    assert "999900006" not in str(raised.value)


def test_the_clock_must_be_given() -> None:
    with pytest.raises(FhirPathError, match="now"):
        compile("now()")({})
    assert compile("now().toString()")({}, now=datetime(2026, 1, 5, tzinfo=UTC)) == ["2026-01-05T00:00:00.000Z"]


def test_variables() -> None:
    assert compile("name.given contains %wanted", root="Patient")(PATIENT, wanted="Anna") == [True]
    assert compile("%both.count()")({}, both=["a", "b"]) == [2]
    assert compile("%none")({}, none=None) == []
    inner = compile("start.exists() and %resource.active", root="Period")
    assert inner({"start": "2026"}, resource=PATIENT) == [True]


def test_true_is_what_an_invariant_asks() -> None:
    adult = compile("birthDate < @2008", root="Patient")
    assert adult.true(PATIENT) is True
    assert adult.true({}) is False
    with pytest.raises(FhirPathError):
        compile("name.given", root="Patient").true(PATIENT)


def test_references_are_resolved_in_the_bundle_and_by_a_finder() -> None:
    subject = compile("entry.resource.ofType(Observation).subject.resolve().gender", root="Bundle")
    assert subject(BUNDLE) == ["female"]
    found = compile("subject.resolve().gender", root="Observation")
    assert found(OBSERVATION) == []
    assert found(OBSERVATION, resolve=lambda reference: PATIENT if reference == "Patient/p1" else None) == ["female"]


def test_an_unknown_root_is_refused() -> None:
    with pytest.raises(FhirPathError, match="no type 'Patiënt'"):
        compile("name", root="Patiënt")


def test_every_invariant_of_r4_compiles_strictly() -> None:
    wrong_in_r4 = {"cid-0", "ras-1"}  # they name elements that their type does not have
    for row in tables.invariants():
        for path in row.paths:
            for root in _types(path):
                if row.key not in wrong_in_r4:
                    compile(row.expression, root=root, strict=True)


def _types(path: str) -> tuple[str, ...]:
    if elements.is_type(path):
        return (path,)
    owner, _, name = path.rpartition(".")
    found = elements.child(owner, name.removesuffix("[x]"))
    assert found is not None, path
    return found.types


def test_every_search_parameter_of_r4_compiles_strictly() -> None:
    count = 0
    for resource_type in set(tables.search_parameters()) - {"Resource", "DomainResource"}:
        for parameter in elements.search_parameters(resource_type).values():
            if parameter.expression:
                compile(parameter.expression, root=resource_type, strict=True)
                count += 1
    assert count > 1000


def test_dom_3_asks_as_of_many() -> None:
    (rule,) = [row.expression for row in tables.invariants() if row.key == "dom-3"]
    compiled = compile(rule, root="Patient")
    assert compiled.true(PATIENT)
    assert not compiled.true({**PATIENT, "generalPractitioner": []})


def test_many_threads_compile_and_run_the_same() -> None:
    answers: list[Any] = []

    def work(n: int) -> None:
        answers.append(compile(f"name.given.skip({n % 3}).first()", root="Patient")(PATIENT))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == sorted(map(str, [["Anna"], ["Maria"], ["An"]] * 8))


def test_a_bomb_of_variables_is_refused() -> None:
    text = "defineVariable('a0', 'x')"
    for n in range(40):
        text += f".defineVariable('a{n + 1}', %a{n} & %a{n})"
    with pytest.raises(FhirPathError, match="too large"):
        compile(f"{text}.select(%a40)")


@pytest.mark.parametrize("number", ["1E+999999999", "1E-999999999"])
def test_an_endless_number_costs_nothing(number: str) -> None:
    from decimal import Decimal

    observation = {"resourceType": "Observation", "valueQuantity": {"value": Decimal(number), "code": "g"}}
    for text in ("value > 1 'mg'", "value.value.toString()", "value.value.floor()", "value.value ~ 1.5"):
        with pytest.raises(FhirPathError, match="power"):
            compile(f"Observation.{text}", root="Observation")(observation)


def test_the_doctest_of_the_package() -> None:
    import doctest

    failed, attempted = doctest.testmod(gateway.fhirpath)
    assert attempted > 10
    assert failed == 0


def test_errors_survive_pickling() -> None:
    with pytest.raises(FhirPathError) as raised:
        compile("1 +")
    assert "an expression is missing" in str(pickle.loads(pickle.dumps(raised.value)))
