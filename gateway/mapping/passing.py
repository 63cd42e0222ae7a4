"""FHIR that passes as it came: what it asks for, and that every element of it is its own source.

https://hl7.org/fhir/R4/http.html#transaction
"""

from gateway.errors import Issue, Place
from gateway.fhir.types import Resource
from gateway.formats import fhirjson, jsontree
from gateway.mapping.declared import AS_IT_CAME
from gateway.mapping.mapped import Mapped
from gateway.mapping.trace import Identity

Tree = fhirjson.Tree

_LISTS = ("collection", "searchset", "history")
_AS_ONE = "a Bundle of this type is kept as one resource: what is in it cannot be found by itself; send a transaction"


class Reshaped(jsontree.Document):
    """A FHIR message as the source of a mapping, JSON or XML alike: its paths are JSON pointers."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree.resource, b"")
        self._tree = tree

    def place(self, pointer: str) -> Place:
        """Return where the value at a pointer stands."""
        return self._tree.place(pointer)


def as_it_came(tree: Tree) -> Mapped:
    """Return a FHIR resource or Bundle as it came."""
    root = tree.resource
    resources = _operations(root)
    id_ = root.get("id")
    whole = root if root["resourceType"] == "Bundle" else None
    name = str(id_) if id_ else None
    issues = [Issue("unread-field", _AS_ONE, "warning", place=tree.place("/type"))] if whole and _is_list(whole) else []
    return Mapped(
        AS_IT_CAME, "4.0.1", resources, issues, tree, Identity(tree), name, whole=whole, mentioned=frozenset()
    )


def _is_list(bundle: Resource) -> bool:
    """Return whether a Bundle holds resources that its sender may think are now known here."""
    return bundle.get("type") in _LISTS and bool(bundle.get("entry"))


def _operations(root: Resource) -> list[tuple[Resource, str, str]]:
    """Return what a FHIR message asks for: the requests of a transaction or batch, or to put the resource itself."""
    if root["resourceType"] == "Bundle" and root.get("type") in ("transaction", "batch"):
        sent = root.get("entry")
        listed = sent if isinstance(sent, list) else []  # what is no list is for the validator to refuse
        entries = [e for e in listed if isinstance(e, dict) and isinstance(e.get("resource"), dict)]
        requests = [(e["resource"], e["request"] if isinstance(e.get("request"), dict) else {}) for e in entries]
        return [(r, str(request.get("method", "")), str(request.get("url", ""))) for r, request in requests]
    url = "/".join(str(root[key]) for key in ("resourceType", "id") if key in root)
    return [(root, "PUT" if "id" in root else "POST", url)]
