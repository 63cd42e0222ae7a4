"""Looks at the folders of all providers, again and again, and has each file taken in."""

import logging
import signal
import threading
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Literal

from gateway import report
from gateway.access.policy import Caller
from gateway.errors import GatewayError, Unavailable
from gateway.folder.drop import Claim, Drop
from gateway.ingest import ingest
from gateway.services import Services

log = logging.getLogger("gateway.folder")

Language = Literal["en", "nl"]
_Done = tuple[Literal["processed", "failed"], dict[str, str]]  # where the file goes, and its reports by ending
POLL_SECONDS = 1.0
SETTLED_SECONDS = 2.0
_BACK_OFF = (1.0, 5.0, 30.0, 60.0)  # seconds until the next try while the store cannot be reached
_DAY = 86_400.0
_FAILED = {"en": "ERROR: the gateway failed on this file; it was not taken", "nl": "FOUT: de gateway kon dit bestand "
           "niet verwerken; er is niets gebruikt"}  # fmt: skip
_TOO_LARGE = {"en": "ERROR: this file is larger than {limit} bytes; nothing was used",
              "nl": "FOUT: dit bestand is groter dan {limit} bytes; er is niets gebruikt"}  # fmt: skip
_TYPES = {".csv": "text/csv", ".hl7": "application/hl7-v2+er7"}


class Watch:
    """All providers' folders below one folder. A provider takes part when it has a folder there."""

    def __init__(
        self,
        folder: Path,
        to: Services,
        caller: Caller,
        *,
        language: Language,
        keep_days: int,
        settled_after: float = SETTLED_SECONDS,
    ) -> None:
        self._folder = folder
        self._to = to
        self._caller = caller
        self._language: Language = language
        self._keep_days = keep_days
        self._settled_after = settled_after
        self._unknown: set[str] = set()

    def look(self) -> int:
        """Take in every file that is whole, and return how many. Raises Unavailable when the store cannot be reached.

        The file at which that happens lies in `in/` again, as do those after it.
        """
        taken = 0
        for drop in self._drops():
            for claim in drop.claims(time.time()):
                taken += self._one(drop, claim)
            drop.sweep(time.time() - self._keep_days * _DAY)
        return taken

    def run(self, told: threading.Event) -> None:
        """Look again and again until `told` is set; a file that was begun is finished first."""
        failures = 0
        while not told.is_set():
            try:
                self.look()
                failures = 0
            except (Unavailable, OSError) as error:
                failures += 1
                log.warning("folder-waits", extra={"error": type(error).__name__, "tries": failures})
            told.wait(_BACK_OFF[min(failures, len(_BACK_OFF)) - 1] if failures else POLL_SECONDS)

    def _drops(self) -> list[Drop]:
        """Return the folders of the providers that are known; another folder is told of once."""
        found = []
        for path in sorted(self._folder.iterdir()):
            if path.is_symlink() or not path.is_dir() or path.name.startswith("."):
                continue
            if path.name in self._to.library.providers:
                found.append(Drop(self._folder, path.name, settled_after=self._settled_after))
            elif path.name not in self._unknown:
                self._unknown.add(path.name)
                log.error("folder-of-unknown-provider", extra={"known": sorted(self._to.library.providers)})
        return found

    def _one(self, drop: Drop, claim: Claim) -> int:
        """Take in one file and move it; return 1 when it is done with."""
        try:
            outcome, reports = self._taken(drop.provider, claim)
        except Unavailable:
            drop.give_back(claim)
            raise
        if not claim.whole:  # its sender was not done after all: what it has now is taken later, as a message anew
            drop.give_back(claim)
            return 0
        drop.finish(claim, outcome, reports, moment(self._to.clock()))
        log.info("file-taken", extra={"provider": drop.provider, "outcome": outcome, "bytes": claim.size})
        return 1

    def _taken(self, provider: str, claim: Claim) -> _Done:
        """Return what became of a file, and the reports. Raises Unavailable."""
        limit = self._to.settings.max_body
        if claim.size > limit:
            return "failed", {"txt": _TOO_LARGE[self._language].format(limit=limit) + "\n"}
        content = claim.content()
        if not claim.whole:
            return "failed", {}  # never used: it is given back
        try:
            return self._ingested(content, provider, Path(claim.name).suffix.lower())
        except Unavailable:
            raise
        except GatewayError as error:
            return "failed", {"txt": report.findings(error, self._language)}
        except Exception as error:  # noqa: BLE001 - the loop that must go on: one file must not stop all others
            trace = traceback.format_tb(error.__traceback__)  # without the error's text, which may hold a value
            log.error("file-failed", extra={"error": type(error).__name__, "trace": trace})  # noqa: TRY400 - see above
            return "failed", {"txt": _FAILED[self._language] + "\n"}

    def _ingested(self, content: bytes, provider: str, ending: str) -> _Done:
        ingested = ingest(
            content,
            provider=provider,
            content_type=_TYPES.get(ending),
            caller=self._caller,
            to=self._to,
            language=self._language,
        )
        for message in ingested.messages:
            if isinstance(message.refusal, Unavailable):
                raise message.refusal
        reports = {"txt": report.text(ingested, self._language, show_values=True)}
        if ingested.format == "csv" and any(i.severity in {"error", "fatal"} for i in ingested.issues):
            reports["csv"] = report.table(ingested, self._language, show_values=True)
        return "failed" if ingested.refusal else "processed", reports


def moment(at: datetime) -> str:
    """Return a moment as the names of files begin with: `20261122T0415300123Z`."""
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 100:04d}Z"


def serve(watch: Watch) -> None:
    """Watch until SIGTERM or SIGINT, and finish the file that was begun."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    watch.run(told)
