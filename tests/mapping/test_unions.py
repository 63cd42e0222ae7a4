"""A union takes what is alike once: who counts or maps its members is warned, and `combine()` takes them all."""

from pathlib import Path
from typing import Any

import pytest

from gateway.mapping.run import run
from tests.mapping.writing import RECEIVED, resource, written

URL = "map: https://msb-gateway.example/fhir/StructureMap/written\nversion: 1.0.0\n"
JSON = URL + "source: {format: json, when: a.exists()}\n"
XML = URL + "source: {format: xml, root: A}\n"
WARNED = "takes two that are alike once: combine() takes both"


def warnings(tmp_path: Path, head: str, body: str) -> list[str]:
    library = written(tmp_path, body, head=head)
    library.check()
    assert library.problems.errors == []
    return [str(issue) for issue in library.problems.issues if WARNED in str(issue)]


@pytest.mark.parametrize(
    ("expression", "warned"),
    [
        ("(a | b).count()", 1),
        ("a.union(b).count()", 1),
        ("(a | b).where($this > 1).count()", 1),
        ("a.combine(b).count()", 0),
        ("(a | b).first()", 0),
        ("(a | b).exists()", 0),
        ("a.where(x | y).count()", 0),
    ],
)
def test_a_union_that_is_counted_is_warned_of(tmp_path: Path, expression: str, warned: int) -> None:
    found = warnings(tmp_path, JSON, resource(f'language: "{{{{ {expression}.toString() }}}}"'))

    assert len(found) == warned


@pytest.mark.parametrize(("join", "warned"), [("{} | {}", 1), ("{}.combine({})", 0)])
def test_a_union_that_is_mapped_item_by_item_is_warned_of(tmp_path: Path, join: str, warned: int) -> None:
    each = JSON + f"each: {join.format('a', 'b')}\n"
    loop = resource(
        "extension:", f'  - "{{% for one in {join.format("a", "b")} %}}": {{url: x, valueString: "{{{{ one }}}}"}}'
    )

    assert len(warnings(tmp_path / "each", each, resource("language: nl"))) == warned
    assert len(warnings(tmp_path / "loop", JSON, loop)) == warned


def counted(tmp_path: Path, head: str, expression: str, data: bytes) -> Any:
    library = written(tmp_path, resource(f'language: "{{{{ {expression}.toString() }}}}"'), head=head)
    (one,) = run(library, data, received_at=RECEIVED)
    return one.resources[0][0]["language"]


@pytest.mark.parametrize(("join", "number"), [("(a | b)", "1"), ("a.combine(b)", "2")])
def test_equal_numbers_count_once_or_twice(tmp_path: Path, join: str, number: str) -> None:
    assert counted(tmp_path, JSON, f"{join}.count()", b'{"a": 60, "b": 60}') == number


@pytest.mark.parametrize(("join", "number"), [("(B | C)", "1"), ("B.combine(C)", "2")])
def test_elements_with_the_same_text_count_once_or_twice(tmp_path: Path, join: str, number: str) -> None:
    data = b'<A><B x="1">tekst</B><C x="2">tekst</C></A>'

    assert counted(tmp_path, XML, f"{join}.count()", data) == number
    assert counted(tmp_path / "all", XML, "B.combine(C).x.count()", data) == "2"
