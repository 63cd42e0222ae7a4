"""The elements of a FHIR document in the order that R4 gives them. https://hl7.org/fhir/R4/xml.html"""

from lxml import etree

from gateway.fhir.xml.shape import FHIR, NO_SHAPE, Shape, shape

_LAST = 10_000


def put_in_order(root: etree._Element) -> None:
    """Put the elements of a resource in R4's order, at every depth; those of one name keep theirs.

    What R4 does not have goes last: whoever reads the document says so.
    """
    name = etree.QName(root)
    if name.namespace == FHIR:
        _ordered(root, shape(name.localname))


def _ordered(element: etree._Element, of: Shape) -> None:
    children = list(element)
    places = [_place(child, of) for child in children]
    if places != sorted(places):
        element[:] = [child for _, child in sorted(zip(places, children, strict=True), key=lambda pair: pair[0])]
    for child in children:
        _inside(child, of)


def _inside(child: etree._Element, of: Shape) -> None:
    if not isinstance(child.tag, str):  # a comment
        return
    name = etree.QName(child)
    slot = of.read.get(f"{name.namespace} {name.localname}")
    if slot is None and of is NO_SHAPE and name.namespace == FHIR:
        _ordered(child, shape(name.localname))
    elif slot is not None and not slot.is_narrative:
        _ordered(child, NO_SHAPE if slot.holds_resource else shape(slot.type))


def _place(child: etree._Element, of: Shape) -> int:
    if not isinstance(child.tag, str):
        return -1
    name = etree.QName(child)
    slot = of.read.get(f"{name.namespace} {name.localname}")
    return slot.order if slot else _LAST
