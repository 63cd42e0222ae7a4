"""The log: a line of JSON an event, on standard error. Event names and our own ids; never a value out of a message."""

import json
import logging
import sys
from datetime import UTC, datetime

_ORDINARY = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record, with what `extra` adds to it, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. What an attacker puts in a name cannot end it: JSON escapes control characters."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        return json.dumps(line, default=str)


def log_to_stderr(level: str) -> None:
    """Send every record of `level` and above to standard error, as JSON lines."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)
