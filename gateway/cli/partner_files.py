"""What an operator gives of partners, in a file or by options, as a document and the lines of its fields."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.access.peers import PeerCertificate
from gateway.errors import BadRequest
from gateway.mapping import yaml_tree
from gateway.mapping.spans import Problems
from gateway.mapping.yaml_tree import Node

Lines = dict[str, int]


def document_of(path: Path) -> tuple[Any, Lines]:
    """Return what a file of YAML or JSON holds, and the lines of its fields. Raises BadRequest (bad-partner)."""
    problems = Problems()
    text = yaml_tree.text_of(path, path.name, problems)
    if text.lstrip().startswith("{"):  # JSON may be indented by tabs, and YAML may not
        text = text.replace("\t", " ")
    root = yaml_tree.read(text, path.name, problems)
    if problems.errors or root is None:
        raise BadRequest([replace(issue, code="bad-partner") for issue in problems.errors])
    lines: Lines = {}
    return _plain(root, "", lines), lines


def _plain(node: Node, path: str, lines: Lines) -> Any:
    lines[path] = node.span.line
    if isinstance(node, yaml_tree.Mapping):
        return {key.text: _plain(value, f"{path}.{key.text}".lstrip("."), lines) for key, value in node}
    if isinstance(node, yaml_tree.Sequence):
        return [_plain(item, f"{path}[{number}]", lines) for number, item in enumerate(node.items)]
    return node.value


def jwks_of(path: Path) -> Any:
    """Return the JWKS in a file. Raises click.BadParameter when it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{path} is no JSON") from error


def with_development_keys(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the development set with a client for each partner, whose keys `gateway certs dev` made in `folder`."""
    keys = dict(_keys(folder))
    return {
        "partners": [
            one | {"clients": [{"id": one["id"], "jwks": keys[subject]}]}
            if (subject := one["certificates"][0]["subject"]) in keys
            else one
            for one in document["partners"]
        ]
    }


def _keys(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the subject of each certificate in a folder that has a JWKS beside it, and that."""
    for path in sorted(folder.glob("*.jwks")):
        pem = path.with_suffix(".pem").read_text(encoding="ascii")
        yield PeerCertificate.read(ssl.PEM_cert_to_DER_cert(pem)).subject, jwks_of(path)
