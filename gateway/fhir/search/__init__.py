"""The search grammar: names and values in, a SearchRequest or every problem at once out.

https://hl7.org/fhir/R4/search.html
"""

from gateway.fhir.search.bsn import bears_bsn, refuse_bsn_in_url
from gateway.fhir.search.codes import Codes, NoCodes, UnknownCodes
from gateway.fhir.search.compartments import compartments, types_in, within
from gateway.fhir.search.folding import fold
from gateway.fhir.search.model import (
    AllOf,
    AnyOf,
    Chain,
    Composite,
    Condition,
    DateRange,
    Filter,
    Has,
    Include,
    Missing,
    Near,
    Not,
    NumberRange,
    QuantityRange,
    Says,
    SearchRequest,
    SortKey,
    Target,
    Text,
    Token,
    Value,
    Words,
)
from gateway.fhir.search.paging import Page, page_of, page_query
from gateway.fhir.search.request import parse, parse_condition, parse_query
from gateway.fhir.search.served import (
    DEFAULT_COUNT,
    MAX_COUNT,
    PAGE,
    RESULT_PARAMETERS,
    is_followed,
    modifiers,
    served,
    targets,
)
from gateway.fhir.search.several import SeveralRequest, parse_several

__all__ = [
    "DEFAULT_COUNT",
    "MAX_COUNT",
    "PAGE",
    "RESULT_PARAMETERS",
    "AllOf",
    "AnyOf",
    "Chain",
    "Codes",
    "Composite",
    "Condition",
    "DateRange",
    "Filter",
    "Has",
    "Include",
    "Missing",
    "Near",
    "NoCodes",
    "Not",
    "NumberRange",
    "Page",
    "QuantityRange",
    "Says",
    "SearchRequest",
    "SeveralRequest",
    "SortKey",
    "Target",
    "Text",
    "Token",
    "UnknownCodes",
    "Value",
    "Words",
    "bears_bsn",
    "compartments",
    "fold",
    "is_followed",
    "modifiers",
    "page_of",
    "page_query",
    "parse",
    "parse_condition",
    "parse_query",
    "parse_several",
    "refuse_bsn_in_url",
    "served",
    "targets",
    "types_in",
    "within",
]
