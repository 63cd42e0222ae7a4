"""Parts of a table's program that depend on a few texts alone: functions of their own, which rows of a table share.

They are found in the Python that was written: what it uses and does not make itself is what it depends on.
"""

import ast
import re
from collections.abc import Callable, Collection, Sequence
from textwrap import dedent, indent

from gateway.mapping.compiler.body import Body, kind_of
from gateway.mapping.compiler.constants import lifted
from gateway.mapping.compiler.frame import Name

MOST = 4
"""So many texts together are seldom those of another row."""
LEAST = 3
"""A part is worth a function of its own from so many steps: a display or a method is one, a call of ours is two."""
_CALL = re.compile(r"\b(?:fp_|map_|r_map_|K_|f_)\w*\(")
_STEP = re.compile(r"[\[{]|\.[a-z]+\(")
_TABLE = """def rows(received_at, control_id, remembered):
{functions}
    return mapping


def mapping(m, received_at, control_id, out):
    return rows(received_at, control_id, once)(m, out)"""


def worth(lines: Sequence[str], text: str) -> bool:
    """Return whether a part is so much work that to look up what it made before is less."""
    whole = "\n".join([*lines, text])
    return len(_CALL.findall(whole)) * 2 + len(_STEP.findall(whole)) >= LEAST


def inputs(lines: Sequence[str], text: str, known: Callable[[str], bool]) -> list[str]:
    """Return the variables that a part uses and does not make, in order; `known` are names that are no variables."""
    names = [node for node in ast.walk(ast.parse(_function("def part()", lines, text))) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return list(dict.fromkeys(node.id for node in names if node.id not in made and not known(node.id)))


def moved(body: Body, start: int, text: str, head: str) -> str:
    """Return a function of the lines of a body from `start` on, and of what they lead to; they are taken away there."""
    lines = [body.lines[index] + body.told(index) for index in range(start, len(body.lines))]
    body.cut(start)
    return _function(f"@remembered\n{head}", lines, text)


def is_shared(variables: Sequence[str], texts: Collection[str]) -> bool:
    """Return whether a part depends on a few texts, and on nothing else."""
    return 1 <= len(variables) <= MOST and all(variable in texts for variable in variables)


def _function(head: str, lines: Sequence[str], text: str) -> str:
    return "\n".join([f"{head}:", indent(dedent("\n".join([*lines, _like(lines, f"return {text}")])), "    ")])


def _like(lines: Sequence[str], line: str) -> str:
    """Return a line indented as the first of some lines."""
    return (lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines else "") + line


def rows(added: Sequence[str], functions: Sequence[str]) -> str:
    """Return the function that makes the functions of one table, so that these can remember what they made."""
    constants, text = lifted("\n\n".join(functions), "C")
    begun = [f"r_{name} = remembered({name})" for name in added] + constants
    return _TABLE.format(functions=indent("\n".join([*begun, "", text]), "    "))


def is_key(name: Name) -> bool:
    """Return whether what a name holds can be looked up by its value: a text, a boolean or nothing.

    A number cannot: 0.50 is 0.5, and is not written so.
    """
    boolean = name.type in {"boolean", "System.Boolean"}
    return not name.many and (boolean or kind_of(name.type) in {"text", "solid"})
