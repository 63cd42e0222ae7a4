"""What the tree says of an expression: precedence, places, and the paths of source messages."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gateway.fhirpath import FhirPathError, ast, parse
from gateway.fhirpath.values import Date, DateTime, Quantity, Time


def shape(node: Any) -> str:  # noqa: PLR0911 -- a case a kind of node
    """The tree with every operator's operands in brackets."""
    match node:
        case ast.Binary():
            return f"({shape(node.left)} {node.operator} {shape(node.right)})"
        case ast.Unary():
            return f"({node.operator}{shape(node.operand)})"
        case ast.TypeTest():
            return f"({shape(node.operand)} {node.operator} {node.type})"
        case ast.Member():
            return f"{shape(node.base)}.{node.name}"
        case ast.Call():
            base = f"{shape(node.base)}." if node.base else ""
            return f"{base}{node.name}({', '.join(map(shape, node.arguments))})"
        case ast.Index():
            return f"{shape(node.base)}[{shape(node.index)}]"
        case ast.Literal():
            return str(node.value)
        case ast.Identifier() | ast.Constant():
            return node.name
        case ast.Special():
            return f"${node.name}"
    return type(node).__name__


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("-a.b", "(-a.b)"),
        ("- a[0].b() + 1", "((-a[0].b()) + 1)"),
        ("a or b and c", "(a or (b and c))"),
        ("a implies b or c", "(a implies (b or c))"),
        ("a xor b and c implies d", "((a xor (b and c)) implies d)"),
        ("a = b in c", "((a = b) in c)"),
        ("a < b = c > d", "((a < b) = (c > d))"),
        ("a | b < c", "((a | b) < c)"),
        ("a is X | b", "((a is X) | b)"),
        ("a + b is System.X", "((a + b) is System.X)"),
        ("a & b | c", "((a & b) | c)"),
        ("contains.contains contains 'x'", "(contains.contains contains x)"),
        ("a.is(X) and a.as(FHIR.X).is.as", "(a.is(X) and a.as(FHIR.X).is.as)"),
        ("`div`.`a b`", "div.a b"),
        ("$this.where($index > $total)", "$this.where(($index > $total))"),
        ("a /* between */ . // after\n b", "a.b"),
    ],
)
def test_precedence(text: str, wanted: str) -> None:
    assert shape(parse(text)) == wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.50", Decimal("1.50")),
        ("true", True),
        ("'a\\'b\\u0041\\n'", "a'bA\n"),
        ("@2026", Date((2026,))),
        ("@2026-01-05", Date((2026, 1, 5))),
        ("@2026T", DateTime((2026,))),
        ("@2026-01-05T10:30:00.5+01:00", DateTime((2026, 1, 5, 10, 30, Decimal("0.5")), 60)),
        ("@2026-01-05T10Z", DateTime((2026, 1, 5, 10), 0)),
        ("@T10:30", Time((10, 30))),
        ("4 days", Quantity(4, "days", calendar=True)),
        ("1.5 'mg'", Quantity(Decimal("1.5"), "mg")),
    ],
)
def test_literals(text: str, value: object) -> None:
    node = parse(text)
    assert isinstance(node, ast.Literal)
    assert (node.value, type(node.value)) == (value, type(value))
    assert (node.start, node.end) == (0, len(text))


def test_every_node_knows_its_characters() -> None:
    text = "name.where(use = 'x' and given[0].exists())"
    written = {type(n).__name__ + ":" + text[n.start : n.end] for n in ast.walk(parse(text))}
    assert written >= {
        "Binary:use = 'x'",
        "Literal:'x'",
        "Index:given[0]",
        "Call:given[0].exists()",
        "Identifier:name",
        f"Call:{text}",
    }


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("name.", 5, "a name is missing before the end"),
        ("name where", 5, "unexpected 'where'"),
        ("name adn use", 5, "did you mean 'and'?"),
        ("(1 + 2", 6, "')' is missing before the end"),
        ("a.b(1 2)", 6, "',' is missing before '2'"),
        ("1 + ", 4, "an expression is missing before the end"),
        ("and 1", 0, "an expression is missing before 'and'"),
        ("'abc", 0, "the text does not end"),
        ("1 /* x", 2, "the comment does not end"),
        ("a # b", 2, "does not belong in an expression"),
        ("'a\\q'", 2, "no escape \\q"),
        ("@2026-13", 0, "no such date"),
        ("@2026-02-30", 0, "no such date"),
        ("@T25", 0, "no such date or time"),
        ("a.$this", 2, "a name must follow the dot"),
        ("", 0, "an expression is missing"),
        ("{ 1 }", 2, "'}' is missing"),
        ("(" * 100 + "1" + ")" * 100, 60, "nested deeper than 60"),
    ],
)
def test_errors_say_where(text: str, position: int, words: str) -> None:
    with pytest.raises(FhirPathError) as raised:
        parse(text)
    assert raised.value.position == position
    assert words in str(raised.value)


def test_an_endless_expression_is_refused() -> None:
    with pytest.raises(FhirPathError, match="longer than"):
        parse("1" * 30_000)


def path(base: str, *numbers: int | None, **named: Any) -> ast.SourcePath:
    names = ("occurrence", "field", "repetition", "component", "subcomponent")
    given: dict[str, Any] = dict(zip(names, numbers, strict=False))
    return ast.SourcePath(base, **given, **named)


def bare(node: ast.Node) -> ast.Node:
    """The node with offsets zeroed."""
    below: dict[str, Any] = {n: getattr(node, n) for n in node.__dataclass_fields__}
    changed: dict[str, Any] = {n: 0 if n in _OFFSETS else bare(v) for n, v in below.items() if _changes(n, v)}
    return replace(node, **changed)


_OFFSETS = {"start", "end", "at"}


def _changes(name: str, value: Any) -> bool:
    return name in _OFFSETS or isinstance(value, ast.Node)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PID-3", path("PID", None, 3)),
        ("PID-3[2].1", path("PID", None, 3, 2, 1)),
        ("PID-5.1.2", path("PID", None, 5, None, 1, 2)),
        ("OBX[3]-5", path("OBX", 3, 5)),
        ("OBX[3]", path("OBX", 3)),
        ("ZB1-2", path("ZB1", None, 2)),
        ("NAD(HP)-2.1", path("NAD", None, 2, None, 1, qualifier="HP")),
        ("x-5.1", path("x", None, 5, None, 1)),
        ("record.Vrij", path("record", column="Vrij")),
        ("record['Per wanneer']", path("record", column="Per wanneer")),
        ("x.kolom", path("x", column="kolom")),
        ("$this.4.1", ast.SourceStep(ast.Special("this"), (4, 1))),
        ("$this.3[2].1", ast.SourceStep(ast.Special("this"), (3, 1), 2)),
        ("x.4", ast.SourceStep(ast.Identifier("x"), (4,))),
        ("$this['a b']", ast.SourceStep(ast.Special("this"), column="a b")),
    ],
)
def test_source_paths(text: str, wanted: ast.Node) -> None:
    node = parse(text, source_paths=True, is_source=lambda name: name == "x")
    assert bare(node) == wanted
    assert (node.start, node.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PID - 3", "(PID - 3)"),
        ("bed-1", "(bed - 1)"),
        ("PID -3", "(PID - 3)"),
        ("$this-1", "($this - 1)"),
        ("9-1", "(9 - 1)"),
        ("a.PID-1", "(a.PID - 1)"),
        ("bed.exists()", "bed.exists()"),
    ],
)
def test_what_is_not_a_source_path(text: str, wanted: str) -> None:
    assert shape(parse(text, source_paths=True)) == wanted


def test_source_paths_stand_in_expressions() -> None:
    found = [
        text[n.start : n.end]
        for text in ["PID-3.where($this.4.1 = 'NLMINBIZA' and $this.5 = 'NNNLD').1 & '-' & MSH-9.2"]
        for n in ast.walk(parse(text, source_paths=True))
        if isinstance(n, ast.SourcePath | ast.SourceStep)
    ]
    assert found[1:] == ["PID-3", "$this.4.1", "$this.5", "MSH-9.2"]


def test_without_source_paths_the_same_text_is_arithmetic() -> None:
    assert shape(parse("PID-3")) == "(PID - 3)"
