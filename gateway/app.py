"""The Flask application, made of services. Nothing connects, reads or registers at import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from werkzeug.routing import Rule

from gateway.referral.durations import durations
from gateway.rest import (
    binaries,
    exports,
    fhir,
    health,
    ingest,
    login,
    metrics,
    oauth,
    openapi,
    operations,
    routes,
    signed,
)
from gateway.rest.guard import answered, guard
from gateway.rest.lanes import keep_lanes
from gateway.rest.paths import Paths
from gateway.rest.wire import Http
from gateway.settings.ages import ages

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from gateway.services import Services


class _Rule(Rule):
    """A rule that compiles what builds an address of it when one is built, which is never.

    To compile that takes most of the time of making an application.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - werkzeug's own
        compiled = super()._compile_builder

        def built(_: Rule, **values: Any) -> tuple[str, str]:
            return cast("tuple[str, str]", compiled(append_unknown).__get__(self, None)(**values))

        return built


class _App(Flask):
    """A Flask app of plain functions, with one way through it that has no hooks. Its rules are all there at first.

    It has no sessions, and nobody is told when a request begins or ends: Flask's own way in and out looks after both,
    which takes a tenth of a read.
    """

    request_class = Http
    url_rule_class = _Rule
    rules: Paths[Rule] = Paths(())

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        context = RequestContext(self, environ)
        around, inside = _cv_app.set(AppContext(self)), _cv_request.set(context)
        try:
            return answered(self, self._found(context))(environ, start_response)
        finally:
            _cv_request.reset(inside)
            _cv_app.reset(around)
            context.request.close()
            environ["werkzeug.request"] = None  # they know each other: what was sent would stay until it is looked for

    def _found(self, context: RequestContext) -> Http:
        """Return the request of a context, with its rule, or why it has none."""
        if context.url_adapter is not None:
            context.match_request()
        return cast("Http", context.request)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what looks for the rule of a request; None where that is found already."""
        found = self.rules.find(request.method, request.path) if request else None
        if request is None or found is None:
            return super().create_url_adapter(request)  # of a path that leads nowhere, it says why
        request.url_rule, request.view_args = found
        return None

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return it: no view or hook is a coroutine, and Flask would look again at each of them, every request."""
        return func


def create_app(to: Services) -> Flask:
    """Return the application that serves `to` over HTTP. Raises BadSettings when a provider's secret is not here, or
    a table, of how long places are held or figures count, cannot be used.

    https://flask.palletsprojects.com/patterns/appfactories/
    """
    signed.check_secrets(to)
    durations(to.settings.hold_durations)
    ages(to.settings.freshness)
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
    app.register_blueprint(login.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(oauth.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.rules = Paths(_ways(app.url_map.iter_rules()))
    return app


def _ways(rules: Iterable[Rule]) -> Iterator[tuple[str, str, Rule]]:
    """Yield every method and path of some rules; a rule for paths of which more is said goes before another."""
    for rule in sorted(rules, key=lambda rule: len(rule.arguments)):
        for method in rule.methods or ():
            yield method, rule.rule, rule
