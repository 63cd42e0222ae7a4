"""What the text of each primitive type must look like, as regular expressions without look-around.

R4's own expressions let 30 February pass and leave open what its text forbids (empty strings, strings
of white space, control characters); these do not. https://hl7.org/fhir/R4/datatypes.html#primitive
"""

import re
from functools import cache

_YEAR = r"(?:[0-9](?:[0-9](?:[0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"  # 0001 to 9999
_MONTH = r"(?:0[1-9]|1[0-2])"
_MONTH_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP = r"(?:0[48]|[2468][048]|[13579][26])"
_29_FEBRUARY = rf"(?:[0-9]{{2}}{_LEAP}|{_LEAP}00)-02-29"
_DAY = rf"(?:{_YEAR}-{_MONTH_DAY}|{_29_FEBRUARY})"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_OFFSET = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f"
_TEXT = rf"[^{_CONTROL}]*[^{_CONTROL} \t\r\n][^{_CONTROL}]*"
_WORD = r"[^\s\x00-\x1f\x7f\x85]"
_HEX = "[0-9a-f]"

ID = r"[A-Za-z0-9\-.]{1,64}"
UUID = rf"urn:uuid:{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
OID = r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"

# Every primitive type that is a string in JSON.
STRINGS = {
    "string": _TEXT,
    "markdown": _TEXT,
    "xhtml": _TEXT,
    "code": rf"{_WORD}+(?: {_WORD}+)*",
    "id": ID,
    "elementId": rf"{_WORD}+",  # Element.id: "any string value that does not contain spaces"
    "uri": rf"{_WORD}+",
    "url": rf"{_WORD}+",
    "canonical": rf"{_WORD}+",
    "oid": OID,
    "uuid": UUID,
    "date": rf"(?:{_YEAR}(?:-{_MONTH})?|{_DAY})",
    "dateTime": rf"(?:{_YEAR}(?:-{_MONTH})?|{_DAY}(?:T{_TIME}{_OFFSET})?)",
    "instant": rf"{_DAY}T{_TIME}{_OFFSET}",
    "time": _TIME,
    "base64Binary": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)",
}

# The primitive types that are whole numbers in JSON, and their limits.
INTEGERS = {
    "integer": (-2_147_483_648, 2_147_483_647),
    "unsignedInt": (0, 2_147_483_647),
    "positiveInt": (1, 2_147_483_647),
}

LONGEST_STRING = 1_048_576  # "Strings SHALL NOT exceed 1MB in size"

# Required value sets whose codes are a grammar, not a list.
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+\-]{0,126}"
_PARAMETER = rf"[ \t]*;[ \t]*{_NAME}=(?:{_NAME}|\"[^\"\r\n]*\")"
GRAMMARS = {
    # BCP-13, https://www.rfc-editor.org/rfc/rfc6838#section-4.2; `xml` and `json` are FHIR's own short forms
    "http://hl7.org/fhir/ValueSet/mimetypes": rf"(?:{_NAME}/{_NAME}(?:{_PARAMETER})*|xml|json|ttl)",
    "http://hl7.org/fhir/ValueSet/currencies": r"[A-Z]{3}",  # ISO 4217
    "http://hl7.org/fhir/ValueSet/ucum-units": r"[!-~]+",  # UCUM: printable ASCII without spaces
}

EXAMPLES = {
    "date": "2026-01-05, 2026-01 or 2026",
    "dateTime": "2026-01-05T10:00:00+01:00, 2026-01-05, 2026-01 or 2026: a real day, and an offset after a time",
    "instant": "2026-01-05T10:00:00.000+01:00: a real day, with seconds and an offset",
    "time": "10:00:00",
    "id": "1 to 64 of A-Z a-z 0-9 - .",
    "elementId": "text without white space",
    "code": "words with one space between them, none before or after",
    "uri": "an address without white space",
    "url": "an address without white space",
    "canonical": "an address without white space",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid: and a UUID in lower case",
    "base64Binary": "base64",
    "string": "text that is more than white space, without control characters",
    "markdown": "text that is more than white space, without control characters",
    "xhtml": "text that is more than white space, without control characters",
}


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return one of the expressions of this module, for `fullmatch`."""
    return re.compile(pattern)
