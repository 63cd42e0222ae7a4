"""A program as a person reads it: each step with the file and line of its rule."""

import re

from gateway.mapping.compiler.body import comment
from gateway.mapping.compiler.program import Program

_FIRST = re.compile(r"\bT\.(?:named|test|fired|require|end|source)\((\d+)\b")
_THIRD = re.compile(r"\bT\.(?:literal|leaf|leaves|whole|assign|child)\((?:[^,()]+, ){2}(\d+)\b")


def shown(program: Program) -> str:
    """Return the source of a program; in the traced dialect, where rules are numbers, the comments are put in here."""
    return "\n".join(_line(line, program) for line in program.source.strip("\n").splitlines())


def _line(line: str, program: Program) -> str:
    found = _THIRD.search(line) or _FIRST.search(line)
    if found is None:
        return line
    return f"{line}  # {comment([program.rules[int(found[1])].span])}"
