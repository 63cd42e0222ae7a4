"""Expressions inside code that somebody else generates."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gateway.fhirpath import RUNTIME, Code, FhirPathError, Invocation, Scope, ast, compile, condition, generate, parse  # noqa: A004 -- as re.compile

TEXT = "System.String"


class Message(Scope):
    """A message as a dict of lists: `PID-3.1` is m['PID'][2][0]; `bed` is a variable; `twice(x)` a function."""

    def identifier(self, name: str) -> Code | None:
        known = {"bed": Code("bed", type=TEXT), "pieces": Code("pieces", many=True, type=TEXT)}
        return known.get(name)

    def constant(self, name: str) -> Code | None:
        return Code("received", type="System.DateTime") if name == "now" else None

    def function(self, name: str) -> Callable[[Invocation], Code] | None:
        return self._twice if name == "twice" else None

    def _twice(self, call: Invocation) -> Code:
        argument = call.receiver() or call.arguments[0].code()
        return Code(f"({argument.text} or '') * 2", type=TEXT, constants=argument.constants)

    def is_source(self, name: str) -> bool:
        return name == "segment"

    def source(self, node: ast.SourcePath) -> Code | None:
        if node.column:
            return Code(f"record.get({node.column!r})", type=TEXT)
        if node.base != "PID":
            return None
        many = node.component is None
        text = f"m['PID'][{(node.field or 1) - 1}]"
        return Code(text if many else f"{text}[{(node.component or 1) - 1}]", many=many, type=TEXT)

    def step(self, code: Code, node: ast.SourceStep) -> Code | None:
        return Code(f"at({code.text}, {node.numbers})", type=TEXT)

    def names(self) -> Iterable[str]:
        return ("bed", "pieces", "twice", "PID")


def run(text: str, *, json: bool = True, **names: Any) -> Any:
    scope = Message()
    code = generate(parse(text, source_paths=True, is_source=scope.is_source), scope, json=json)
    made: dict[str, Any] = {}
    lines = [f"{name} = {source}" for name, source in code.constants]
    arguments = ", ".join(names)
    exec("\n".join([*lines, f"def rule({arguments}):", f"    return {code.text}"]), {**RUNTIME, **_HELPERS}, made)
    scope_names = {**RUNTIME, **_HELPERS, **made}
    exec("\n".join([*lines, f"def rule({arguments}):", f"    return {code.text}"]), scope_names)
    return scope_names["rule"](**names)


_HELPERS = {"at": lambda value, numbers: value.split("^")[numbers[0] - 1] if value else None}
MESSAGE = {"PID": [["1"], [], ["999900006^^^NLMINBIZA", "P1^^^ZKH"]]}


def test_a_source_path_is_what_the_scope_writes() -> None:
    assert run("PID-3.1", m=MESSAGE) == "999900006^^^NLMINBIZA"
    assert run("record['Per wanneer'] & '!'", record={"Per wanneer": "nu"}) == "nu!"


def test_numeric_steps_apply_to_each_piece() -> None:
    assert run("PID-3.where($this.4 = 'NLMINBIZA').select($this.1)", m=MESSAGE) == ["999900006"]
    assert run("PID-3.4", m={"PID": [[], [], ["a", "b", "c", "d"]]}) == "d"
    assert run("pieces.1", pieces=["a^b", "c"]) == ["a", "c"]


def test_names_and_functions_of_the_scope() -> None:
    assert run("twice(bed & '-')", bed="3") == "3-3-"
    assert run("bed.twice()", bed="3") == "33"
    assert run("bed.exists()", bed=None) is False


def test_the_clock_is_the_scope_s() -> None:
    received = compile("@2026-01-05T10:30:00Z").typed(None)[0]
    assert run("now() + 1 hour", received=received) == "2026-01-05T11:30:00Z"
    assert run("today()", received=received) == "2026-01-05"


def test_values_to_go_on_with_keep_their_type() -> None:
    found = run("'2026-01-05'.toDate()", json=False)
    assert type(found).__name__ == "Date"
    assert run("'2026-01-05'.toDate()") == "2026-01-05"


def test_constants_have_names_of_their_content() -> None:
    first = generate(parse("1.5 + 4 days.value"), Message())
    second = generate(parse("1.5"), Message())
    assert set(second.constants) <= set(first.constants)
    assert all(name.startswith("FP_") for name, _ in first.constants)


def test_code_may_stand_in_a_comprehension_s_iterable() -> None:
    code = generate(parse("pieces.where($this = 'a' or $this.startsWith('b')).first()"), Message())
    assert ":=" not in code.text
    assert eval(f"[x for x in [{code.text}]]", {**RUNTIME, "pieces": ["c", "ba"]}) == ["ba"]


@pytest.mark.parametrize(("bed", "wanted"), [("C2", True), ("C3", False), (None, False)])
def test_a_condition_is_true_or_not(bed: str | None, wanted: bool) -> None:
    code = condition(parse("bed.startsWith('C') and bed != 'C3'"), Message())
    assert bool(eval(code.text, {**RUNTIME, "bed": bed})) is wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bde", "no name 'bde'; did you mean 'bed'?"),
        ("twise(1)", "no function 'twise'; did you mean 'twice'?"),
        ("EVN-2", "there is no such source here"),
        ("%provider", "no constant '%provider'"),
    ],
)
def test_what_the_scope_does_not_know(text: str, words: str) -> None:
    with pytest.raises(FhirPathError) as raised:
        generate(parse(text, source_paths=True), Message())
    assert words in str(raised.value)
    assert raised.value.position == 0


def test_names_of_ours_are_recognisable() -> None:
    code = generate(parse("pieces.where(length() > 1).select($this & 'x')"), Message())
    names = set(compile_names(code.text)) - {"pieces"}
    assert all(name.startswith(("_", "fp_", "FP_")) for name in names), names


def compile_names(text: str) -> Iterable[str]:
    import ast as python

    return [n.id for n in python.walk(python.parse(text, mode="eval")) if isinstance(n, python.Name)]
