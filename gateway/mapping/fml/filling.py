"""The targets of a rule as they are written: what is filled, and by which transform with which parameters."""

import re
from decimal import Decimal
from typing import Any

from gateway.mapping.fml.cursor import Cursor, Wrong
from gateway.mapping.fml.model import Model, id_of
from gateway.mapping.spans import Span, suggestion

TRANSFORMS = (
    "create", "copy", "truncate", "escape", "cast", "append", "translate", "reference", "dateOp", "uuid", "pointer",
    "evaluate", "cc", "c", "qty", "id", "cp", "toDateTime",
)  # fmt: skip
"""http://hl7.org/fhir/R4/valueset-map-transform.html, and toDateTime of the mapping language's guide."""
TARGET_MODES = {"first": "first", "share": "share", "last": "last", "single": "collate", "collate": "collate"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ORDER = ("context", "contextType", "element", "variable", "listMode", "listRuleId", "transform", "parameter")


class Filling:
    """Reads targets into a StructureMap."""

    def __init__(self, cursor: Cursor, made: Model) -> None:
        self.cursor = cursor
        self.made = made

    def target(self) -> dict[str, Any]:
        """Return one target."""
        cursor = self.cursor
        first = cursor.token
        made: dict[str, Any] = {}
        if cursor.here("(") or (first.kind == "name" and cursor.ahead(1).text == "("):
            made |= self.transform()
        else:
            context, element = self.path("a variable")
            made |= {"context": context, "contextType": "variable"} | ({"element": element} if element else {})
            if cursor.take("="):
                made |= self.transform()
        if cursor.take("as"):
            made["variable"] = cursor.name("the name of a variable")
        while cursor.here(*TARGET_MODES):
            mode = cursor.next().text
            made.setdefault("listMode", []).append(TARGET_MODES[mode])
            if mode == "share":
                made["listRuleId"] = id_of(cursor.name("the name that is shared"))
        return self.made.mark(_ordered(made), first.span)

    def transform(self) -> dict[str, Any]:
        """Return what makes the value: a literal, a variable, an expression, a named transform."""
        cursor, first = self.cursor, self.cursor.token
        if cursor.here("("):
            text, span = cursor.parenthesis()
            parameter = self.made.mark({"valueString": text.strip()}, inside(span, text))
            return {"transform": "evaluate", "parameter": [parameter]}
        literal = self.literal()
        if literal is not None:
            return {"transform": "copy", "parameter": [literal]}
        name = cursor.name("a value, a variable or a transform")
        if not cursor.here("("):
            if cursor.here("."):  # R5: tgt.a = src.b
                rest = "".join(f".{self._step()}" for _ in iter(lambda: cursor.take("."), None))
                parameter = self.made.mark({"valueString": f"{name}{rest}"}, first.span)
                return {"transform": "evaluate", "parameter": [parameter]}
            return {"transform": "copy", "parameter": [self.made.mark({"valueId": name}, first.span)]}
        if name not in TRANSFORMS:
            raise Wrong(first.span, f"there is no transform '{name}'{suggestion(name, TRANSFORMS)}")
        made: dict[str, Any] = {"transform": name}
        parameters = self.parameters(evaluates=name == "evaluate")
        if name == "toDateTime":  # a function of the guide; R4's code for it is dateOp
            made["transform"] = "dateOp"
        return made | ({"parameter": parameters} if parameters else {})

    def _step(self) -> str:
        token = self.cursor.token
        self.cursor.name("an element")
        return token.text

    def parameters(self, *, evaluates: bool) -> list[dict[str, Any]]:
        """Return the parameters of a transform."""
        cursor = self.cursor
        cursor.expect("(")
        made: list[dict[str, Any]] = []
        while not cursor.here(")"):
            made.append(self.parameter(expression=evaluates and bool(made)))
            if not cursor.take(","):
                break
        cursor.expect(")")
        return made

    def parameter(self, *, expression: bool) -> dict[str, Any]:
        """Return one parameter: a literal, a variable, or (of evaluate) an expression."""
        cursor, first = self.cursor, self.cursor.token
        ends = cursor.ahead(1).text in {",", ")"}
        if ends and not expression:
            literal = self.literal()
            return literal or self.made.mark({"valueId": cursor.name("a variable or a literal")}, first.span)
        if ends and first.kind == "text":
            return self.made.mark({"valueString": cursor.next().value}, first.span.shifted(1))
        if not expression:
            behind = cursor.ahead(1)
            raise Wrong(behind.span, f"',' or ')' is missing before '{behind.text}': (…) as x makes a variable")
        text, span = cursor.expression((",", ")"))
        return self.made.mark({"valueString": text.strip()}, span)

    def literal(self) -> dict[str, Any] | None:
        """Return a literal as a parameter, or None when none stands here."""
        cursor, first = self.cursor, self.cursor.token
        sign = "-" if cursor.here("-") and cursor.ahead(1).kind == "number" else ""
        if sign:
            cursor.next()
        token = cursor.token
        if token.kind in {"text", "long"}:
            made: dict[str, Any] = {"valueString": cursor.next().value}
        elif token.kind == "number":
            made = _number(sign + cursor.next().text)
        elif token.text in {"true", "false"} and token.kind == "name":
            made = {"valueBoolean": cursor.next().text == "true"}
        elif token.kind == "date":
            made = {"valueString": cursor.next().text.removeprefix("@")}
        else:
            return None
        return self.made.mark(made, first.span)

    def path(self, what: str) -> tuple[str, str | None]:
        """Return variable and element of `var`, `var.element`."""
        cursor = self.cursor
        context = cursor.name(what)
        steps: list[str] = []
        while cursor.take("."):
            steps.append(cursor.next().value if cursor.token.kind == "number" else cursor.name("an element"))
            if cursor.here("[") and cursor.ahead(1).text == "x":
                for _ in range(3):
                    cursor.next()
        return context, ".".join(steps) or None


def _number(text: str) -> dict[str, Any]:
    assert _NUMBER.fullmatch(text)
    return {"valueDecimal": Decimal(text)} if "." in text else {"valueInteger": int(text)}


def inside(span: Span, text: str) -> Span:
    """Return where a text begins, without the blanks before it."""
    lead = text[: len(text) - len(text.lstrip())]
    return span.shifted(len(lead)) if "\n" not in lead else span


def _ordered(target: dict[str, Any]) -> dict[str, Any]:
    return {key: target[key] for key in _ORDER if key in target}
