"""The operations that are served: each module gives the routes that lead to it.

`gateway.rest.metadata.OPERATIONS` lists them; what it does not list is not served.
https://hl7.org/fhir/R4/operations.html
"""

from gateway.rest.operations import codes, expansion, maps, messages, validate
from gateway.rest.operations.definition import routes
from gateway.rest.routes import Route

ROUTES: tuple[Route, ...] = (
    *maps.ROUTES,
    *messages.ROUTES,
    *routes((*validate.OPERATIONS, *codes.OPERATIONS, *expansion.OPERATIONS)),
)
