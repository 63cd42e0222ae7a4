"""Displays of nothing but constants, such as `{'coding': [{'code': 'bd'}]}`: made once for some rows of a table.

They are found in the Python that was written. One that is given a name of its own is left alone, for what has a name
may be added to; all others are only put somewhere.
"""

import ast
from collections.abc import Iterator


def lifted(source: str, prefix: str) -> tuple[list[str], str]:
    """Return a line for each display of constants, and the source in which their names stand instead."""
    names: dict[str, str] = {}
    lines = source.encode().splitlines(keepends=True)
    found = sorted(_displays(ast.parse(source)), key=lambda node: (node.lineno, node.col_offset), reverse=True)
    for node in found:
        line = lines[node.lineno - 1]
        text = line[node.col_offset : node.end_col_offset].decode()
        name = names.setdefault(text, f"{prefix}{len(names) + 1}")
        lines[node.lineno - 1] = line[: node.col_offset] + name.encode() + line[node.end_col_offset :]
    return [f"{name} = {text}" for text, name in names.items()], b"".join(lines).decode()


def _displays(node: ast.AST) -> Iterator[ast.Dict | ast.List]:
    """Yield the outermost displays of constants that are put into something."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(child, ast.Dict | ast.List) and not named and _is_constant(child):
            if child.lineno == child.end_lineno:
                yield child
        else:
            yield from _displays(child)


def _is_constant(node: ast.expr | None) -> bool:
    """Return whether nothing but constants stands in a display, and something does."""
    if isinstance(node, ast.Dict):
        return bool(node.keys) and all(map(_is_part, [*node.keys, *node.values]))
    return isinstance(node, ast.List) and bool(node.elts) and all(map(_is_part, node.elts))


def _is_part(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) or _is_constant(node)
