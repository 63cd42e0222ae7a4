"""How fast JSON and XML become resources, against the parser alone and the dump of the same output."""

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from lxml import etree

from bench.report import CORE, Row, against, show
from gateway.data import shipped
from gateway.fhir.json import encode
from gateway.formats.jsontree import Part
from gateway.mapping.library import Library
from gateway.mapping.run import Messages

RECEIVED = datetime(2025, 12, 12, 7, 30, tzinfo=UTC)  # while the stop of the sample holds
CDA_SIZE = 47_000

_OPENING = (
    '{{"berichtId": "8f0d2c3e-2d55-4a1e-9c77-{n:012}", "berichtType": "OPENSTELLING", "organisatie":'
    ' {{"agb": "06999901", "naam": "Ziekenhuis Duinrand", "locatieCode": "DUINRAND-W"}}, "afdeling":'
    ' {{"code": "SEH", "omschrijving": "Spoedeisende Hulp"}}, "status": "STOP", "vorigeStatus": "OPEN",'
    ' "reden": "PERSONEEL", "uitzonderingen":'
    ' ["LEVENSBEDREIGEND"], "ingangstijd": "2025-12-12T08:20:00+01:00", "verwachtEinde": "2025-12-12T10:20:00+01:00",'
    ' "druk": {{"methode": "mNEDOCS", "score": 142, "klasse": "ERNSTIG", "gemeten": "2025-12-12T08:15:00+01:00"}},'
    ' "proces": {{"aanwezig": 31, "wachtkamer": 9, "wachtOpOpname": 6, "langsteWachttijdMin": 214}}}}'
)
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <realmCode code="NL"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
 <id root="2.999.1.10" extension="VWB-{n:06}"/>
 <code code="57133-1" codeSystem="2.16.840.1.113883.6.1" displayName="Referral note"/>
 <title>Verwijsbrief spoed</title><effectiveTime value="20251212101500+0100"/>
 <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="nl-NL"/>
 <recordTarget><patientRole><id root="2.16.840.1.113883.2.4.6.3" extension="999900134"/><patient>
 <name><given>Sanne</given><prefix>van der </prefix><family>Meer</family></name>
 <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19920824"/></patient>
 </patientRole></recordTarget>
 <author><time value="20251212101500+0100"/><assignedAuthor><id root="2.16.840.1.113883.2.4.6.1" extension="01999906"/>
 <assignedPerson><name>L. Visser, verloskundige</name></assignedPerson></assignedAuthor></author>
 <custodian><assignedCustodian><representedCustodianOrganization>
 <id root="2.16.840.1.113883.2.4.6.1" extension="08999901"/>
 <name>Verloskundigen Delfland</name></representedCustodianOrganization></assignedCustodian></custodian>
 <component><structuredBody>
 <component><section><code code="42349-1" codeSystem="2.16.840.1.113883.6.1"/><title>Reden van verwijzing</title>
 <text>Verminderde kindsbewegingen.</text></section></component>
"""
_SECTION = """ <component><section><code code="10164-2" codeSystem="2.16.840.1.113883.6.1"/><title>Beloop {i}</title>
 <text>{paragraphs}<table><thead><tr><th>Moment</th><th>Meting</th><th>Waarde</th></tr></thead><tbody>{rows}</tbody></table>
 </text></section></component>
"""
_PARAGRAPH = (
    '<paragraph>Controle <content styleCode="Bold">dag {m}</content>. Mevrouw voelt zich goed en heeft geen pijn. De'
    " medicatie is niet gewijzigd; de wond is rustig en droog, zonder roodheid of zwelling. Zij loopt met hulp van een"
    " rollator naar het toilet en eet de helft van haar maaltijden. De familie is op bezoek geweest en op de hoogte van"
    " het vervolg. Afgesproken is dat zij morgen opnieuw wordt gezien door de fysiotherapeut.</paragraph>"
)
_ROW = "<tr><td>08:{m:02}</td><td>Bloeddruk (mmHg)</td><td>12{m}/80</td></tr>"


def opening(n: int) -> bytes:
    """Return the n-th message of an emergency department that stops."""
    return _OPENING.format(n=n).encode()


def document(n: int) -> bytes:
    """Return the n-th CDA document: a referral with sections of paragraphs and tables, of some 47 kB."""
    paragraphs = "".join(_PARAGRAPH.format(m=m) for m in range(7))
    section = _SECTION.format(i=1, paragraphs=paragraphs, rows="".join(_ROW.format(m=m) for m in range(5)))
    count = CDA_SIZE // len(section)
    sections = (section.replace("Beloop 1", f"Beloop {i}") for i in range(count))
    return (_HEAD.format(n=n) + "".join(sections) + "</structuredBody></component></ClinicalDocument>").encode()


def rows(*, full: bool = False) -> list[Row]:
    """Return the rows of the scoreboard."""
    gc.collect()
    gc.freeze()  # as `gateway serve` does after start
    job = Messages(library := Library.read([shipped("mappings")]), library.provider("dev"), RECEIVED)
    rounds = 9 if full else 5
    openings, documents = [opening(n) for n in range(50)], [document(n) for n in range(10)]

    def of_json(data: bytes) -> list[Any]:
        return [resource for resource, _, _ in job.json(Part(data, 1, 0)).resources]

    def of_xml(data: bytes) -> list[Any]:
        return [resource for resource, _, _ in job.xml(data).resources]

    return [
        _row("JSON of an emergency department", openings, of_json, msgspec.json.decode, rounds, None),
        _row("CDA referral", documents, of_xml, etree.fromstring, rounds, 300),
    ]


def _row(
    what: str,
    messages: Sequence[bytes],
    made: Callable[[bytes], list[Any]],
    parsed: Callable[[bytes], Any],
    rounds: int,
    least: float | None,
) -> Row:
    outputs = [made(data) for data in messages]

    def whole() -> None:
        for data in messages:
            encode(made(data))

    def floor() -> None:
        for data, output in zip(messages, outputs, strict=True):
            parsed(data)
            encode(output)

    pair = against(whole, floor, rounds=rounds, clock=CORE)
    rate = len(messages) / pair.work
    work = f"{what} of {len(messages[0]) / 1000:.1f} kB → {len(outputs[0])} resources, trace on, JSON out"
    bar = f"≥ {least:.0f}/s" if least else ""
    return Row(work, bar, f"{rate:,.0f}/s, {pair.ratio:.1f} x the floor", rate >= least if least else None)


def main() -> None:
    """Print the rows."""
    show(rows())


if __name__ == "__main__":
    main()
