"""FHIRPath."""

from gateway.fhirpath.ast import Node
from gateway.fhirpath.compiler import Compiled, compile, generate
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.parser import parse
from gateway.fhirpath.runtime import RUNTIME
from gateway.fhirpath.scope import Argument, Code, Function, Invocation, Scope

__all__ = [
    "RUNTIME",
    "Argument",
    "Code",
    "Compiled",
    "FhirPathError",
    "Function",
    "Invocation",
    "Node",
    "Scope",
    "compile",
    "generate",
    "parse",
]
