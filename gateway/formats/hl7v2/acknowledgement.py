"""The answer to a message: MSA says whether it was taken, ERR says what was wrong and where.

Version 2.5 and later have ERR-2 to ERR-8; older receivers get all of it in ERR-1.
http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading42
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from gateway.errors import Issue
from gateway.formats.hl7v2.delimiters import Delimiters
from gateway.formats.hl7v2.escapes import Escapes, escapes_for
from gateway.formats.hl7v2.message import Message
from gateway.formats.hl7v2.segment import Segment
from gateway.formats.segmented import Position, find_path

Code = Literal["AA", "AE", "AR"]

TABLE_0357: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "malformed": ("100", "Segment sequence error"),
        "required-missing": ("101", "Required field missing"),
        "missing-element": ("101", "Required field missing"),
        "bad-value": ("102", "Data type error"),
        "bad-bsn": ("102", "Data type error"),
        "wrong-type": ("102", "Data type error"),
        "unmapped-code": ("103", "Table value not found"),
        "code-invalid": ("103", "Table value not found"),
        "too-large": ("104", "Value too long"),
        "no-mapping": ("200", "Unsupported message type"),
        "bad-reference": ("204", "Unknown key identifier"),
        "multiple-matches": ("205", "Duplicate key identifier"),
        "duplicate-control-id": ("205", "Duplicate key identifier"),
        "conflict": ("206", "Application record locked"),
        "version-conflict": ("206", "Application record locked"),
    }
)
"""HL7's message error conditions for codes of our catalogue; whatever is not here is 207."""

_OTHER = ("207", "Application internal error")
_ACCEPTED = ("0", "Message accepted")
_SEVERITY = MappingProxyType({"fatal": "F", "error": "E", "warning": "W", "information": "I"})
_MSA_3, _ERR_8 = 80, 250  # characters that HL7 allows there
_CUT = "..."
_MOST_BEDS = 3  # that are named before a text
_MAX_ERRORS = 50  # an answer to 100,000 wrong lines must not be longer than the message


def acknowledge(
    message: Message | None, code: Code, issues: Sequence[Issue], *, control_id: str, at: datetime
) -> bytes:
    """Return the acknowledgement as bytes; `message` is None when it could not be read.

    `control_id` becomes MSH-10 and `at` (aware) MSH-7. Issues become ERR segments, never with their value.
    """
    header = message.segments[0] if message else None
    delimiters = message.delimiters if message else Delimiters()
    escapes = escapes_for(delimiters, "utf-8")
    render = _error if _has_err2(message) else _error_before_25
    lines = [_msa(header, code, issues, delimiters, escapes)]
    lines += [render(issue, delimiters, escapes) for issue in issues[:_MAX_ERRORS]]
    fields = _msh(header, control_id, at, delimiters)
    if not "".join((*fields, *lines)).isascii():
        fields[18:] = ["UNICODE UTF-8"]
    first = delimiters.field.join(("MSH", *fields[2:])).rstrip(delimiters.field)
    return "".join(line + "\r" for line in (first, *lines)).encode()


def _msh(header: Segment | None, control_id: str, at: datetime, delimiters: Delimiters) -> list[str]:
    """Return MSH-1 to MSH-18 at their numbers: sender and receiver change places, the rest is echoed."""
    raw = header.raw if header else _nothing
    trigger = raw(9).split(delimiters.component)[1:2]
    fields = [""] * 19
    fields[2] = delimiters.encoding
    fields[3:7] = raw(5), raw(6), raw(3), raw(4)
    fields[7] = at.strftime("%Y%m%d%H%M%S%z")
    fields[9] = delimiters.component.join(("ACK", *trigger, "ACK") if any(trigger) else ("ACK",))
    fields[10:13] = control_id, raw(11) or "P", raw(12) or "2.5.1"
    return fields


def _nothing(_field: int) -> str:
    return ""


def _msa(header: Segment | None, code: Code, issues: Sequence[Issue], delimiters: Delimiters, escapes: Escapes) -> str:
    wrong = next((issue for issue in issues if issue.severity in ("fatal", "error")), None)
    text = _shortened(wrong.diagnostics, _MSA_3, escapes) if wrong else ""
    fields = ("MSA", code, header.raw(10) if header else "", text)
    return delimiters.field.join(fields).rstrip(delimiters.field)


def _has_err2(message: Message | None) -> bool:
    """Return whether the sender's version has ERR-2 and further; a version that cannot be read has."""
    match = re.match(r"2\.(\d)", message.version) if message else None
    return match is None or int(match[1]) >= 5


def _error(issue: Issue, delimiters: Delimiters, escapes: Escapes) -> str:
    """Return an ERR segment of version 2.5 and later."""
    number, display = _condition(issue)
    fields = (
        "ERR",
        "",
        delimiters.repetition.join(_locations(issue, delimiters)),
        delimiters.component.join((number, display, "HL70357")),
        _SEVERITY[issue.severity],
        delimiters.component.join((escapes.encode(issue.code), "", "L")),
        "",
        escapes.encode(issue.rule or ""),
        _shortened(_text(issue), _ERR_8, escapes),
    )
    return delimiters.field.join(fields)


def _error_before_25(issue: Issue, delimiters: Delimiters, escapes: Escapes) -> str:
    """Return an ERR segment whose ERR-1 says it all (ELD: segment, sequence, field, code).

    It is not shortened to the 80 characters that these versions give ERR-1: there is no other field to say it in.
    """
    number, _ = _condition(issue)
    at = _position(issue)
    code = delimiters.subcomponent.join((number, escapes.encode(_text(issue)), "HL70357"))
    place = (at.segment, str(at.occurrence), str(at.field or "")) if at else ("", "", "")
    return delimiters.field.join(("ERR", delimiters.component.join((*place, code))))


def _condition(issue: Issue) -> tuple[str, str]:
    if issue.severity not in ("fatal", "error"):
        return _ACCEPTED
    return TABLE_0357.get(issue.code, _OTHER)


def _text(issue: Issue) -> str:
    beds = ", ".join(issue.about[:_MOST_BEDS]) + (", " + _CUT if len(issue.about) > _MOST_BEDS else "")
    where = str(issue.place) if issue.place else beds
    return f"{where}: {issue.diagnostics}" if where else issue.diagnostics


def _shortened(text: str, limit: int, escapes: Escapes) -> str:
    """Return a text, escaped, that ends after a whole word and dots where it is longer than a field may be."""
    if len(whole := escapes.encode(text)) <= limit:
        return whole
    kept = text[:limit]
    while kept and len(escapes.encode(kept + _CUT)) > limit:
        before = kept.rstrip().rpartition(" ")[0].rstrip(" ,;:")
        kept = before or kept[:-1]  # a single word that is too long is cut all the same
    return escapes.encode(kept + _CUT)


def _locations(issue: Issue, delimiters: Delimiters) -> Iterator[str]:
    """Yield an ERL for each place: segment, its occurrence, field, repetition, component, subcomponent."""
    for place in (issue.place, *issue.others) if issue.place else ():
        at = find_path(place.path)
        if at is not None:
            yield _location(at, delimiters)


def _location(at: Position, delimiters: Delimiters) -> str:
    repetition = at.repetition or (1 if at.field else None)
    numbers = (at.occurrence, at.field, repetition, at.component, at.subcomponent)
    text = delimiters.component.join((at.segment, *(str(number or "") for number in numbers)))
    return text.rstrip(delimiters.component)


def _position(issue: Issue) -> Position | None:
    return find_path(issue.place.path) if issue.place else None
