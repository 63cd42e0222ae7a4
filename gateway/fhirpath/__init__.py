"""FHIRPath (N1, with the R4 model) compiled to Python. https://hl7.org/fhirpath/N1/ , https://hl7.org/fhir/R4/fhirpath.html

An expression by itself
-----------------------

>>> from gateway.fhirpath import compile
>>> official = compile("name.where(use = 'official').given.first()", root="Patient")
>>> official({"resourceType": "Patient", "name": [{"use": "official", "given": ["Anna", "Maria"]}]})
['Anna']

`root` names the type of the input: each step is then checked against R4 and single elements stay single values, so
that the generated Python (`official.source`) is about what one would write by hand. Without `root` everything is
looked up while it runs. `compile(…, strict=True)` refuses a step that the type does not have (else: empty).

`true()` answers whether an expression is true, which empty is not: what an invariant asks. Variables are keywords;
`now` (an aware datetime) feeds now(), today() and timeOfDay(), `resource` is `%resource` when the input is an element:

>>> in_order = compile("start.empty() or end.empty() or start <= end", root="Period")
>>> in_order.true({"start": "2026-01-05", "end": "2026-01-04"})
False
>>> from datetime import UTC, datetime
>>> adult = compile("birthDate <= today() - 18 years", root="Patient")
>>> adult({"birthDate": "2000-01-01"}, now=datetime(2026, 1, 5, tzinfo=UTC))
[True]

Errors say where, and what was perhaps meant:

>>> compile("birthDate.toDatetime()", root="Patient")
Traceback (most recent call last):
gateway.fhirpath.errors.FhirPathError: no function 'toDatetime'; did you mean 'toDateTime'? (at character 11)

Expressions in code that you generate
-------------------------------------

`generate(node, scope)` gives a `Code`: one Python *expression* to be put into a function of yours. Your `Scope` says
what the names in it are. The Code tells whether it gives a list (`many`) or a value-or-None, and of what type.

>>> from gateway.fhirpath import RUNTIME, Code, Scope, generate, parse
>>> class Rows(Scope):
...     '''`record` is a row; `ward` a variable of the function around the expression; `shout(x)` a function.'''
...     def identifier(self, name):
...         return Code("ward", type="System.String") if name == "ward" else None
...     def source(self, path):
...         return Code(f"record.get({path.column!r})", type="System.String") if path.base == "record" else None
...     def function(self, name):
...         return self.shout if name == "shout" else None
...     def shout(self, call):
...         return Code(f"({call.arguments[0].code().text} or '').upper()", type="System.String")
...     def names(self):
...         return ["ward", "record", "shout"]
>>> node = parse("shout(ward & ' ' & record['Bed nr'])", source_paths=True)
>>> code = generate(node, Rows(), json=True)
>>> code.text
"((((ward or '') + ' ') + (record.get('Bed nr') or '')) or '').upper()"
>>> made = {}
>>> exec(f"def rule(record, ward):\\n    return {code.text}", RUNTIME | dict(code.constants), made)
>>> made["rule"]({"Bed nr": "3b"}, "C2")
'C2 3B'

- The globals of your code need `RUNTIME` (the functions `fp_…`), and, once before the functions, a line
  `name = made` for each of `code.constants`; their names follow from their content, so equal ones may be shared.
- Names that start with an underscore, with `fp_` or `FP_` are ours; nothing is assigned (`:=`), so a text may
  stand anywhere an expression may, comprehensions included.
- `json=True` gives values to be written out. Without it dates and quantities are value objects
  (`gateway.fhirpath.values`) and values of unknown type may be `Typed`: right for a variable that a later
  expression uses. Give that variable back through `Scope.identifier` with the same `many` and `type`.
- `condition(node, scope)` is the same for an `if`: true exactly when the expression is, and quicker than its value.
- `Scope.context()` is what `$this` and leading elements mean; without one, a name nobody knows is an error with a
  suggestion out of `Scope.names()`.
- `Scope.elements` says how a step by name is written from a value of unknown type, where that is no FHIR: a JSON
  message, XML.
- `parse(text, source_paths=True, is_source=…)` reads `PID-3[2].1`, `OBX[3]-5`, `record['Per wanneer']` and
  `x-5.1` (where `is_source("x")`) as `SourcePath`, and `$this.4.1` as `SourceStep`; `Scope.source` and `Scope.step`
  write them. `NAME-5` without spaces is a path when NAME is three capitals or digits, or `is_source`; with spaces
  it is a difference.
- `Scope.function` may take over any function, ours too; its `Invocation` hands the arguments over as trees and as
  Code, compiled where they stand.

Not here: `memberOf` and `conformsTo` know only what R4's own tables know (`Scope.function` can take them over), `trace`
writes nothing, `subsumes`, `elementDefinition`, `slice` and `checkModifiers` are unknown functions. A pattern that
could run for ever is refused, see `gateway.fhirpath.runtime.patterns`.
"""

from gateway.fhirpath.ast import Node, SourcePath, SourceStep, walk
from gateway.fhirpath.compiler import Compiled, compile, condition, generate  # noqa: A004 -- as re.compile
from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.parser import parse
from gateway.fhirpath.runtime import RUNTIME
from gateway.fhirpath.scope import Argument, Code, Elements, Function, Invocation, Scope

__all__ = [
    "RUNTIME",
    "Argument",
    "Code",
    "Compiled",
    "Elements",
    "FhirPathError",
    "Function",
    "Invocation",
    "Node",
    "Scope",
    "SourcePath",
    "SourceStep",
    "compile",
    "condition",
    "generate",
    "parse",
    "walk",
]
