"""docs/mapping-language.md says what is so: its examples load, its functions give what it says they give."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.errors import MappingFailed
from gateway.fhir.json import decode
from gateway.mapping import functions
from gateway.mapping.library import Library
from tests.mapping.writing import HEAD, LIBRARY, mapped, written

PAGE = (Path(__file__).parents[2] / "docs" / "mapping-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n# (\w+): (.*?)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
(SAMPLE,) = re.findall(r"^```hl7\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `([\w.]+)\(.*?\)` \| .* \| `(.*?)` \| `(.*?)` \|$", PAGE, re.MULTILINE)
FILES = {
    "mapping": "hl7v2/example/mapping.yaml",
    "fragment": "hl7v2/datatypes/example.yaml",
    "overlay": "providers/voorbeeld.yaml",
}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, _, text in EXAMPLES], ids=[name for _, name, _ in EXAMPLES]
)
def test_the_examples_load_without_a_complaint(tmp_path: Path, kind: str, text: str) -> None:
    for path in LIBRARY.rglob("*"):
        if path.is_file() and path.relative_to(LIBRARY).parts[0] in {"concept_maps", "providers"}:
            target = tmp_path / path.relative_to(LIBRARY)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    file = tmp_path / FILES[kind]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")

    library = Library.load([tmp_path])

    assert library.problems.issues == []


@pytest.mark.parametrize(("name", "call", "gives"), ROWS, ids=[call for _, call, _ in ROWS])
def test_a_function_gives_what_the_page_says(tmp_path: Path, name: str, call: str, gives: str) -> None:
    body = "use: {bedStatus: ConceptMap/bed-status}\nemit:\n"
    body += f'  - {{resourceType: Patient, id: x, language: "{{{{ {call} }}}}"}}\n'

    found = mapped(written(tmp_path, body), SAMPLE.replace("\n", "\r"))

    value = found.resources[0][0]["language"]
    assert value == decode(gives)
    assert name
    assert not isinstance(value, float | Decimal) or str(value) == gives


def test_every_function_is_on_the_page() -> None:
    shown = {name.rpartition(".")[2] for name, _, _ in ROWS}

    assert shown == set(functions.NAMES)


def test_every_directive_policy_and_key_is_on_the_page() -> None:
    from gateway.mapping.ir import POLICIES
    from gateway.mapping.yaml_front import FRAGMENT_KEYS, MAPPING_KEYS, SOURCE_KEYS
    from gateway.mapping.yaml_template import DIRECTIVES

    for directive in DIRECTIVES:
        assert f"{{% {directive}" in PAGE
    for word in (*POLICIES, *MAPPING_KEYS, *SOURCE_KEYS, *FRAGMENT_KEYS):
        assert f"`{word}" in PAGE or f"{word}:" in PAGE, word


def test_a_requirement_of_the_first_example_holds(tmp_path: Path) -> None:
    """The page's first mapping refuses a message without a bed, with the words it says."""
    text = next(text for kind, name, text in EXAMPLES if kind == "mapping" and "A20" in name)
    library = written(tmp_path, "", head=text.replace("A20'", "A31'"))
    message = SAMPLE.replace("\n", "\r")

    assert [r["resourceType"] for r, _, _ in mapped(library, message).resources] == ["Location"]
    with pytest.raises(MappingFailed, match="the message names no bed"):
        mapped(library, message.replace("NPU|3B^312^1", "NPU|3B^312^"))
    assert HEAD
