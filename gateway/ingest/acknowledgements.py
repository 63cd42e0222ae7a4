"""The answers that senders of HL7 v2 and of EDIFACT wait for. A refusal is an answer too."""

from collections.abc import Sequence
from typing import Literal

from gateway.errors import GatewayError, Issue
from gateway.formats import edifact, hl7v2
from gateway.ingest.names import parsed
from gateway.ingest.taken import CONTENT, Ingested
from gateway.services import Services


def acknowledgement(ingested: Ingested, to: Services) -> bytes:
    """Return the HL7 v2 answer: an ACK a message, in a batch when there were several.

    AA: stored. AE: read, and refused for what it says. AR: not a message that is taken here, or not now.
    http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading24
    """
    acks = [acknowledge(m.received.content, m.issues, m.refusal, to) for m in ingested.messages]
    if len(acks) == 1:
        return acks[0]
    return b"BHS|^~\\&\r" + b"".join(acks) + f"BTS|{len(acks)}\r".encode()


def acknowledge(content: bytes, issues: Sequence[Issue], refusal: GatewayError | None, to: Services) -> bytes:
    """Return the ACK to one HL7 v2 message."""
    message = parsed(content)  # None: the answer then names no MSH-10, for there is none
    code: Literal["AA", "AE", "AR"] = "AA" if refusal is None else "AE" if isinstance(refusal, CONTENT) else "AR"
    return hl7v2.acknowledge(message, code, issues, control_id=to.new_id()[:20], at=to.clock())


def control(ingested: Ingested, to: Services) -> bytes:
    """Return the EDIFACT answer: a CONTRL for each interchange, which says of each message whether it was taken.

    https://service.gefeg.com/jwg1/ (ISO 9735, part 4)
    """
    answers = [edifact.Answered(m.received.content, m.issues, m.refusal is not None) for m in ingested.messages]
    return edifact.acknowledge(answers, new_id=to.new_id, at=to.clock())
