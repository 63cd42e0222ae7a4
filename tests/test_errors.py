"""The error tree is the one its docstring draws, and every issue code is published."""

import ast
import json
from pathlib import Path

from gateway import errors
from gateway.data import shipped
from gateway.errors import GatewayError, Issue, Place

ROOT = Path(__file__).parents[1]


def _concepts() -> dict[str, dict[str, str]]:
    system = json.loads((shipped("profiles") / "CodeSystem-gateway-issue.json").read_text(encoding="utf-8"))
    return {c["code"]: {p["code"]: p["valueCode"] for p in c["property"]} for c in system["concept"]}


def test_the_error_tree_in_the_docstring_is_the_error_tree() -> None:
    drawn = [line.split() for line in (errors.__doc__ or "").splitlines() if "── " in line]

    assert {(name, int(status), code) for _, name, status, code, *_ in drawn} == {
        (e.__name__, e.status.value, e.code) for e in GatewayError.__subclasses__() if e.__module__ == errors.__name__
    }


def test_each_error_has_a_published_code_of_its_own_type() -> None:
    concepts = _concepts()

    assert {e.issue_code: e.code for e in GatewayError.__subclasses__()} == {
        e.issue_code: concepts[e.issue_code]["type"] for e in GatewayError.__subclasses__()
    }


def test_every_issue_code_in_the_source_is_published() -> None:
    used = {
        (str(file.relative_to(ROOT)), code)
        for file in (ROOT / "gateway").rglob("*.py")
        for code in _literal_codes(ast.parse(file.read_text(encoding="utf-8")))
    }

    assert {place for place in used if place[1] not in _concepts()} == set()


def _literal_codes(tree: ast.AST) -> list[str]:
    """Return the literal first argument (or `code=`) of every call of `Issue`."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Issue"
    ]
    arguments = [call.args[:1] + [k.value for k in call.keywords if k.arg == "code"] for call in calls]
    return [a.value for some in arguments for a in some if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def test_every_published_code_has_a_dutch_text() -> None:
    system = json.loads((shipped("profiles") / "CodeSystem-gateway-issue.json").read_text(encoding="utf-8"))

    assert [c["code"] for c in system["concept"] if c["designation"][0]["language"] != "nl"] == []


def test_an_issue_names_place_target_and_rule_and_hides_the_value() -> None:
    issue = Issue(
        "bad-value",
        "not a date",
        expression="Patient.birthDate",
        place=Place("PID-7", line=3, byte=118),
        rule="mapping.yaml:13",
        value="yesterday",
    )

    assert str(issue) == "PID-7 (line 3, byte 118) for Patient.birthDate: not a date (mapping.yaml:13)"
