"""How many fields of a message are wanted, and how many came as they should: in every format."""

from datetime import UTC, datetime

import pytest

from gateway.errors import Issue, MappingFailed
from gateway.mapping.fields import Fields, less
from gateway.mapping.library import Library
from gateway.mapping.run import run
from tests import conftest

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def library() -> Library:
    return conftest.library()


def fields(library: Library, data: str, provider: str = "dev") -> list[Fields | None]:
    return [one.fields for one in run(library, data.encode(), provider=provider, received_at=AT)]


def refused(library: Library, data: str, provider: str = "dev") -> MappingFailed:
    with pytest.raises(MappingFailed) as caught:
        list(run(library, data.encode(), provider=provider, received_at=AT))
    return caught.value


BED = "MSH|^~\\&|EPD|ZKH|GW|ZCC|20260105100000||ADT^A20|M1|P|2.5.1\rEVN|A20|20260105095500\rNPU|3B^312^1^ZKH|{state}\r"


def test_of_a_message_of_segments_the_fields_count_that_the_mapping_read(library: Library) -> None:
    (found,) = fields(library, BED.format(state="U"))

    assert found is not None
    assert found.wanted == found.right
    (with_more,) = fields(library, BED.format(state="U") + "ZZZ|a|b|c\rNTE|1||nobody reads this\r")
    assert with_more == found


def test_a_field_that_is_missed_is_wanted_and_not_right(library: Library) -> None:
    (whole,) = fields(library, BED.format(state="U"))
    error = refused(library, BED.format(state=""))

    assert error.mapping == "hl7v2/adt_a20_bed"
    assert whole is not None
    assert error.fields is not None
    assert error.fields == (whole.wanted, whole.wanted - 1)


def test_a_field_that_cannot_be_used_is_wanted_and_not_right(library: Library) -> None:
    (whole,) = fields(library, BED.format(state="U"))
    error = refused(library, BED.format(state="ZZ"))

    assert whole is not None
    assert error.fields == (whole.wanted, whole.wanted - 1)


TABLE = (
    "Locatie;Afdeling;Kamer;Bed;Bedstatus;Operationeel;Peilmoment;Eigen kolom\r\n"
    "DUIN;3B;;1;{state};J;05-01-2026 10:00;{own}\r\n"
)


def test_of_a_table_the_cells_of_columns_count_that_the_mapping_mentions(library: Library) -> None:
    (plain,) = fields(library, TABLE.format(state="VRIJ", own=""))
    (other,) = fields(library, TABLE.format(state="VRIJ", own="x"))
    (wrong,) = fields(library, TABLE.format(state="WEG", own=""))

    assert plain == other == Fields(6, 6)
    assert wrong == Fields(6, 5)


JSON = (
    '{{"locatie": "DUIN", "tijd": "2026-01-05T10:00:00+01:00", "eigen": {{"iets": [1, 2]}}, "presentatiestop": false,'
    ' "verloskamers": {{"klinisch": {{"capaciteit": 4, "bezet": 1, "beschikbaar": {free}, "kleur": "groen"}}}}}}'
)


def test_of_json_the_values_count_under_names_that_the_mapping_mentions(library: Library) -> None:
    (found,) = fields(library, JSON.format(free=3))
    error = refused(library, JSON.format(free=-3))

    assert found == Fields(7, 7)
    assert error.fields == (7, 6)


def test_of_xml_the_elements_and_attributes_count_that_the_mapping_mentions(library: Library) -> None:
    message = (
        '<Dagopgave xmlns="urn:voorbeeld:dagopgave:1"><Kop><Peildatum>2026-01-05</Peildatum>'
        '<Eigen soortje="x">iets</Eigen></Kop><Instelling agb="06999901" naam="Duinrand">'
        '<Capaciteit soort="IC"><Geopend>10</Geopend><Bezet>{}</Bezet></Capaciteit></Instelling></Dagopgave>'
    )
    (found,) = fields(library, message.format(4))
    (fewer,) = fields(library, message.format(""))

    assert found == Fields(6, 6)  # Peildatum, agb, naam, soort, Geopend, Bezet
    assert fewer == Fields(5, 5)  # an empty element is not known, which may be


def test_of_fhir_as_it_came_every_value_counts(library: Library) -> None:
    resource = '{"resourceType": "Location", "id": "a", "status": "active", "alias": ["b", "c"], "name": " "}'

    assert fields(library, resource) == [Fields(5, 5)]


def test_what_is_found_when_a_message_is_stored_counts_too() -> None:
    wrong = Issue("code-invalid", "x", expression="Slot.status", value="x")
    missing = Issue("missing-element", "x", expression="Slot.start")
    note = Issue("older-than-known", "x", "information", expression="Slot")

    assert less(Fields(10, 10), [wrong, wrong, missing, note]) == Fields(11, 9)
