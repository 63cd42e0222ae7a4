"""https://hl7.org/fhirpath/N1/#string-manipulation"""

from gateway.fhirpath.calls import Call, function, only
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.flow import EMPTY, Flow, is_simple, items, of_list
from gateway.fhirpath.runtime.patterns import pattern

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
        found = Flow(f"{runtime}({', '.join(arguments)})", type_)
        return _shorter(name, source, call.argument(0), found) if name in _TESTS else found


_TESTS = {
    "startsWith": ("{0}.startswith({1})", "not {0}.startswith({1})"),
    "endsWith": ("{0}.endswith({1})", "not {0}.endswith({1})"),
    "contains": ("{1} in {0}", "{1} not in {0}"),
}


def _shorter(name: str, source: Flow, part: Flow, general: Flow) -> Flow:
    """Return a test of a text against a literal as Python's own test, where nothing else can be meant."""
    text = source.item
    if source.many or source.clauses or source.kind != "text" or not part.value or not isinstance(part.value, str):
        return general
    yes, no = (test.format(text, part.item) for test in _TESTS[name])
    if source.present:
        return Flow(f"({yes})", "System.Boolean", present=True, false=f"({no})")
    if not is_simple(text):
        return general
    there = f"({text} is not None and "
    return Flow(general.item, "System.Boolean", truth=f"{there}{yes})", false=f"{there}{no})")


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
