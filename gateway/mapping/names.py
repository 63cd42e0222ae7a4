"""Dutch names: own and partner's name, each with its prefix, in the order the person uses.

https://simplifier.net/packages/nictiz.fhir.nl.r4.nl-core (nl-core-NameInformation),
https://hl7.org/fhir/R4/extension-humanname-own-name.html
"""

from typing import Any

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
ORDERS = ("NL1", "NL2", "NL3", "NL4")
"""NL1 own name, NL2 partner's, NL3 partner's then own, NL4 own then partner's."""


def human_name(
    given: str | None,
    prefix: str | None,
    own: str | None,
    partner_prefix: str | None = None,
    partner: str | None = None,
    order: str | None = None,
) -> dict[str, Any] | None:
    """Return an official HumanName, or None when it would be empty.

    `order` is NL1 to NL4; without it a person with two names is called partner's name first, as usual.
    """
    used = order if order in ORDERS else ("NL3" if partner and own else "NL2" if partner else "NL1")
    name: dict[str, Any] = {"use": "official"}
    if family := _family(_joined(prefix, own), _joined(partner_prefix, partner), used):
        name["family"] = family
        name["_family"] = {"extension": _parts(prefix, own, partner_prefix, partner)}
    if given:
        name["given"] = given.split()
    if order in ORDERS:
        name = {"extension": [{"url": _EXTENSION + "humanname-assembly-order", "valueCode": order}], **name}
    if "family" not in name and "given" not in name:
        return None
    return {**name, "text": " ".join([*name.get("given", []), *([name["family"]] if "family" in name else [])])}


def _joined(prefix: str | None, name: str | None) -> str | None:
    return f"{prefix} {name}" if prefix and name else name


def _family(own: str | None, partner: str | None, order: str) -> str | None:
    wanted = {"NL1": (own,), "NL2": (partner,), "NL3": (partner, own), "NL4": (own, partner)}[order]
    return "-".join(part for part in wanted if part) or own or partner


def _parts(
    prefix: str | None, own: str | None, partner_prefix: str | None, partner: str | None
) -> list[dict[str, Any]]:
    # A prefix without its name says nothing: the profile forbids it.
    named = (
        ("own-prefix", prefix if own else None),
        ("own-name", own),
        ("partner-prefix", partner_prefix if partner else None),
        ("partner-name", partner),
    )
    return [{"url": f"{_EXTENSION}humanname-{key}", "valueString": text} for key, text in named if text]
