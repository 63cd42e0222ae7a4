"""What the operations `$transform` and `$translate` do: Parameters in, a resource out, on what is installed.

http://hl7.org/fhir/R4/structuremap-operation-transform.html, http://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gateway.errors import BadMapping, BadRequest, Issue, MappingFailed, ResourceNotFound
from gateway.fhir.bundle import transaction
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.fhir.outcome import operation_outcome
from gateway.fhir.types import Resource
from gateway.mapping import ir
from gateway.mapping.fml import front, installed, resource
from gateway.mapping.fml.model import Model
from gateway.mapping.fml.transform import compiled, transform
from gateway.mapping.library import Library
from gateway.mapping.run import run
from gateway.mapping.spans import Problems, suggestion
from gateway.mapping.trace import Entry, entries_of

MAX_MAP = 500_000
"""Characters of a map that comes with a request."""
_MAPS = ("sourceMap", "source", "srcMap")
_KNOWN = frozenset({*_MAPS, "supportingMap", "content", "trace", "provider", "contentType"})


@dataclass
class Asked:
    """A `$transform` as it is asked: the map by url, id or itself, what it is to be applied to, and how."""

    library: Library
    received_at: datetime
    url: str | None = None
    maps: list[Any] = field(default_factory=list)  # StructureMaps, or FML text, that came with the request
    supporting: list[Any] = field(default_factory=list)
    content: Resource | None = None
    data: bytes | None = None
    content_type: str | None = None
    trace: bool = False
    provider: str = "dev"


@dataclass
class Given:
    """What a map gave: the resource, everything that was found, and where each element came from."""

    result: Resource
    issues: Sequence[Issue]
    entries: Sequence[Entry]


def asked(library: Library, parameters: Resource, received_at: datetime, url: str | None = None) -> Asked:
    """Return what the Parameters of a request ask. Raises BadRequest for what is not understood."""
    made = Asked(library, received_at, url)
    for parameter in _listed(parameters):
        name, value = str(parameter.get("name")), _value(parameter)
        if name not in _KNOWN:
            raise BadRequest(
                f"$transform has no parameter '{name}'{suggestion(name, _KNOWN)}", code="unknown-parameter"
            )
        if name in _MAPS:
            _take_map(made, value)
        elif name == "supportingMap":
            made.supporting.append(value)
        elif name == "content":
            _take_content(made, value)
        elif name == "trace":
            made.trace = value is True or value == "true"
        else:
            made.provider, made.content_type = (
                (str(value), made.content_type) if name == "provider" else (made.provider, str(value))
            )
    if made.content is None and made.data is None:
        raise BadRequest("$transform needs 'content': a resource, or a message as text or Binary")
    return made


def _take_map(made: Asked, value: Any) -> None:
    if isinstance(value, str) and len(value) < 1000 and "\n" not in value and "{" not in value:
        made.url = value
    else:
        made.maps.append(value)


def _take_content(made: Asked, value: Any) -> None:
    if isinstance(value, str):
        made.data = value.encode()
    elif isinstance(value, dict) and value.get("resourceType") == "Binary":
        try:
            made.data = b64decode(str(value.get("data", "")), validate=True)
        except NotBase64 as error:
            raise BadRequest("the data of the Binary is not base64") from error
        made.content_type = str(value["contentType"]) if "contentType" in value else None
    elif isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        made.content = value
    else:
        raise BadRequest("'content' is a resource, or a message as valueString")


def transformed(asked: Asked) -> Resource:
    """Return what `$transform` answers: the resource, or (with `trace`) Parameters of result, outcome and trace.

    Raises ResourceNotFound for a map that is not there, BadMapping for one that is installed, MappingFailed for one
    that came with the request, and what mapping the content raises.
    """
    try:
        given = _given(asked)
    except BadMapping as error:
        if not (asked.maps or asked.supporting):
            raise
        raise MappingFailed([replace(issue, code="bad-given-map") for issue in error.issues]) from error
    except RecursionError as error:
        raise MappingFailed("the groups of the map call each other without end") from error
    if not asked.trace:
        return given.result
    parts: list[dict[str, Any]] = [{"name": "result", "resource": given.result}]
    parts.append({"name": "outcome", "resource": operation_outcome(given.issues)})
    parts.append({"name": "trace", "part": [_entry(entry) for entry in given.entries]})
    return {"resourceType": "Parameters", "parameter": parts}


def _given(asked: Asked) -> Given:
    library, mapping = _mapping(asked)
    if mapping.groups and mapping.source.format == front.RESOURCE:
        return _of_resource(library, mapping, asked)
    data = asked.data if asked.data is not None else encode(asked.content)
    issues: list[Issue] = []
    resources: list[Any] = []
    entries: list[Entry] = []
    for mapped in run(
        library.only(mapping), data, provider=asked.provider, content_type=asked.content_type,
        received_at=asked.received_at, trace=asked.trace,
    ):  # fmt: skip
        issues += mapped.issues
        resources += mapped.resources
        entries += mapped.trace.entries()
    return Given(transaction(resources), issues, entries)


def _of_resource(library: Library, mapping: ir.Mapping, asked: Asked) -> Given:
    if asked.content is None:
        raise BadRequest("this map takes a FHIR resource; send it as 'content'")
    overlay = library.provider(asked.provider)
    made = compiled(mapping, overlay, library.units(Problems()), library.fml.maps)
    done = transform(made, mapping, asked.content, received_at=format_instant(asked.received_at))
    document = done.as_xml()
    if document is not None:
        data = b64encode(document).decode()
        result: Resource = {"resourceType": "Binary", "contentType": "application/xml", "data": data}
    else:
        result = done.result
    name = str(done.result.get("resourceType") or mapping.name)
    return Given(result, done.issues, entries_of(done.result, name, done.tracer) if asked.trace else ())


def _mapping(asked: Asked) -> tuple[Library, ir.Mapping]:
    """Return the map that is asked for, and the library in which it is."""
    if asked.maps or asked.supporting:
        library, own = _with_maps(asked)
        if asked.maps:
            return library, own[0]
    else:
        library = asked.library
    if asked.url is None:
        raise BadRequest("$transform needs 'sourceMap': the url of an installed map, or a StructureMap")
    bare = asked.url.partition("|")[0]
    everything = (*library.fml.maps.mappings, *library.mappings)
    found = next((m for m in everything if bare in {m.url, m.url.rpartition("/")[2], m.name}), None)
    if found is None:
        known = [m.url for m in everything]
        raise ResourceNotFound(f"no such StructureMap is installed{suggestion(bare, known, at_least=0.9)}")
    return library, found


def _with_maps(asked: Asked) -> tuple[Library, list[ir.Mapping]]:
    """Return the library with the maps of the request beside its own. Raises BadMapping with every problem of them."""
    problems, models, made = Problems(), {}, []
    for number, value in enumerate([*asked.maps, *asked.supporting], 1):
        file = f"request-{number}.fml"
        if isinstance(value, dict):
            if len(encode(value)) > MAX_MAP:
                raise BadRequest(f"a map is at most {MAX_MAP} characters")
            model: Model | None = resource.of(value, file)
        else:
            if len(str(value)) > MAX_MAP:
                raise BadRequest(f"a map is at most {MAX_MAP} characters")
            model = installed.model_of(str(value), file, problems)
        mapping = front.mapping(model, file, problems) if model else None
        if model is not None and mapping is not None:
            models[file] = model
            made.append(mapping)
    ours = asked.library.fml
    maps = installed.maps_of((*made, *ours.maps.mappings), {**ours.models, **models}, problems)
    if problems.errors:
        raise BadMapping(problems.errors)
    whole = replace(ours, maps=maps)
    return replace(asked.library, fml=whole), made


def _entry(entry: Entry) -> dict[str, Any]:
    said: list[tuple[str, str]] = [("path", entry.path), ("value", _text(entry.value))]
    said += [("source", str(place) if text[:1] in {"{", "["} else f"{place}: {text}") for place, text in entry.sources]
    said += [*(("through", one) for one in entry.through), ("rule", entry.rule), ("map", entry.where)]
    return {"name": "element", "part": [{"name": name, "valueString": text} for name, text in said if text]}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _listed(parameters: Resource) -> Iterator[dict[str, Any]]:
    listed = parameters.get("parameter") or []
    if parameters.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadRequest("an operation is asked with a Parameters resource")
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise BadRequest("every parameter has a name")
        yield one


def _value(parameter: dict[str, Any]) -> Any:
    if "resource" in parameter:
        return parameter["resource"]
    return next((value for key, value in parameter.items() if key.startswith("value")), None)
