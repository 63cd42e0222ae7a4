"""XML Patch: operations on the FHIR XML of a resource, all or none of them.

    <diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:gender/@value">male</replace></diff>

https://www.rfc-editor.org/rfc/rfc5261, https://www.rfc-editor.org/rfc/rfc7351
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from lxml import etree

from gateway.errors import BadRequest, GatewayError, InvalidResource, Issue
from gateway.fhir import xml
from gateway.fhir.types import Resource
from gateway.fhir.xml.order import put_in_order
from gateway.formats.xmltext import parsed
from gateway.transact.xml_select import Selector
from gateway.transact.xml_select import read as read_selector

MEDIA_TYPE = "application/xml-patch+xml"
MAX_OPERATIONS = 1000
_RFC_7351 = "urn:ietf:rfc:7351"
_ROOTS = frozenset({"diff", f"{{{_RFC_7351}}}patch"})
_ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"add": frozenset({"sel", "type", "pos"}), "replace": frozenset({"sel"}), "remove": frozenset({"sel", "ws"})}
)
_POSITIONS = frozenset({None, "prepend", "before", "after"})
_SPACES = frozenset({None, "before", "after", "both"})


class _Step(NamedTuple):
    name: str
    selector: Selector
    content: etree._Element
    attribute: str


class _Unfit(Exception):
    """An operation does not fit what is there."""


def read(sent: bytes) -> Callable[[Resource], Resource]:
    """Return what a patch document does to a resource. BadRequest, with each operation that is none; MalformedMessage.

    What comes back raises InvalidResource where an operation does not fit the resource.
    """
    root, _ = parsed(sent)
    if root.tag not in _ROOTS:
        raise BadRequest(f"an XML Patch is a diff element, or patch of {_RFC_7351}")
    operations = [one for one in root if isinstance(one.tag, str)]
    if not operations or len(operations) > MAX_OPERATIONS:
        raise BadRequest(f"an XML Patch has 1 to {MAX_OPERATIONS} operations")
    namespace = etree.QName(root).namespace
    steps, wrong = list[_Step](), list[Issue]()
    for number, one in enumerate(operations):
        try:
            steps.append(_step(one, namespace))
        except BadRequest as error:
            wrong += [replace(issue, diagnostics=_of(number, issue.diagnostics)) for issue in error.issues]
    if wrong:
        raise BadRequest(wrong)
    return lambda resource: _carried_out(steps, resource)


def _step(one: etree._Element, namespace: str | None) -> _Step:
    name = etree.QName(one)
    if name.namespace != namespace or name.localname not in _ATTRIBUTES:
        raise BadRequest(f"an operation is one of {', '.join(_ATTRIBUTES)}, in the namespace of the patch")
    if unknown := set(map(str, one.attrib)) - _ATTRIBUTES[name.localname]:
        raise BadRequest(f"{name.localname} has no attribute '{sorted(unknown)[0][:30]}'")
    selector = read_selector(one.get("sel"), one.nsmap)
    if one.get("pos") not in _POSITIONS or one.get("ws") not in _SPACES:
        raise BadRequest("pos is prepend, before or after; ws is before, after or both")
    kind = one.get("type", "@")
    if not kind.startswith("@") or (one.get("type") and not kind[1:].isidentifier()):
        raise BadRequest("type is @ and the name of an attribute; namespaces are not added to a resource")
    _check_content(name.localname, one, selector)
    return _Step(name.localname, selector, one, kind[1:])


def _check_content(name: str, one: etree._Element, selector: Selector) -> None:
    is_value = bool(one.get("type") or (name == "replace" and (selector.attribute or selector.is_text)))
    if name == "add" and (selector.attribute or selector.is_text):
        raise BadRequest("add needs an element: what is added goes into it, or beside it")
    if (is_value or name == "remove") and len(one):
        raise BadRequest(f"{name} has no elements in it here")
    if name == "remove" and (one.text or "").strip():
        raise BadRequest("remove has nothing in it")
    if (
        name == "replace"
        and not is_value
        and (len(one) != 1 or (one.text or "").strip() or (one[0].tail or "").strip())
    ):
        raise BadRequest("replace has one element in it: the one that takes the place of the other")


def _carried_out(steps: Sequence[_Step], resource: Resource) -> Resource:
    try:
        root, _ = parsed(xml.write(resource))
    except GatewayError as error:
        raise InvalidResource([Issue("patch-failed", "this resource cannot be written as XML")]) from error
    holder = etree.Element("holder")
    holder.append(root)
    for number, step in enumerate(steps):
        try:
            _OPERATIONS[step.name](step, _target(step.selector, holder))
        except _Unfit as unfit:
            raise InvalidResource([Issue("patch-failed", _of(number, str(unfit)))]) from unfit
    return _read_back(holder[0])


def _read_back(root: etree._Element) -> Resource:
    put_in_order(root)
    root.tail = None
    try:
        return xml.read(etree.tostring(root, encoding="utf-8"))
    except GatewayError as error:
        found = [Issue("patch-failed", issue.diagnostics, expression=issue.expression) for issue in error.issues]
        raise InvalidResource(found) from error


def _target(selector: Selector, holder: etree._Element) -> etree._Element:
    found = selector.find(holder[0])
    if len(found) != 1:
        raise _Unfit("sel finds nothing" if not found else "sel finds more than one element")
    if selector.attribute and selector.attribute not in found[0].attrib:
        raise _Unfit("the element has no such attribute")
    if selector.is_text and (len(found[0]) or not found[0].text):
        raise _Unfit("the element has no single text")
    return found[0]


def _add(step: _Step, target: etree._Element) -> None:
    if step.attribute:
        if step.attribute in target.attrib:
            raise _Unfit("the element has this attribute already")
        target.set(step.attribute, step.content.text or "")
        return
    position = step.content.get("pos")
    parent = _parent(target) if position in {"before", "after"} else target
    index = {"prepend": 0, None: len(target)}.get(position, -1)
    if index < 0:
        index = parent.index(target) + (position == "after")
    _insert(parent, index, step.content, first=position in {"prepend", "after"})


def _insert(parent: etree._Element, index: int, content: etree._Element, *, first: bool) -> None:
    """Put what stands in `content` at an index; `first`: before the text that stands there, else behind it."""
    text, elements = content.text or "", [deepcopy(one) for one in content]
    there = _text_before(parent, index)
    behind = there if first else ""
    _set_text_before(parent, index, ("" if first else there) + text + ("" if elements else behind))
    parent[index:index] = elements
    if elements and behind:
        elements[-1].tail = (elements[-1].tail or "") + behind


def _replace(step: _Step, target: etree._Element) -> None:
    if step.selector.attribute:
        target.set(step.selector.attribute, step.content.text or "")
    elif step.selector.is_text:
        target.text = step.content.text
    else:
        new = deepcopy(step.content[0])
        new.tail = target.tail
        parent = target.getparent()
        assert parent is not None
        parent.replace(target, new)


def _remove(step: _Step, target: etree._Element) -> None:
    if step.selector.attribute:
        del target.attrib[step.selector.attribute]
        _prune(target)
    elif step.selector.is_text:
        target.text = None
        _prune(target)
    else:
        parent = _parent(target)
        _drop(parent, target, step.content.get("ws"))
        _prune(parent)


def _drop(parent: etree._Element, target: etree._Element, ws: str | None) -> None:
    """Take an element out, its tail staying; `ws` says which blank text beside it goes too."""
    index, tail = parent.index(target), target.tail or ""
    before = _text_before(parent, index)
    if (ws in {"before", "both"} and before.strip()) or (ws in {"after", "both"} and tail.strip()):
        raise _Unfit("beside the element stands more than blanks")
    before, tail = "" if ws in {"before", "both"} else before, "" if ws in {"after", "both"} else tail
    parent.remove(target)
    _set_text_before(parent, index, before + tail)


def _prune(element: etree._Element) -> None:
    """Take out an element that has lost the last thing in it, and what that leaves empty: FHIR knows no empty ones."""
    parent = element.getparent()
    if parent is None or parent.getparent() is None or len(element) or element.attrib or (element.text or "").strip():
        return
    _drop(parent, element, None)
    _prune(parent)


def _parent(target: etree._Element) -> etree._Element:
    parent = target.getparent()
    if parent is None or parent.getparent() is None:
        raise _Unfit("the resource itself is not taken away, and nothing stands beside it")
    return parent


def _text_before(parent: etree._Element, index: int) -> str:
    return (parent[index - 1].tail if index else parent.text) or ""


def _set_text_before(parent: etree._Element, index: int, text: str) -> None:
    if index:
        parent[index - 1].tail = text
    else:
        parent.text = text


def _of(number: int, text: str) -> str:
    return f"operation {number + 1}: {text}"


_OPERATIONS: Mapping[str, Callable[[_Step, etree._Element], None]] = MappingProxyType(
    {"add": _add, "replace": _replace, "remove": _remove}
)
