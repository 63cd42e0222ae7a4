"""https://hl7.org/fhirpath/N1/#string-manipulation"""

from gateway.fhirpath.calls import Call, function, only
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.flow import EMPTY, Flow, items, of_list
from gateway.fhirpath.runtime.text import pattern

__all__: list[str] = []

# function: (runtime name, arguments at least, at most, type of the result)
_TABLE = {
    "indexOf": ("fp_index_of", 1, 1, "System.Integer"),
    "lastIndexOf": ("fp_last_index_of", 1, 1, "System.Integer"),
    "substring": ("fp_substring", 1, 2, "System.String"),
    "startsWith": ("fp_starts_with", 1, 1, "System.Boolean"),
    "endsWith": ("fp_ends_with", 1, 1, "System.Boolean"),
    "contains": ("fp_contains_text", 1, 1, "System.Boolean"),
    "upper": ("fp_upper", 0, 0, "System.String"),
    "lower": ("fp_lower", 0, 0, "System.String"),
    "trim": ("fp_trim", 0, 0, "System.String"),
    "length": ("fp_length", 0, 0, "System.Integer"),
    "replace": ("fp_replace", 2, 2, "System.String"),
    "encode": ("fp_encode", 1, 1, "System.String"),
    "decode": ("fp_decode", 1, 1, "System.String"),
    "escape": ("fp_escape", 1, 1, "System.String"),
    "unescape": ("fp_unescape", 1, 1, "System.String"),
}


def _register(name: str, runtime: str, least: int, most: int, type_: str) -> None:
    @function(name, least, most)
    def _text(call: Call) -> Flow:
        source = call.input()
        if source.empty:
            return EMPTY
        arguments = [only(source), *(call.single(i) for i in range(len(call.node.arguments)))]
        return Flow(f"{runtime}({', '.join(arguments)})", type_)


for _name, _row in _TABLE.items():
    _register(_name, *_row)


def _register_pattern(name: str, runtime: str, most: int, type_: str) -> None:
    @function(name, 1 if most == 1 else 2, most)
    def _matching(call: Call) -> Flow:
        source, written = call.input(), call.argument(0)
        if source.empty or written.empty:
            return EMPTY
        if isinstance(written.value, str):
            _check(call, written.value)
        rest = [call.single(i) for i in range(1, len(call.node.arguments))]
        return Flow(f"{runtime}({', '.join((only(source), only(written), *rest))})", type_)


def _check(call: Call, written: str) -> None:
    """Refuse a pattern that is wrong, or too costly, where it is written."""
    try:
        pattern(written)
    except FhirPathError as wrong:
        raise call.wrong(str(wrong)) from wrong


_register_pattern("matches", "fp_matches", 1, "System.Boolean")
_register_pattern("matchesFull", "fp_matches_full", 1, "System.Boolean")
_register_pattern("replaceMatches", "fp_replace_matches", 2, "System.String")


@function("toChars")
def _to_chars(call: Call) -> Flow:
    return of_list(f"fp_chars({only(call.input())})", "System.String", call.compiler.name("char"))


@function("split", 1)
def _split(call: Call) -> Flow:
    text = f"fp_split({only(call.input())}, {call.single(0)})"
    return of_list(text, "System.String", call.compiler.name("part"))


@function("join", 0, 1)
def _join(call: Call) -> Flow:
    separator = call.single(0) if call.has(0) else "''"
    return Flow(f"fp_join({items(call.input())}, {separator})", "System.String")
