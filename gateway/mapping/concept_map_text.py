"""ConceptMaps as text: one element a line, so that a change to one code is a change to one line."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:]')


def written(resource: dict[str, Any]) -> str:
    """Return a ConceptMap as JSON text with one element of a group a line; the same resource gives the same text."""
    groups = [_group(group) for group in resource["group"]]
    head = [f" {_json(key)}: {_json(value)}" for key, value in resource.items() if key != "group"]
    return "{\n" + ",\n".join([*head, ' "group": [\n' + ",\n".join(groups) + "\n ]"]) + "\n}\n"


def _group(group: dict[str, Any]) -> str:
    elements = ",\n".join(f"    {_json(element)}" for element in group["element"])
    rest = [f"   {_json(key)}: {_json(value)}" for key, value in group.items() if key != "element"]
    return "  {\n" + ",\n".join([*rest, f'   "element": [\n{elements}\n   ]']) + "\n  }"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def lists(text: str) -> list[tuple[int, int]]:
    """Return for each group where its list of elements begins and ends: the offsets of `[` and `]`."""
    found: list[tuple[int, int]] = []
    open_: list[tuple[str, int]] = []
    key = ""
    word = ""
    for match in _TOKEN.finditer(text):
        mark = match.group()
        if mark[0] == '"':
            word, key = mark[1:-1], ""
        elif mark == ":":
            key = word
        elif mark in "[{":
            open_.append((key, match.start()))
            key = ""
        else:
            (name, begin), key = open_.pop(), ""
            # group is a list of objects: { group [ { element [
            if name == "element" and [above for above, _ in open_] == ["", "group", ""]:
                found.append((begin, match.start()))
    return found


def line_of(text: str, group: int) -> int:
    """Return the line on which the elements of a group begin, counted from 1; 1 where there is no such group."""
    places = lists(text)
    return text.count("\n", 0, places[group][0]) + 1 if group < len(places) else 1


def with_codes(text: str, group: int, codes: Sequence[str]) -> str:
    """Return the text with a line for each code at the end of a group, its target still to be chosen.

    Nothing else changes. A ConceptMap with such a line does not load: what the code becomes is for a person to say.
    """
    begin, end = lists(text)[group]
    inside = text[begin + 1 : end]
    last = inside.rstrip()
    indent = _indent(last)
    lines = [f'{indent}{{"code": {_json(code)}}}' for code in codes]
    joined = ",".join([last, *lines]) if last else "".join(lines[:1]) + ",".join(["", *lines[1:]])
    return text[: begin + 1] + joined + (inside[len(last) :] or "\n") + text[end:]


def _indent(elements: str) -> str:
    """Return the line break and blanks before the last element."""
    breaks = list(_element_breaks(elements))
    return breaks[-1] if breaks else "\n    "


def _element_breaks(elements: str) -> Iterator[str]:
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|\n\s*', elements):
        mark = match.group()
        if mark[0] == "\n" and depth == 0:
            yield mark
        depth += (mark in "[{") - (mark in "]}")
