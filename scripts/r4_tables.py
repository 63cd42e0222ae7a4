"""Make `profiles/r4/*.json` from the FHIR R4 (4.0.1) definitions.

    python scripts/r4_tables.py DEFINITIONS [profiles/r4]

DEFINITIONS is a folder with profiles-types, profiles-resources, valuesets, v3-codesystems and
search-parameters, each a Bundle as `.json` or `.json.gz`. The same definitions give the same bytes.

What a type adds is read from its *differential*: packagings of the definitions are known whose
snapshots carry elements of R5 or of a vendor (Meta.project, HealthcareService.offeredIn), and the
differentials are the published ones. https://hl7.org/fhir/R4/downloads.html
"""

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

VERSION = "4.0.1"
BASE = "http://hl7.org/fhir/StructureDefinition/"
PARAMETER_BASE = "http://hl7.org/fhir/SearchParameter/"
FILES = ("profiles-types", "profiles-resources", "valuesets", "v3-codesystems", "search-parameters")

# The primitive types say `http://hl7.org/fhirpath/System.String` for id and url, with the FHIR type in an
# extension; in 4.0.1 that extension says `string` for Resource.id, whose type is id.
FHIR_TYPE = BASE + "structuredefinition-fhir-type"
REGEX = BASE + "regex"
TYPE_CORRECTIONS = {"Resource.id": "id"}

Resource = dict[str, Any]


def definitions(folder: Path) -> Iterator[Resource]:
    """Yield every resource of the definitions in `folder`."""
    for name in FILES:
        packed, plain = folder / f"{name}.json.gz", folder / f"{name}.json"
        content = gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
        yield from (entry["resource"] for entry in json.loads(content)["entry"])


# --- elements ---------------------------------------------------------------------------------------------------


def is_r4_type(resource: Resource) -> bool:
    """Return whether `resource` defines a type of R4: no logical model, nothing of another version."""
    return (
        resource["resourceType"] == "StructureDefinition"
        and resource["fhirVersion"] == VERSION
        and resource["kind"] in {"primitive-type", "complex-type", "resource"}
    )


def type_of(path: str, declared: Resource) -> str:
    """Return the FHIR type name of one `ElementDefinition.type`."""
    named = [x["valueUrl"] for x in declared.get("extension", []) if x["url"] == FHIR_TYPE]
    return TYPE_CORRECTIONS.get(path) or (named or [declared["code"]])[0]


def types_of(element: Resource) -> list[str]:
    """Return the types of an element; a backbone's type is its own path."""
    path = element["path"]
    if reference := element.get("contentReference"):
        return [reference.partition("#")[2]]
    types = list(dict.fromkeys(type_of(path, declared) for declared in element["type"]))
    return [path] if types in (["BackboneElement"], ["Element"]) else types


def targets_of(element: Resource) -> list[str]:
    """Return the resource types a Reference (or, without one, a canonical) may point to; none stands for any."""
    wanted = "Reference" if any(t["code"] == "Reference" for t in element.get("type", [])) else "canonical"
    profiles = [p for t in element.get("type", []) if t["code"] == wanted for p in t.get("targetProfile", [])]
    targets = list(dict.fromkeys(p.removeprefix(BASE) for p in profiles if p.startswith(BASE)))
    return [] if "Resource" in targets else targets


def profile_of(element: Resource) -> str | None:
    """Return SimpleQuantity or MoneyQuantity where the element is narrowed to one of them."""
    profiles = [p.removeprefix(BASE) for t in element.get("type", []) for p in t.get("profile", [])]
    return profiles[0] if profiles else None


def binding_of(element: Resource) -> str | None:
    """Return the value set of a required binding, without its version."""
    binding = element.get("binding", {})
    if binding.get("strength") != "required":
        return None
    return str(binding["valueSet"]).partition("|")[0]


def element_row(element: Resource) -> Resource:
    """Return one element as the table holds it; what is usual is left out."""
    row: Resource = {"types": " ".join(types_of(element))}
    if element["path"].endswith("[x]"):
        row["choice"] = True
    if element["max"] != "1":
        row["max"] = element["max"]
    if element["min"]:
        row["min"] = element["min"]
    for key, value in (("binding", binding_of(element)), ("profile", profile_of(element))):
        if value:
            row[key] = value
    if targets := targets_of(element):
        row["targets"] = " ".join(targets)
    if element.get("isSummary"):
        row["summary"] = True
    return row


def pattern_of(definition: Resource) -> str | None:
    """Return the regular expression of a primitive type, if it has one."""
    for element in definition["differential"]["element"]:
        for declared in element.get("type", []):
            for extension in declared.get("extension", []):
                if extension["url"] == REGEX:
                    return str(extension["valueString"])
    return None


def type_row(definition: Resource) -> Resource:
    """Return what stands above the elements: kind, base, whether abstract, pattern."""
    row: Resource = {"kind": definition["kind"].removesuffix("-type")}
    if "baseDefinition" in definition:
        row["base"] = definition["baseDefinition"].removeprefix(BASE)
    if definition["abstract"]:
        row["abstract"] = True
    if definition["kind"] == "primitive-type" and (pattern := pattern_of(definition)):
        row["pattern"] = pattern
    return row


def rows_of(definition: Resource) -> dict[str, Resource]:
    """Return the rows of a type and of its backbones: `Patient`, `Patient.contact`, …"""
    name = definition["name"]
    rows = {name: {**type_row(definition), "elements": {}}}
    if definition["kind"] == "primitive-type" or definition.get("derivation") == "constraint":
        return rows
    for element in definition["differential"]["element"][1:]:
        path, (owner, _, last) = element["path"], element["path"].rpartition(".")
        rows[owner]["elements"][last.removesuffix("[x]")] = element_row(element)
        if types_of(element) == [path]:
            rows[path] = {"kind": "backbone", "base": element["type"][0]["code"], "elements": {}}
    return rows


def elements_table(resources: list[Resource]) -> dict[str, Resource]:
    """Return `elements.json`: type name or backbone path → kind, base, elements."""
    rows: dict[str, Resource] = {}
    for definition in sorted(filter(is_r4_type, resources), key=lambda d: str(d["name"])):
        rows.update(rows_of(definition))
    return rows


# --- invariants -------------------------------------------------------------------------------------------------


def invariants_table(resources: list[Resource]) -> list[Resource]:
    """Return `invariants.json`: every distinct invariant with the paths it stands on."""
    found: dict[tuple[str, str], Resource] = {}
    for definition in filter(is_r4_type, resources):
        for element in definition["differential"]["element"]:
            path = element["path"].replace("Quantity", definition["name"], 1)
            where = path if definition.get("derivation") == "constraint" else element["path"]
            for constraint in element.get("constraint", []):
                key = (constraint["key"], constraint["expression"])
                row = {name: constraint[name] for name in ("key", "severity", "human", "expression")}
                found.setdefault(key, {**row, "paths": []})["paths"].append(where)
    return [{**row, "paths": sorted(set(row["paths"]))} for _, row in sorted(found.items())]


# --- codes ------------------------------------------------------------------------------------------------------


class NotListed(Exception):
    """The value set takes in a code system that the definitions do not list."""


class Terminology:
    """The value sets and code systems of the definitions, expanded on demand."""

    def __init__(self, resources: list[Resource]) -> None:
        self.value_sets = {r["url"]: r for r in resources if r["resourceType"] == "ValueSet"}
        self.code_systems = {r["url"]: r for r in resources if r["resourceType"] == "CodeSystem"}

    def expand(self, url: str) -> set[tuple[str, str]]:
        """Return the (system, code) pairs of a value set. Raises NotListed."""
        value_set = self.value_sets.get(url.partition("|")[0])
        if value_set is None:
            raise NotListed(url)
        compose = value_set["compose"]
        taken = set().union(*(self._included(part) for part in compose["include"]))
        return taken.difference(*(self._included(part) for part in compose.get("exclude", [])))

    def _included(self, part: Resource) -> set[tuple[str, str]]:
        if "filter" in part:
            raise NotListed(f"{part['system']} with a filter")
        sets = [self.expand(url) for url in part.get("valueSet", [])]
        if "system" in part:
            sets.append({(part["system"], code) for code in self._codes(part)})
        return set.intersection(*sets)

    def _codes(self, part: Resource) -> Iterator[str]:
        if "concept" in part:
            return (concept["code"] for concept in part["concept"])
        system = self.code_systems.get(part["system"])
        if system is None or system["content"] != "complete":
            raise NotListed(part["system"])
        return codes_below(system["concept"])


def codes_below(concepts: list[Resource]) -> Iterator[str]:
    """Yield the codes of `concepts` and of everything under them."""
    for concept in concepts:
        yield concept["code"]
        yield from codes_below(concept.get("concept", []))


def codes_table(resources: list[Resource], bound: set[str]) -> dict[str, dict[str, list[str]]]:
    """Return `codes.json`: required value set → system → codes, for those that can be listed."""
    terminology, table = Terminology(resources), {}
    for url in sorted(bound):
        try:
            pairs = sorted(terminology.expand(url))
        except NotListed as missing:
            print(f"not listed: {url} ({missing})", file=sys.stderr)
            continue
        systems = sorted({system for system, _ in pairs})
        table[url] = {system: [code for of, code in pairs if of == system] for system in systems}
    return table


# --- search parameters ------------------------------------------------------------------------------------------


def alternatives(expression: str) -> Iterator[str]:
    """Yield the parts of `a | b | c`, not splitting inside parentheses."""
    depth = start = 0
    for at, char in enumerate(expression):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            yield expression[start:at].strip()
            start = at + 1
    yield expression[start:].strip()


def unwrapped(text: str) -> str:
    """Return `text` without the parentheses that enclose all of it."""
    while (
        text.startswith("(")
        and text.endswith(")")
        and all(text[:at].count("(") > text[:at].count(")") for at in range(1, len(text)))
    ):
        text = text[1:-1].strip()
    return text


def restricted(expression: str, base: str) -> str:
    """Return the part of `expression` that applies to resources of type `base`."""
    parts = [unwrapped(part) for part in alternatives(expression)]
    mine = [part for part in parts if re.match(rf"\(*{base}\b", part)]
    return " | ".join(mine) if mine else expression


def component_row(component: Resource) -> Resource:
    """Return one component of a composite parameter."""
    return {
        "definition": component["definition"].removeprefix(PARAMETER_BASE),
        "expression": component["expression"],
    }


def parameter_row(parameter: Resource, base: str, everything: set[str]) -> Resource:
    """Return one search parameter of one type as the table holds it; a target of `everything` is left out."""
    row: Resource = {"type": parameter["type"], "url": parameter["url"].removeprefix(PARAMETER_BASE)}
    if "expression" in parameter:
        row["expression"] = restricted(parameter["expression"], base)
    if "target" in parameter and not everything <= set(parameter["target"]):
        row["targets"] = " ".join(parameter["target"])
    if "component" in parameter:
        row["components"] = [component_row(component) for component in parameter["component"]]
    return row


def search_parameters_table(resources: list[Resource]) -> dict[str, dict[str, Resource]]:
    """Return `search_parameters.json`: resource type → code → parameter."""
    everything = {r["name"] for r in resources if is_r4_type(r) and r["kind"] == "resource" and not r["abstract"]}
    table: dict[str, dict[str, Resource]] = {}
    for parameter in resources:
        if parameter["resourceType"] == "SearchParameter" and parameter["version"] == VERSION:
            for base in parameter["base"]:
                table.setdefault(base, {})[parameter["code"]] = parameter_row(parameter, base, everything)
    return {base: dict(sorted(of_base.items())) for base, of_base in sorted(table.items())}


# --- code systems -----------------------------------------------------------------------------------------------

HL7 = ("http://hl7.org/fhir/", "http://terminology.hl7.org/CodeSystem/")
OUT_OF_USE = {"deprecated", "retired", "inactive"}


def concept_row(concept: Resource) -> list[Any]:
    """Return code, display, what stands below it (a code that stands elsewhere is a text) and its flags.

    Flags: `a`, it only groups others; `i`, it is out of use. What is empty at the end is left out.
    """
    properties = concept.get("property", [])
    below = [concept_row(one) for one in concept.get("concept", [])]
    below += [one["valueCode"] for one in properties if one["code"] == "child"]
    groups = any(one["code"] in {"notSelectable", "abstract"} and one.get("valueBoolean") for one in properties)
    out = any(one["code"] == "status" and one.get("valueCode") in OUT_OF_USE for one in properties)
    row = [concept["code"], concept.get("display", ""), below, "a" * groups + "i" * out]
    while not row[-1]:
        row.pop()
    return row


def head_row(resource: Resource) -> Resource:
    """Return what a value set or code system is called; its status where that is not `active`."""
    row = {"version": resource.get("version", VERSION), "name": resource["name"]}
    row |= {"title": resource["title"]} if resource.get("title", row["name"]) != row["name"] else {}
    return row | ({"status": resource["status"]} if resource["status"] != "active" else {})


def value_sets_table(resources: list[Resource], listed: Iterable[str]) -> dict[str, Resource]:
    """Return `value_sets.json`: what the value sets that are `listed` are called."""
    known = {r["url"]: r for r in resources if r["resourceType"] == "ValueSet"}
    return {url: head_row(known[url]) for url in listed}


def code_systems_table(resources: list[Resource]) -> dict[str, Resource]:
    """Return the code systems of HL7 of which the definitions hold every code, by their canonical."""
    return {
        r["url"]: {**head_row(r), "concepts": [concept_row(one) for one in r["concept"]]}
        for r in sorted((r for r in resources if r["resourceType"] == "CodeSystem"), key=lambda r: r["url"])
        if r.get("content") == "complete" and r.get("concept") and r["url"].startswith(HL7)
    }


# --- compartments -----------------------------------------------------------------------------------------------


def compartments_table(resources: list[Resource]) -> dict[str, dict[str, list[str]]]:
    """Return compartment → resource type → the parameters by which a resource is in it; `{def}` is its own resource."""
    definitions = [r for r in resources if r["resourceType"] == "CompartmentDefinition"]
    return {
        definition["code"]: {row["code"]: row["param"] for row in definition["resource"] if row.get("param")}
        for definition in sorted(definitions, key=lambda r: str(r["code"]))
    }


# --- writing ----------------------------------------------------------------------------------------------------


def lines(table: Mapping[str, Any] | list[Any]) -> str:
    """Return `table` as JSON with one line an entry, so that a difference can be read."""
    rows = (
        [(json.dumps(key) + ":", table[key]) for key in table]
        if isinstance(table, Mapping)
        else ([("", row) for row in table])
    )
    body = ",\n".join(key + json.dumps(row, ensure_ascii=False, separators=(",", ":")) for key, row in rows)
    opening, closing = "{}" if isinstance(table, Mapping) else "[]"
    return f"{opening}\n{body}\n{closing}\n"


def bound_value_sets(elements: dict[str, Resource]) -> set[str]:
    """Return the value sets some element of `elements` is bound to."""
    return {e["binding"] for row in elements.values() for e in row["elements"].values() if "binding" in e}


def main(folder: str, out: str = "profiles/r4") -> None:
    """Write the tables into `out`."""
    resources = list(definitions(Path(folder)))
    elements = elements_table(resources)
    codes = codes_table(resources, bound_value_sets(elements))
    tables: dict[str, Mapping[str, Any] | list[Resource]] = {
        "elements": elements,
        "invariants": invariants_table(resources),
        "codes": codes,
        "value_sets": value_sets_table(resources, codes),
        "search_parameters": search_parameters_table(resources),
        "code_systems": code_systems_table(resources),
        "compartments": compartments_table(resources),
    }
    for name, table in tables.items():
        path = Path(out) / f"{name}.json"
        path.write_text(lines(table), encoding="utf-8")
        print(f"{path}: {len(table)} entries, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
