"""The rules of a group: sources, targets, transforms, and what they lead on to."""

from typing import Any

from gateway.mapping.fml.cursor import Cursor, Wrong
from gateway.mapping.fml.filling import Filling, inside
from gateway.mapping.fml.lexer import Token
from gateway.mapping.fml.model import DEFAULT, SIMPLE, Model, id_of

SOURCE_MODES = ("first", "not_first", "last", "not_last", "only_one")
_CLAUSES = ("default", "as", "where", "check", "log", "then")
MAX_DEPTH = 30
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Rules(Filling):
    """Reads rules into a StructureMap."""

    def __init__(self, cursor: Cursor, made: Model) -> None:
        super().__init__(cursor, made)
        self.depth = 0

    def block(self) -> list[dict[str, Any]]:
        """Return the rules up to the closing brace, which is taken. A rule that is wrong is reported and left out."""
        cursor, found = self.cursor, []
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Wrong(cursor.token.span, f"rules stand in rules more than {MAX_DEPTH} deep")
        while not cursor.take("}"):
            if cursor.token.kind == "end":
                raise Wrong(cursor.token.span, "'}' is missing: the group or rule does not end")
            try:
                found += self.rule()
            except Wrong as wrong:
                cursor.report(wrong)
                self._behind()
        self.depth -= 1
        for number, rule in enumerate(found, 1):
            rule.setdefault("name", f"rule-{number}")
            _name_first(rule)
        return found

    def _behind(self) -> None:
        """Go behind the rule that is wrong: its semicolon, or before the brace that closes the group."""
        cursor, depth = self.cursor, 0
        while cursor.token.kind != "end":
            text = cursor.token.text if cursor.token.kind == "mark" else ""
            if text == "}" and depth == 0:
                return
            depth += (text in {"{", "("}) - (text in {"}", ")"})
            cursor.at += 1
            if text == ";" and depth <= 0:
                return

    def rule(self) -> list[dict[str, Any]]:
        """Return one rule (several for `src -> tgt : a, b`)."""
        cursor = self.cursor
        first, said = cursor.token, [comment.text for comment in cursor.token.comments]
        sources = [self.source()]
        while cursor.take(","):
            sources.append(self.source())
        targets: list[dict[str, Any]] = []
        if cursor.take("->"):
            targets = [self.target()]
            if cursor.here(":"):
                return self._same(sources[0], targets[0])
            while cursor.take(","):
                targets.append(self.target())
        rule: dict[str, Any] = {"source": sources}
        if targets:
            rule["target"] = targets
        if cursor.take("then"):
            self.then(rule)
        if cursor.token.kind in {"text", "name"} and not cursor.here("then"):
            rule["name"] = id_of(cursor.next().value)
        cursor.expect(";", _CLAUSES)
        if said:
            rule["documentation"] = " ".join(said)
        self._simple(rule)
        return [self.made.mark(rule, first.span)]

    def _simple(self, rule: dict[str, Any]) -> None:
        """Make `src.a -> tgt.b` what HL7's tools make of it: both sides named, the target created."""
        if len(rule["source"]) != 1 or len(rule.get("target", ())) != 1 or "rule" in rule or "dependent" in rule:
            return
        source, target = rule["source"][0], rule["target"][0]
        plain = "element" in source and "element" in target and "transform" not in target
        if plain and "variable" not in source and "variable" not in target:
            source["variable"] = target["variable"] = SIMPLE
            target["transform"] = "create"

    def _same(self, source: dict[str, Any], target: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rules of `src -> tgt : a, b;`: elements of the same name on both sides."""
        made = []
        self.cursor.expect(":")
        while True:
            place = self.cursor.token.span
            name = self.cursor.name("an element")
            one = {"context": source["context"], "element": name, "variable": SIMPLE}
            other = {**target, "contextType": "variable", "element": name, "variable": SIMPLE, "transform": "create"}
            made.append(self.made.mark({"name": id_of(name), "source": [one], "target": [other]}, place))
            if not self.cursor.take(","):
                break
        self.cursor.expect(";")
        return made

    # ---- sources

    def source(self) -> dict[str, Any]:
        """Return one source."""
        cursor = self.cursor
        first = cursor.token
        context, element = self.path("a variable")
        made: dict[str, Any] = {"context": context} | ({"element": element} if element else {})
        if cursor.here(":") and cursor.ahead(1).kind in {"name", "quoted"}:
            cursor.next()
            made["type"] = cursor.name("a type")
        if cursor.token.kind == "number" and cursor.ahead(1).text == "..":
            made["min"] = int(cursor.next().text)
            cursor.next()
            made["max"] = cursor.next().text
        self.clauses(made)
        return self.made.mark(made, first.span)

    def clauses(self, made: dict[str, Any]) -> None:
        """Read what may follow a source, in any order."""
        cursor = self.cursor
        while True:
            if cursor.take("default"):
                self.default(made)
            elif cursor.here(*SOURCE_MODES):
                made["listMode"] = cursor.next().text
            elif cursor.take("as"):
                made["variable"] = cursor.name("the name of a variable")
            elif cursor.take("where"):
                self.clause(made, "condition", "->", "check", "log", "then", ",", ";")
            elif cursor.take("check"):
                self.clause(made, "check", "->", "log", "then", ",", ";")
            elif cursor.take("log"):
                self.clause(made, "logMessage", "->", "then", ",", ";")
            else:
                return

    def default(self, made: dict[str, Any]) -> None:
        """Read a default: a text, or an expression in parentheses."""
        if self.cursor.token.kind == "text":
            made["defaultValueString"] = self.cursor.next().value
            return
        expression, _ = self.cursor.parenthesis()
        made["extension"] = [{"url": DEFAULT, "valueString": expression}]

    def clause(self, made: dict[str, Any], key: str, *ends: str) -> None:
        """Read the expression of where, check or log; parentheses around the whole of it belong to FML."""
        cursor = self.cursor
        behind = self._behind_parenthesis() if cursor.here("(") else cursor.token
        if cursor.here("(") and (behind.kind == "text" or behind.text in {*ends, "as", *SOURCE_MODES}):
            text, span = cursor.parenthesis()
        else:
            text, span = cursor.expression(ends)
        made[key] = text.strip()
        self.made.mark_in(made, key, inside(span, text))

    def _behind_parenthesis(self) -> Token:
        """Return what stands behind the parenthesis that opens here."""
        depth, steps = 0, 0
        while True:
            token = self.cursor.ahead(steps)
            depth += (token.text in _OPENING) - (token.text in _CLOSING) if token.kind == "mark" else 0
            steps += 1
            if depth == 0 or token.kind == "end":
                return self.cursor.ahead(steps)

    # ---- what follows

    def then(self, rule: dict[str, Any]) -> None:
        """Read `then { rules }` or `then group(a, b), … { rules }`."""
        cursor = self.cursor
        if not cursor.here("{"):
            rule["dependent"] = [self.dependent()]
            while cursor.take(","):
                rule["dependent"].append(self.dependent())
        if cursor.take("{"):
            rule["rule"] = self.block()

    def dependent(self) -> dict[str, Any]:
        """Return the call of a group."""
        cursor, first = self.cursor, self.cursor.token
        made: dict[str, Any] = {"name": id_of(cursor.name("the name of a group, or '{',")), "variable": []}
        cursor.expect("(")
        while not cursor.here(")"):
            made["variable"].append(cursor.name("a variable"))
            if not cursor.take(","):
                break
        cursor.expect(")")
        return self.made.mark(made, first.span)


def _name_first(rule: dict[str, Any]) -> None:
    """Put the name of a rule first, the rule itself staying what it is."""
    named = {"name": rule["name"], **rule}
    rule.clear()
    rule.update(named)
