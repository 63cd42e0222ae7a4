"""Whether a page of another site made a browser send a request, with whatever rights its user has.

https://www.w3.org/TR/fetch-metadata/, https://www.rfc-editor.org/rfc/rfc6454
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.errors import Forbidden

if TYPE_CHECKING:
    from flask import Request

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


def keep_other_sites_out(asked: Request) -> None:
    """Raise Forbidden for what a page of another site sends here."""
    if asked.method not in _CHANGES_NOTHING and _site(asked) not in {None, "same-origin", "none"}:
        raise Forbidden("a page of another site may not send anything here")


def check_own_page(asked: Request) -> None:
    """Raise Forbidden unless a page of the gateway itself sends this: a cookie alone says nothing of who wants it."""
    if asked.method not in _CHANGES_NOTHING and _site(asked) != "same-origin":
        raise Forbidden("this is sent by the gateway's own pages alone")


def _site(asked: Request) -> str | None:
    """Return where the page is of that sends this, as the browser says; None where it says nothing."""
    site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
    if site is None and origin is not None:
        return "same-origin" if urlsplit(origin).netloc == asked.host else "cross-site"
    return site
