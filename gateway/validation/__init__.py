"""Whether resources conform to R4: structure, codes, references, narrative, invariants, Bundles."""

from gateway.validation.validator import Validator

__all__ = ["Validator"]
