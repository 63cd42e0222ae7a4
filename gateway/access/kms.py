"""Data keys that a key management system has wrapped: a program of the operator wraps and unwraps them.

The program is given a JSON object on its standard input, and answers with one on its standard output:
`{"operation": "unwrap", "id": "…", "wrapped": "…"}` with `{"key": "…"}`, the key in base64, and
`{"operation": "wrap", "id": "…", "key": "…"}` with `{"wrapped": "…"}`. No key ever stands on a command line.
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.errors import BadSettings

SECONDS = 10.0
"""So long may the program take for one key."""
_MOST = 64 * 1024  # characters of its answer
_FAILED = "GATEWAY_KMS_COMMAND: the key {} could not be {}ped: {}"


class _Answer(msgspec.Struct, frozen=True):
    key: str | None = None
    wrapped: str | None = None


_ANSWER = msgspec.json.Decoder(_Answer)  # made at import: see gateway.fhir.tables


@dataclass(frozen=True, slots=True)
class Kms:
    """The program of the operator, as it is started: no shell reads it."""

    command: tuple[str, ...] = field(repr=False)
    seconds: float = SECONDS

    @classmethod
    def read(cls, text: str) -> Kms:
        """Return the program that a setting names, with its arguments. Raises ValueError when it cannot be read."""
        if not (command := tuple(shlex.split(text))):
            raise ValueError("must name a program")
        return cls(command)

    def unwrap(self, name: str, wrapped: str) -> str:
        """Return a key as base64. Raises BadSettings when the program does not give it."""
        return self._asked("unwrap", name, {"wrapped": wrapped}, "key")

    def wrap(self, name: str, key: str) -> str:
        """Return a key, given as base64, as it is kept. Raises BadSettings when the program does not give it."""
        return self._asked("wrap", name, {"key": key}, "wrapped")

    def _asked(self, operation: str, name: str, given: dict[str, Any], wanted: str) -> str:
        asked = msgspec.json.encode({"operation": operation, "id": name, **given})
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own program
                self.command,
                input=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may hold what nobody should read
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(name, operation, f"no answer within {self.seconds:g} seconds") from error
        except OSError as error:
            raise _failed(name, operation, f"the program cannot be run: {error.strerror}") from error
        if done.returncode:
            raise _failed(name, operation, f"the program ended with {done.returncode}")
        found = _found(done.stdout, wanted)
        if not found:
            raise _failed(name, operation, f"its answer holds no `{wanted}`")
        return found


def _found(answer: bytes, wanted: str) -> str | None:
    """Return what was wanted of an answer, None when it is not there; nothing of the answer is ever shown."""
    try:
        found: str | None = getattr(_ANSWER.decode(answer[:_MOST]), wanted)
    except msgspec.DecodeError:
        return None
    return found


def _failed(name: str, operation: str, why: str) -> BadSettings:
    return BadSettings(_FAILED.format(name, operation, why))
