"""What a code means and whether it is one: `CodeSystem/$lookup`, `CodeSystem|ValueSet/$validate-code`.

http://hl7.org/fhir/R4/codesystem-operation-lookup.html,
http://hl7.org/fhir/R4/codesystem-operation-validate-code.html, http://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway.errors import BadRequest, Issue, ResourceNotFound
from gateway.fhir import json
from gateway.query import terminology
from gateway.rest.interaction import Answer, Ask
from gateway.rest.operations.definition import Served
from gateway.rest.operations.parameters import Said, Takes
from gateway.rest.operations.values import canonical, whole_resource
from gateway.validation.terms import Checked, Coding, Concept, NotInstalled, System, in_system, in_value_set

if TYPE_CHECKING:
    from gateway.fhir.types import Resource

_LOOKUP = (
    Takes("code", "code"),
    Takes("system", "uri"),
    Takes("version"),
    Takes("coding", "Coding"),
    Takes("displayLanguage", "code"),
    Takes("property", "code", many=True),
)
_CHECK = (
    Takes("url", "uri"),
    Takes("code", "code"),
    Takes("display"),
    Takes("coding", "Coding"),
    Takes("codeableConcept", "CodeableConcept"),
    Takes("abstract", "boolean"),
    Takes("displayLanguage", "code"),
)
_CHECK_SYSTEM = (*_CHECK, Takes("codeSystem", "Resource"), Takes("version"))
_CHECK_SET = (
    *_CHECK,
    Takes("valueSet", "Resource"),
    Takes("valueSetVersion"),
    Takes("system", "uri"),
    Takes("systemVersion"),
)


def lookup(ask: Ask, said: Said) -> Answer:
    """Return what a code means. ResourceNotFound for one that its system has not, NotInstalled for the system."""
    coding = _coding(said, said.text("system"), said.text("version"))
    terms = terminology.terms("lookup", "CodeSystem", ask.caller, ask.to)
    system = terms.system(coding.canonical)
    concept = system.find(coding.code)
    if concept is None:
        part = "" if system.is_complete else ", as far as it is installed here"
        raise ResourceNotFound([Issue("code-unknown", f"the code system has no such code{part}")])
    return _parameters(_looked_up(system, concept, said))


def _looked_up(system: System, concept: Concept, said: Said) -> Iterator[Resource]:
    language, wanted = said.text("displayLanguage"), said.all("property")
    yield {"name": "name", "valueString": system.name}
    if system.version:
        yield {"name": "version", "valueString": system.version}
    yield {"name": "display", "valueString": concept.display(language) or concept.code}
    for one in concept.designations() if not wanted or "designation" in wanted else ():
        yield {"name": "designation", "part": list(_designation(one))}
    for code, value in _properties(concept):
        if not wanted or code in wanted:
            yield {"name": "property", "part": [{"name": "code", "valueCode": code}, {"name": "value", **value}]}


def _designation(one: Resource) -> Iterator[Resource]:
    for name, key in (("language", "valueCode"), ("use", "valueCoding"), ("value", "valueString")):
        if name in one:
            yield {"name": name, key: one[name]}


def _properties(concept: Concept) -> Iterator[tuple[str, dict[str, Any]]]:
    if "definition" in concept.definition:
        yield "definition", {"valueString": concept.definition["definition"]}
    for code in concept.parents:
        yield "parent", {"valueCode": code}
    for code in concept.children:
        yield "child", {"valueCode": code}
    for one in concept.properties():
        value = {key: held for key, held in one.items() if key.startswith("value")}
        if one.get("code") not in {"parent", "child", "subsumedBy"} and value:
            yield str(one["code"]), value


def check_in_system(ask: Ask, said: Said) -> Answer:
    """Return whether a code is one of a code system. NotInstalled where that cannot be known."""
    terms = terminology.terms("validate-code", "CodeSystem", ask.caller, ask.to)
    sent = whole_resource("CodeSystem", "codeSystem", ask, said)
    url = str(sent["url"]) if sent and "url" in sent else said.text("url")
    system = System(sent) if sent else terms.system(canonical(url, said.text("version"), "the url of the code system"))

    def check(coding: Coding) -> Checked:
        if coding.system != system.url:
            return Checked(result=False, message="the code is of another code system")
        return in_system(system, coding, abstract=bool(said.one("abstract")), language=said.text("displayLanguage"))

    return _parameters(_told(_any(_codings(said, system.url, said.text("version")), check)))


def check_in_value_set(ask: Ask, said: Said) -> Answer:
    """Return whether a code is in a value set. NotInstalled where that cannot be known."""
    terms = terminology.terms("validate-code", "ValueSet", ask.caller, ask.to)
    sent = whole_resource("ValueSet", "valueSet", ask, said)
    wanted = said.text("url")
    value_set = sent or terms.value_set(canonical(wanted, said.text("valueSetVersion"), "the url of the value set"))

    def check(coding: Coding) -> Checked:
        is_abstract, language = bool(said.one("abstract")), said.text("displayLanguage")
        return in_value_set(terms, value_set, coding, abstract=is_abstract, language=language)

    return _parameters(_told(_any(_codings(said, said.text("system"), said.text("systemVersion")), check)))


def _any(codings: list[Coding], check: Callable[[Coding], Checked]) -> Checked:
    """Return yes when one coding is right; no when none is; NotInstalled when one that is not known could be it."""
    unknown: NotInstalled | None = None
    refused: Checked | None = None
    for coding in codings:
        try:
            checked = check(coding)
        except NotInstalled as error:
            unknown = error
            continue
        if checked.result:
            return checked
        refused = refused or checked
    if unknown is not None:
        raise unknown
    assert refused is not None
    return refused


def _told(checked: Checked) -> Iterator[Resource]:
    yield {"name": "result", "valueBoolean": checked.result}
    if checked.message:
        yield {"name": "message", "valueString": checked.message}
    if checked.display:
        yield {"name": "display", "valueString": checked.display}


def _coding(said: Said, system: str | None, version: str | None) -> Coding:
    """Return the one code that is asked about. BadRequest."""
    found = _codings(said, system, version)
    if len(found) != 1:
        raise BadRequest("one code is asked about")
    return found[0]


def _codings(said: Said, system: str | None, version: str | None) -> list[Coding]:
    """Return the codes that are asked about: a code with its system, a Coding, or those of a CodeableConcept."""
    asked = [name for name in ("code", "coding", "codeableConcept") if said.one(name) is not None]
    if len(asked) != 1:
        raise BadRequest("a code (with its system), a coding or a codeableConcept is asked about: one of these")
    if asked == ["code"]:
        if not system:
            raise BadRequest("a code is asked about with its system")
        return [Coding(system, str(said.one("code")), said.text("display"), version)]
    listed = [said.one("coding")] if asked == ["coding"] else said.one("codeableConcept").get("coding")
    found = [_of(one, version) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not found:
        raise BadRequest("a codeableConcept is asked about with its codings")
    return found


def _of(one: Resource, version: str | None) -> Coding:
    if not isinstance(one.get("system"), str) or not isinstance(one.get("code"), str):
        raise BadRequest("a coding is asked about with its system and code")
    display, own = one.get("display"), one.get("version")
    return Coding(one["system"], one["code"], None if display is None else str(display), str(own) if own else version)


def _parameters(listed: Iterator[Resource]) -> Answer:
    return Answer(HTTPStatus.OK, json.encode({"resourceType": "Parameters", "parameter": list(listed)}))


OPERATIONS = (
    Served("lookup", ("/CodeSystem",), _LOOKUP, lookup),
    Served("validate-code", ("/CodeSystem", "/CodeSystem/<fhir_id:id>"), _CHECK_SYSTEM, check_in_system),
    Served("validate-code", ("/ValueSet", "/ValueSet/<fhir_id:id>"), _CHECK_SET, check_in_value_set),
)
