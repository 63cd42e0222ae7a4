"""Opening a record in an emergency: for one person, for some minutes, told to whoever keeps it.

https://msb-gateway.example/fhir/OperationDefinition/patient-break-glass
"""

from gateway.emergency.opening import Opened, close, open_record
from gateway.emergency.using import using

__all__ = ["Opened", "close", "open_record", "using"]
