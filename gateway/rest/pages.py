"""Pages for people: plain HTML without a script, which no other site can frame or add to.

https://www.w3.org/TR/CSP3/, https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Literal

from gateway.rest.response import Response

Language = Literal["nl", "en"]

_STYLE = """
body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 0; background: #f3f5f7; color: #14202b; }
main { max-width: 26rem; margin: 8vh auto; padding: 2rem; background: #fff; border-top: .4rem solid #0b5163; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; border: 1px solid #5b6b7a; }
button, .button { display: inline-block; margin-top: 1.5rem; padding: .6rem 1.4rem; font: inherit; font-weight: 600;
  color: #fff; background: #0b5163; border: 0; text-decoration: none; cursor: pointer; }
:focus-visible { outline: .2rem solid #e17000; outline-offset: .15rem; }
.problem { padding: .6rem .8rem; background: #fdecea; border-left: .3rem solid #b00020; }
.hint { margin: .2rem 0 0; font-size: .95rem; color: #44535f; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem; margin: 0; }
dt { color: #44535f; } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode("ascii")
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page(title: str, content: str, language: Language, status: int = HTTPStatus.OK) -> Response:
    """Return a page. `content` is HTML: whatever stands in it as text was escaped."""
    whole = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} - msb-gateway</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{content}\n</main>\n</body>\n</html>\n"
    )
    return Response(whole.encode(), status, content_type="text/html; charset=utf-8", headers=_HEADERS)


def to_page(address: str) -> Response:
    """Return what leads a browser on to another page, by GET."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={**_HEADERS, "Location": address})
