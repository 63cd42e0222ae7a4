"""The answer to interchanges: CONTRL says of each interchange and of each message in it whether it was taken.

UCI answers the interchange, UCM a message, UCS a segment of it by its number (UNH is 1), UCD an element of that
segment. What is refused for what it says, and not for its syntax, is refused here too: a mailbox has no other channel.
CONTRL has no place for text; the other reports say why. https://service.gefeg.com/jwg1/ (ISO 9735, part 4)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from types import MappingProxyType

from gateway.errors import GatewayError, Issue
from gateway.fhir.datetime import dutch_time
from gateway.formats.edifact.checks import contradictions
from gateway.formats.edifact.segment import Segment
from gateway.formats.edifact.service import USUAL, written
from gateway.formats.edifact.structure import Interchange, Part, interchanges
from gateway.formats.segmented import find_path

CODES: Mapping[str, str] = MappingProxyType(
    {
        "required-missing": "13", "missing-element": "13", "cut-off": "13",
        "bad-value": "12", "bad-bsn": "12", "wrong-type": "12", "unmapped-code": "12", "code-invalid": "12",
        "no-mapping": "14", "patient-data-in-capacity": "17", "forbidden": "17",
        "control-character": "21", "charset": "21", "duplicate-resource": "26",
        "reference-mismatch": "28", "count-mismatch": "29", "too-large": "39",
    }
)  # fmt: skip
"""Data element 0085 (syntax error) for codes of our catalogue; whatever is not here is 18, unspecified."""

_OTHER = "18"
_REJECTED, _ACKNOWLEDGED = "4", "7"
_MOST = 50  # an answer to a message of 100,000 wrong segments must not be longer than the message
_UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one message: its bytes as `split` yields them, what was found, and whether it was refused."""

    content: bytes
    issues: Sequence[Issue]
    refused: bool

    @property
    def errors(self) -> list[Issue]:
        """Return what was wrong enough to refuse it."""
        return [issue for issue in self.issues if issue.severity in ("fatal", "error")] if self.refused else []


def acknowledge(answers: Sequence[Answered], *, new_id: Callable[[], str], at: datetime) -> bytes:
    """Return the answer to messages: an interchange with one CONTRL for each interchange they came in.

    `new_id` gives the control references, `at` (aware) is when this is made. No value of a message is in it but
    its references and those of its interchange.
    """
    read = [(_read(answer.content), answer) for answer in answers]
    made = [
        _interchange([(found, answer) for found, answer in group], new_id()[:14], at)
        for _, group in groupby(read, key=lambda pair: _known_by(pair[0]))
    ]
    return "".join(made).encode("iso-8859-1", "replace")


def _read(content: bytes) -> Interchange | None:
    try:
        return next(interchanges(content, "windows-1252"))
    except (GatewayError, StopIteration):
        return None


def _known_by(found: Interchange | None) -> tuple[str, ...]:
    return tuple(found.header.value(field) or "" for field in (2, 3, 5)) if found else ()


def _interchange(answers: Sequence[tuple[Interchange | None, Answered]], reference: str, at: datetime) -> str:
    found = answers[0][0]
    header = found.header if found else None
    version = "4" if header is not None and header.value(1, 1, 2) == "4" else "3"
    sender, recipient = _party(header, 3), _party(header, 2)
    local = at.astimezone(dutch_time())  # UNB-4 has no offset: it is the clock of who sends
    moment = local.strftime("%Y%m%d:%H%M" if version == "4" else "%y%m%d:%H%M")
    kind = "CONTRL:4:1:UN" if version == "4" else "CONTRL:2:2:UN"
    body = [f"UNH+1+{kind}", *_answers(answers)]
    lines = [f"UNB+UNOC:{version}+{sender}+{recipient}+{moment}+{written(reference)}", *body]
    lines += [f"UNT+{len(body) + 1}+1", f"UNZ+1+{written(reference)}"]
    return "UNA:+.? '" + "".join(f"{line}'" for line in lines)


def _party(header: Segment | None, field: int) -> str:
    """Return sender or recipient as the sender wrote it."""
    if header is None or header.value(field) is None:
        return _UNKNOWN
    parts = [header.value(field, 1, n) or "" for n in range(1, header.components(field) + 1)]
    return USUAL.component.join(map(written, parts)).rstrip(USUAL.component)


def _answers(answers: Sequence[tuple[Interchange | None, Answered]]) -> Iterator[str]:
    """Yield UCI, and UCM with what belongs to it for each message."""
    found, first = answers[0]
    header = found.header if found else None
    reference = written(header.value(5) or "") if header else ""
    uci = f"UCI+{reference or '0'}+{_party(header, 2)}+{_party(header, 3)}"
    wrong = contradictions(found) if found else first.errors
    if found is None or wrong:
        yield f"{uci}+{_REJECTED}{_error(wrong[0]) if wrong else ''}"
        return
    yield f"{uci}+{_ACKNOWLEDGED}"
    for inner, answer in answers:
        for part in inner.parts if inner else ():
            yield from _message(inner, part, answer)  # type: ignore[arg-type]  # it has parts, so it is one


def _message(found: Interchange, part: Part, answer: Answered) -> Iterator[str]:
    header = found.segment(part.first)
    kind = ":".join(written(header.value(2, 1, n) or "") for n in range(1, 5)).rstrip(":")
    ucm = f"UCM+{written(header.value(1) or '')}+{kind}"
    if not answer.refused:
        yield f"{ucm}+{_ACKNOWLEDGED}"
        return
    placed = [(issue, _number(found, part, issue)) for issue in answer.errors[:_MOST]]
    whole = next((issue for issue, number in placed if number is None), None)
    service = next((issue for issue, _ in placed if _tag(issue) in ("UNH", "UNT")), None)
    chosen = service or whole
    yield f"{ucm}+{_REJECTED}{_error(chosen) if chosen else ''}"
    for issue, number in sorted(((i, n) for i, n in placed if n is not None), key=lambda pair: pair[1]):
        if issue is not chosen:
            yield from _segment(issue, number)


def _segment(issue: Issue, number: int) -> Iterator[str]:
    at = find_path(issue.place.path) if issue.place else None
    if at is None or at.field is None:
        yield f"UCS+{number}+{_code(issue)}"
        return
    yield f"UCS+{number}"
    yield f"UCD+{_code(issue)}+{at.field}{f':{at.component}' if at.component else ''}"


def _code(issue: Issue) -> str:
    return CODES.get(issue.code, _OTHER)


def _tag(issue: Issue) -> str:
    at = find_path(issue.place.path) if issue.place else None
    return at.segment if at else ""


def _error(issue: Issue) -> str:
    """Return code, service segment and element of what is wrong with an interchange or message as a whole."""
    if issue.code == "no-mapping":
        return f"+{_code(issue)}+UNH+2:1"
    at = find_path(issue.place.path) if issue.place else None
    if at is None or not at.segment.startswith("UN"):
        return f"+{_code(issue)}"
    element = f"+{at.field}{f':{at.component}' if at.component else ''}" if at.field else ""
    return f"+{_code(issue)}+{at.segment}{element}"


def _number(found: Interchange, part: Part, issue: Issue) -> int | None:
    """Return which segment of the message an issue is about, UNH is 1; None when it is not about one that is there."""
    at = find_path(issue.place.path) if issue.place else None
    own = found.raws[part.first : part.end]
    if at is not None:
        same = [number for number, raw in enumerate(own, 1) if raw.name == at.segment]
        return same[at.occurrence - 1] if at.occurrence <= len(same) else None
    byte = issue.place.byte if issue.place else None
    if byte is None:
        return None
    begun = [number for number, raw in enumerate(own, 1) if found.source.origin(raw.start)[1] <= byte]
    return begun[-1] if begun else None
