"""Functions on texts. https://hl7.org/fhirpath/N1/#string-manipulation"""

import base64
import binascii
import html
import json
import re
from typing import Any

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.runtime.patterns import pattern
from gateway.fhirpath.runtime.system import system

__all__ = [
    "chars", "contains_text", "decode", "encode", "ends_with", "escape", "index_of", "join", "last_index_of", "length",
    "lower", "matches", "matches_full", "replace", "replace_matches", "split", "starts_with", "substring", "trim",
    "unescape", "upper",
]  # fmt: skip


def text(value: Any) -> str | None:
    """Return a value that is a text, or None; FhirPathError for anything else."""
    if value.__class__ is str:  # nearly always
        return value
    found = system(value)
    if found is None or isinstance(found, str):
        return found
    raise FhirPathError("a text is needed here; toString() makes one")


def number(value: Any) -> int | None:
    """Return a value that is an Integer, or None; FhirPathError for anything else."""
    found = system(value)
    if found is None or (isinstance(found, int) and not isinstance(found, bool)):
        return found
    raise FhirPathError("an Integer is needed here")


def index_of(subject: Any, part: Any) -> int | None:
    """Return where a part first stands, from 0, or -1; None when either is empty."""
    subject, part = text(subject), text(part)
    return None if subject is None or part is None else subject.find(part)


def last_index_of(subject: Any, part: Any) -> int | None:
    """Return where a part last stands, from 0, or -1; None when either is empty."""
    subject, part = text(subject), text(part)
    return None if subject is None or part is None else subject.rfind(part)


def substring(subject: Any, start: Any, length: Any = None) -> str | None:
    """Return the text from `start`, of at most `length`; None when the start lies outside."""
    whole, first, width = text(subject), number(start), number(length)
    if whole is None or first is None or not 0 <= first < len(whole):
        return None
    return whole[first:] if width is None else whole[first : first + max(0, width)]


def starts_with(subject: Any, part: Any) -> bool | None:
    """Return whether a text starts with a part; None when either is empty."""
    subject, part = text(subject), text(part)
    return None if subject is None or part is None else subject.startswith(part)


def ends_with(subject: Any, part: Any) -> bool | None:
    """Return whether a text ends with a part; None when either is empty."""
    subject, part = text(subject), text(part)
    return None if subject is None or part is None else subject.endswith(part)


def contains_text(subject: Any, part: Any) -> bool | None:
    """Return whether a part stands in a text; None when either is empty."""
    subject, part = text(subject), text(part)
    return None if subject is None or part is None else part in subject


def upper(subject: Any) -> str | None:
    """Return a text in capitals."""
    found = subject if subject.__class__ is str else text(subject)
    return None if found is None else found.upper()


def lower(subject: Any) -> str | None:
    """Return a text in small letters."""
    found = subject if subject.__class__ is str else text(subject)
    return None if found is None else found.lower()


def trim(subject: Any) -> str | None:
    """Return a text without white space around it."""
    found = subject if subject.__class__ is str else text(subject)
    return None if found is None else found.strip()


def length(subject: Any) -> int | None:
    """Return the number of characters."""
    subject = text(subject)
    return None if subject is None else len(subject)


def chars(subject: Any) -> list[str]:
    """Return the characters."""
    return list(text(subject) or "")


def replace(subject: Any, part: Any, by: Any) -> str | None:
    """Return a text with every occurrence of a part replaced; None when any of the three is empty."""
    subject, part, by = text(subject), text(part), text(by)
    return None if subject is None or part is None or by is None else subject.replace(part, by)


def split(subject: Any, separator: Any) -> list[str]:
    """Return the pieces between separators; without a separator the text itself."""
    subject, separator = text(subject), text(separator)
    if subject is None:
        return []
    return subject.split(separator) if separator else [subject]


def join(values: list[Any], separator: Any = "") -> str | None:
    """Return texts joined by a separator; None for no texts."""
    found = [one for one in map(text, values) if one is not None]
    return (text(separator) or "").join(found) if found else None


def matches(subject: Any, written: Any) -> bool | None:
    """Return whether a pattern occurs in a text; None when either is empty."""
    subject, written = text(subject), text(written)
    return None if subject is None or written is None else pattern(written).on(subject).search(subject) is not None


def matches_full(subject: Any, written: Any) -> bool | None:
    """Return whether a pattern fits a whole text; None when either is empty."""
    subject, written = text(subject), text(written)
    return None if subject is None or written is None else pattern(written).on(subject).fullmatch(subject) is not None


def replace_matches(subject: Any, written: Any, by: Any) -> str | None:
    """Return a text with every match replaced (`$1` and `${name}` stand for groups); None when any is empty."""
    subject, written, by = text(subject), text(written), text(by)
    if subject is None or written is None or by is None:
        return None
    template = re.sub(r"\$(?:(\d+)|\{(\w+)\})", r"\\g<\1\2>", by.replace("\\", r"\\"))
    try:
        return pattern(written).on(subject).sub(template, subject) if written else subject
    except (re.error, IndexError) as wrong:
        raise FhirPathError("the replacement names a group that the pattern does not have") from wrong


def _bytes_of(subject: str, form: str) -> bytes:
    if form == "hex":
        return binascii.unhexlify(subject)
    return base64.b64decode(subject, altchars=b"-_" if form == "urlbase64" else None, validate=True)


def encode(subject: Any, form: Any) -> str | None:
    """Return a text's UTF-8 as `hex`, `base64` or `urlbase64`; None for another form."""
    plain, form = text(subject), text(form)
    if plain is None or form not in {"hex", "base64", "urlbase64"}:
        return None
    written = plain.encode()
    if form == "hex":
        return written.hex()
    return (base64.b64encode(written) if form == "base64" else base64.urlsafe_b64encode(written)).decode()


def decode(subject: Any, form: Any) -> str | None:
    """Return the text that `encode` made this of; FhirPathError when it is not such a text."""
    subject, form = text(subject), text(form)
    if subject is None or form not in {"hex", "base64", "urlbase64"}:
        return None
    try:
        return _bytes_of(subject, form).decode()
    except ValueError as wrong:
        raise FhirPathError(f"the text is not {form} of UTF-8") from wrong


def escape(subject: Any, form: Any) -> str | None:
    """Return a text escaped for `html` or `json`; None for another form."""
    subject, form = text(subject), text(form)
    if subject is None or form not in {"html", "json"}:
        return None
    return html.escape(subject) if form == "html" else json.dumps(subject, ensure_ascii=False)[1:-1]


def unescape(subject: Any, form: Any) -> str | None:
    """Return what `escape` made this of; FhirPathError when it is not JSON."""
    subject, form = text(subject), text(form)
    if subject is None or form not in {"html", "json"}:
        return None
    if form == "html":
        return html.unescape(subject)
    try:
        return str(json.loads(re.sub(r'(\\.)|"', lambda m: m[1] or '\\"', f"{subject}").join('""'), strict=False))
    except ValueError as wrong:
        raise FhirPathError("the text is not an escaped JSON text") from wrong
