"""FHIR messages: a Bundle that says what happened, taken whole or not at all, and the message that answers it.

    read (what it asks, of whom) → operations (what it makes here) → transact, once → answer

The table of what is taken is in `events`. https://hl7.org/fhir/R4/messaging.html
"""

from gateway.messaging.processing import Processed, check_may, process, replay
from gateway.store.inbox import MESSAGE

__all__ = ["MESSAGE", "Processed", "check_may", "process", "replay"]
