"""Three-valued logic. https://hl7.org/fhirpath/N1/#boolean-logic"""

from typing import Any

from gateway.fhirpath.runtime.system import single, system

__all__ = ["and_", "boolean", "implies", "is_false", "is_true", "not_", "or_", "xor"]


def boolean(value: Any) -> bool | None:
    """Return a value, or a collection of at most one, as a Boolean; a single item that is none counts as true."""
    if isinstance(value, list):
        value = single(value)
    value = system(value)
    return value if value is None or value is False else True


def is_true(value: Any) -> bool:
    """Return whether a value is true, which empty is not."""
    return boolean(value) is True


def is_false(value: Any) -> bool:
    """Return whether a value is false, which empty is not."""
    return boolean(value) is False


def not_(value: bool | None) -> bool | None:  # noqa: FBT001 -- an operand
    """Return the opposite; None for None."""
    return None if value is None else not value


def and_(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 -- operands
    """Return false as soon as one is false, true when both are true, else None."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def or_(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 -- operands
    """Return true as soon as one is true, false when both are false, else None."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def xor(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 -- operands
    """Return whether exactly one is true; None when one is empty."""
    return None if left is None or right is None else left is not right


def implies(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001 -- operands
    """Return true when the left is false or the right true, false when the left is true and the right false."""
    if left is False or right is True:
        return True
    return False if left is True and right is False else None
