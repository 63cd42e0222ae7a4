"""Asking a register of consents whether a patient permits something: the closed authorisation question.

Whoever answers is an Authority: the client of Mitz (`mitz.py`) is one, and a region may have another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Decision = Literal["permit", "deny"]


class Unanswered(Exception):
    """There is no answer, and why, in words that hold nothing of what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Party:
    """A care organisation by its URA and its type, a code of the Dutch table of organisation types."""

    ura: str
    type: str


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a patient permits that what one organisation keeps is seen by another one.

    `categories` are kinds of data in the register's own codes, each of which is answered for itself; `role` is the UZI
    code of the role of who asks.
    """

    bsn: str
    keeper: Party
    asker: Party
    categories: tuple[str, ...]
    role: str
    purpose: str = "TREAT"


class Authority(Protocol):
    """Who knows what patients permit."""

    def ask(self, question: Question, message_id: str) -> Mapping[str, Decision]:
        """Return the decision on each category that was asked. Raises Unanswered."""
