"""What a Consent says of who may see: rules, each of one actor and one kind of content, for a time.

    provision: permit                                a permit to everybody, or to its actors
    provision: deny                                  a denial of everybody, or of its actors
    provision: deny (or OPTOUT), in it permits       everybody is denied but those actors
    provision: permit (or OPTIN), in it denials      everybody is permitted but those actors

What restricts a rule in a way that is not looked at here (a period of the content, a label, one document) makes a
permit give nothing, and is passed over of a denial: a permit reads narrow, a denial wide. Only an active Consent of the
scope patient-privacy says who may see; one of treatment is a treatment directive.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from gateway.fhir.datetime import read
from gateway.fhir.types import Resource

Says = Literal["permits", "denies", "denies-others"]
"""`denies-others`: all who are not permitted by the same Consent."""

ANY = "*"
"""Every actor, and every kind of content."""
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
CATEGORIES = "https://msb-gateway.example/fhir/CodeSystem/data-category"
KINDS = "https://msb-gateway.example/fhir/CodeSystem/partner-kind"
REGISTERED = "Organization/partner-"
"""How the Organization of a partner is referred to, by the id that the partner is registered under."""
URA = "http://fhir.nl/fhir/NamingSystem/ura"
OPEN_LOW, OPEN_HIGH = -(2**62), 2**62

_SCOPE = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_BASES: Mapping[str, Says] = {"OPTIN": "permits", "OPTOUT": "denies"}
_TYPES: Mapping[str, Says] = {"permit": "permits", "deny": "denies"}
_RECIPIENTS = frozenset({"IRCP", "PRCP"})
_URA_OID = "urn:oid:2.16.528.1.1007.3.3"
_TREATING = frozenset({"TREAT", "ETREAT", "BTG", "COC", "CAREMGT"})
_SEEING = frozenset({"access", "disclose", "use"})
_PURPOSES = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_LONGEST = 300  # it is part of the name of a row in an index
_NOT_LOOKED_AT = ("code", "data", "dataPeriod", "modifierExtension", "securityLabel")

Names = frozenset[str]
Named = Callable[[Mapping[str, Any]], Iterator[str]]


class Rule(NamedTuple):
    """What is said of one actor and one kind of content (`system|code`, or any), from a moment on until another."""

    says: Says
    actor: str
    content: str
    low: int
    high: int


class _Reach(NamedTuple):
    """Whom, what and when a provision is about; None: all of them. `understood`: nothing else restricts it."""

    actors: Names | None = None
    contents: Names | None = None
    low: int = OPEN_LOW
    high: int = OPEN_HIGH
    understood: bool = True

    def within(self, outer: _Reach) -> _Reach:
        """Return what is in both."""
        return _Reach(
            _common(self.actors, outer.actors),
            _common(self.contents, outer.contents),
            max(self.low, outer.low),
            min(self.high, outer.high),
            self.understood and outer.understood,
        )

    def wide(self, outer: _Reach) -> _Reach:
        """Return what it says itself, and of what it does not, what is said around it."""
        return _Reach(
            outer.actors if self.actors is None else self.actors,
            outer.contents if self.contents is None else self.contents,
            max(self.low, outer.low),
            min(self.high, outer.high),
        )

    def rules(self, says: Says) -> Iterator[Rule]:
        """Yield a rule for each actor and each kind of content."""
        if self.low < self.high:
            for actor in (ANY,) if self.actors is None else sorted(self.actors):
                for content in (ANY,) if self.contents is None else sorted(self.contents):
                    yield Rule(says, actor, content, self.low, self.high)


def is_of_access(consent: Resource) -> bool:
    """Return whether a Consent is about who may see, whatever its status."""
    return any(_coding(one) == _SCOPE for one in _list(consent.get("scope"), "coding"))


def rules(consent: Resource) -> list[Rule]:
    """Return what a Consent says of who may see; nothing where it is not active, or not about that. Never raises."""
    if consent.get("status") != "active" or not is_of_access(consent):
        return []
    root = _object(consent.get("provision"))
    says = _TYPES.get(str(root.get("type"))) or _base(consent)
    whole = _Reach(understood="modifierExtension" not in consent and "implicitRules" not in consent)
    return list(dict.fromkeys(_root(root, says, whole)))


def passed_over(consent: Resource) -> list[str]:
    """Return the elements of a Consent about who may see that are not looked at, or name nobody who is known here."""
    return list(_passed_over(_object(consent.get("provision")), "Consent.provision")) if is_of_access(consent) else []


def actor(system: str, value: str) -> str:
    """Return how an identifier stands in a rule; a URA in one way, however it is written."""
    return f"{URA if system == _URA_OID else system}|{value}"


def _base(consent: Resource) -> Says | None:
    """Return what holds where no provision says otherwise, as its policy says. https://hl7.org/fhir/R4/consent.html"""
    codes = (str(one.get("code")) for one in _list(consent.get("policyRule"), "coding"))
    return next((_BASES[code] for code in codes if code in _BASES), None)


def _root(root: Mapping[str, Any], says: Says | None, whole: _Reach) -> Iterator[Rule]:
    inner = _list(root, "provision")
    if says == "permits":
        yield from _permitted(root, whole)
    elif says == "denies" and _is_about_seeing(root):
        excepted = any(one.get("type") == "permit" for one in inner)
        yield from _reach(root, wide=True).rules("denies-others" if excepted else "denies")
    outer = _reach(root).within(whole)
    for one in inner:
        yield from _nested(one, outer)


def _nested(provision: Mapping[str, Any], outer: _Reach) -> Iterator[Rule]:
    """Yield the rules of a provision in another one; what is permitted in a denial of actors is denied all the same."""
    says = _TYPES.get(str(provision.get("type")))
    inner = _list(provision, "provision")
    if says == "permits":
        yield from _permitted(provision, outer)
        own = _reach(provision).within(outer)
        for one in inner:
            yield from _nested(one, own)
    elif _is_about_seeing(provision):
        own = _reach(provision, wide=True).wide(outer)
        yield from own.rules("denies")
        for one in inner:
            if one.get("type") != "permit":
                yield from _nested(one, own)


def _permitted(provision: Mapping[str, Any], outer: _Reach) -> Iterator[Rule]:
    reach = _reach(provision).within(outer)
    if reach.understood and _is_about_seeing(provision) and _permits_seeing(provision):
        yield from reach.rules("permits")


def _reach(provision: Mapping[str, Any], *, wide: bool = False) -> _Reach:
    low, high = _period(provision.get("period"))
    actors = _names(_list(provision, "actor"), _actors, wide=wide)
    contents = _names(_list(provision, "class"), _contents, wide=wide)
    return _Reach(actors, contents, low, high, not any(name in provision for name in _NOT_LOOKED_AT))


def _names(said: list[dict[str, Any]], named: Named, *, wide: bool) -> Names | None:
    """Return what is named; None for everything, which is also what a wide reading makes of a name it does not know."""
    if not said:
        return None
    found = [set(named(one)) for one in said]
    return None if wide and not all(found) else frozenset().union(*found)


def _actors(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield how an actor is known that is to be told: by an identifier, or as an Organization of the registry."""
    if not any(_coding(one)[1] in _RECIPIENTS for one in _list(said.get("role"), "coding")):
        return
    meant = _object(said.get("reference"))
    identifier = _object(meant.get("identifier"))
    literal = str(meant.get("reference") or "")
    if identifier.get("system") and identifier.get("value"):
        named = actor(str(identifier["system"]), str(identifier["value"]))
    else:
        named = literal if literal.startswith(REGISTERED) else ""
    if 0 < len(named) <= _LONGEST:
        yield named


def _contents(said: Mapping[str, Any]) -> Iterator[str]:
    system, code = _coding(said)
    if system in {RESOURCE_TYPES, CATEGORIES} and code:
        yield f"{system}|{code}"


def _is_about_seeing(provision: Mapping[str, Any]) -> bool:
    """Return whether a provision is about care: one that names other purposes only (research) says nothing of it."""
    purposes = [_coding(one) for one in _list(provision, "purpose")]
    return not purposes or any(system != _PURPOSES or code in _TREATING for system, code in purposes)


def _permits_seeing(provision: Mapping[str, Any]) -> bool:
    """Return whether what is permitted is to see, for the purpose of care."""
    purposes = [_coding(one) for one in _list(provision, "purpose")]
    actions = [_coding(one)[1] for each in _list(provision, "action") for one in _list(each, "coding")]
    return (not purposes or any(pair[0] == _PURPOSES and pair[1] in _TREATING for pair in purposes)) and (
        not _list(provision, "action") or any(code in _SEEING for code in actions)
    )


def _period(said: Any) -> tuple[int, int]:
    """Return from when on, until when; what is stored is a moment that can be read."""
    low, high = (read(str(_object(said).get(name))) for name in ("start", "end"))
    return low.low if low else OPEN_LOW, high.high if high else OPEN_HIGH


def _passed_over(provision: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}.{name}" for name in _NOT_LOOKED_AT if name in provision)
    for name, named in (("actor", _actors), ("class", _contents)):
        said = enumerate(_list(provision, name))
        yield from (f"{path}.{name}[{number}]" for number, one in said if not any(named(one)))
    for number, one in enumerate(_list(provision, "provision")):
        yield from _passed_over(one, f"{path}.provision[{number}]")


def _common(one: Names | None, other: Names | None) -> Names | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _coding(said: Mapping[str, Any]) -> tuple[str, str]:
    return str(said.get("system") or ""), str(said.get("code") or "")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(holder: Any, name: str) -> list[dict[str, Any]]:
    found: Iterable[Any] = _object(holder).get(name) or ()
    return [one for one in found if isinstance(one, dict)]
