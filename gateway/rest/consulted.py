"""A register of consents is asked before what is asked of one patient is answered: see `gateway.consulting`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.consulting import consult, named_patient
from gateway.errors import ResourceNotFound, Unavailable

if TYPE_CHECKING:
    from gateway.errors import Issue
    from gateway.rest.interaction import Ask


@contextmanager
def consulted(ask: Ask) -> Iterator[None]:
    """Let what is inside look for one patient. Raises Unavailable where it finds nothing and none could be asked."""
    unanswered = before(ask)
    try:
        yield
    except ResourceNotFound as error:
        if unanswered is None:
            raise
        raise Unavailable([replace(unanswered, severity="error")]) from error


def before(ask: Ask) -> Issue | None:
    """Return a warning where the register could not be asked about the patient that is named."""
    of = ask.id if ask.type == "Patient" or ask.compartment == "Patient" else ""
    return consult(named_patient("Patient" if of else ask.type, of, ask.parameters), ask.caller, ask.to)
