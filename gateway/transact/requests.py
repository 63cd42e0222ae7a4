"""From a method and an address to an operation, as they stand in `Bundle.entry.request`.

https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request
"""

from __future__ import annotations

from gateway.errors import BadRequest
from gateway.fhir.types import Resource
from gateway.transact.operations import ConditionalCreate, ConditionalDelete, ConditionalPut, Create, Delete, Put, Write


def operation(
    resource: Resource | None,
    method: str,
    url: str,
    *,
    full_url: str | None = None,
    if_match: str | None = None,
    if_none_exist: str | None = None,
) -> Write:
    """Return the operation that `method` on `url` (`Slot`, `Slot/1`, `Slot?identifier=s|v`) asks for.

    Raises BadRequest when it asks for no write, or the resource does not go with it.

    >>> operation({"resourceType": "Slot"}, "PUT", "Slot?identifier=s|v")
    ConditionalPut(resource={'resourceType': 'Slot'}, search='identifier=s|v', if_match=None, full_url=None)
    """
    path, _, query = url.partition("?")
    type_, _, id_ = path.partition("/")
    if method == "DELETE" and id_ and not query:
        return Delete(type_, id_, if_match)
    if method == "DELETE" and query and not id_:
        return ConditionalDelete(type_, query, if_match)
    if resource is None or resource.get("resourceType") != type_:
        raise BadRequest(f"a {method} to this address needs a resource of its type")
    if method == "PUT" and id_ and not query:
        if resource.get("id") != id_:
            raise BadRequest("the id of the resource is not the id of the address")
        return Put(resource, if_match, full_url)
    if method == "PUT" and query and not id_:
        return ConditionalPut(resource, query, if_match, full_url)
    if method == "POST" and not id_ and not query:
        return ConditionalCreate(resource, if_none_exist, full_url) if if_none_exist else Create(resource, full_url)
    raise BadRequest("a transaction writes with POST to a type, PUT to an id or to a condition, or DELETE of these")
