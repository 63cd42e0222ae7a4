"""Files that a form uploads: multipart/form-data, as a browser or `curl -F` sends it, taken apart in memory.

Nothing of it touches the disk, and what breaks off is refused whole: half a file is no file.
https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio import multipart

from gateway.errors import BadRequest, MalformedMessage, TooLarge
from gateway.formats.detect import MEDIA_TYPES

FORM = "multipart/form-data"
MAX_FILES = 50

_ENDINGS = {".csv": "text/csv", ".hl7": "application/hl7-v2+er7", ".edi": "application/edifact",
            ".ndjson": "application/x-ndjson"}  # fmt: skip
_UNSHOWABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_NAME = 200
_Part = multipart.File | multipart.Field


class File(NamedTuple):
    """One file: its bytes, what they are said to be, and what its sender calls it, which may name a patient."""

    content: bytes
    content_type: str | None
    name: str = ""


def files(body: bytes, content_type: str | None) -> list[File]:
    """Return the files in a body: those of a form, else the body itself.

    Raises MalformedMessage for a form that breaks off, BadRequest for one without a file, TooLarge for one with many.
    """
    kind, parameters = parse_options_header(content_type)
    if kind.lower() != FORM:
        return [File(body, content_type)]
    found = [_file(part, content) for part, content in _parts(body, parameters.get("boundary", ""))]
    uploaded = [file for file in found if file is not None]
    if not uploaded:
        raise BadRequest("this form holds no file: give a part a filename, as curl -F file=@NAME does")
    return uploaded


def _parts(body: bytes, boundary: str) -> list[tuple[_Part, bytes]]:
    decoder = multipart.MultipartDecoder(boundary.encode("utf-8", "replace"), max_parts=MAX_FILES)
    found: list[tuple[_Part, bytes]] = []
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), multipart.Epilogue):
            if isinstance(event, _Part):
                found.append((event, b""))
            elif isinstance(event, multipart.Data):
                part, before = found.pop()
                found.append((part, before + event.data))
            elif isinstance(event, multipart.NeedData):
                raise ValueError  # noqa: TRY004, TRY301 - as the decoder itself says that it breaks off
    except RequestEntityTooLarge as error:
        raise TooLarge(f"a form holds at most {MAX_FILES} files and fields") from error
    except (ValueError, LookupError) as error:
        raise MalformedMessage("the form breaks off, or is not well-formed multipart/form-data") from error
    return found


def _file(part: _Part, content: bytes) -> File | None:
    """Return the file in a part; None for a field, and for a file that nobody chose."""
    if isinstance(part, multipart.Field) or not (part.filename or content):
        return None
    said = part.headers.get("Content-Type")
    is_read = parse_options_header(said)[0].lower() in MEDIA_TYPES  # a browser says what its own machine thinks of it
    ending = PurePath(part.filename).suffix.lower()
    return File(content, said if is_read else _ENDINGS.get(ending), _UNSHOWABLE.sub(" ", part.filename)[:_LONGEST_NAME])
