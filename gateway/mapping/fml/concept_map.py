"""`conceptmap "#id" { prefix s = "…" … s:code == t:code }`: a ConceptMap inside a map, as R4 contains it.

http://hl7.org/fhir/R4/mapping-language.html#conceptmap
"""

from typing import Any

from gateway.mapping.fml.cursor import Cursor, Wrong
from gateway.mapping.fml.model import Model, id_of
from gateway.mapping.spans import suggestion

EQUIVALENCES = {
    "-": "relatedto", "==": "equal", "=": "equivalent", "~": "equivalent", "!=": "disjoint", "--": "unmatched",
    "<=": "subsumes", ">=": "specializes", "<-": "wider", ">-": "narrower", "!~": "inexact",
}  # fmt: skip
"""http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html"""
_UNMAPPED = ("provided", "fixed", "other-map")


def read(cursor: Cursor, made: Model) -> dict[str, Any]:
    """Return the ConceptMap whose word `conceptmap` was taken. Raises Wrong."""
    first = cursor.token
    url = cursor.string('the name of a ConceptMap, such as "#status",')
    cursor.expect("{")
    reader = _Reader(cursor)
    while not cursor.take("}"):
        reader.line()
    own = url.rpartition("/")[2].rpartition("#")[2]
    map_: dict[str, Any] = {"resourceType": "ConceptMap", "id": id_of(own), "url": url, "status": "draft"}
    return made.mark(map_ | {"group": list(reader.groups.values())}, first.span)


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.prefixes: dict[str, str] = {}
        self.unmapped: dict[str, dict[str, Any]] = {}
        self.groups: dict[tuple[str, str], dict[str, Any]] = {}

    def line(self) -> None:
        cursor = self.cursor
        if cursor.here("prefix") and cursor.ahead(2).text == "=":
            cursor.next()
            name = cursor.name("a prefix")
            cursor.expect("=")
            self.prefixes[name] = cursor.string("the url of a code system")
        elif cursor.here("unmapped", "unmatched") and cursor.ahead(1).text == "for":
            self.note_unmapped()
        else:
            self.row()
        cursor.take(";")

    def note_unmapped(self) -> None:
        cursor = self.cursor
        cursor.next()
        cursor.next()
        system = self.system()
        cursor.expect("=")
        token = cursor.next()
        mode = token.value
        if mode not in _UNMAPPED:
            raise Wrong(token.span, f"unmapped codes are {', '.join(_UNMAPPED)}{suggestion(mode, _UNMAPPED)}")
        rule = {"mode": mode}
        if mode == "fixed":
            rule["code"] = self.code()
        self.unmapped[system] = rule
        for (source, _), group in self.groups.items():
            if source == system:
                group["unmapped"] = rule

    def row(self) -> None:
        cursor = self.cursor
        source = self.system()
        cursor.expect(":")
        code = self.code()
        token = cursor.next()
        equivalence = EQUIVALENCES.get(token.text)
        if equivalence is None:
            raise Wrong(token.span, f"'{token.text}' is no relation between codes: {' '.join(EQUIVALENCES)}")
        target: dict[str, Any] = {"equivalence": equivalence}
        system = self._only_target()
        if not (equivalence == "unmatched" and cursor.ahead(1).text != ":") and not cursor.here("}"):
            system = self.system()
            cursor.expect(":")
            target = {"code": self.code()} | target
        group = self.group(source, system)
        group["element"].append({"code": code, "target": [target]})

    def _only_target(self) -> str:
        return next((target for _, target in self.groups), "")

    def group(self, source: str, target: str) -> dict[str, Any]:
        if (source, target) not in self.groups:
            systems = {"source": source} | ({"target": target} if target else {})
            self.groups[source, target] = {**systems, "element": []}
            if source in self.unmapped:
                self.groups[source, target]["unmapped"] = self.unmapped[source]
        return self.groups[source, target]

    def system(self) -> str:
        token = self.cursor.token
        prefix = self.cursor.name("a prefix")
        if prefix not in self.prefixes:
            raise Wrong(token.span, f"no prefix '{prefix}' was declared{suggestion(prefix, self.prefixes)}")
        return self.prefixes[prefix]

    def code(self) -> str:
        token = self.cursor.next()
        if token.kind not in {"text", "name", "number", "quoted"}:
            raise Wrong(token.span, f"a code must stand here, not '{token.text}'")
        return token.value
