"""What is sent back to a client. https://peps.python.org/pep-3333/

Flask's own response reads, checks and mends each header again; here all of them are made by the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_BODILESS = {HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value}


class Response:
    """A status, headers, and the bytes of a body: a WSGI application."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes = b"",
        status: int = HTTPStatus.OK,
        *,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.body = body
        self.status = int(status)
        self.headers: dict[str, str] = {"Content-Type": content_type} if content_type else {}
        if headers:
            self.headers.update(headers)

    @property
    def is_bodiless(self) -> bool:
        """Return whether it says by its status that it has no body. https://www.rfc-editor.org/rfc/rfc9110#section-6.4"""
        return self.status in _BODILESS

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it; of what is asked by HEAD, the headers alone."""
        if self.is_bodiless:
            start_response(_LINES[self.status], list(self.headers.items()))
            return ()
        self.headers["Content-Length"] = str(len(self.body))
        start_response(_LINES[self.status], list(self.headers.items()))
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)
