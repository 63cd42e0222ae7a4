"""FHIR XML as a source: the resource as it is in JSON, and where each of its values stands in the XML.

https://hl7.org/fhir/R4/xml.html
"""

from gateway.errors import Place
from gateway.fhir import xml
from gateway.formats.fhirjson import Tree


class XmlTree(Tree):
    """A resource with the places of its values in the document it was read from."""

    __slots__ = ("_places",)

    def __init__(self, data: bytes) -> None:
        super().__init__(xml.read(data), data)
        self._places = xml.Places(data)

    def place(self, pointer: str) -> Place:
        """Return where the value at a JSON pointer into the resource stands: its XPath and line."""
        return self._places.at(pointer)


def parse(data: bytes) -> Tree:
    """Return the resource in an XML document. Raises MalformedMessage with every problem, each with its line."""
    return XmlTree(data)
