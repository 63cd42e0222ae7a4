"""The intermediate form: what a mapping is, whichever language it was written in.

A front end (YAML today; FML and StructureMap speak of the same things: sources, condition, check,
target, transform, children) makes it; checks, code generation, trace and coverage know only this.
Every part keeps its place in the map file.
"""

from gateway.mapping.ir.mappings import Mapping
from gateway.mapping.ir.rules import (
    Group,
    GroupCall,
    Parameter,
    Rule,
    RuleSource,
    RuleTarget,
    rule_expressions,
    rules_of,
)
from gateway.mapping.ir.templates import (
    POLICIES,
    Assign,
    Binding,
    Branch,
    Choice,
    Concat,
    Expression,
    Field,
    Items,
    Literal,
    Loop,
    Merge,
    Object,
    Policy,
    Template,
    bindings,
    expressions,
    inside,
    loops,
)
from gateway.mapping.ir.units import SEGMENTED, TREES, Fragment, Require, Source, TreeSource, Unit, Use

__all__ = [
    "POLICIES",
    "SEGMENTED",
    "TREES",
    "Assign",
    "Binding",
    "Branch",
    "Choice",
    "Concat",
    "Expression",
    "Field",
    "Fragment",
    "Group",
    "GroupCall",
    "Items",
    "Literal",
    "Loop",
    "Mapping",
    "Merge",
    "Object",
    "Parameter",
    "Policy",
    "Require",
    "Rule",
    "RuleSource",
    "RuleTarget",
    "Source",
    "Template",
    "TreeSource",
    "Unit",
    "Use",
    "bindings",
    "expressions",
    "inside",
    "loops",
    "rule_expressions",
    "rules_of",
]
