"""FHIR XML in and out, without loss: what is read is what the same resource is in JSON, and the other way round.

https://hl7.org/fhir/R4/xml.html
"""

from gateway.fhir.xml.places import Places
from gateway.fhir.xml.reader import read
from gateway.fhir.xml.shape import FHIR
from gateway.fhir.xml.source import looks_like_xml
from gateway.fhir.xml.writer import write

__all__ = ["FHIR", "Places", "looks_like_xml", "read", "write"]
