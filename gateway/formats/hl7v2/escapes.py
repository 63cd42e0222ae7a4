"""Escape sequences: `\\F\\ \\S\\ \\T\\ \\R\\ \\E\\ \\P\\ \\Xhh..\\` and the formatting commands of FT.

What is not known (a local `\\Z..\\`, a change of character set `\\C..\\`, a lone backslash) stays as it
stands and is reported. Decoding follows splitting, so `\\X0D\\` is a character and never a new segment.
http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading30
"""

import re
from functools import lru_cache

from gateway.formats.hl7v2.delimiters import ABSENT, Delimiters

_KNOWN = r"[FSTREPHN]|X(?:[0-9A-Fa-f]{2})+|\.br|\.ce|\.(?:sp|sk)\d{0,3}|\.fi|\.nf|\.(?:in|ti)[+-]?\d{0,3}"


class Escapes:
    """Decodes and writes the escape sequences of messages with these delimiters in this character set."""

    __slots__ = ("_character", "_codecs", "_letters", "_sequence")

    def __init__(self, delimiters: Delimiters, charset: str) -> None:
        # A message in ASCII can only mean something else by bytes above 7F: then what is usual is tried.
        self._codecs = ("utf-8", "windows-1252") if charset == "ascii" else (charset,)
        self._character = delimiters.escape
        mark = re.escape(delimiters.escape)
        self._sequence = re.compile(f"{mark}({_KNOWN}){mark}")
        self._letters = {
            "F": delimiters.field,
            "S": delimiters.component,
            "T": delimiters.subcomponent,
            "R": delimiters.repetition,
            "E": delimiters.escape,
            "P": delimiters.truncation,
        }

    def decode(self, text: str) -> str:
        """Return `text` with every known sequence replaced; unknown ones stay."""
        return self._sequence.sub(self._meaning, text)

    def unknown(self, text: str) -> bool:
        """Return whether `text` holds an escape character that begins no sequence known here."""
        rest = self._sequence.sub(lambda match: match[0] if self._meaning(match) == match[0] else "", text)
        return self._character in rest

    def encode(self, text: str) -> str:
        """Return `text` as it must be written inside a field: delimiters escaped, line ends as `\\.br\\`."""
        mark = self._character
        if mark == ABSENT:
            return re.sub(r"[\r\n\0]+", " ", text)
        written: dict[str, str | int | None] = {
            letter: f"{mark}{name}{mark}" for name, letter in self._letters.items() if letter != ABSENT
        }
        written |= {"\n": f"{mark}.br{mark}", "\r": f"{mark}.br{mark}", "\0": ""}
        return text.translate(str.maketrans(written))

    def _meaning(self, match: re.Match[str]) -> str:
        name = match[1]
        if len(name) == 1:
            letter = self._letters.get(name, "")  # \H\ and \N\ switch highlighting: nothing is to be read
            return match[0] if letter == ABSENT else letter
        if name[0] == "X":
            return self._hexadecimal(name[1:]) or match[0]
        return _formatting(name)

    def _hexadecimal(self, digits: str) -> str | None:
        """Return the characters the bytes stand for; None when they are none, or NUL, which nothing can store."""
        for codec in self._codecs:
            try:
                text = bytes.fromhex(digits).decode(codec)
            except UnicodeDecodeError:
                continue
            return None if "\0" in text else text
        return None


def _formatting(command: str) -> str:
    """Return what a formatting command of FT puts in plain text: line ends, spaces, or nothing."""
    count = int(command[3:] or 1) if command[3:].isdigit() or len(command) == 3 else 1
    if command[:3] in (".br", ".ce", ".sp"):
        return "\n" * count
    return " " * count if command.startswith(".sk") else ""


@lru_cache(maxsize=256)
def escapes_for(delimiters: Delimiters, charset: str) -> Escapes:
    """Return the (shared) decoder of messages with these delimiters in this character set."""
    return Escapes(delimiters, charset)
