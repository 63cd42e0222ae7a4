"""A JSON Schema for each type, made from the R4 tables, that accepts only what is certainly right.

What it accepts needs no further look at its structure. What it refuses is read again by
`gateway.validation.structure`, which knows every rule and says what is wrong, so the schema leaves out
what a schema cannot say, or says only slowly: partner arrays (`_given`) and their nulls, contained
resources, references into them, extensions of rare types. Of capacity it also refuses what may be data of a
patient, for `gateway.validation.capacity` to look at. https://json-schema.org/draft/2020-12
"""

from itertools import combinations
from typing import Any

from gateway.fhir import elements
from gateway.fhir.elements import Element
from gateway.fhir.types import resource_types
from gateway.validation import invariants, patterns
from gateway.validation.capacity.plan import plan, table
from gateway.validation.shapes import Shape, shape

Schema = dict[str, Any]

# The types an extension's value is mostly of; with all 50 of them every schema would hold every datatype.
_VALUE_TYPES = """
boolean integer decimal string code uri url canonical id instant date dateTime time markdown positiveInt unsignedInt
base64Binary oid uuid Coding CodeableConcept Identifier Reference Period Quantity Range Money Duration Age
ContactPoint HumanName Address
"""
_EXTENSION_VALUES = frozenset(_VALUE_TYPES.split())
# A keyword of our own: to JSON Schema 1.0 is an integer, to FHIR it is not.
WHOLE_NUMBER = "wholeNumber"
# Another: the value breaks none of the invariants on this type or element.
INVARIANTS = "invariants"
# Another: of these properties (the types of a choice) at most one is there.
ONE_TYPE = "oneType"
_LONGEST_ID = 64
_FEW = 4  # up to so many types, plain JSON Schema is faster than a keyword written in Python

# Another: the start and the end of a Period are written alike, so that their texts can be compared.
IN_ORDER = "inOrder"

_NOT_AT_HOME: Schema = {"properties": {"use": {"not": {"const": "home"}}}}
# What makes the invariants of a type certain without asking them. A Period with only a start has nothing to compare.
_CERTAIN: dict[str, Schema] = {
    "Period": {"anyOf": [{"not": {"required": ["start", "end"]}}, {IN_ORDER: True}, {INVARIANTS: "Period"}]},
    "Quantity": {"dependentRequired": {"code": ["system"]}},
    "SimpleQuantity": {"dependentRequired": {"code": ["system"]}},
    "ContactPoint": {"dependentRequired": {"value": ["system"]}},
    "Attachment": {"dependentRequired": {"data": ["contentType"]}},
    "Organization.telecom": _NOT_AT_HOME,
    "Organization.address": _NOT_AT_HOME,
}
# Addresses and codes are ASCII as good as always, and classes of Unicode take longer.
_ASCII = {**dict.fromkeys(("uri", "url", "canonical", "elementId"), "[!-~]+"), "code": "[!-~]+(?: [!-~]+)*"}
_RESOURCE_IN_ENTRY = {"type": "integer"}  # the caller puts a number in the place of an entry's resource


def schema(resource_type: str) -> Schema:
    """Return the schema of a resource type, with the definitions it reaches under `$defs`."""
    writer = _Writer(is_capacity=resource_type in table().capacity)
    root = writer.object_(resource_type)
    writer.finish()
    root["properties"]["resourceType"] = {"const": resource_type}
    root["required"] = ["resourceType", *root.get("required", [])]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": writer.definitions}


class _Writer:
    """Writes definitions, each once, until everything that is referred to is there."""

    def __init__(self, *, is_capacity: bool) -> None:
        self.definitions: dict[str, Schema] = {}
        self._no_persons = table().persons if is_capacity else frozenset[str]()
        self._is_capacity = is_capacity
        self._wanted: list[tuple[str, str]] = []  # name of the definition, type

    def finish(self) -> None:
        """Write the definitions that are referred to and not there yet."""
        while self._wanted:
            name, type_name = self._wanted.pop()
            self.definitions[name] = self.object_(type_name)
            if type_name == "Identifier" and self._is_capacity:
                self.definitions[name]["properties"]["system"]["not"] = {"enum": sorted(table().bsn_systems)}

    def object_(self, type_name: str) -> Schema:
        """Return the schema of a type that is an object in JSON."""
        if type_name == "Extension":
            return self._extension()
        of_type = shape(type_name)
        written: Schema = {"type": "object", "minProperties": 1, "additionalProperties": False}
        written["properties"] = self._properties(of_type)
        if single := [element.name for element in of_type.required if not element.choice]:
            written["required"] = single
        at_least = [_at_least_one(element) for element in of_type.choices if element.required]
        certain = [] if type_name in resource_types() else _certain(type_name)
        at_most = [condition for element in of_type.choices for condition in _at_most_one(element)]
        if conditions := [*at_most, *at_least, *certain]:
            written["allOf"] = conditions
        return written

    def _extension(self) -> Schema:
        """Return the schema of an extension: `url` and either one value or nested extensions, so two properties."""
        values = {
            name: self._text("Extension", name, known.type) or self._typed(known.element, known.type)
            for name, known in shape("Extension").properties.items()
            if known.element.choice and known.type in _EXTENSION_VALUES
        }
        return {
            "type": "object",
            "minProperties": 2,
            "maxProperties": 2,
            "additionalProperties": False,
            "required": ["url"],
            "properties": {
                "url": self._ref("uri"),
                "extension": {"type": "array", "minItems": 1, "items": self._ref("Extension")},
                **values,
            },
        }

    def _properties(self, of_type: Shape) -> dict[str, Schema]:
        """Return every property of a type, with the `_` partners of primitives that do not repeat."""
        found: dict[str, Schema] = {}
        for name, known in of_type.properties.items():
            if known.type == "Resource":
                found |= {name: _RESOURCE_IN_ENTRY} if name == "resource" else {}
            elif (of_type.type, name) != ("SimpleQuantity", "comparator"):
                one = self._text(of_type.type, name, known.type) or self._typed(known.element, known.type)
                if known.path != known.type and invariants.rules(known.path):
                    one = {"allOf": [one, *_certain(known.path)]}
                found[name] = {"type": "array", "minItems": 1, "items": one} if known.element.is_list else one
                if known.has_partner and not known.element.is_list:
                    found["_" + name] = self._ref("Element")
        return found

    def _typed(self, element: Element, type_name: str) -> Schema:
        if type_name == "Reference":
            return self._reference(element.targets)
        if element.name == "id" and type_name == "string":
            return self._ref("elementId")
        if element.binding and (codes := self._bound(type_name, element.binding)):
            return codes
        return self._ref(element.profile or type_name)

    def _text(self, holder: str, name: str, type_name: str) -> Schema | None:
        """Return the schema of a text of capacity that is looked at for data of patients; None of anything else."""
        step = plan(holder).get(name) if self._is_capacity and type_name in {"string", "markdown"} else None
        if step is None and (holder, name, self._is_capacity) != ("Identifier", "value", True):
            return None
        is_prose = step is not None and step.look == "prose"
        short = f"{type_name}:{'prose' if is_prose else 'label'}"
        screen = table().wording.prose_screen if is_prose else table().wording.label_screen
        self.definitions.setdefault(short, _primitive(type_name) | {"not": {"pattern": screen}})
        return {"$ref": _pointer(short)}

    def _bound(self, type_name: str, value_set: str) -> Schema | None:
        """Return the schema of a coded element with a required binding, or None where it is left to `structure`."""
        short = f"{type_name}@{value_set.rpartition('/')[2]}"
        if short not in self.definitions:
            codings = elements.required_codings(value_set)
            if type_name == "code":
                codes = elements.required_codes(value_set)
                grammar = patterns.GRAMMARS.get(value_set)
                if codes is None and grammar is None:
                    return None
                self.definitions[short] = {"enum": sorted(codes)} if codes is not None else _pattern(str(grammar))
            elif type_name == "CodeableConcept" and codings is not None:
                self.definitions[short] = self._bound_concept(codings)
            else:
                return None
        return {"$ref": _pointer(short)}

    def _bound_concept(self, codings: Any) -> Schema:
        one_of_them = [
            {
                "properties": {"system": {"const": system}, "code": {"enum": sorted(codes)}},
                "required": ["system", "code"],
            }
            for system, codes in codings.items()
        ]
        return {
            "allOf": [self._ref("CodeableConcept")],
            "properties": {"coding": {"contains": {"anyOf": one_of_them}}},
            "required": ["coding"],
        }

    def _reference(self, targets: tuple[str, ...]) -> Schema:
        """Return the schema of a Reference to some types; one into a contained resource is left to `structure`."""
        if not self._no_persons.isdisjoint(targets):
            targets = tuple(target for target in targets if target not in self._no_persons)
        name = "Reference(" + "|".join(targets) + ")"
        if name not in self.definitions:
            self.definitions[name] = {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    "id": self._ref("elementId"),
                    "extension": {"type": "array", "minItems": 1, "items": self._ref("Extension")},
                    "reference": self._to(targets),
                    "identifier": self._ref("Identifier"),
                    "display": self._text("Reference", "display", "string") or self._ref("string"),
                },
            }
            if targets:  # without targets, a `type` is left to `structure`: it would have to be held against 146 types
                self.definitions[name]["properties"]["type"] = {"enum": list(targets)}
                self.definitions[name]["dependentSchemas"] = {"type": {"anyOf": [self._of_type(t) for t in targets]}}
        return {"$ref": _pointer(name)}

    def _to(self, targets: tuple[str, ...]) -> Schema:
        name = "to:" + "|".join(targets)
        targets = targets or tuple(sorted(resource_types() - self._no_persons))
        self.definitions.setdefault(name, {"anyOf": [_plain_reference(targets), _pattern(_reference_pattern(targets))]})
        return {"$ref": _pointer(name)}

    def _of_type(self, target: str) -> Schema:
        return {"properties": {"type": {"const": target}, "reference": self._to((target,))}}

    def _ref(self, type_name: str) -> Schema:
        if type_name not in self.definitions:
            if elements.is_primitive(type_name) or type_name in patterns.STRINGS:
                self.definitions[type_name] = _primitive(type_name)
            else:
                self.definitions[type_name] = {}  # reserved: a type may refer to itself
                self._wanted.append((type_name, type_name))
        return {"$ref": _pointer(type_name)}


def _pointer(name: str) -> str:
    return "#/$defs/" + name.replace("~", "~0").replace("/", "~1").replace("|", "%7C")


def _pattern(body: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{body})$"}


def _primitive(type_name: str) -> Schema:
    if type_name == "boolean":
        return {"type": "boolean"}
    if type_name == "decimal":
        return {"type": "number"}
    if limits := patterns.INTEGERS.get(type_name):
        return {"type": "integer", "minimum": limits[0], "maximum": limits[1], WHOLE_NUMBER: True}
    if type_name == "id":
        return _pattern(r"[A-Za-z0-9\-.]+") | {"maxLength": _LONGEST_ID}
    written = _pattern(_ASCII.get(type_name, patterns.STRINGS[type_name]))
    return written | {"maxLength": patterns.LONGEST_STRING} if type_name in {"string", "markdown"} else written


def _certain(path: str) -> list[Schema]:
    """Return what a value needs so that the invariants on its type hold; those of a resource the caller asks."""
    if not invariants.rules(path):
        return []
    return [_CERTAIN.get(path, {INVARIANTS: path})]


def _at_least_one(element: Element) -> Schema:
    """Return a schema that holds when a type of a required choice is there; `_name` alone is left to `structure`."""
    return {"anyOf": [{"required": [name]} for name in element.json_names]}


def _at_most_one(element: Element) -> list[Schema]:
    """Return schemas that hold when at most one type of a choice is there; a partner alone is left to the walk."""
    names = element.json_names
    with_partner = {"dependentRequired": {"_" + name: [name] for name in names}}
    if len(names) > _FEW:
        return [{ONE_TYPE: list(names)}, with_partner]
    return [*({"not": {"required": [*pair]}} for pair in combinations(names, 2)), with_partner]


def _plain_reference(targets: tuple[str, ...]) -> Schema:
    """Return a schema of `Type/id` alone, nearly all there is: to count 64 letters by a pattern takes longer."""
    longest = min(len(name) for name in targets) + len("/") + _LONGEST_ID
    return _pattern(rf"(?:{'|'.join(targets)})/[A-Za-z0-9\-.]+") | {"maxLength": longest}


def _reference_pattern(targets: tuple[str, ...]) -> str:
    types = "|".join(targets)
    restful = rf"(?:https?://[^\s?#]+/)?(?:{types})/{patterns.ID}(?:/_history/{patterns.ID})?"
    return rf"{restful}|{patterns.UUID}|{patterns.OID}|(?:{types})\?[^\s]+"
