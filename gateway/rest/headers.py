"""What the headers of a request say: media types, Accept, Prefer, entity tags. Pure, no Flask.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from werkzeug.http import parse_options_header

from gateway.errors import BadRequest, NotAcceptable, UnsupportedMediaType

FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"
REDUCED = "-reduced"
"""What the entity tag of a reduced form ends with: it is another representation of the same version."""
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
PATCH_TYPES = (JSON_PATCH, XML_PATCH, FHIR_JSON, FHIR_XML)
_JSON_TYPES = (FHIR_JSON, "application/json", "text/json", "application/json+fhir")
_XML_TYPES = (FHIR_XML, "application/xml", "text/xml", "application/xml+fhir")
FHIR_MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {**dict.fromkeys(_JSON_TYPES, FHIR_JSON), **dict.fromkeys(_XML_TYPES, FHIR_XML)}
)
"""Media types of a FHIR resource, each with the one it stands for."""

FHIR_OFFERED: Mapping[str, str] = MappingProxyType({**FHIR_MEDIA_TYPES, "json": FHIR_JSON, "xml": FHIR_XML})
_OUR_VERSIONS = {"4.0", "4.0.1"}

Return = Literal["minimal", "representation", "OperationOutcome"]


@dataclass(frozen=True, slots=True)
class Prefer:
    """What the caller would like: how much comes back, and whether an unknown search parameter is an error."""

    returned: Return | None = None
    strict: bool = True


AS_USUAL = Prefer()
"""What a caller gets who has no wishes."""


def media_type(content_type: str | None) -> str:
    """Return the media type without its parameters, in lower case; '' when there is none.

    UnsupportedMediaType where a parameter asks for another FHIR version or another charset than UTF-8.
    """
    name, parameters = parse_options_header(content_type)
    if not _is_our_version(parameters):
        raise UnsupportedMediaType("the gateway speaks FHIR version 4.0")
    return name.lower()


def charset(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type; None when it has none."""
    return parse_options_header(content_type)[1].get("charset")


def check_utf8(content_type: str | None) -> None:
    """Raise UnsupportedMediaType when the charset parameter is not UTF-8, the only one FHIR JSON knows."""
    said = charset(content_type) or "utf-8"
    if said.lower().replace("-", "") not in {"utf8", "usascii"}:
        raise UnsupportedMediaType("FHIR JSON is UTF-8: send charset=utf-8 or leave it out")


def negotiate(accept: str | None, offered: Mapping[str, str], *, default: str) -> str:
    """Return the representation offered for the media range that `accept` likes best.

    `offered` maps each media type that may be asked to the representation it gets. NotAcceptable names the offers.
    https://www.rfc-editor.org/rfc/rfc9110#name-accept
    """
    if not accept or not accept.strip():
        return default
    for name in ranges_by_preference(accept):
        found = _matching(name, offered, default)
        if found is not None:  # an empty default is an answer too
            return found
    raise NotAcceptable(f"offered: {', '.join(sorted(name for name in offered if '/' in name))}, FHIR version 4.0")


@lru_cache(maxsize=256)
def negotiate_fhir(accept: str | None, format_: str | None, sent: str | None = None) -> str:
    """Return the FHIR media type to answer in; `_format` goes before Accept. NotAcceptable.

    Who likes all alike is answered in the type of what was `sent`, else in JSON.

    https://hl7.org/fhir/R4/http.html#parameters
    """
    if format_:
        return negotiate(format_.replace(" ", "+"), FHIR_OFFERED, default=FHIR_JSON)  # an unescaped + is a space
    default = FHIR_MEDIA_TYPES.get(parse_options_header(sent)[0].lower(), FHIR_JSON)
    return negotiate(accept, FHIR_OFFERED, default=default)


def prefer(value: str | None) -> Prefer:
    """Return what Prefer asks; tokens it does not know are passed over, as RFC 7240 wants. BadRequest on a bad one.

    https://hl7.org/fhir/R4/http.html#ops, https://hl7.org/fhir/R4/search.html#errors
    """
    if value is None:
        return AS_USUAL
    said = [wish.strip().partition("=")[::2] for wish in value.replace(";", ",").split(",")]
    wishes = dict(reversed(said))  # of what is said twice the first holds: RFC 7240, 2
    handling = wishes.get("handling", "strict").strip('"')
    returned = wishes.get("return", "").strip('"')
    if handling not in {"strict", "lenient"}:
        raise BadRequest("Prefer: handling is strict or lenient")
    return Prefer(_return(returned), handling == "strict")


def version_of(etag: str | None) -> str | None:
    """Return the version an entity tag names, `W/"3"` or `"3"` or `3`; None when there is none. BadRequest.

    Of a reduced form it is that of the resource.
    """
    if etag is None or not etag.strip():
        return None
    tag = etag.strip().removeprefix("W/")
    version = tag[1:-1] if len(tag) > 1 and tag[0] == tag[-1] == '"' else tag
    if not version or '"' in version or "," in version:
        raise BadRequest('If-Match names one version: W/"3"')
    return version.removesuffix(REDUCED)


def versions_of(etags: str | None) -> frozenset[str]:
    """Return the versions of If-None-Match, `*` among them as it stands."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in (etags or "").split(","))
    return frozenset(tag for tag in tags if tag)


def _return(value: str) -> Return | None:
    match value:
        case "":
            return None
        case "minimal" | "representation" | "OperationOutcome":
            return value
        case _:
            raise BadRequest("Prefer: return is minimal, representation or OperationOutcome")


def ranges_by_preference(accept: str) -> list[str]:
    """Return the acceptable media ranges of ours, most liked first, ties as written."""
    weighed: list[tuple[float, str]] = []
    for one in accept.split(","):
        name, parameters = parse_options_header(one.strip())
        if name and _is_our_version(parameters):
            weighed.append((_quality(parameters.get("q")), name.lower()))
    return [name for quality, name in sorted(weighed, key=lambda pair: -pair[0]) if quality > 0]


def _quality(q: str | None) -> float:
    try:
        return 1.0 if q is None else float(q)
    except ValueError:
        return 0.0


def _matching(name: str, offered: Mapping[str, str], default: str) -> str | None:
    if name in {"*/*", "*"}:
        return default
    if name.endswith("/*"):
        kind = name[:-1]
        return (
            default if default.startswith(kind) else next((v for k, v in offered.items() if k.startswith(kind)), None)
        )
    return offered.get(name)


def _is_our_version(parameters: Mapping[str, str]) -> bool:
    asked = next((v for k, v in parameters.items() if k.lower() == "fhirversion"), None)
    return asked is None or asked in _OUR_VERSIONS
