"""The operations that are served: each module gives the routes that lead to it.

`gateway.rest.metadata.OPERATIONS` lists them; what it does not list is not served.
https://hl7.org/fhir/R4/operations.html
"""

from gateway.rest.operations import (
    break_glass,
    codes,
    everything,
    expansion,
    holds,
    lastn,
    maps,
    messages,
    meta,
    subscriptions,
    validate,
)
from gateway.rest.operations.definition import routes
from gateway.rest.routes import Route

_MODULES = (break_glass, validate, meta, everything, codes, expansion, subscriptions)

ROUTES: tuple[Route, ...] = (
    *maps.ROUTES,
    *messages.ROUTES,
    *lastn.ROUTES,
    *meta.ROUTES,
    *holds.ROUTES,
    *(route for module in _MODULES for route in routes(module.OPERATIONS)),
)
