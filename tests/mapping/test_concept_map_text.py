"""ConceptMaps as text: what is added stands on lines of its own, and nothing else changes."""

import json
from pathlib import Path

import pytest

from gateway.data import shipped
from gateway.mapping.concept_map_text import line_of, lists, with_codes, written

MAP = {
    "resourceType": "ConceptMap",
    "id": "m",
    "group": [
        {"source": "urn:a", "target": "urn:t", "element": [{"code": "A", "target": [{"code": "1"}]}, {"code": "B"}]},
        {"source": "urn:b", "target": "urn:t", "element": [{"code": 'a"]}é'}], "unmapped": {"mode": "provided"}},
    ],
}


def test_what_is_written_has_an_element_a_line_and_reads_back() -> None:
    text = written(MAP)

    assert json.loads(text) == MAP
    assert '    {"code": "B"}\n' in text
    assert written(json.loads(text)) == text


@pytest.mark.parametrize("text", [written(MAP), json.dumps(MAP), json.dumps(MAP, indent="\t")])
@pytest.mark.parametrize("group", [0, 1])
def test_codes_are_added_to_the_group_that_is_meant(text: str, group: int) -> None:
    filled = json.loads(with_codes(text, group, ["X", 'Y"']))

    expected = json.loads(text)
    expected["group"][group]["element"] += [{"code": "X"}, {"code": 'Y"'}]
    assert filled == expected


def test_codes_can_be_added_to_an_empty_group() -> None:
    text = '{"group": [{"source": "urn:a", "element": []}]}'

    assert json.loads(with_codes(text, 0, ["X", "Y"]))["group"][0]["element"] == [{"code": "X"}, {"code": "Y"}]


@pytest.mark.parametrize("file", sorted(shipped("mappings").glob("concept_maps/*.json")), ids=lambda path: path.stem)
def test_a_filled_map_differs_in_the_new_lines_alone(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for group in range(len(lists(text))):
        filled = with_codes(text, group, ["NEW1", "NEW2"])

        before, after = text.splitlines(), filled.splitlines()
        added = [line for line in after if "NEW" in line]
        kept = [line for line in after if "NEW" not in line]
        assert [line.strip().rstrip(",") for line in added] == ['{"code": "NEW1"}', '{"code": "NEW2"}']
        assert [line.rstrip(",") for line in kept] == [line.rstrip(",") for line in before]


def test_the_line_of_a_group_is_where_its_elements_begin() -> None:
    text = written(MAP)

    assert [text.splitlines()[line_of(text, group) - 1].strip() for group in (0, 1)] == ['"element": ['] * 2
    assert line_of(text, 7) == 1
