"""`gateway serve`: HTTP under gunicorn, the MLLP listener and the watched folder, started and stopped together.

    supervisor ──┬── gunicorn ──── workers (HTTP)
                 ├── porter: tells HTTP clients to come back when too many wait
                 ├── MLLP listener
                 ├── watched folder, when there is one
                 ├── deliver: tells subscribers and partners what was stored
                 ├── audit: signs the heads of the audit, and makes what it is searched by
                 └── retention: deletes old messages

The ports are bound and everything is built before the children are forked: a port in use or a wrong
mapping is told at once, and the children share the memory. When one child ends by itself, all end:
whatever started the gateway sees it and can start it again.
"""

import gc
import logging
import os
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from gateway import folder
from gateway.access.tls import server_context
from gateway.app import create_app
from gateway.cli import audit_keeper, mllp_door, retention
from gateway.cli.http_worker import HttpWorker
from gateway.cli.local_socket import LocalSocket
from gateway.cli.logs import log_to_stderr
from gateway.cli.operator import operator
from gateway.cli.porter import Porter
from gateway.cli.supervisor import GRACE_SECONDS, STOPPING, Supervisor, child
from gateway.deliver import worker as deliver
from gateway.errors import GatewayError, Unavailable
from gateway.metrics import TOGETHER
from gateway.query.auditlog import signing
from gateway.services import Services, build
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.store.reindex import types_outdated

_log = logging.getLogger(__name__)
_REQUEST_SECONDS = 120  # the largest Bundle takes less than half of it
_BACKLOG = 1024

DEVELOPMENT = """\
DEVELOPMENT MODE: NO AUTHENTICATION. Whoever reaches these ports can read and write everything.
The gateway listens on this machine only. Test data only; never a real patient.\
"""

CERTIFICATES = """\
Only partners are let in, by their certificates and tokens: `gateway partners list` shows who they are.\
"""


@click.command()
def serve() -> None:
    """Serve FHIR over HTTP and messages over MLLP, until SIGTERM or SIGINT; SIGHUP loads anew. Settings: GATEWAY_*."""
    with counting_together():
        try:
            settings = Settings.from_env(os.environ)
            log_to_stderr(settings.log_level)
            with closing(Gateway(settings)) as gateway:
                code = Supervisor(gateway.begin).run()
        except GatewayError as error:
            raise click.ClickException("\n".join(str(issue) for issue in error.issues)) from error
    sys.exit(code)


@contextmanager
def counting_together() -> Iterator[None]:
    """Have all processes that are started in it count for one `/metrics`; afterwards nothing is left of that."""
    before = os.environ.get(TOGETHER)
    with tempfile.TemporaryDirectory(prefix="msb-gateway-metrics-") as folder:
        os.environ[TOGETHER] = folder
        try:
            yield
        finally:
            del os.environ[TOGETHER]
            if before is not None:
                os.environ[TOGETHER] = before


class Gateway:
    """The ports of a gateway, and how its processes are started on them. Raises Unavailable."""

    def __init__(self, settings: Settings) -> None:
        self._wire = listening(settings.mllp_host, settings.mllp_port)
        self._local: LocalSocket | None = None
        if settings.socket is not None:
            self._local = LocalSocket(settings.socket, settings.socket_access, min(settings.max_waiting, _BACKLOG))
        self._http = self._local.listener if self._local else listening(settings.host, settings.port)
        self._settings = settings
        self._is_announced = False

    def close(self) -> None:
        """Let go of the socket of a path: a port goes with the process."""
        if self._local is not None:
            self._local.close()

    def begin(self) -> list[ForkProcess]:
        """Build, announce and fork; return the children. Raises BadSettings, BadMapping, Unavailable."""
        settings = self._settings
        gc.unfreeze()  # what was built before, when this is a reload
        open_store(settings.database, durability=settings.durability, renew=True).close()
        with _uncollected():
            to = build(settings if self._local else settings.with_port(self._http.getsockname()[1]))
            app, tls = create_app(to), (tls_context(settings), tls_context(settings, is_http=False))
        if settings.audit_keys is not None:
            signing.read_keys(settings.audit_keys)
        self._announce(to)
        _warn_of_indexes(to.store)
        gc.collect()
        gc.freeze()  # what is built stays shared: the collector of a child never touches it
        gc.set_threshold(50_000, 20, 20)  # a transaction makes thousands of objects that all go at its end
        return self._forked(to, app, *tls)

    def _forked(
        self, to: Services, app: Flask, tls: ssl.SSLContext | None, mllp_tls: ssl.SSLContext | None
    ) -> list[ForkProcess]:
        settings, http, wire = self._settings, self._http, self._wire
        children = [
            child("http", lambda: HttpServer(app, settings, http, tls, ended=to.telemetry.close).run(), unused=[wire]),
            child("porter", lambda: _porter(to, http, tls).run(), unused=[wire]),
            child("mllp", lambda: _recorded(to, lambda: mllp_door.listen(to, wire, mllp_tls)), unused=[http]),
            child("deliver", lambda: _recorded(to, lambda: deliver.serve(to)), unused=[http, wire]),
            child("audit", lambda: audit_keeper.serve(to), unused=[http, wire]),
        ]
        if settings.folder is not None:
            watch = _watch(settings.folder, to)
            children.append(child("folder", lambda: folder.serve(watch), unused=[http, wire]))
        if settings.inbox_days:
            children.append(child("retention", lambda: retention.serve(to), unused=[http, wire]))
        return children

    def _announce(self, to: Services) -> None:
        if not self._is_announced:
            _announce(to.settings, self._wire.getsockname()[1])
        self._is_announced = True


def _warn_of_indexes(store: Store) -> None:
    outdated = types_outdated(store)
    if outdated.incomplete:
        text = "index-incomplete: searches that need what is new are refused for %s; run `gateway store reindex`"
        _log.warning(text, ", ".join(outdated.incomplete))
    if outdated.whole and store.seals.finders:
        text = "hidden-otherwise: numbers of %s stand readable, or as older keys hid them; run `gateway store encrypt`"
        _log.warning(text, ", ".join(outdated.whole))
    store.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Build without looking for garbage: nearly all of it stays, and the looking takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Raises Unavailable when it is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(f"{host}:{port} cannot be listened on: {error.strerror}") from error


def tls_context(settings: Settings, *, is_http: bool = True) -> ssl.SSLContext | None:
    """Return how a port speaks TLS, None when it does not; over HTTP a token may do alone. BadSettings."""
    if settings.tls_certificate is None or settings.tls_key is None or (is_http and settings.socket is not None):
        return None
    optional = is_http and settings.tls_client_certificate == "optional"
    return server_context(settings.tls_certificate, settings.tls_key, settings.tls_client_ca, optional=optional)


class GunicornLog(Logger):  # type: ignore[misc] # gunicorn has no types
    """What gunicorn has to say, in our log."""

    def setup(self, cfg: Any) -> None:
        """Pass on to the root logger what does not name a path: at `debug` gunicorn would tell each one."""
        self.cfg = cfg
        self.error_log.setLevel(max(logging.INFO, logging.getLevelName(cfg.loglevel.upper())))
        self.error_log.propagate = True


class _Arbiter(Arbiter):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's parent of the workers, of whom none loses a signal that comes before it can listen to it."""

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Stop the workers. The listener is not gunicorn's to take away: after a reload others go on with it."""
        self.systemd = True
        super().stop(graceful)

    def spawn_worker(self) -> int:
        """Start a worker and return its process id. In the worker signals wait, until `HttpWorker` listens to them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # it begins with our handlers, which tell nobody there
        try:
            return int(super().spawn_worker())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


class HttpServer(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn, serving an app that is built already, on a socket that is bound already."""

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        listener: socket.socket,
        tls: ssl.SSLContext | None = None,
        *,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self.tls, self.max_body, self.wait_seconds = tls, settings.max_body, settings.wait_seconds  # for its workers
        self._options = options(settings) | {
            "bind": f"fd://{os.dup(listener.fileno())}",
            "worker_exit": lambda _arbiter, _worker: ended(),
        }
        listener.close()
        super().__init__()

    def load_config(self) -> None:
        """Set our options; no file and no variable of gunicorn's has a say."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the app."""
        return self._app

    def run(self) -> None:
        """Serve until told to stop."""
        _Arbiter(self).run()


def _recorded(to: Services, run: Callable[[], None]) -> None:
    """Run, and then send the spans that are not sent yet."""
    with closing(to.telemetry):
        run()


def _porter(to: Services, listener: socket.socket, tls: ssl.SSLContext | None) -> Porter:
    """Return what turns away whom the workers cannot serve in time."""
    return Porter(listener, most=to.settings.max_waiting, tls=tls, told=lambda n: to.metrics.turned_away("http", n))


def _watch(path: Path, to: Services) -> folder.Watch:
    """Return what looks at the watched folder."""
    language, days = to.settings.folder_language, to.settings.folder_days
    return folder.Watch(
        path,
        to,
        operator(to.settings, "watched folder", providers=to.library.providers),
        language=language,
        keep_days=days,
    )


def options(settings: Settings) -> dict[str, Any]:
    """Return gunicorn's settings. https://docs.gunicorn.org/en/stable/settings.html"""
    return {
        "workers": settings.workers,
        "worker_class": HttpWorker,
        "preload_app": True,
        "control_socket_disable": True,
        "timeout": _REQUEST_SECONDS,
        "graceful_timeout": GRACE_SECONDS,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "forwarded_allow_ips": "",  # nobody's X-Forwarded-* counts
        "accesslog": None,  # a URL may name a patient; we log the rule that answered
        "logger_class": GunicornLog,
        "loglevel": settings.log_level,
    }


def _announce(settings: Settings, mllp_port: int) -> None:
    click.echo(f"FHIR at {settings.base_url}")
    if settings.socket is not None:
        click.echo(f"HTTP for a proxy at {settings.socket}")
    click.echo(f"Messages at {settings.base_url.removesuffix('/fhir')}/ingest/<provider>")
    click.echo(f"MLLP at {settings.mllp_host}:{mllp_port}")
    if settings.folder is not None:
        click.echo(f"Files in {settings.folder}/<provider>/in")
    click.secho(DEVELOPMENT if settings.development else CERTIFICATES, fg="red", bold=True, err=True)
    sys.stdout.flush()
