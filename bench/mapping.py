"""How fast messages become resources, against the least that anybody could do with them.

The floor is a lazy split of the message and the dump of the same output by `json.dumps`, which the bar was set with
(docs/decisions.md); against msgspec, which we dump with ourselves, the ratio is told too. Beds and times differ from
message to message, as they do in life.
"""

import gc
import json
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import CORE, Pair, Row, against, seconds, show
from gateway.data import shipped
from gateway.fhir.json import encode
from gateway.formats import edifact, hl7v2
from gateway.mapping.library import Library
from gateway.mapping.pace import split
from gateway.mapping.run import Messages

RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MESSAGES = 200

_A20 = (
    "MSH|^~\\&|BEDDENBORD|ZKH_DUINRAND|ZCC_GATEWAY|ROAZ_WEST|{at}||ADT^A20^ADT_A20|MSG{n:07}|P|2.5.1||||||8859/1\r"
    "EVN|A20|{at}\rNPU|{ward}^{room}^{bed}^ZKH_DUINRAND^^B|{state}^^HL70116\r"
)
_A01 = (
    "MSH|^~\\&|EPD|ZKH_DUINRAND|ZCC_GATEWAY|ROAZ_WEST|{at}||ADT^A01^ADT_A01|MSG{n:07}|P|2.5.1|||AL|NE|NLD|8859/1\r"
    "EVN|A01|{at}|||01999901^Vries^B^^^^^^VEKTIS\r"
    "PID|1||999900006^^^NLMINBIZA^NNNLD~{n:07}^^^ZKH_DUINRAND^PI||Jansen&de&Jansen^Anna^M^^^^L||19410307|F|||"
    "Zeestraat 12&Zeestraat&12^^Den Haag^^2584 AA^NL^H||0701234567^PRN^PH~anna@example.org^NET^Internet||||||||||||N\r"
    "PV1|1|I|{ward}^{room}^{bed}^ZKH_DUINRAND^^B||||01999901^Bakker^P^^^^^^VEKTIS|||CHI|||||||||{n:07}^^^ZKH_DUINRAND^VN"
    "|||||||||||||||||||||||||{at}\r"
    "PV2|||^Opname na val\r"
)


_LETTER = (
    "UNA:+.? '\r\nUNB+UNOC:3+500099901+500099902+260105:0934+REF{n:06}'\r\nUNH+1+MEDVRI:2:D:NL'\r\n"
    "BGM+VRB+L{n:08}+9'\r\nDTM+137:202601050934:203'\r\nNAD+HP+01999905:AGB++PRAKTIJK ZEEHELDEN:J. VAN DIJK'\r\n"
    "NAD+MR+06999901:AGB++ZIEKENHUIS DUINRAND:SEH'\r\nPNA+PAT+999900109:BSN++PIETERSE:A.J.'\r\n"
    "DTM+329:19330518:102'\r\nPDI+V'\r\n{text}UNT+19+1'\r\nUNZ+1+REF{n:06}'\r\n"
)


def a20(n: int) -> bytes:
    """Return the n-th message of bed status."""
    at = f"20260105{8 + n % 12:02}{n % 60:02}{n * 7 % 60:02}"
    place = {"ward": f"{n % 9}B", "room": 300 + n % 40, "bed": 1 + n % 4}
    return _A20.format(at=at, n=n, state="UOHKIC"[n % 6], **place).encode()


def a01(n: int, told: int = 8) -> bytes:
    """Return the n-th admission: with next of kin, diagnoses and allergies, so many of each, and observations.

    With eight of each and 57 observations it has 8 to 9 kB.
    """
    at = f"20260105{8 + n % 12:02}{n % 60:02}{n * 7 % 60:02}"
    text = _A01.format(at=at, n=n, ward=f"{n % 9}B", room=300 + n % 40, bed=1 + n % 4)
    for i in range(1, told + 1):
        text += f"NK1|{i}|Jansen^Kees^^^^^L|SPO^partner^HL70063|Zeestraat 12&Zeestraat&12^^Den Haag^^2584 AA^NL\r"
        text += (
            f"DG1|{i}||S72.{i}^Femurfractuur^ICD-10|Femurfractuur rechts na een val thuis, geen ander letsel|{at}|A\r"
        )
        text += (
            f"AL1|{i}|DA^Drug allergy^HL70127|J01C{i}^Penicilline^ATC|MO^matig^HL70128|huiduitslag en jeuk|20190301\r"
        )
    for i in range(1, 58 if told == 8 else told + 1):
        text += f"OBX|{i}|NM|8867-{i}^Hartfrequentie^LN||{60 + i}|/min^per minuut^UCUM|60-100|N|||F|||{at}\r"
    return text.encode()


def letter(n: int) -> bytes:
    """Return the n-th letter: a MEDVRI with its text in ten lines."""
    text = "".join(
        f"FTX+VRB+++{i}. Mw. klaagt over toenemende pijn in de heup?: zij is gisteren gevallen'\r\n" for i in range(10)
    )
    return _LETTER.format(n=n, text=text).encode()


def rows(*, full: bool = False) -> list[Row]:
    """Return the rows of the scoreboard."""
    library = Library.load([shipped("mappings")])
    gc.collect()
    gc.freeze()  # as `gateway serve` does after start
    rounds = 15 if full else 9
    small = [a20(n) for n in range(MESSAGES)]
    large = [a01(n) for n in range(MESSAGES // 4)]
    return [
        *_bed(library, small, rounds),
        *_admission(library, [a01(n, 1) for n in range(MESSAGES // 4)], rounds, 1000),
        *_admission(library, large, rounds),
        _letters(library, rounds),
        _start(),
    ]


def _bed(library: Library, messages: Sequence[bytes], rounds: int) -> list[Row]:
    job = Messages(library, library.provider("duinrand"), RECEIVED)
    silent = Messages(library, library.provider("duinrand"), RECEIVED, trace=False)
    outputs = [_resources(job, data) for data in messages]
    size = statistics.median(len(encode(output)) for output in outputs)
    floor = against(_mapping(job, messages), _floor(messages, outputs, encode), rounds=rounds, clock=CORE)
    plain = against(_mapping(job, messages), _floor(messages, outputs, _standard), rounds=rounds, clock=CORE)
    trace = against(_mapping(job, messages), _mapping(silent, messages), rounds=rounds, clock=CORE)
    written = against(_traced(job, messages), _mapping(job, messages), rounds=max(3, rounds // 3), clock=CORE)
    rate = len(messages) / floor.work
    made = f"{len(outputs[0])} resources, {size / 1000:.1f} kB"
    return [
        Row(
            f"A20 → places, Schedule, Slot ({made}), trace on, JSON out",
            "≥ 10,000/s",
            f"{rate:,.0f}/s",
            rate >= 10_000,
        ),
        Row("the same against its floor (split, json.dumps)", "≤ 3 x", f"{plain.ratio:.1f} x", plain.ratio <= 3),
        Row("the same against split and the dump of msgspec, ten times as fast", "", f"{floor.ratio:.1f} x"),
        Row("trace on against off", "≤ 1.10", f"{trace.ratio:.2f}", trace.ratio <= 1.10),
        Row(
            "trace written out for every element",
            "",
            f"{len(messages) / written.work:,.0f}/s, {written.ratio:.1f} x without",
        ),
    ]


def _admission(library: Library, messages: Sequence[bytes], rounds: int, least: int = 0) -> list[Row]:
    job = Messages(library, library.provider("dev"), RECEIVED)
    outputs = [_resources(job, data) for data in messages]
    pair: Pair = against(_mapping(job, messages), _floor(messages, outputs, encode), rounds=rounds, clock=CORE)
    rate = len(messages) / pair.work
    work = f"ADT^A01 of {len(messages[0]) / 1000:.1f} kB → {len(outputs[0])} resources, trace on, JSON out"
    measured = f"{rate:,.0f}/s, {pair.ratio:.1f} x split and msgspec dump"
    return [Row(work, f"≥ {least:,}/s", measured, rate >= least) if least else Row(work, "", measured)]


def _letters(library: Library, rounds: int) -> Row:
    letters = [letter(n) for n in range(MESSAGES // 4)]
    job = Messages(library, library.provider("dev"), RECEIVED)

    def made(data: bytes) -> list[Any]:
        return [resource for part in edifact.split(data) for resource, _, _ in job.edifact(part).resources]

    def whole() -> None:
        for data in letters:
            encode(made(data))

    outputs = [made(data) for data in letters]

    def floor() -> None:
        for data, output in zip(letters, outputs, strict=True):
            [segment.split("+") for segment in data.decode("latin-1").split("'")]
            encode(output)

    pair: Pair = against(whole, floor, rounds=rounds, clock=CORE)
    rate = len(letters) / pair.work
    work = f"EDIFACT letter of {len(letters[0]) / 1000:.1f} kB → {len(outputs[0])} resources, trace on, JSON out"
    return Row(work, "≥ 2,000/s", f"{rate:,.0f}/s, {pair.ratio:.1f} x the floor", rate >= 2000)


def _start() -> Row:
    folder = [Path(shipped("mappings"))]
    loaded = Library.read(folder)
    read = statistics.median(seconds(lambda: Library.read(folder), clock=CORE) for _ in range(3))
    overlay = loaded.provider("dev")

    def compiled() -> None:
        fresh = Library.read(folder)
        for mapping in fresh.mappings:
            fresh.program(mapping, overlay)

    each = (seconds(compiled, clock=CORE) - read) / len(loaded.mappings)
    checked = seconds(lambda: Library.load(folder), clock=CORE)
    times = f"read {read * 1e3:.0f} ms, checked {checked * 1e3:.0f} ms, compiled {each * 1e3:.0f} ms each"
    return Row(f"{len(loaded.mappings)} mappings", "≤ 50 ms each", times, each <= 0.05)


def _resources(job: Messages, data: bytes) -> list[Any]:
    return [resource for resource, _, _ in job.message(data).resources]


def _mapping(job: Messages, messages: Sequence[bytes]) -> Callable[[], None]:
    def run() -> None:
        for data in messages:
            encode(_resources(job, data))

    return run


def _traced(job: Messages, messages: Sequence[bytes]) -> Callable[[], None]:
    def run() -> None:
        for data in messages:
            mapped = job.message(data)
            mapped.trace.entries()
            encode([resource for resource, _, _ in mapped.resources])

    return run


def _floor(messages: Sequence[bytes], outputs: Sequence[list[Any]], dump: Callable[[Any], Any]) -> Callable[[], None]:
    def run() -> None:
        for data, output in zip(messages, outputs, strict=True):
            split(data)
            dump(output)

    return run


def _standard(value: Any) -> str:
    return json.dumps(value, default=str)


def main() -> None:
    """Print the rows."""
    assert all(8000 <= len(a01(n)) <= 9000 for n in range(3)), len(a01(0))
    assert hl7v2.parse(a20(0))
    show(rows())


if __name__ == "__main__":
    main()
