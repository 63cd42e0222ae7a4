"""The Flask application, made of services. Nothing connects, reads or registers at import."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from gateway.referral.durations import durations
from gateway.rest import binaries, exports, fhir, health, ingest, metrics, oauth, openapi, operations, routes, signed
from gateway.rest.guard import guard
from gateway.rest.lanes import keep_lanes
from gateway.services import Services


class _App(Flask):
    """A Flask app of plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return it: no view or hook is a coroutine, and Flask would look again at each of them, every request."""
        return func


def create_app(to: Services) -> Flask:
    """Return the application that serves `to` over HTTP. Raises BadSettings when a provider's secret is not here, or
    the table of how long places are held cannot be used.

    https://flask.palletsprojects.com/patterns/appfactories/
    """
    signed.check_secrets(to)
    durations(to.settings.hold_durations)
    app = _App("gateway", static_folder=None)
    app.extensions["gateway"] = to
    app.config["MAX_CONTENT_LENGTH"] = to.settings.max_body + 1  # the one more is how too much is seen
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    guard(app)
    keep_lanes(app, to.settings.workers)
    routes.serve(app, (*fhir.ROUTES, *operations.ROUTES))
    app.register_blueprint(binaries.blueprint)
    app.register_blueprint(exports.blueprint)
    app.register_blueprint(ingest.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(oauth.blueprint)
    app.register_blueprint(openapi.blueprint)
    return app
