"""Why somebody is not believed to be a partner. Who asks hears that it is so; why stands in the log and the audit."""

from __future__ import annotations

from gateway.errors import Unauthenticated

ANONYMOUS = "nobody is known by this request: show the certificate of a partner, or a token of this gateway"
BAD_TOKEN = "the token is not valid here, or not any more: ask for another one"  # noqa: S105 - a text


class NotKnown(Unauthenticated):
    """The caller is not who it should be. `reason` is a word for the log and the audit, and is never answered.

    `error` is what OAuth calls it, where a token was shown: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    """

    def __init__(self, reason: str, *, error: str | None = None) -> None:
        super().__init__(BAD_TOKEN if error else ANONYMOUS)
        self.reason, self.error = reason, error


def bad_token(reason: str) -> NotKnown:
    """Return what is raised for a token that is not taken."""
    return NotKnown(reason, error="invalid_token")
