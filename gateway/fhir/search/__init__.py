"""The search grammar: names and values in, a SearchRequest or every problem at once out.

https://hl7.org/fhir/R4/search.html
"""

from gateway.fhir.search.bsn import bears_bsn, refuse_bsn_in_url
from gateway.fhir.search.folding import fold
from gateway.fhir.search.model import (
    Chain,
    Condition,
    DateRange,
    Filter,
    Has,
    Include,
    Missing,
    NumberRange,
    QuantityRange,
    SearchRequest,
    SortKey,
    Target,
    Text,
    Token,
    Value,
)
from gateway.fhir.search.request import parse, parse_query
from gateway.fhir.search.served import DEFAULT_COUNT, MAX_COUNT, MODIFIERS, PAGE, RESULT_PARAMETERS, served, targets

__all__ = [
    "DEFAULT_COUNT",
    "MAX_COUNT",
    "MODIFIERS",
    "PAGE",
    "RESULT_PARAMETERS",
    "Chain",
    "Condition",
    "DateRange",
    "Filter",
    "Has",
    "Include",
    "Missing",
    "NumberRange",
    "QuantityRange",
    "SearchRequest",
    "SortKey",
    "Target",
    "Text",
    "Token",
    "Value",
    "bears_bsn",
    "fold",
    "parse",
    "parse_query",
    "refuse_bsn_in_url",
    "served",
    "targets",
]
