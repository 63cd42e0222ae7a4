"""Code systems and value sets as somebody asks about them: what a code means, what is in a value set.

What is here comes from the gateway's own profiles, from installed packages and from R4's tables. What is not here is
said to be unknown. https://hl7.org/fhir/R4/terminology-service.html
"""

from gateway.validation.terms.checking import Checked, Coding, in_system, in_value_set
from gateway.validation.terms.expansion import Member, expand
from gateway.validation.terms.known import NotInstalled, Terms, of_r4
from gateway.validation.terms.systems import Concept, System

__all__ = [
    "Checked",
    "Coding",
    "Concept",
    "Member",
    "NotInstalled",
    "System",
    "Terms",
    "expand",
    "in_system",
    "in_value_set",
    "of_r4",
]
