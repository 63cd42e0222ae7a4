"""Asking a register of consents about one patient, when a partner asks for that patient and nothing else lets it see.

https://msb-gateway.example/fhir/CodeSystem/consent-basis
"""

from gateway.consulting.asking import consult, named_patient

__all__ = ["consult", "named_patient"]
