"""How the tables of a mapping are laid out, as the formats want to be told."""

from typing import Any

from gateway.formats.delimited import Layout
from gateway.mapping import ir
from gateway.mapping.overlays import Overlay

_TEXTS = ("delimiter", "charset", "decimal", "quote")


def layout_of(mapping: ir.Mapping, overlay: Overlay) -> Layout:
    """Return the layout that `source` of a mapping describes. Raises BadMapping when there can be none such."""
    said: dict[str, Any] = dict(mapping.source.layout)
    aliases = {name: _texts(others) for name, others in (said.get("aliases") or {}).items()}
    known: dict[str, Any] = {key: str(said[key]) for key in _TEXTS if said.get(key)}
    return Layout(**known, aliases=aliases, required=mapping.source.columns, fallback_charset=overlay.charset)


def _texts(others: Any) -> tuple[str, ...]:
    return tuple(map(str, others)) if isinstance(others, list) else (str(others),)
