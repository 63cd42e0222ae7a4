"""What an overlay says of how its provider signs what it sends; `gateway.access.signatures` does the checking."""

import re

from gateway.mapping import yaml_tree
from gateway.mapping.spans import Problems, suggestion
from gateway.mapping.yaml_tree import Node, Scalar

SHAPES = ("body", "timestamped", "standard")
_WIDEST = 3600  # seconds that a signature may be old
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


def check(root: yaml_tree.Mapping, _: str, problems: Problems) -> None:
    """Tell `problems` what is wrong with what an overlay says under `signature`; its secret never stands there."""
    like = "{shape: timestamped, header: X-Signature, window: 300}"
    for key, value in yaml_tree.settings(root, "signature", like, problems):
        _check_signature(key, value, problems)


def _check_signature(key: Scalar, node: Node, problems: Problems) -> None:
    said = node.value if isinstance(node, Scalar) else None
    match key.text:
        case "shape":
            if said not in SHAPES:
                hint = suggestion(str(said), SHAPES)
                problems.add(node.span, f"'shape' of a signature must be one of {', '.join(SHAPES)}{hint}")
        case "window":
            if not (type(said) is int and 0 < said <= _WIDEST):
                problems.add(node.span, f"'window' must be a number of seconds, from 1 to {_WIDEST}")
        case "header" | "timestamp":
            if not (isinstance(said, str) and _HEADER.fullmatch(said)):
                problems.add(node.span, f"'{key.text}' must be the name of a header, such as X-Signature")
        case "secret" | "secrets" | "key":
            problems.add(key.span, "a secret never stands in a mapping: it is in a file of GATEWAY_WEBHOOK_SECRETS")
        case _:
            hint = suggestion(key.text, ("shape", "header", "timestamp", "window"))
            problems.add(key.span, f"a signature has no '{key.text}'{hint}")
