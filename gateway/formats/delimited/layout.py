"""What is known beforehand about a delimited file; what is None is found out from the file itself."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from gateway.errors import BadMapping
from gateway.fhir.frozen import frozen
from gateway.formats.charsets import codec_name


@frozen()
class Layout:
    """How a file is laid out. Raises BadMapping, with every reason, when it cannot be.

    `aliases` gives a column's other names: {"Vrij": ("Beschikbaar", "Free")}. `required` columns must be in
    the header, which may then stand below a title. `decimal` is for the readers of numbers.
    """

    delimiter: str | None = None
    charset: str | None = None
    quote: str = '"'
    decimal: str = ","
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    required: tuple[str, ...] = ()
    fallback_charset: str = "windows-1252"

    def __post_init__(self) -> None:
        wrong = [f"{name} is not one character" for name in ("delimiter", "quote", "decimal") if self._long(name)]
        if self.delimiter == self.quote:
            wrong.append("the delimiter is also the quote")
        wrong += [f"{name} is not a character set" for name in ("charset", "fallback_charset") if self._unknown(name)]
        if wrong:
            raise BadMapping("; ".join(wrong))

    def _long(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and (len(value) != 1 or value in "\r\n\0")

    def _unknown(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and codec_name(value) is None


def normal(name: str) -> str:
    """Return a column's name as it is compared: without case, and with single spaces.

    >>> normal(" Per  Wanneer ")
    'per wanneer'
    """
    return " ".join(name.casefold().split())
