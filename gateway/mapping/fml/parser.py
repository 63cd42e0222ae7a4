"""FML text to a StructureMap (R4 JSON) in which every part knows its place.

Read are the texts of R4 and R5, and what the mapping language's own guide adds: metadata lines, `let`, embedded
ConceptMaps, `src -> tgt : a, b`. What R4's StructureMap has no element for stands in R5's cross-version extensions.
http://hl7.org/fhir/R4/mapping-language.html, http://hl7.org/fhir/R5/mapping-language.html
"""

from collections.abc import Callable
from typing import Any

from gateway.mapping.fml import concept_map
from gateway.mapping.fml.cursor import Cursor, Wrong
from gateway.mapping.fml.lexer import tokens
from gateway.mapping.fml.model import CONSTANT, Model, id_of
from gateway.mapping.fml.rules import Rules
from gateway.mapping.spans import Problems, suggestion

_MODES = ("source", "queried", "target", "produced")
_DECLARATIONS = ("map", "uses", "imports", "conceptmap", "let", "group")
_TYPE_MODES = {"types": "types", "type+": "type-and-types"}
_METADATA = ("url", "identifier", "version", "name", "title", "status", "experimental", "date", "publisher",
             "description", "purpose", "copyright", "jurisdiction", "language", "id", "contact")  # fmt: skip


def read(text: str, file: str, problems: Problems) -> Model:
    """Return the StructureMap that FML text says; all that is wrong, with line and column, goes to `problems`."""
    return _Parser(text, file, problems).model()


class _Parser:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.cursor = Cursor(text, tokens(text, file, problems), problems)
        self.made = Model({"resourceType": "StructureMap", "status": "draft"}, file)
        self.rules = Rules(self.cursor, self.made)
        self.map = self.made.resource
        self.declarations: dict[str, Callable[[], None]] = {
            "map": self.header, "uses": self.uses, "imports": self.imports, "conceptmap": self.concept_map,
            "let": self.constant, "group": self.group,
        }  # fmt: skip

    def model(self) -> Model:
        cursor = self.cursor
        while cursor.token.kind != "end":
            begun = cursor.at
            try:
                self.declaration()
            except Wrong as wrong:
                cursor.report(wrong)
                cursor.at = max(cursor.at, begun + 1)
                cursor.skip(_DECLARATIONS)
        if not self.map.get("group"):
            cursor.problems.add(cursor.token.span, "a map has at least one group")
        self._complete()
        return self.made

    def _complete(self) -> None:
        last = str(self.map.get("url", "")).rpartition("/")[2]
        self.map.setdefault("url", f"urn:map:{self.made.file}")
        self.map.setdefault("name", last or self.made.file.rpartition("/")[2].partition(".")[0])
        self.made.mark(self.map, self.made.start)

    def declaration(self) -> None:
        token = self.cursor.token
        if token.kind == "meta":
            self.metadata()
            return
        read_ = self.declarations.get(token.text)
        if read_ is None:
            hint = suggestion(token.text, _DECLARATIONS)
            raise Wrong(
                token.span, f"a declaration ({', '.join(_DECLARATIONS)}) must stand here, not '{token.text}'{hint}"
            )
        self.cursor.next()
        read_()

    def header(self) -> None:
        cursor = self.cursor
        self.map["url"] = cursor.string("the url of the map")
        cursor.expect("=")
        name = cursor.next()
        self.map["name"] = name.value

    def metadata(self) -> None:
        token = self.cursor.next()
        name, equals, value = token.text[3:].partition("=")
        key = name.strip()
        if not equals or not key:
            raise Wrong(token.span, "a metadata line is written /// name = 'value'")
        if key.split(".")[0].split("[")[0] not in _METADATA:
            raise Wrong(token.span, f"StructureMap has no element '{key}' to set here{suggestion(key, _METADATA)}")
        self._set(key, value.strip())

    def _set(self, key: str, written: str) -> None:
        quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
        value: Any = written[1:-1] if quoted else {"true": True, "false": False}.get(written, written)
        if value in {"", "{}"}:  # a map may take a value away
            self.map.pop(key, None)
        elif "." not in key and key not in {"identifier", "jurisdiction", "contact"}:
            self.map[key] = value

    def uses(self) -> None:
        cursor, first = self.cursor, self.cursor.token
        made: dict[str, Any] = {"url": cursor.string("the url of a structure")}
        if cursor.take("alias"):
            made["alias"] = cursor.name("an alias")
        cursor.expect("as")
        made_mode = cursor.next()
        if made_mode.text not in _MODES:
            raise Wrong(made_mode.span, f"'as' is followed by {', '.join(_MODES)}{suggestion(made_mode.text, _MODES)}")
        ordered = {"url": made.pop("url"), "mode": made_mode.text, **made}
        said = [comment.text for comment in cursor.token.comments if comment.line == made_mode.span.line]
        if said:
            ordered["documentation"] = " ".join(said)
        cursor.take(";")
        self.map.setdefault("structure", []).append(self.made.mark(ordered, first.span))

    def imports(self) -> None:
        self.map.setdefault("import", []).append(self.cursor.string("the url of a map"))
        self.cursor.take(";")

    def constant(self) -> None:
        cursor = self.cursor
        name = cursor.name("the name of a constant")
        cursor.expect("=")
        expression, _ = cursor.expression((";",))
        cursor.expect(";")
        parts = [{"url": "name", "valueId": name}, {"url": "value", "valueString": expression}]
        self.map.setdefault("extension", []).append({"url": CONSTANT, "extension": parts})

    def concept_map(self) -> None:
        made = concept_map.read(self.cursor, self.made)
        self.map.setdefault("contained", []).append(made)

    def group(self) -> None:
        cursor, first = self.cursor, self.cursor.token
        above = cursor.tokens[cursor.at - 2].span.line if cursor.at > 1 else 0
        said = " ".join(comment.text for comment in cursor.before.comments if comment.line > above)
        made: dict[str, Any] = {"name": id_of(cursor.name("the name of the group"))}
        self.made.mark(made, first.span)
        inputs = self.parameters()
        if cursor.take("extends"):
            made["extends"] = id_of(cursor.name("the name of a group"))
        made["typeMode"] = self.type_mode()
        if cursor.take("extends"):
            made["extends"] = id_of(cursor.name("the name of a group"))
        made |= ({"documentation": said} if said else {}) | {"input": inputs}
        cursor.expect("{")
        made["rule"] = self.rules.block()
        self.map.setdefault("group", []).append(made)

    def type_mode(self) -> str:
        cursor = self.cursor
        if not cursor.take("<<"):
            return "none"
        token = cursor.next()
        word = token.text + ("+" if cursor.take("+") else "")
        if word not in _TYPE_MODES:
            raise Wrong(
                token.span, f"'<<{word}>>' is no type mode{suggestion(word, _TYPE_MODES) or ': types or type+'}"
            )
        cursor.expect(">>")
        return _TYPE_MODES[word]

    def parameters(self) -> list[dict[str, Any]]:
        cursor = self.cursor
        cursor.expect("(")
        made: list[dict[str, Any]] = []
        while True:
            mode = cursor.next()
            if mode.text not in {"source", "target"}:
                hint = suggestion(mode.text, ("source", "target"))
                raise Wrong(mode.span, f"a parameter begins with source or target, not '{mode.text}'{hint}")
            one: dict[str, Any] = {"name": cursor.name("the name of a parameter")}
            if cursor.take(":"):
                one["type"] = cursor.name("a type")
            made.append(self.made.mark(one | {"mode": mode.text}, mode.span))
            if not cursor.take(","):
                break
        cursor.expect(")")
        return made
