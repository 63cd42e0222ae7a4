"""Searches and histories as they are asked: read before they are carried out, wherever they stand.

https://hl7.org/fhir/R4/search.html
"""

from gateway import query
from gateway.fhir import search
from gateway.query import histories, installed
from gateway.rest.metadata import Interaction
from gateway.rest.wire import Ask


def found(ask: Ask) -> bytes:
    """Return the encoded searchset Bundle. Raises what the search or the parameters raise."""
    base = ask.to.settings.base_url
    if ask.type in installed.TYPES:
        return installed.search(installed.parse(ask.type, ask.parameters), ask.caller, ask.to, base=base)
    return query.search(search.parse(ask.type, ask.parameters, strict=ask.prefer.strict), ask.caller, ask.to, base=base)


def check(interaction: Interaction | None, ask: Ask) -> None:
    """Raise what is wrong with the parameters of a search or a history, without carrying it out."""
    if interaction is not None and interaction.startswith("history-"):
        histories.parse(ask.type, ask.id, ask.parameters)
    elif interaction == "search-type" and ask.type in installed.TYPES:
        installed.parse(ask.type, ask.parameters)
    elif interaction == "search-type":
        search.parse(ask.type, ask.parameters, strict=ask.prefer.strict)
