"""FHIR's RESTful API: a function per interaction, and the table of routes that leads to them.

A read translates an `Ask` into one call of the door out; a write translates it into an operation for
the door in. Neither decides anything. The same functions serve HTTP requests and Bundle entries.
https://hl7.org/fhir/R4/http.html
"""

from http import HTTPStatus
from urllib.parse import urlencode

from gateway import query
from gateway.errors import BadRequest
from gateway.fhir.search import PAGE
from gateway.query import auditlog, histories, installed
from gateway.referral import ageing, holds
from gateway.rest import answering, searches, shapes
from gateway.rest.bundle import transaction_or_batch
from gateway.rest.consulted import consulted
from gateway.rest.headers import version_of
from gateway.rest.interaction import Answer, Ask
from gateway.rest.metadata import encoded_statement
from gateway.rest.routes import Route
from gateway.rest.security import known_by
from gateway.transact import (
    ConditionalCreate,
    ConditionalDelete,
    ConditionalPatch,
    ConditionalPut,
    Create,
    Delete,
    Operation,
    Patch,
    Put,
    patches,
)


def capabilities(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#capabilities"""
    ask.check_parameters("mode")
    if dict(ask.parameters).get("mode", "full") not in {"full", "normative"}:
        raise BadRequest("mode is full or normative, and both are answered in full", code="bad-value")
    return Answer(HTTPStatus.OK, encoded_statement(ask.to.settings.base_url, known_by(ask.to.settings)))


def read(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#read, https://hl7.org/fhir/R4/http.html#cread"""
    shapes.parse(ask)
    _end_holds(ask)
    there = _READERS.get(ask.type, query.read)
    with consulted(ask):
        found = there(ask.type, ask.id, ask.caller, ask.to)
        if ask.type == "Slot" and not found.version and ageing.note(ask.id, ask.to):  # its word has become stale
            found = there(ask.type, ask.id, ask.caller, ask.to)
    return shapes.shaped(ask, answering.stored(found).unless_known(ask.conditions))


_READERS = dict.fromkeys(installed.TYPES, installed.read) | {auditlog.TYPE: auditlog.read}


def vread(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#vread"""
    shapes.parse(ask)
    stored = answering.stored(query.vread(ask.type, ask.id, ask.version, ask.caller, ask.to))
    return shapes.shaped(ask, stored.unless_known(ask.conditions))


def history(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#history"""
    _end_holds(ask)
    asked = histories.parse(ask.type, ask.id, ask.parameters)
    return Answer(HTTPStatus.OK, query.history(asked, ask.caller, ask.to, base=ask.to.settings.base_url))


def search_type(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#search"""
    _end_holds(ask)
    return Answer(HTTPStatus.OK, searches.found(ask))


def search_several(ask: Ask) -> Answer:
    """https://hl7.org/fhir/R4/http.html#search"""
    _end_holds(ask)
    return Answer(HTTPStatus.OK, searches.found_of_several(ask))


def _end_holds(ask: Ask) -> None:
    """Let no place be told as held after its time, whether or not the process that ends holds is at work.

    Places may come along with others, and others be found by what holds of places.
    """
    if ask.type in {"", "Slot"} or any(_leads_on(name) for name, _ in ask.parameters):
        holds.end_before_look(ask.to)


def _leads_on(parameter: str) -> bool:
    """Return whether a parameter may lead to resources of other types; what a page link asks is sealed."""
    return "." in parameter or parameter.startswith(("_include", "_revinclude", "_has:", PAGE))


def create(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#create, https://hl7.org/fhir/R4/http.html#ccreate"""
    ask.check_parameters(hint="; the condition of a create stands in If-None-Exist")
    resource, condition = ask.resource(), ask.conditions.if_none_exist
    if condition is None:
        return Create(resource, full_url=ask.full_url)
    return ConditionalCreate(resource, condition, full_url=ask.full_url)


def update(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#update"""
    ask.check_parameters()
    resource = ask.resource()
    if resource.get("id") != ask.id:
        raise BadRequest("the id in the resource is not the id in the URL", expression=f"{ask.type}.id")
    shapes.check_whole(resource)
    return Put(resource, if_match=version_of(ask.conditions.if_match), full_url=ask.full_url)


def update_conditionally(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#cond-update"""
    resource, condition = ask.resource(), urlencode(ask.parameters)
    shapes.check_whole(resource)
    return ConditionalPut(resource, condition, if_match=version_of(ask.conditions.if_match), full_url=ask.full_url)


def patch(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#patch"""
    ask.check_parameters()
    return Patch(ask.type, ask.id, patches.read(ask.read_body()), version_of(ask.conditions.if_match))


def patch_conditionally(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#patch"""
    change, condition = patches.read(ask.read_body()), urlencode(ask.parameters)
    return ConditionalPatch(ask.type, condition, change, version_of(ask.conditions.if_match))


def delete(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#delete"""
    ask.check_parameters()
    return Delete(ask.type, ask.id, if_match=version_of(ask.conditions.if_match))


def delete_conditionally(ask: Ask) -> Operation:
    """https://hl7.org/fhir/R4/http.html#3.1.0.7.1"""
    return ConditionalDelete(ask.type, urlencode(ask.parameters), version_of(ask.conditions.if_match))


ROUTES: tuple[Route, ...] = (
    Route(None, "GET", "/metadata", read=capabilities),
    Route(None, "POST", "", read=transaction_or_batch),
    Route(None, "POST", "/", read=transaction_or_batch),
    Route("search-type", "GET", "/<fhir_type:type>", read=search_type),
    Route("search-type", "POST", "/<fhir_type:type>/_search", read=search_type),
    Route("search-system", "GET", "", read=search_several),
    Route("search-system", "GET", "/", read=search_several),
    Route("search-system", "POST", "/_search", read=search_several),
    Route("search-type", "GET", "/<fhir_type:compartment>/<fhir_id:id>/<fhir_type:type>", read=search_type),
    Route("search-type", "POST", "/<fhir_type:compartment>/<fhir_id:id>/<fhir_type:type>/_search", read=search_type),
    Route("search-system", "GET", "/<fhir_type:compartment>/<fhir_id:id>/*", read=search_several),
    Route("search-system", "POST", "/<fhir_type:compartment>/<fhir_id:id>/_search", read=search_several),
    Route("create", "POST", "/<fhir_type:type>", write=create),
    Route("update", "PUT", "/<fhir_type:type>", write=update_conditionally),
    Route("read", "GET", "/<fhir_type:type>/<fhir_id:id>", read=read),
    Route("update", "PUT", "/<fhir_type:type>/<fhir_id:id>", write=update),
    Route("patch", "PATCH", "/<fhir_type:type>", write=patch_conditionally),
    Route("patch", "PATCH", "/<fhir_type:type>/<fhir_id:id>", write=patch),
    Route("delete", "DELETE", "/<fhir_type:type>", write=delete_conditionally),
    Route("delete", "DELETE", "/<fhir_type:type>/<fhir_id:id>", write=delete),
    Route("history-instance", "GET", "/<fhir_type:type>/<fhir_id:id>/_history", read=history),
    Route("history-type", "GET", "/<fhir_type:type>/_history", read=history),
    Route("history-system", "GET", "/_history", read=history),
    Route("vread", "GET", "/<fhir_type:type>/<fhir_id:id>/_history/<fhir_id:version>", read=vread),
)
