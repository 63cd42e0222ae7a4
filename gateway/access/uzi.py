"""The care provider that a server certificate of the Dutch UZI register names.

It stands in the subject alternative name, as otherName 2.5.5.5: an IA5String of seven parts,
`<register>-<version>-<UZI number>-<kind>-<URA>-<role>-<AGB>`. Whether the name is to be believed depends on who signed
the certificate; that is not looked at here. https://www.zorgcsp.nl
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509

from gateway.access.unknown import NotKnown

OTHER_NAME = x509.ObjectIdentifier("2.5.5.5")

_IA5_STRING = 0x16
_LONGEST = 0x7F  # of which DER writes the length in one byte: twice as long as any name of the register
_WHOLE = re.compile(
    r"(?P<register>2\.16\.528\.1(?:\.(?:0|[1-9]\d{0,5})){1,12})-1-(?P<number>\d{9})-(?P<kind>[A-Z])"
    r"-(?P<ura>\d{8})-(?P<role>\d{2}\.\d{3})-(?P<agb>\d{8})",
    re.ASCII,
)
_OF_ANOTHER_REGISTER = re.compile(r"\d+(?:\.\d+)+-[^-]+", re.ASCII)  # PKIoverheid: an OID and a number, no more
_SERVER = "S"
_NO_AGB = "00000000"


@dataclass(frozen=True, slots=True)
class UziName:
    """A care provider as the register writes it; `agb` is '' where it has none."""

    register: str
    number: str
    ura: str
    role: str
    agb: str = ""


def read(text: str) -> UziName:
    """Return whom the text of an otherName names. Raises NotKnown for one that is not of a server, or broken."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise NotKnown("uzi-malformed")
    if found["kind"] != _SERVER:
        raise NotKnown("uzi-of-a-person")
    agb = "" if found["agb"] == _NO_AGB else found["agb"]
    return UziName(found["register"], found["number"], found["ura"], found["role"], agb)


def of_certificate(certificate: x509.Certificate) -> UziName | None:
    """Return whom a certificate names, None when that is nobody. Raises NotKnown, also for two of them."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        raise NotKnown("certificate-unreadable") from error
    written = [_text(one.value) for one in names.get_values_for_type(x509.OtherName) if one.type_id == OTHER_NAME]
    ours = [read(text) for text in written if not _OF_ANOTHER_REGISTER.fullmatch(text)]
    if len(ours) > 1:
        raise NotKnown("uzi-twice")
    return ours[0] if ours else None


def _text(value: bytes) -> str:
    """Return the IA5String that a value in DER is. NotKnown."""
    if len(value) < 2 or value[0] != _IA5_STRING or value[1] > _LONGEST or value[1] != len(value) - 2:
        raise NotKnown("uzi-malformed")
    try:
        return value[2:].decode("ascii")
    except UnicodeDecodeError as error:
        raise NotKnown("uzi-malformed") from error
