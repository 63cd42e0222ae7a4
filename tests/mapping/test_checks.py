"""What is wrong with a mapping is told when it is loaded: where it stands, what it is, what was perhaps meant."""

import ast
from pathlib import Path

import pytest

from gateway.data import shipped
from gateway.errors import BadMapping
from gateway.mapping.library import Library
from tests.mapping.writing import HEAD, resource, written


def complaints(library: Library, *, severity: str | None = None) -> list[str]:
    library.check()
    found = [i for i in library.problems.issues if severity in {None, i.severity}]
    return [f"{(i.rule or '').partition('mapping.yaml:')[2]} {i.diagnostics}" for i in found]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("birthdate: 1941", "9:5 Patient has no element 'birthdate'; did you mean 'birthDate'?"),
        (
            "gender: femal",
            (
                "9:13 Patient.gender: 'femal' is not a code of "
                "http://hl7.org/fhir/ValueSet/administrative-gender; did you mean 'female'?"
            ),
        ),
        ("gender: [female]", "9:13 Patient.gender is one value, not a list: write it without [ ]"),
        ('name: "{{ PID-5 }}"', "9:15 Patient.name is a list: write [ … ], or {[ … ]} for all values"),
        ("name: {family: x}", "9:11 Patient.name is a list: write [ … ], or {[ … ]} for all values"),
        ("name: [Jansen]", "9:12 Patient.name is a HumanName, not a text: write its elements"),
        ('active: "yes"', "9:13 Patient.active: a boolean is written true or false, without quotes"),
        ("active: 1", "9:13 Patient.active: a boolean is written true or false, without quotes"),
        ("birthDate: 7-3-1941", "9:16 Patient.birthDate: '7-3-1941' does not have the form of date"),
        ('multipleBirthInteger: "2"', "9:27 Patient.multipleBirthInteger: integer is a whole number, without quotes"),
        (
            "multipleBirth: 2",
            "9:5 'multipleBirth' is written with its type: multipleBirthBoolean, multipleBirthInteger",
        ),
        ("link: [{type: seealso}]", "9:12 Patient.link has no other, which R4 requires"),
        (
            "managingOrganization: {reference: \"Location/{{ id('o', PID-3.1) }}\"}",
            "9:39 Patient.managingOrganization refers to Organization, not to Location",
        ),
        ('language: "{{ PID-5.1.toDatetime() }}"', "9:27 no function 'toDatetime'; did you mean 'toDateTime'?"),
        ('language: "{{ wrad }}"', "9:19 no name 'wrad'; did you mean 'ward'?"),
        ('language: "{{ %provder.name }}"', "9:19 no constant '%provder'; did you mean 'provider'?"),
        (
            'language: "{{ %provider.bedsystem }}"',
            "9:19 no overlay says %provider.bedsystem; did you mean 'bedSystem'?",
        ),
        (
            'language: "{{ %provider.systems.patinet }}"',
            "9:19 no overlay says %provider.systems.patinet; did you mean 'patient'?",
        ),
        ('language: "{{ ward & }}"', "9:25 not an expression: an expression is missing before the end"),
        ('language: "{{ ward"', "9:15 '{{' without '}}'"),
        ('language: "{{ beds.translate(ward) }}"', "9:19 translate() stands after the alias of a ConceptMap"),
        (
            "language: \"{{ bed.translate(ward, 'Codng') }}\"",
            "9:39 the second argument of translate() is one of 'code', 'Coding', 'CodeableConcept'",
        ),
        (
            'gender: "{{ bed.translate(ward) }}"',
            "9:17 ConceptMap/bed-status gives 'O', which is not a code of Patient.gender",
        ),
        (
            "maritalStatus: \"{{ bed.translate(ward, 'Coding') }}\"",
            "9:24 Patient.maritalStatus is a CodeableConcept, and this gives a Coding",
        ),
        ('active: "{{ ward.toDate() }}"', "9:17 Patient.active is a boolean, and this gives a date"),
        ("language: \"{{ ward.toDate('dd-MM') }}\"", "9:31 a date format names the year (yyyy)"),
        ('language: "{{ OBX.count() }}"', "9:19 Patient.language is a code, and this gives an Integer"),
        (
            'multipleBirthInteger: "{{ ward }}"',
            "9:31 Patient.multipleBirthInteger is an integer, and this gives a text",
        ),
        ('language: "{{ ward.bsn(1) }}"', "9:19 bsn() takes 0 arguments, not 1"),
        ("language: \"{{ id('x') }}\"", "9:19 id() takes 2 to 20 arguments, not 1"),
        ('"{% if false %}": {active: true}', "9:12 this is never reached: the condition is never true"),
        (
            "\"{% if %provider.share = 'clinic' %}\": {active: true}",
            "9:30 this is never reached: %provider.share is never 'clinic'; did you mean 'clinical'?",
        ),
        ("\"{% elif ward = 'x' %}\": {active: true}", "9:5 'elif' without an 'if' before it in this place"),
        ("\"{% fi ward = 'x' %}\": {active: true}", "9:5 unknown directive 'fi'"),
        (
            '"{% for x in PID-3 %}": {active: true}',
            "9:5 a 'for' makes a list; it cannot stand among the elements of an object",
        ),
        ('name: ["{% for PID-3 %}"]', "9:12 Patient.name is a HumanName, not a text"),
        ('"{% on-error %}": drop', "9:23 an error policy is one of fail, quarantine, drop-resource, drop-element"),
        ('"{% assign %}": {unused: ward}', "9:22 nothing uses the name 'unused'"),
        ("gender:", "9:12 an element without a value; leave it out"),
        ("_name: [{id: x}]", "9:5 Patient has no element '_name'; did you mean 'name'?"),
    ],
)
def test_a_mistake_is_told_with_line_column_and_suggestion(tmp_path: Path, line: str, complaint: str) -> None:
    body = resource(line, 'identifier: [{value: "{{ ward }}"}, {value: "{{ bed.translate(ward) }}"}]')
    head = HEAD.replace("version: 1.0.0\n", "version: 1.0.0\nlet: {ward: PV1-3.1}\nuse: {bed: ConceptMap/bed-status}\n")
    found = complaints(written(tmp_path, body, head=head))

    assert any(complaint in one for one in found), found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "map: x\nversion: 1\nsource: {format: hl7v3}\nemit: []\n",
            "3:18 'format' must be one of hl7v2, edifact, csv, json, ndjson, xml, fhir; did you mean 'hl7v2'?",
        ),
        ("map: x\nversion: 1\nsorce: {format: hl7v2}\nemit: []\n", "3:1 unknown key 'sorce'; did you mean 'source'?"),
        ("map: x\nversion: 1\nemit: []\n", "1:1 the key 'source' is missing"),
        ("map: x\nmap: y\n", "2:1 the key 'map' stands here twice"),
        ("map: [\n", "not YAML"),
        ("", "1:1 the file is empty"),
        ("[]\n", "1:1 a mapping file is an object"),
        (
            HEAD + "require: [{that: PID.exists()}]\nemit: []\n",
            "4:11 a requirement needs 'that' (an expression) and 'say' (a text)",
        ),
        (
            HEAD + "require: [{that: PID.exists(), say: x, code: nope}]\nemit: [{resourceType: Patient, id: x}]\n",
            "4:11 no issue code 'nope'",
        ),
        (
            HEAD + "require: [{that: PID.exists(), say: x, severity: eror}]\nemit: []\n",
            "4:50 'severity' must be one of error, warning; did you mean 'error'?",
        ),
        (
            HEAD + "use: {x: ConceptMap/bed-stats}\nemit: [{resourceType: Patient, id: \"{{ x.translate('a') }}\"}]\n",
            "4:7 no ConceptMap 'bed-stats'; did you mean 'bed-status'?",
        ),
        (
            HEAD + "use: {x: nowhere.yaml}\nemit: [{resourceType: Patient, id: \"{{ x('a') }}\"}]\n",
            "4:7 no file 'nowhere.yaml'",
        ),
        (HEAD + "let: {a: PID-3.1}\nemit: [{resourceType: Patient, id: x}]\n", "4:7 nothing uses the name 'a'"),
        (HEAD + "emit: [{resourceType: Patint, id: x}]\n", "4:8 R4 has no resource 'Patint'; did you mean 'Patient'?"),
        (HEAD + "emit: [{resourceType: Patient}]\n", "4:8 the Patient gets no id"),
        (HEAD + "emit: [{active: true}]\n", "4:8 the resource names no resourceType"),
        (HEAD + "emit: [x]\n", "4:8 a resource is wanted here"),
        (HEAD + "on-error: ignore\nemit: [{resourceType: Patient, id: x}]\n", "4:11 an error policy is one of"),
    ],
)
def test_a_file_that_is_no_mapping_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    found = complaints(written(tmp_path, "", head=text))

    assert any(complaint in one for one in found), found


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    body = resource("birthdate: x", "gender: femal", "active: 1", 'language: "{{ nope }}"')

    with pytest.raises(BadMapping) as raised:
        load(tmp_path, body)

    assert len(raised.value.issues) == 4
    assert all(issue.rule and issue.rule.count(":") == 2 for issue in raised.value.issues)


def load(folder: Path, body: str) -> None:
    written(folder, body)
    Library.load([folder])


def test_two_mappings_for_one_message_are_an_error(tmp_path: Path) -> None:
    written(tmp_path, resource("active: true"), name="one")
    other = HEAD.replace("'A31'", "'A31' or MSH-9.3 = 'ADT_A05'")
    library = written(tmp_path, resource("active: true"), head=other, name="two")

    library.check()

    (issue,) = library.problems.errors
    assert issue.code == "ambiguous-mapping"
    assert issue.diagnostics == "hl7v2/one accepts the same messages: MSH-9.1 'ADT' and MSH-9.2 'A31' and MSH-9.3 'ADT'"


def test_two_tables_of_which_one_has_the_columns_of_the_other_are_an_error(tmp_path: Path) -> None:
    head = "map: x\nversion: 1\nsource: {format: csv, columns: [A, B]}\neach: record\n"
    body = "emit: [{resourceType: Patient, id: \"{{ id('a', record.A) }}\"}]\n"
    written(tmp_path, body, head=head, name="one")
    library = written(tmp_path, body, head=head.replace("[A, B]", "[b, C, a]"), name="two")

    library.check()

    assert [issue.code for issue in library.problems.errors] == ["ambiguous-mapping"]


@pytest.mark.parametrize(
    ("fragment", "complaint"),
    [
        ("fragment: f\ntype: Identifer\nparameters: [a]\nemit: {value: '{{ a }}'}\n", "R4 has no type 'Identifer'"),
        (
            "fragment: f\ntype: Identifier\nparameters: [a]\nemit: {vale: '{{ a }}'}\n",
            "Identifier has no element 'vale'; did you mean 'value'?",
        ),
        (
            "fragment: f\ntype: Identifier\nparameters: [a, b]\nemit: {value: '{{ a }}'}\n",
            "nothing uses the parameter 'b'",
        ),
        ("fragment: f\ntype: Identifier\nparameters: []\nemit: {value: x}\n", "a fragment has at least one parameter"),
        (
            "fragment: f\ntype: Identifier\nparameters: [a]\nuse: {f: f.yaml}\nemit: {value: '{{ f(a) }}'}\n",
            "Identifier.value is a string, and this gives an Identifier",
        ),
    ],
)
def test_fragments_are_checked_whether_they_are_used_or_not(tmp_path: Path, fragment: str, complaint: str) -> None:
    library = written(tmp_path, resource("active: true"), files={"hl7v2/datatypes/f.yaml": fragment})

    assert any(complaint in one for one in complaints(library))


def test_a_fragment_that_uses_itself_is_refused(tmp_path: Path) -> None:
    fragment = "fragment: f\ntype: Identifier\nparameters: [a]\nuse: {f: f.yaml}\n"
    fragment += "emit: {assigner: {identifier: '{{ f(a) }}'}}\n"
    body = "use: {f: ../datatypes/f.yaml}\n" + resource("identifier: [\"{{ f('x') }}\"]")
    library = written(tmp_path, body, files={"hl7v2/datatypes/f.yaml": fragment})

    with pytest.raises(BadMapping, match="uses itself"):
        library.program(library.mapping("written"), library.provider("dev"))


@pytest.mark.parametrize(
    ("overlay", "complaint"),
    [
        ("provider: other\n", "'provider' must be 'p', as the file is called"),
        ("provider: p\nshare: all\n", "'share' must be one of capacity, clinical"),
        ("provider: p\ntimezone: Amsterdam\n", "'timezone' must be the name of a time zone"),
        ("provider: p\ncharset: latin\n", None),
        ("provider: p\ncharset: utf-9\n", "'charset' must be the name of a character set"),
        ("provider: p\nnamespace: x\n", "'namespace' must be a UUID"),
        ("provider: p\ncodes: [a]\n", "'codes' must be an object"),
        ("provider: p\ncodes: {bed-stats: {A: U}}\n", "no ConceptMap 'bed-stats'; did you mean 'bed-status'?"),
        ("provider: p\ncodes: {bed-status: {A: X}}\n", "ConceptMap/bed-status has no target 'X'"),
    ],
)
def test_overlays_are_checked(tmp_path: Path, overlay: str, complaint: str | None) -> None:
    found = complaints(written(tmp_path, resource("active: true"), files={"providers/p.yaml": overlay}))

    assert [one for one in found if complaint is None or complaint in one] == found
    assert bool(found) == (complaint is not None)


MAP = (
    '{"resourceType": "ConceptMap", "id": "m", "url": "u", "version": "1", '
    '"group": [{"source": "s", "target": "t", "element": [%s]}]}'
)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "JSON"),
        ('{"resourceType": "ValueSet"}', "not a ConceptMap"),
        (MAP % "", "the ConceptMap has no rows"),
        (
            MAP % '{"code": "a", "target": [{"code": "b"}]},\n{"code": "a", "target": [{"code": "c"}]}',
            "the code 'a' has two rows in one group",
        ),
        (
            MAP % '{"code": "a", "target": [{"code": "b"}, {"code": "c"}]}',
            "the code 'a' has 2 targets; exactly one is used",
        ),
        (MAP % '{"code": "a", "target": [{"display": "b"}]}', "the target of 'a' has no code"),
        (MAP.replace('"s"', "1") % '{"code": "a", "target": [{"code": "b"}]}', "a group names no 'source' system"),
        (
            MAP.replace('"id": "m"', '"id": "n"') % '{"code": "a", "target": [{"code": "b"}]}',
            "the id of the ConceptMap is 'n'",
        ),
        (
            MAP.replace("]}]}", ']  , "unmapped": {"mode": "fix"}}]}') % '{"code": "a", "target": [{"code": "b"}]}',
            "'unmapped.mode' must be one of",
        ),
        (
            MAP.replace("]}]}", ']  , "unmapped": {"mode": "fixed"}}]}') % '{"code": "a", "target": [{"code": "b"}]}',
            "names no code",
        ),
    ],
)
def test_concept_maps_are_checked(tmp_path: Path, text: str, complaint: str) -> None:
    library = written(tmp_path, resource("active: true"), files={"concept_maps/m.json": text})

    assert any(complaint in one for one in complaints(library)), complaints(library)


def test_a_problem_of_a_concept_map_has_its_line(tmp_path: Path) -> None:
    text = MAP % '\n{"code": "a", "target": [{"code": "b"}]},\n{"code": "a", "target": [{"code": "c"}]}'
    library = written(tmp_path, resource("active: true"), files={"concept_maps/m.json": text})

    (issue,) = library.problems.errors
    assert issue.rule == f"{tmp_path.name}/concept_maps/m.json:3:1"


def test_the_shipped_mappings_have_no_problems() -> None:
    library = Library.load([shipped("mappings")])

    assert [str(issue) for issue in library.problems.issues] == []


TABLE = "map: x\nversion: 1\nsource: {format: csv, columns: [Plek, Vrij]}\neach: record\n"
ROW = "emit: [{resourceType: Patient, id: \"{{ id('a', record.Plek, record.Vrij) }}\"}]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (TABLE.replace("columns", "when: \"'a' = 'b'\", columns") + ROW, "3:29 a table is known by its columns"),
        (TABLE.replace("each: record", "each: row") + ROW, "4:7 'each' must be 'record'"),
        (HEAD + "each: OBX-3\n" + resource("active: true"), "4:7 'each' must be the name of a segment"),
        (HEAD + "each: OBZ\n" + resource("active: true"), "HL7 v2 has no segment OBZ; did you mean 'OBX'?"),
        (TABLE.replace("columns", "delimiter: ';;', columns") + ROW, "3:9 delimiter is not one character"),
        (TABLE.replace("columns", "timezone: Mars, columns") + ROW, "3:9 'timezone' must be the name of a time zone"),
        (TABLE + ROW.replace("record.Vrij", "record.Vri"), "no column 'Vri' in source.columns; did you mean 'Vrij'?"),
        (TABLE + ROW.replace("record.Vrij", "record.Bezet"), None),
        (HEAD + resource('language: "{{ PDI-8 }}"'), "7:19 HL7 v2 has no segment PDI; did you mean"),
        (HEAD + resource('language: "{{ ZBX-8 }}"'), None),
    ],
)
def test_what_a_mapping_says_about_its_source_is_checked(tmp_path: Path, text: str, complaint: str | None) -> None:
    found = complaints(written(tmp_path, "", head=text))

    assert any(complaint in one for one in found) if complaint else found == [], found


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "each: 'X): import os #'\n" + resource("active: true"),
        HEAD + "let: {'x\\n    import os': PID-3}\n" + resource("active: true"),
        HEAD + resource('"{% for x):\\n in PID-3 %}": {value: x}'),
        HEAD + resource('"a\'] = 1\\nimport os #": true'),
        HEAD + resource("language: \"{{ '\\\\'); import os #' }}\""),
        HEAD + resource("language: \"'); import os; ('\""),
        HEAD + resource('language: "{{ PID-3.where($this.1 = \'\\"\\\\n); import os #\') }}"'),
    ],
)
def test_no_text_of_a_mapping_becomes_code(tmp_path: Path, text: str) -> None:
    library = written(tmp_path, "", head=text)
    library.check()
    for mapping in library.mappings:
        try:
            program = library.program(mapping, library.provider("dev"))
        except BadMapping:
            continue
        statements = [
            node for node in ast.walk(ast.parse(program.source)) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert statements == []


def test_a_fragment_with_a_name_that_is_code_is_refused(tmp_path: Path) -> None:
    fragment = "fragment: 'f(): pass #'\ntype: Identifier\nparameters: ['a): pass #']\nemit: {value: x}\n"
    found = complaints(written(tmp_path, resource("active: true"), files={"hl7v2/datatypes/f.yaml": fragment}))

    assert any("the parameter 'a): pass #' is not a name" in one for one in found)
    assert any("the name of a fragment" in one for one in found)
