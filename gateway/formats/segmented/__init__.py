"""What messages of segments have in common, whichever format they are in: HL7 v2 and EDIFACT.

A message is read by paths such as `PID-3[2].1`: segment and occurrence, field (of EDIFACT: element), repetition,
component, subcomponent. One kind of path, one interface, so that the mapping engine compiles both the same way.
"""

from gateway.formats.segmented.message import Message
from gateway.formats.segmented.names import Names
from gateway.formats.segmented.paths import Position, find_path, parse_path
from gateway.formats.segmented.placed import Placed
from gateway.formats.segmented.segment import Segment

__all__ = ["Message", "Names", "Placed", "Position", "Segment", "find_path", "parse_path"]
