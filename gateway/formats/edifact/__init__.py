"""UN/EDIFACT, syntax versions 1 to 4, as Dutch health care sends it: read lazily, answered exactly.

`split` cuts interchanges into messages, `parse` reads one, `acknowledge` makes the answer (CONTRL).
https://service.gefeg.com/jwg1/ (ISO 9735)
"""

from gateway.formats.edifact.acknowledgement import Answered, acknowledge
from gateway.formats.edifact.message import Message, control_id, leaves, parse, positions, split
from gateway.formats.edifact.segment import Segment
from gateway.formats.edifact.service import Service
from gateway.formats.edifact.source import Excerpt
from gateway.formats.edifact.structure import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "Answered",
    "Excerpt",
    "Message",
    "Segment",
    "Service",
    "acknowledge",
    "control_id",
    "leaves",
    "parse",
    "positions",
    "split",
]
