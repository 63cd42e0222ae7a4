"""MLLP, HL7 v2 over TCP: each message between VT and FS CR, each answered in order on the same connection.

`serve` runs a listener until SIGTERM. It knows frames and connections, not messages: what to answer is
the callable it is given. http://www.hl7.org/documentcenter/public/wg/inm/mllp_transport_specification.PDF
"""

from gateway.mllp.connection import Limits
from gateway.mllp.frames import Frame, Frames, Sender, framed
from gateway.mllp.listener import Answer, Listener, run_listener, serve

__all__ = ["Answer", "Frame", "Frames", "Limits", "Listener", "Sender", "framed", "run_listener", "serve"]
