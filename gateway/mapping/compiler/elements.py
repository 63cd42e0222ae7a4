"""What the paths of an expression become in Python where the source is a tree: JSON, XML or FHIR."""

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.model import kind as fhir_kind
from gateway.fhirpath.scope import Code, Elements, Function, Invocation, Scope
from gateway.mapping import ir
from gateway.mapping.compiler.host import Host

_TEXT = "System.String"
_AS_THEY_ARE = frozenset({"decimal", "yes"})  # they tell numbers and booleans from texts
_COLLECTIONS = ("children", "descendants")


class Trees(Scope):
    """The part of the scope of an expression that knows a tree."""

    host: Host

    @property
    def tree(self) -> bool:
        """Whether the source is a tree."""
        return self.host.format in ir.TREES

    def context(self) -> Code | None:
        """Return what leading names are elements of: the message, or the item that is mapped by itself."""
        return Code(self.host.item()) if self.tree else None

    def elements(self, name: str) -> Elements | None:
        """Return how a step to an element is written."""
        if not self.tree:
            return None
        fhir = self.host.format == "fhir"
        kind = "fhir_" if fhir else ""
        run = "T." if self.host.traced else "tree_"
        return Elements(f"{run}{kind}step", f"{run}{kind}steps", self._key(name), typed=fhir)

    def _key(self, name: str) -> str:
        """Return the key of an element; `sdtc:raceCode` is one of the namespace that the mapping calls so."""
        prefix, colon, local = name.partition(":")
        if not colon or self.host.format != "xml":
            return name
        if prefix not in self.host.prefixes:
            raise FhirPathError(f"source.namespaces has no prefix '{prefix}'")
        return f"{{{self.host.prefixes[prefix]}}}{local}"

    def tree_function(self, name: str) -> Function | None:
        """Return what writes a function that is another one for trees."""
        if not self.tree:
            return None
        if name == "text":
            return self._text_of
        if name in _COLLECTIONS:
            return self._below
        return self._extension if name == "extension" and self.host.format == "fhir" else None

    def _text_of(self, call: Invocation) -> Code:
        receiver = _receiver(call)
        if not receiver.many:
            return Code(f"tree_text({receiver.text})", type=_TEXT)
        text = f"[_w for _v in {receiver.text} for _w in (tree_text(_v),) if _w is not None]"
        return Code(text, many=True, type=_TEXT)

    def _below(self, call: Invocation) -> Code:
        receiver = _receiver(call)
        values = receiver.text if receiver.many else f"some({receiver.text})"
        return Code(f"{'T.' if self.host.traced else 'tree_'}{call.node.name}({values})", many=True)

    def _extension(self, call: Invocation) -> Code:
        receiver = _receiver(call)
        values = receiver.text if receiver.many else f"some({receiver.text})"
        if len(call.arguments) != 1:
            raise FhirPathError("extension() takes a url", position=call.node.start)
        url = call.arguments[0].code()
        text = f"fp_single({url.text})" if url.many else url.text
        return Code(f"{'T.' if self.host.traced else 'tree_'}extension({values}, {text})", many=True)

    def given(self, function: str, text: str, type_: str | None) -> str:
        """Return what a function of the mapping language is given for a value: of a tree, text, and no node of it."""
        if not self.tree or fhir_kind(type_) == "text":
            return text
        if function in _AS_THEY_ARE or (function == "narrative" and self.host.format == "xml"):
            return text if function == "narrative" or self.host.format != "xml" else f"plain({text})"
        return f"tree_text({text})"


def _receiver(call: Invocation) -> Code:
    receiver = call.receiver()
    if receiver is None:
        raise FhirPathError(
            f"{call.node.name}() stands after a dot, as in $this.{call.node.name}()", position=call.node.start
        )
    return receiver
