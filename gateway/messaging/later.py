"""A message whose answer is sent elsewhere: it is taken in at once, and its answer waits in the queue of an endpoint.

The answer stands in the queue from the commit that takes or refuses the message, so it is sent at least once. Nothing
is sent but to origins that the operator lists, whatever a message says.
http://hl7.org/fhir/R4/messaging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Forbidden, Issue
from gateway.messaging import reading
from gateway.messaging.processing import process
from gateway.notify.endpoints import Refused

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.fhir.types import Resource
    from gateway.messaging.processing import Processed
    from gateway.services import Services


def answer_later(bundle: Resource, url: str | None, caller: Caller, to: Services) -> Processed:
    """Take in a message, with its answer on its way to `url`, or to where the message says that it comes from.

    Raises Forbidden when nothing is sent there (nothing of the message is kept then), and what `process` raises.
    """
    reading.check_is_message(bundle)
    endpoint = url if url is not None else reading.endpoint(bundle) or ""
    try:
        to.outward.allowed.endpoint(endpoint)
    except Refused as error:
        place = None if url is not None else f"{reading.HEADER}.source.endpoint"
        raise Forbidden([Issue("endpoint-refused", str(error), expression=place)]) from error
    return process(bundle, caller, to, answer_at=endpoint)
