"""Every mapping of the YAML language, exported, runs to the same output; what comes out is a StructureMap of R4."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from gateway.fhir.json import decode, encode
from gateway.mapping import ir
from gateway.mapping.cases import outcome
from gateway.mapping.fml import front, installed, parser, writer
from gateway.mapping.fml.export import export
from gateway.mapping.library import Library
from gateway.mapping.spans import Problems
from gateway.validation import Validator
from gateway.validation.second_opinion import second_opinion
from tests.conftest import library
from tests.golden import cases

_INDEX = re.compile(r"\[\d+\]")


NAMES = [mapping.name for mapping in library().mappings if not mapping.groups]


@cache
def exported(name: str) -> dict[str, Any]:
    return export(library().mapping(name), library())


@cache
def read_again(name: str) -> Library:
    """Return a library in which the only mapping is one that was exported as a text."""
    return library_of(writer.write(exported(name)), name)


def library_of(text: str, name: str) -> Library:
    """Return a library in which the map in a text is the only mapping."""
    problems = Problems()
    model = parser.read(text, f"{name}.fml", problems)
    made = front.mapping(model, name, problems)
    assert made is not None
    maps = installed.maps_of((made,), {model.file: model}, problems)
    assert problems.issues == []
    own = installed.Installed((made,), maps, {model.file: model})
    return replace(library(), mappings=(made,), fml=own)


def said(issues: str | None) -> list[tuple[Any, ...]]:
    """Return findings without their map file, which is another one; of targets without the index of an item."""
    keys = ("severity", "code", "diagnostics", "place")
    found = decode(issues or "[]")
    return [(*(issue.get(key) for key in keys), _INDEX.sub("", issue.get("expression") or "")) for issue in found]


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_mapping_gives_the_same_for_every_case(name: str) -> None:
    own = replace(library(), mappings=(library().mapping(name),))
    again = read_again(name)
    assert cases()[name]
    for case in cases()[name]:
        wanted, now = outcome(case, own), outcome(case, again)
        assert now.document == wanted.document, case.name
        assert [one.keeps for one in now.mapped] == [one.keeps for one in wanted.mapped], case.name
        assert said(now.issues) == said(wanted.issues), case.name


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_mapping_says_its_texts_in_dutch_too(name: str) -> None:
    (again,) = read_again(name).mappings
    rules = [rule for group in again.groups for rule in ir.rules_of(group.rules)]
    said = {source.say: source.dutch for rule in rules for source in rule.sources}

    assert {one.say: one.dutch for one in library().mapping(name).requires}.items() <= said.items()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exported_is_valid_r4(name: str) -> None:
    resource = decode(encode(exported(name)))
    found = [issue for issue in Validator().issues(resource) if issue.severity in {"error", "fatal"}]
    assert found == []
    assert second_opinion(resource) == []


@pytest.mark.parametrize("name", NAMES)
def test_text_and_json_are_the_same_map(name: str) -> None:
    resource = exported(name)
    problems = Problems()
    again = parser.read(writer.write(resource), "again.fml", problems).resource
    assert problems.issues == []
    for key in ("url", "version", "name", "status", "structure", "extension", "group"):
        assert again.get(key) == resource.get(key), key
