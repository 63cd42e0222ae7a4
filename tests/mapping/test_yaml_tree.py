"""YAML as its authors mean it, with a place for everything, and no file that can harm."""

from decimal import Decimal
from pathlib import Path

import pytest

from gateway.mapping import yaml_tree
from gateway.mapping.library import Library
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_tree import Mapping, Scalar, Sequence


def scalar(text: str) -> object:
    found = yaml_tree.read(text, "f.yaml", Problems())
    assert isinstance(found, Scalar)
    return found.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("1", 1),
        ("-1.50", Decimal("-1.50")),
        ("1e3", Decimal("1E3")),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("010", "010"),
        ("12:30", "12:30"),
        ("2026-01-05", "2026-01-05"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        (".5", ".5"),
        ("True", "True"),
        ('"true"', "true"),
        ("'1'", "1"),
        ("~x", "~x"),
    ],
)
def test_only_the_scalars_of_json_are_typed(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_everything_knows_its_line_and_column() -> None:
    root = yaml_tree.read("a: 1\nb:\n  - c\n  - {d: 'e'}\n", "f.yaml", Problems())

    assert isinstance(root, Mapping)
    items = root.get("b")
    assert isinstance(items, Sequence)
    inner = items.items[1]
    assert isinstance(inner, Mapping)
    (key, value) = inner.pairs[0]
    assert (key.span.exact, value.span.exact) == ("f.yaml:4:6", "f.yaml:4:9")
    assert isinstance(value, Scalar)
    assert value.content.exact == "f.yaml:4:10"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("a: 1\na: 2", "the key 'a' stands here twice"),
        ("? [x]\n: 1", "a key must be text"),
        ("a: !!python/object:os.system x", None),
        ("\x00", "not YAML"),
        ("a: &x [*x]", "nested deeper than 40"),
        ("[" * 50 + "]" * 50, "nested deeper than 40"),
    ],
)
def test_what_is_wrong_is_a_complaint_and_nothing_is_run(text: str, said: str | None) -> None:
    problems = Problems()
    yaml_tree.read(text, "f.yaml", problems)

    assert (said is None and not problems.issues) or any(said in i.diagnostics for i in problems.issues if said)


def test_aliases_of_aliases_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    problems = Problems()
    yaml_tree.read("\n".join(lines), "f.yaml", problems)

    assert any("stands for too much" in issue.diagnostics for issue in problems.issues)


def test_a_file_that_is_not_utf8_is_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "hl7v2" / "x" / "mapping.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"title: caf\xe9\n")

    issues = Library.read([tmp_path]).problems.issues

    assert issues[0].diagnostics == "not UTF-8: byte 10"
