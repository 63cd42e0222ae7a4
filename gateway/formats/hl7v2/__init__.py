"""HL7 version 2 in its vertical-bar encoding (ER7), versions 2.1 to 2.8: read lazily, answered exactly.

`parse` reads one message, `split` cuts a batch or a concatenation into messages, `acknowledge` makes
the answer. http://www.hl7.eu/HL7v2x/v251/std251/ch02.html
"""

from gateway.formats.hl7v2.acknowledgement import acknowledge
from gateway.formats.hl7v2.batch import split
from gateway.formats.hl7v2.delimiters import Delimiters
from gateway.formats.hl7v2.message import MAX_BYTES, MAX_SEGMENTS, Message, leaves, parse, positions
from gateway.formats.hl7v2.segment import Segment
from gateway.formats.hl7v2.source import Excerpt
from gateway.formats.segmented import Position, parse_path

__all__ = [
    "MAX_BYTES",
    "MAX_SEGMENTS",
    "Delimiters",
    "Excerpt",
    "Message",
    "Position",
    "Segment",
    "acknowledge",
    "leaves",
    "parse",
    "parse_path",
    "positions",
    "split",
]
