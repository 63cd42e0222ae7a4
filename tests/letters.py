"""EDIFACT letters for tests: whole ones, and what can be wrong with them."""

from collections.abc import Sequence

SEGMENTS = (
    "BGM+VRB+L-{n}+9",
    "DTM+137:202601050934:203",
    "NAD+HP+01999905:AGB++PRAKTIJK ZEEHELDEN:J. VAN DIJK",
    "NAD+MR+06999901:AGB++ZIEKENHUIS DUINRAND:SEH",
    "PNA+PAT+999900109:BSN++PIETERSE:A.J.",
    "DTM+329:19330518:102",
    "PDI+V",
    "FTX+VRB+++Verwijzing spoed. Mw. is gevallen.",
    "FTX+VRB+++Vraag?: opname of ELV??",
)


def message(
    number: int = 1,
    segments: Sequence[str] = SEGMENTS,
    *,
    kind: str = "MEDVRI:2:D:NL",
    count: int | None = None,
    reference: str | None = None,
) -> list[str]:
    """Return the segments of a letter, UNH to UNT; `count` and `reference` are those of UNT."""
    held = [segment.format(n=number) for segment in segments]
    counted = len(held) + 2 if count is None else count
    return [f"UNH+{number}+{kind}", *held, f"UNT+{counted}+{reference or number}"]


def interchange(
    *messages: list[str], reference: str = "REF1", syntax: str = "UNOC:3", trailer: str | None = "UNZ+{n}+{reference}"
) -> list[str]:
    """Return the segments of an interchange; `trailer` None: its end was lost."""
    closing = [] if trailer is None else [trailer.format(n=len(messages), reference=reference)]
    header = f"UNB+{syntax}+500099901+500099902+260105:0934+{reference}"
    return [header, *(segment for one in messages for segment in one), *closing]


def written(segments: Sequence[str], *, end: str = "\r\n", advice: str = "", charset: str = "iso-8859-1") -> bytes:
    """Return segments as bytes, each ended by an apostrophe and `end`."""
    return (advice + "".join(f"{segment}'{end}" for segment in segments)).encode(charset)


def letter(number: int = 1, **particulars: str) -> bytes:
    """Return an interchange of one letter."""
    return written(interchange(message(number), **particulars))
