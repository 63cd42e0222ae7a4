"""Every search parameter of R4, of every type that is kept, finds a resource by a value that FHIRPath takes out of it.

The oracle evaluates the expression of the parameter's own definition; the index never does, where it can follow paths.
https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.fhir.parameters import SearchParameter, search_parameters
from gateway.fhir.search import parse, served
from gateway.fhir.search.paths import paths_of
from gateway.fhir.search.served import REFUSED
from gateway.fhir.types import Resource
from gateway.fhirpath import compile as compiled
from gateway.rest.searches import SEARCHED
from gateway.store import Batch, Identity, Sight, Store, Version, search
from gateway.store.index import rows
from gateway.store.index.writers import WRITERS
from gateway.store.index_tables import pack, tables
from gateway.store.search import Scope
from gateway.store.search.offered import AS_SAID
from tests.store.examples import Example, examples

NOT_SERVED = set(REFUSED)
REFERENCES = {"Reference", "canonical", "uri"}
# What a definition looks at and nothing is found by: the type of the parameter and of the value, with the reason.
NOTHING_IS_FOUND_BY = {
    ("date", "string"): "words that say when are no date",
    ("date", "Age"): "an age is no moment without a birth date",
    ("date", "Range"): "a range of ages is no moment",
    ("quantity", "SampledData"): "a series of values has no value of its own",
    ("reference", "Attachment"): "an attachment is no reference",
}


def _token(value: Any) -> str:
    match value:
        case {"coding": [first, *_]}:
            return _token(first)
        case {"system": "phone" | "email", "value": number}:
            return str(number)
        case {"system": system, **rest}:
            return f"{system}|{rest.get('code') or rest['value']}"
        case bool():
            return "true" if value else "false"
    return str(value)


def _string(value: Any) -> str:
    return str(value.get("family") or value["city"]) if isinstance(value, dict) else str(value)


def _date(value: Any) -> str:
    if isinstance(value, dict):
        return f"ge{(value.get('start') or value['event'][0])[:10]}"
    return str(value[:10])


def _quantity(value: Any) -> str:
    if "currency" in value:
        return f"{value['value']}|urn:iso:std:iso:4217|{value['currency']}"
    prefix, value = ("ge", value["low"]) if "low" in value else ("", value)
    return f"{prefix}{value['value']}|{value['system']}|{value['code']}"


def _number(value: Any) -> str:
    return f"ge{value['low']['value']}" if isinstance(value, dict) else str(value)


def _reference(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("reference") or f"{value['resourceType']}/{value['id']}")
    return str(value)


# How a value that FHIRPath took out of a resource is asked for.
WORDS: dict[str, Callable[[Any], str]] = {
    "token": _token,
    "string": _string,
    "date": _date,
    "quantity": _quantity,
    "number": _number,
    "reference": _reference,
    "uri": str,
}


def taken(resource: Resource, expression: str) -> Any:
    """Return the first value that an expression takes out of a resource.

    What a reference resolves to is not here, so that condition is left out: each example points at the right type.
    """
    plain = re.sub(r"\.where\(resolve\(\) is \w+\)", "", expression)
    (value, *_) = [v for part in plain.split(" | ") for v in compiled(part, root=resource["resourceType"])(resource)]
    return value


def asked(example: Example) -> str:
    parameter, resource = example.parameter, example.resource
    if parameter.code == "_text":
        return "woord"
    if parameter.code == "_id":
        return str(resource["id"])
    if parameter.code == "_lastUpdated":
        return "ge2000"
    if parameter.type == "composite":
        return "$".join(_part(example, definition) for definition in _components(parameter, resource["resourceType"]))
    return _escaped(WORDS[parameter.type](taken(resource, parameter.expression or "")))


def _components(parameter: SearchParameter, resource_type: str) -> list[SearchParameter]:
    known = {each.url: each for each in search_parameters(resource_type).values()}
    return [known[component.definition] for component in parameter.components]


def _part(example: Example, component: SearchParameter) -> str:
    return _escaped(WORDS[component.type](taken(example.resource, component.expression or ""))).replace("$", r"\$")


def _escaped(text: str) -> str:
    return text.replace(",", r"\,")


def _every() -> list[Example]:
    found = [e for t in SEARCHED for p in served(t).values() if p.code != "near" for e in examples(t, p)]
    return [e for e in found if (e.parameter.type, e.place.rpartition(": ")[2]) not in NOTHING_IS_FOUND_BY]


def _kept(store: Store, every: list[Example]) -> None:
    """Write each example as it is: none of them is valid, for each has but one element."""

    def decide(sight: Sight) -> tuple[Batch, None]:
        identities = [Identity(e.resource["resourceType"], e.resource["id"]) for e in every]
        seen = sight.current(identities).currents
        versions = []
        for example, identity in zip(every, identities, strict=True):
            found = tables(rows(example.resource))
            versions.append(
                Version(
                    seen[identity].key,
                    identity,
                    1,
                    10**15,
                    False,
                    pack(found),
                    b"{}",
                    found,
                    {},
                )
            )
        return Batch(b"{}", versions), None

    store.write(decide)


def test_every_parameter_finds_what_has_its_value(store: Store) -> None:
    every = _every()
    for number, example in enumerate(every):
        example.resource["id"] = f"x{number}"
    _kept(store, every)
    lost = []
    with store.reading() as db:
        for example in every:
            resource_type, id_ = example.resource["resourceType"], example.resource["id"]
            pairs = [(example.parameter.code, asked(example)), ("_count", "1000")]
            found = {row.id for row in search.read(db, parse(resource_type, pairs), Scope(now=AS_SAID)).matches}
            others = {
                row.id
                for row in search.read(db, parse(resource_type, [*pairs, ("_id:not", id_)]), Scope(now=AS_SAID)).matches
            }
            if id_ not in found or found - others != {id_}:
                lost.append((resource_type, example.parameter.code, example.place, pairs[0][1]))

    assert not lost, f"{len(lost)} of {len(every)}: {lost}"
    assert len(every) > 900


def test_every_parameter_of_every_type_has_an_example_or_a_reason() -> None:
    lacking = []
    for resource_type in SEARCHED:
        for code, parameter in search_parameters(resource_type).items():
            if code in NOT_SERVED or code == "near" or (code == "_text" and code not in served(resource_type)):
                continue
            if code not in served(resource_type) or not list(examples(resource_type, parameter)):
                lacking.append((resource_type, code))

    assert lacking == []


def test_what_nothing_is_found_by_has_no_rows() -> None:
    looked_at = {
        (parameter.type, path.type)
        for resource_type in SEARCHED
        for parameter in served(resource_type).values()
        for path in paths_of(resource_type, parameter)
        if parameter.type != "composite"
    }
    without = {
        pair for pair in looked_at if pair not in WRITERS and not (pair[0] == "reference" and pair[1] in REFERENCES)
    }

    assert without == set(NOTHING_IS_FOUND_BY)
