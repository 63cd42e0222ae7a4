"""Narratives that can be shown as they are: xhtml made safe, and the text of a CDA section as xhtml.

https://hl7.org/fhir/R4/narrative.html https://hl7.org/fhir/R4/security.html#narrative
"""

from gateway.fhir.narrative.allowed import ATTRIBUTES, ELEMENTS, XHTML
from gateway.fhir.narrative.cda import from_cda
from gateway.fhir.narrative.xhtml import sanitise

__all__ = ["ATTRIBUTES", "ELEMENTS", "XHTML", "from_cda", "sanitise"]
