"""The characters that separate, taken from the service string advice UNA, or the usual ones where there is none.

`UNA:+.? '` names, in this order: component separator, element separator, decimal mark, release character,
repetition separator (syntax version 4; a blank before) and segment terminator. A blank means: not used.
https://service.gefeg.com/jwg1/ (ISO 9735, part 1)
"""

import re
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import Issue, MalformedMessage, Place

ABSENT = "\0"
"""Stands for a character that is not used: no interchange that is taken holds it."""

_ADVICE = 9  # the letters UNA and six characters
_NAMES = ("component separator", "element separator", "decimal mark", "release", "repetition", "terminator")
_BREAKS = "\r\n"


class Service(NamedTuple):
    """The service characters of one interchange, in the order of UNA."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = ABSENT
    terminator: str = "'"

    @property
    def breaks(self) -> str:
        """The characters that only break lines: those of them that end no segment."""
        return _BREAKS.replace(self.terminator, "")


USUAL = Service()
_CONTROL = Service("\x1f", "\x1d", ".", ABSENT, ABSENT, "\x1c")  # level B without UNA: the separators of ISO 646


def read_service(text: str) -> tuple[Service, int]:
    """Return the service characters of a text that begins with UNA or UNB, and where UNB may begin.

    Raises MalformedMessage with everything that is wrong with UNA.
    """
    if not text.startswith("UNA"):
        return (_CONTROL if text[3:4] == _CONTROL.element else USUAL), 0
    return _advised(text[3:_ADVICE]), _ADVICE


@lru_cache(maxsize=64)
def _advised(characters: str) -> Service:
    if len(characters) < 6:
        raise MalformedMessage([_issue("UNA is cut off: six characters follow its three letters")])
    wrong = [
        _issue(f"UNA names a letter, a digit or a blank as {name}")
        for name, character in zip(_NAMES, characters, strict=True)
        if not character.isascii()
        or character.isalnum()
        or (character == " " and name not in ("release", "repetition"))
    ]
    separating = [character for i, character in enumerate(characters) if i != 2 and character != " "]
    if len(set(separating)) < len(separating):
        wrong.append(_issue("UNA names the same character for two purposes"))
    if wrong:
        raise MalformedMessage(wrong)
    return Service(*(ABSENT if character == " " else character for character in characters))


def _issue(text: str) -> Issue:
    return Issue("malformed", text, place=Place("UNA", 1))


class Patterns(NamedTuple):
    """What finds the ends of segments, and the parts of them, without being misled by released characters."""

    segment: re.Pattern[str]
    pieces: dict[str, re.Pattern[str]]


@lru_cache(maxsize=64)
def patterns(service: Service) -> Patterns:
    """Return the (shared) patterns of these service characters."""
    separators = (service.terminator, service.element, service.repetition, service.component)
    return Patterns(
        _up_to(service.terminator, service), {one: _up_to(one, service) for one in separators if one != ABSENT}
    )


def _up_to(end: str, service: Service) -> re.Pattern[str]:
    """Return the pattern of what stands before `end`: a line may be broken between the release and its character."""
    if service.release == ABSENT:
        return re.compile(f"[^{re.escape(end)}]*+")
    plain = f"[^{re.escape(end)}{re.escape(service.release)}]*+"
    breaks = f"[{re.escape(service.breaks)}]*+" if service.breaks else ""
    return re.compile(f"{plain}(?:{re.escape(service.release)}{breaks}(?:.|$){plain})*+", re.DOTALL)


def split(text: str, separator: str, service: Service) -> list[str]:
    """Return the parts of a text between separators that are not released; released characters stay as written."""
    release = service.release
    if release not in text or separator not in text:
        return text.split(separator)
    if release + "\r" in text or release + "\n" in text:  # the character that is released is on the next line
        return _split_lines(text, patterns(service).pieces[separator])
    pieces = text.split(separator)
    return _joined(pieces, separator, release) if release + separator in text else pieces


def _joined(pieces: list[str], separator: str, release: str) -> list[str]:
    """Return pieces with those put together again that were cut where the separator is released."""
    parts, held = [], ""
    for piece in pieces:
        part = held + piece
        if piece[-1:] == release and (len(part) - len(part.rstrip(release))) % 2:
            held = part + separator
        else:
            parts.append(part)
            held = ""
    return [*parts, held[:-1]] if held else parts


def _split_lines(text: str, pattern: re.Pattern[str]) -> list[str]:
    parts, at = [], 0
    while True:
        found = pattern.match(text, at)
        assert found is not None  # it matches nothing too
        parts.append(found[0])
        at = found.end() + 1
        if at > len(text):
            return parts


@lru_cache(maxsize=64)
def _releasing(release: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(release)}(.)", re.DOTALL)


def released(text: str, service: Service) -> str:
    """Return a text without its release characters: `?:` is `:` and `??` is `?`."""
    release = service.release
    if release not in text:
        return text
    if text[-1] == release:  # one that is the last releases nothing
        return _releasing(release).sub(r"\1", text)
    if release * 2 not in text:
        return text.replace(release, "")
    return release.join([part.replace(release, "") for part in text.split(release * 2)])


def written(text: str, service: Service = USUAL) -> str:
    """Return a text as it must stand in an element: service characters released, line ends as blanks."""
    if text.isalnum():  # no service character is a letter or a digit
        return text
    reserved = {service.component, service.element, service.release, service.repetition, service.terminator} - {ABSENT}
    plain = re.sub(r"[\x00-\x1f]+", " ", text)
    return "".join(service.release + c if c in reserved else c for c in plain)
