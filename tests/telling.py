"""What may stand in no log, metric, trace or URL of the whole run: the BSN of a patient, a token, a private key."""

from __future__ import annotations

import logging
import re

from gateway.cli.logs import JsonLines
from gateway.fhir.bsn import is_bsn

_BSN = re.compile(r"(?<![\d.-])9999\d{5}(?![\d.-])")  # those of tests; not part of a moment or of an id
_SECRET = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|PRIVATE KEY|[Bb]earer [\w-]{8,}")


def told(text: str) -> list[str]:
    """Return what should not stand in a text."""
    return [found for found in _BSN.findall(text) if is_bsn(found)] + _SECRET.findall(text)


def check(text: str, where: str) -> None:
    """Assert that nobody can be known from a text, nor anything opened by it."""
    assert not told(text), f"{where} tells {told(text)[:5]}"


class Listening(logging.Handler):
    """Hears what is logged in this process, as a gateway would write it, and keeps the lines that tell too much."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a record, if it tells something."""
        line = self.format(record)
        if told(line):
            self.heard.append(line)
