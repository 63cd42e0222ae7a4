"""FHIRPath's simplest text functions as methods of Python's str, where the receiver is surely a text.

`x.trim().upper()` is one expression on one variable, asked once whether it is there:
`(x.strip().upper() if x is not None else None)`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.fhirpath import ast
from gateway.fhirpath.model import kind
from gateway.fhirpath.scope import Code, Invocation
from gateway.mapping.compiler.body import is_look

METHODS: Mapping[str, str] = MappingProxyType({"trim": "strip", "upper": "upper", "lower": "lower"})
REPLACE, TO_STRING = "replace", "toString"
NAMES = frozenset({*METHODS, REPLACE, TO_STRING})
_TEXT = "System.String"
_RUNTIME = MappingProxyType({"trim": "fp_trim", "upper": "fp_upper", "lower": "fp_lower", REPLACE: "fp_replace"})


class Texts:
    """Writes calls of text functions; remembers the chains it wrote, so that a further call lengthens them."""

    def __init__(self) -> None:
        self._chains: dict[
            str, tuple[str, str]
        ] = {}  # what was written → its variable, and the value without the question

    def write(self, call: Invocation) -> Code | None:
        """Return the Python of a call; None where it has no receiver."""
        receiver = call.receiver()
        if receiver is None:
            return None
        name, value = call.node.name, _single(receiver)
        if name == TO_STRING:
            return _to_string(receiver, value)
        arguments = call.arguments
        if kind(receiver.type) != "text" or receiver.many or not all(_literal(a.node) for a in arguments):
            texts = ", ".join([value, *(_single(argument.code()) for argument in arguments)])
            return Code(f"{_RUNTIME[name]}({texts})", type=_TEXT, present=receiver.present and name in METHODS)
        method = METHODS.get(name, name)
        inner = ", ".join(argument.code().text for argument in arguments)
        return self._called(receiver, f".{method}({inner})")

    def _called(self, receiver: Code, call: str) -> Code:
        variable, value = self._chains.get(receiver.text, (receiver.text, receiver.text))
        if receiver.present:
            return Code(f"{receiver.text}{call}", type=_TEXT, present=True)
        if not _simple(variable):
            name, _, rest = call[1:].partition("(")
            comma = "" if rest == ")" else ", "
            return Code(f"text_{name}({receiver.text}{comma}{rest}", type=_TEXT)
        text = f"({value}{call} if {variable} is not None else None)"
        self._chains[text] = (variable, f"{value}{call}")
        return Code(text, type=_TEXT)


def _to_string(receiver: Code, value: str) -> Code:
    """A dateTime is the text it is written as, and so is a text."""
    moments = {"date", "dateTime", "instant", "time"}
    if not receiver.many and (kind(receiver.type) == "text" or kind(receiver.type) in moments):
        return Code(value, type=_TEXT, present=receiver.present)
    return Code(f"fp_to_text({value})", type=_TEXT)


def _single(code: Code) -> str:
    return f"fp_single({code.text})" if code.many else code.text


def _literal(node: ast.Node) -> bool:
    return isinstance(node, ast.Literal) and isinstance(node.value, str) and node.value != ""


def _simple(text: str) -> bool:
    """Return whether a text may stand twice: a variable, or a look at the source that `Body` then keeps."""
    return text.isidentifier() or is_look(text)
