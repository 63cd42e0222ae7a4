"""The mapping language: what is read, what is refused with line and column, and what each part of a rule does."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import BadMapping, MappingFailed
from gateway.mapping.findings import Language
from gateway.mapping.fml import parser, writer
from gateway.mapping.library import Library
from gateway.mapping.run import run as run_library
from gateway.mapping.spans import Problems
from tests.mapping.fml.support import complaints, mapping_of, run

HEAD = """map "https://example.org/fhir/StructureMap/m" = "m"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
"""
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "name": [{"family": "Jansen", "given": ["Anna", "Maria"]}, {"family": "Bakker"}, {"family": "Smit"}],
    "birthDate": "1941-03-07",
    "multipleBirthInteger": 2,
    "contact": [{"gender": "male"}],
}


def patient(rules: str, source: dict[str, Any] = PATIENT, head: str = HEAD) -> dict[str, Any]:
    """Return what rules make of a patient, without its resourceType."""
    text = f"{head}group m(source src : Patient, target tgt : Target) {{ {rules} }}"
    made: dict[str, Any] = run(text, source).result
    return {key: value for key, value in made.items() if key != "resourceType"}


# ---- sources


@pytest.mark.parametrize(
    ("mode", "families"),
    [
        ("", ["Jansen", "Bakker", "Smit"]),
        ("first", ["Jansen"]),
        ("not_first", ["Bakker", "Smit"]),
        ("last", ["Smit"]),
        ("not_last", ["Jansen", "Bakker"]),
    ],
)
def test_list_modes_choose_items(mode: str, families: list[str]) -> None:
    made = patient(f"src.name {mode} as n -> tgt.name as t then {{ n.family as f -> t.family = f; }};")
    assert [name["family"] for name in made["name"]] == families


def test_where_keeps_items_and_sees_them_both_ways() -> None:
    rules = (
        "src.name as n where (family = 'Smit' or %n.family = 'Bakker') -> tgt.name as t then { n.family -> t.family; };"
    )
    assert [name["family"] for name in patient(rules)["name"]] == ["Bakker", "Smit"]


def test_only_one_and_cardinality_and_check_refuse_the_source() -> None:
    for rule in (
        "src.name only_one as n -> tgt.active = true;",
        "src.name 0..2 as n -> tgt.active = true;",
        "src.photo 1..1 as n -> tgt.active = true;",
        "src check (birthDate > @2000-01-01) -> tgt.active = true;",
    ):
        with pytest.raises(MappingFailed):
            patient(rule)


def test_a_check_says_its_log_and_its_code() -> None:
    rule = "src check (src.id = 'x') log ('bad-value: the id is not x') -> tgt.active = true 'c';"
    with pytest.raises(MappingFailed) as refused:
        patient(rule)
    (issue,) = refused.value.issues
    assert (issue.code, issue.diagnostics, issue.rule) == ("bad-value", "the id is not x", "test.fml:4")


@pytest.mark.parametrize(
    ("before", "dutch"),
    [
        ("// nl: de id is niet x", "de id is niet x"),
        ("// on-error: drop-element nl: de id is niet x", "de id is niet x"),
        ("// nl: de id: niet x on-error: drop-element", "de id: niet x"),
        ("", "(in het Engels) the id is not x"),
    ],
)
def test_a_check_says_its_log_in_dutch_where_the_comment_before_its_rule_does(before: str, dutch: str) -> None:
    rule = f"{before}\n src check (src.id = 'x') log ('bad-value: the id is not x') -> tgt.active = true 'c';"
    assert [said(rule, "nl"), said(rule, "en")] == [dutch, "the id is not x"]


def test_a_check_without_a_log_says_what_does_not_hold() -> None:
    rule = "src check (src.id = 'x') -> tgt.active = true 'c';"
    assert [said(rule, "nl"), said(rule, "en")] == ["src.id = 'x' geldt niet", "src.id = 'x' does not hold"]


def said(rule: str, language: Language) -> str:
    """Return what a rule that must hold says of a patient of whom it does not hold."""
    text = f"{HEAD}group m(source src : Patient, target tgt : Target) {{\n{rule}\n}}"
    with pytest.raises(MappingFailed) as refused:
        run(text, PATIENT, language=language)
    return refused.value.issues[0].diagnostics


def test_a_default_stands_in() -> None:
    assert patient("src.gender default ('unknown') as g -> tgt.gender = g;") == {"gender": "unknown"}
    assert patient('src.gender default "other" as g -> tgt.gender = g;') == {"gender": "other"}


def test_a_type_narrows_a_choice() -> None:
    assert patient("src.multipleBirth : integer as n -> tgt.multipleBirth = n;") == {"multipleBirthInteger": 2}
    assert patient("src.multipleBirth : boolean as n -> tgt.multipleBirth = n;") == {}


def test_several_sources_are_every_pair_of_items() -> None:
    rule = "src.name as a, src.name as b where (b.family != 'Smit') -> tgt.alias = append(a, b);"
    assert "R4 Patient has no element 'alias'" in _refused(rule)
    rule = "src.name as a, src.contact as b -> tgt.name as n, n.text = (a.family & ' ' & b.gender);"
    assert [n["text"] for n in patient(rule)["name"]] == ["Jansen male", "Bakker male", "Smit male"]


def test_the_index_of_an_item_is_known() -> None:
    rule = "src.name as n -> tgt.name as t, t.text = (nIndex.toString() & n.family);"
    assert [n["text"] for n in patient(rule)["name"]] == ["0Jansen", "1Bakker", "2Smit"]


# ---- transforms


@pytest.mark.parametrize(
    ("transform", "made"),
    [
        ("tgt.gender = 'male'", {"gender": "male"}),
        ("tgt.active = false", {"active": False}),
        ("tgt.birthDate = day", {"birthDate": "1941-03-07"}),
        ("tgt.birthDate = (%day + 5 days)", {"birthDate": "1941-03-12"}),
        ("tgt.birthDate = truncate(day, 7)", {"birthDate": "1941-03"}),
        ("tgt.id = append('p', '-', day)", {"id": "p-1941-03-07"}),
        ("tgt.id = reference(src)", {"id": "Patient/p1"}),
        ("tgt.id = escape('a<b', 'plain', 'xml')", {"id": "a&lt;b"}),
        ("tgt.identifier = id('https://x', day)", {"identifier": [{"system": "https://x", "value": "1941-03-07"}]}),
        ("tgt.maritalStatus = cc('alone')", {"maritalStatus": {"text": "alone"}}),
        (
            "tgt.maritalStatus = cc('https://x', 'S', 'Alone')",
            {"maritalStatus": {"coding": [{"system": "https://x", "code": "S", "display": "Alone"}]}},
        ),
        (
            "tgt.maritalStatus as m, m.coding = c('https://x', 'S')",
            {"maritalStatus": {"coding": [{"system": "https://x", "code": "S"}]}},
        ),
        ("tgt.telecom = cp('a@x.example')", {"telecom": [{"system": "email", "value": "a@x.example"}]}),
        ("tgt.multipleBirth = cast('3', 'integer')", {"multipleBirthInteger": 3}),
        ("(2.5) as n, tgt.multipleBirth = cast(n, 'integer')", {"multipleBirthInteger": Decimal("2.5")}),
        (
            "tgt.extension as e, e.url = 'u', e.value = qty('4 mg')",
            {"extension": [{"url": "u", "valueQuantity": {"value": Decimal(4), "unit": "mg"}}]},
        ),
        ("tgt.deceased = dateOp('19410307', 'yyyyMMdd')", {"deceasedDateTime": "1941-03-07"}),
        ("tgt.deceased = toDateTime('19410307', 'yyyyMMdd')", {"deceasedDateTime": "1941-03-07"}),
        (
            "tgt.contained = create('Organization') as o, o.name = 'x'",
            {"contained": [{"resourceType": "Organization", "name": "x"}]},
        ),
        ("tgt.photo = evaluate(src, photo)", {}),
    ],
)  # fmt: skip
def test_a_transform(transform: str, made: dict[str, Any]) -> None:
    assert patient(f"src.birthDate as day -> {transform};") == made


def test_a_uuid_is_the_same_for_the_same_source() -> None:
    rule = "src -> tgt.id = uuid();"
    assert patient(rule) == patient(rule)
    assert len(patient(rule)["id"]) == 36


def test_a_copy_is_not_the_source() -> None:
    made = patient("src.name as n -> tgt.name = n;")
    assert made["name"] == PATIENT["name"]
    assert made["name"][0] is not PATIENT["name"][0]


def test_a_repeating_primitive_keeps_every_value() -> None:
    made = patient("src.name first as n -> tgt.name as t, t.given = (n.given);")
    assert made["name"] == [{"given": ["Anna", "Maria"]}]


def test_an_element_that_takes_one_value_does_not_take_two_quietly() -> None:
    with pytest.raises(MappingFailed, match="several values"):
        patient("src -> tgt.birthDate = (src.name.family);")


def test_list_modes_of_a_target() -> None:
    rules = "src.name as n -> tgt.name as t first then { n.family -> t.family; };"
    assert [name["family"] for name in patient(rules)["name"]] == ["Smit", "Bakker", "Jansen"]
    rules = "src.name as n -> tgt.name as t share one then { n.family as f -> t.given = f; };"
    assert patient(rules)["name"] == [{"given": ["Jansen", "Bakker", "Smit"]}]


# ---- groups


def test_a_group_extends_another_and_default_groups_are_found() -> None:
    text = f"""{HEAD}
    group m(source src : Patient, target tgt : Target) extends base {{ src.name -> tgt.name; }}
    group base(source a : Patient, target b : Target) {{ a.active -> b.active; }}
    group names(source a : HumanName, target b : HumanName) <<type+>> {{ a.family as f -> b.text = f; }}
    """
    made = run(text, PATIENT).result
    assert made["active"] is True
    assert made["name"] == [{"text": "Jansen"}, {"text": "Bakker"}, {"text": "Smit"}]


def test_a_group_can_be_called_as_a_function() -> None:
    text = f"""{HEAD}
    group m(source src : Patient, target tgt : Target) {{ src.name as n -> tgt.name as t, t.text = (shout(n.family)); }}
    group shout(source x, target made : string) {{ x -> made = (x.upper()); }}
    """
    assert [n["text"] for n in run(text, PATIENT).result["name"]] == ["JANSEN", "BAKKER", "SMIT"]


def test_the_same_elements_on_both_sides() -> None:
    assert patient("src -> tgt : active, birthDate;") == {"active": True, "birthDate": "1941-03-07"}


def test_constants_and_embedded_concept_maps() -> None:
    head = f"""conceptmap "#sex" {{
      prefix s = "https://s.example"
      prefix t = "http://hl7.org/fhir/administrative-gender"
      unmatched for s = "fixed" "unknown"
      s:male == t:other
      s:"weird one" - t:female
    }}
    {HEAD}
    let day = '2026-01-05';
    """
    rule = "src.contact as c -> tgt.gender = translate(c.gender, '#sex', 'code'), tgt.birthDate = (day);"
    assert "',' or ')' is missing" in " ".join(complaints(f"{head} group m(source src, target tgt) {{ {rule} }}"))
    rule = (
        "src.contact as c then { c.gender as g -> tgt.gender = translate(g, '#sex', 'code'), tgt.birthDate = (day); };"
    )
    assert patient(rule, head=head) == {"gender": "other", "birthDate": "2026-01-05"}


# ---- what is refused


def _refused(rule: str) -> str:
    with pytest.raises(BadMapping) as error:
        patient(rule)
    return " ".join(issue.diagnostics for issue in error.value.issues)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("src.name -> tgt.nam;", "R4 Patient has no element 'nam'; did you mean 'name'?"),
        ("src.naam -> tgt.name;", "R4 Patient has no element 'naam'; did you mean 'name'?"),
        (
            "src.name as n -> tgt.name as m then { n.famili as f -> m.family = f; };",
            "R4 HumanName has no element 'famili'",
        ),
        ("src.contact as c then { c.phone as p -> tgt.id = p; };", "R4 Patient.contact has no element 'phone'"),
        ("src.birthDate as b then { b.when as w -> tgt.id = w; };", "R4 date has no element 'when'"),
        ("src -> tgt.name as n then nams(src, n);", "no group 'nams'; did you mean 'names'?"),
        ("src -> src.active = true;", "'src' is a source, and nothing can be put into it"),
        ("src -> tgt.active = create('Reference') as r, r.x = 'y';", "R4 Reference has no element 'x'"),
        ("src -> tgt.gender = translate(src, 'https://x.example/cm', 'code');", "no ConceptMap 'https://x.example/cm'"),
        ("src -> tgt.deceased = create('Period') as p;", "'deceased' cannot be a Period"),
        ("src -> tgt.id = truncate(src);", "truncate takes 2 parameters, not 1"),
    ],
)
def test_what_cannot_be_made_is_refused_before_the_first_message(rule: str, said: str) -> None:
    head = HEAD + "group names(source a, target b) { a -> b; }\n"
    text = f"{HEAD}group m(source src : Patient, target tgt : Target) {{ {rule} }} {head.removeprefix(HEAD)}"
    with pytest.raises(BadMapping) as error:
        run(text, PATIENT)
    assert said in " ".join(issue.diagnostics for issue in error.value.issues)


@pytest.mark.parametrize(
    "rule",
    [
        "src.deceased as d -> tgt.deceased = d;",
        "src.birthDate as b then { b.value as w -> tgt.id = w; };",
        "src.contained as c then { c.name as n -> tgt.name = n; };",
    ],
)
def test_elements_that_are_there_or_may_be_are_read(rule: str) -> None:
    run(f"{HEAD}group m(source src : Patient, target tgt : Target) {{ {rule} }}", PATIENT)


def test_an_element_that_the_source_does_not_have_is_told_with_line_and_column() -> None:
    text = f"{HEAD}group m(source src : Patient, target tgt : Target) {{\n  src.naam -> tgt.name;\n}}\n"
    with pytest.raises(BadMapping) as error:
        run(text, PATIENT)
    (issue,) = error.value.issues
    assert issue.rule is not None
    assert issue.rule.endswith(f":{HEAD.count(chr(10)) + 2}:3")


def test_every_mistake_is_told_at_once_with_line_column_and_what_was_meant() -> None:
    text = """map "https://x.example/m" = "m"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as sorce
grup m(source src, target tgt) { }
group m(source src : Patient, target tgt : Patient) {
  src.name -> tgt.name = creat('HumanName');
  src.name as n wher (n.family = 'x') -> tgt.name;
  src.active as a -> tgt.active = (a = );
  src.birthDate as a -> tgt.birthDate = a
  src.gender -> tgt.gender;
  sorc.gender -> tgt.gender;
}
"""
    assert complaints(text) == [
        "2:73 'as' is followed by source, queried, target, produced; did you mean 'source'?",
        "3:1 a declaration (map, uses, imports, conceptmap, let, group) must stand here, not 'grup'; "
        "did you mean 'group'?",
        "5:26 there is no transform 'creat'; did you mean 'create'?",
        "6:22 ';' at the end of the rule is missing before '('",
        "9:6 ';' at the end of the rule is missing before '.'",
        "7:39 not an expression: an expression is missing before the end",
        "10:3 no variable 'sorc'; did you mean 'src'?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1 a map has at least one group"),
        ("group m(source a, target b) { a -> b.x = 'open; }", "1:42 the text does not end: ' is missing"),
        ("group m(source a, target b) { a -> b; ", "'}' is missing: the group or rule does not end"),
        ("group m(sorce a) { }", "a parameter begins with source or target, not 'sorce'; did you mean 'source'?"),
        (
            "/// nme = 'x'\ngroup m(source a) { a -> a; }",
            "StructureMap has no element 'nme' to set here; did you mean 'name'?",
        ),
        ("group m(source a, target b) <<typ>> { }", "'<<typ>>' is no type mode; did you mean 'types'?"),
        ("/* never", "1:1 the comment does not end"),
    ],
)
def test_a_text_that_is_no_map(text: str, said: str) -> None:
    assert said in " | ".join(complaints(text))


def test_rules_nested_without_end_are_refused() -> None:
    deep = "group m(source a, target b) { " + "a -> b then { " * 100
    assert any("more than 30 deep" in one for one in complaints(deep))


def test_what_is_written_is_read_back() -> None:
    text = f"""/// url = 'https://example.org/x'
    /// version = '1.2'
    conceptmap "#c" {{ prefix s = "https://s" prefix t = "https://t" unmapped for s = provided s:a == t:b s:c -- }}
    {HEAD}
    imports "https://example.org/*"
    let a = 'b';
    // about the group
    group m(source src : Patient, target `target` : Target) extends base <<types>> {{
      // about the rule
      src.name : HumanName 0..1 default ('x') first as `where` where (family = 'it\\'s') check (true) log ('y')
        -> `target`.name as t first, t.text = append('a', `where`),
        (1 + 1) as two then g(src, t) {{ src -> t; }} "named";
      src -> `target` : active, gender;
    }}"""
    problems = Problems()
    made = parser.read(text, "a.fml", problems).resource
    again = parser.read(writer.write(made), "a.fml", problems).resource
    assert problems.issues == []
    assert again == made


def test_a_structure_map_of_r5_is_read() -> None:
    text = """{"resourceType": "StructureMap", "url": "https://x.example/m", "name": "m", "status": "draft",
      "structure": [{"url": "http://hl7.org/fhir/StructureDefinition/Patient", "mode": "source", "alias": "P"}],
      "const": [{"name": "who", "value": "'Anna'"}],
      "group": [
        {"name": "m",
         "input": [{"name": "s", "type": "P", "mode": "source"}, {"name": "t", "type": "P", "mode": "target"}],
         "rule": [{"name": "r", "source": [{"context": "s"}],
                   "target": [{"context": "t", "element": "name", "variable": "n"}],
                   "dependent": [{"name": "g", "parameter": [{"valueId": "s"}, {"valueId": "n"}]}]}]},
        {"name": "g", "input": [{"name": "s", "mode": "source"}, {"name": "n", "mode": "target"}],
         "rule": [{"name": "r", "source": [{"context": "s"}],
                   "target": [{"context": "n", "element": "text", "transform": "evaluate",
                               "parameter": [{"valueString": "who"}]}]}]}
      ]}"""
    assert run(text, PATIENT, "m.json").result == {"resourceType": "Patient", "name": [{"text": "Anna"}]}


def test_hl7_names_address_v2_messages() -> None:
    mapping = mapping_of(
        """uses "http://hl7.org/v2/StructureDefinition/ADT_A20" alias A as source
        uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
        group m(source msg : A, target b : Bundle) { msg.NPU as n -> b.type = 'batch'; }"""
    )
    assert mapping.source.format == "hl7v2"
    assert mapping.source.when is not None
    assert mapping.source.when.text == "MSH-9.1 = 'ADT' and MSH-9.2 = 'A20'"


def test_the_example_of_the_documentation_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/mapping-language.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```fml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "fml/example/mapping.fml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    maps = tmp_path / "concept_maps"
    maps.mkdir()
    shipped = Path(__file__).parents[3] / "mappings/concept_maps/bed-status.json"
    (maps / "bed-status.json").write_bytes(shipped.read_bytes())
    library = Library.load([tmp_path])
    message = b"MSH|^~\\&|A|B|C|D|20260105100000||ADT^A20^ADT_A20|1|P|2.5.1\rNPU|3B^312^1|U\r"
    (mapped,) = run_library(library, message, received_at=datetime(2026, 1, 5, tzinfo=UTC))
    assert [(r["resourceType"], r["operationalStatus"]["code"]) for r, _, _ in mapped.resources] == [("Location", "U")]
    assert str(mapped.trace.explain("Location.operationalStatus.code")[0].sources[0][0].path) == "NPU-2"
