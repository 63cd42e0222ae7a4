"""HTTP in: from a request to what is asked. The way out is `gateway.rest.answering`.

Bodies are bytes both ways: Flask's JSON is not used. https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import parse_qsl

from flask import Request, current_app, g, request

from gateway.errors import BadRequest, UnsupportedMediaType
from gateway.fhir import json, xml
from gateway.fhir.datetime import read as read_moment
from gateway.fhir.types import Resource
from gateway.rest import body
from gateway.rest.headers import (
    FHIR_JSON,
    FHIR_MEDIA_TYPES,
    FHIR_XML,
    JSON_PATCH,
    PATCH_TYPES,
    XML_PATCH,
    charset,
    check_utf8,
    media_type,
    negotiate_fhir,
    prefer,
)
from gateway.rest.interaction import UNCONDITIONAL, Ask, Conditions, Pairs

if TYPE_CHECKING:
    from flask import Flask

    from gateway.services import Services

MAX_PARAMETERS = 200
GENERAL_PARAMETERS = frozenset({"_format", "_pretty"})  # about the representation, not about what is asked
BINARY = "Binary"
"""The type that is sent and told as what it holds, too."""
_CONDITIONS = frozenset({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_NONE_EXIST", "HTTP_IF_MODIFIED_SINCE"})
_FORM = "application/x-www-form-urlencoded"

_LANGUAGES: Mapping[str, Literal["en", "nl"]] = {"en": "en", "nl": "nl"}


def services() -> Services:
    """Return the services this app was created with."""
    return services_of(_behind(current_app))


def services_of(app: Flask) -> Services:
    """Return the services that an app was created with."""
    found: Services = app.extensions["gateway"]
    return found


class Http(Request):
    """A request, of which what is asked more than once is read once.

    `media_type` is that of the answer, and `is_pretty` whether it is indented: see `check_acceptable`.
    """

    media_type: str = FHIR_JSON
    is_pretty: bool = False

    def header(self, name: str) -> str | None:
        """Return a header from where WSGI has it: `headers` takes ten times as long."""
        found: str | None = self.environ.get(_variable(name))
        return found

    @property
    def length(self) -> int:
        """Return how many bytes of a body are announced, 0 where nothing is: then nothing more is looked at."""
        return (self.content_length or 0) if self.header("Content-Length") else 0

    @cached_property
    def parameters(self) -> Pairs:
        """Return the parameters of the URL and, on POST _search, those of the form. BadRequest."""
        return [*self.url_parameters, *pairs(content())] if _is_form(self) else self.url_parameters

    @cached_property
    def url_parameters(self) -> Pairs:
        """Return the parameters of the URL. BadRequest."""
        return pairs(self.query_string) if self.query_string else ()


def http() -> Http:
    """Return the request of this context."""
    return cast("Http", _behind(request))


def here() -> Any:
    """Return what is known of the request of this context beside it: the `g` of Flask."""
    return _behind(g)


def _behind(proxy: Any) -> Any:
    """Return what a proxy of Flask stands for: each thing that is asked through one costs ten times as much.

    https://werkzeug.palletsprojects.com/local/#werkzeug.local.LocalProxy._get_current_object
    """
    return proxy._get_current_object()  # noqa: SLF001 - it is what the library tells to use


def check_acceptable(asked: Http) -> None:
    """Choose between XML and JSON for the answer. NotAcceptable when the caller takes neither, BadRequest."""
    pretty = _first(asked.parameters, "_pretty")
    if pretty not in {None, "true", "false"}:
        raise BadRequest("_pretty is true or false", code="bad-value")
    asked.is_pretty = pretty == "true"
    format_ = _first(asked.parameters, "_format")
    asked.media_type = negotiate_fhir(asked.header("Accept"), format_, asked.header("Content-Type"))


@cache
def _variable(header: str) -> str:
    """Return what WSGI calls a header. https://peps.python.org/pep-3333/#environ-variables"""
    name = header.upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


def language() -> Literal["en", "nl"]:
    """Return `nl` or `en`, whichever Accept-Language likes best; a region (nl-BE) does not matter."""
    liked = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((_LANGUAGES[tag] for tag in liked if tag in _LANGUAGES), "en")


def ask(asked: Http, **path: str) -> Ask:
    """Return the interaction that a request asks; `path` is what stands in the URL's path."""
    content_type = asked.header("Content-Type")
    return Ask(
        caller=here().caller,
        to=services(),
        read_body=patch if asked.method == "PATCH" else _reader(content_type, path),
        parameters=[pair for pair in asked.parameters if pair[0] not in GENERAL_PARAMETERS],
        conditions=_conditions(asked),
        prefer=prefer(asked.header("Prefer")),
        is_bare=content_type is None and not asked.length,
        received=None,
        **path,
    )


def _reader(content_type: str | None, path: Mapping[str, str]) -> Callable[[], Resource]:
    """Return what reads the resource in the body: what is sent to Binary and is no FHIR stands for itself."""
    if path.get("type") != BINARY or not content_type or media_type(content_type) in FHIR_MEDIA_TYPES:
        return resource
    return lambda: body.native(services().settings.max_body, content_type, path.get("id", ""))


def _conditions(asked: Http) -> Conditions:
    if _CONDITIONS.isdisjoint(asked.environ):
        return UNCONDITIONAL
    since = asked.if_modified_since if asked.header("If-Modified-Since") else None
    header = asked.header
    return Conditions(header("If-Match"), header("If-None-Match"), header("If-None-Exist"), since)


def url_parameters() -> Pairs:
    """Return the parameters of the URL. BadRequest."""
    return http().url_parameters


def parameter(name: str) -> str | None:
    """Return the first value of a parameter."""
    return _first(http().parameters, name)


def _first(said: Pairs, name: str) -> str | None:
    return next((value for known, value in said if known == name), None) if said else None


def pairs(query: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a query string or a form. BadRequest."""
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeDecodeError as error:
        raise BadRequest("the parameters are not percent-encoded UTF-8") from error
    except ValueError as error:
        raise BadRequest(f"there are more than {MAX_PARAMETERS} parameters") from error


def point_in_time(text: str) -> datetime | None:
    """Return where the time that a FHIR date or instant names begins; None when it names none that there is."""
    moment = read_moment(text)
    try:
        return datetime.fromtimestamp(moment.low / 1e6, UTC) if moment else None
    except (ValueError, OverflowError):  # before the year 1 in UTC
        return None


def content() -> bytes:
    """Return the bytes of the body, inflated, within the limit that is set. TooLarge, UnsupportedMediaType."""
    return body.content(services().settings.max_body)


def sent() -> bytes:
    """Return the bytes of the body as they came, within the limit that is set. TooLarge, MalformedMessage."""
    return body.sent(services().settings.max_body)


def plain(sent: bytes) -> bytes:
    """Return what was sent, inflated, within the limit that is set. TooLarge, UnsupportedMediaType."""
    return body.plain(sent, services().settings.max_body)


def resource() -> Resource:
    """Return the resource in the body. UnsupportedMediaType, TooLarge, MalformedMessage."""
    content_type = request.headers.get("Content-Type")
    sent = FHIR_MEDIA_TYPES.get(media_type(content_type))
    if sent is None:
        raise UnsupportedMediaType(f"a FHIR resource is sent as {FHIR_JSON} or {FHIR_XML}")
    if sent == FHIR_XML:
        document = content()
        g.places = xml.Places(document, charset(content_type))
        return xml.read(document, charset=charset(content_type))
    check_utf8(content_type)
    return body.as_resource(json.decode(content()))


def patch() -> Resource:
    """Return the patch in the body as an entry of a Bundle holds it: JSON and XML Patch in a Binary, else Parameters.

    Raises what `resource` raises. https://hl7.org/fhir/R4/http.html#patch
    """
    content_type = request.headers.get("Content-Type")
    sent = media_type(content_type)
    if sent in {JSON_PATCH, XML_PATCH}:
        if sent == JSON_PATCH or charset(content_type):
            check_utf8(content_type)
        return {"resourceType": "Binary", "contentType": sent, "data": b64encode(content()).decode()}
    if sent in FHIR_MEDIA_TYPES:
        return resource()
    raise UnsupportedMediaType(f"a patch is sent as {', '.join(PATCH_TYPES)}")


def _is_form(asked: Http) -> bool:
    """Return whether the body holds parameters. UnsupportedMediaType where it must, and is something else."""
    if asked.method != "POST" or not asked.path.endswith("/_search"):
        return False
    if media_type(asked.header("Content-Type")) == _FORM:
        return True
    if asked.content_length == 0 or (asked.content_length is None and asked.header("Content-Type") is None):
        return False  # all parameters stand in the URL
    raise UnsupportedMediaType(f"the parameters of a search are sent as {_FORM}")
