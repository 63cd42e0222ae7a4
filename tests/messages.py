"""Small messages for tests of the doors: bed states and bed lists, good and wrong."""

from collections.abc import Iterable

_MSH = (
    "MSH|^~\\&|BEDDENBORD|ZKH_DUINRAND|ZCC_GATEWAY|ROAZ_WEST|20260105100000||ADT^A20^ADT_A20|{id}|P|2.5.1||||||8859/1"
)
_HEADER = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Label;Isolatie;Beademing;Operationeel;Peilmoment"


def bed_message(control_id: str = "A20-1", *, bed: str = "1", state: str = "U", at: str = "20260105100000") -> bytes:
    """Return an ADT^A20: the state of one bed of ward 3B."""
    segments = (_MSH.format(id=control_id), f"EVN|A20|{at}", f"NPU|3B^312^{bed}^ZKH_DUINRAND^^B|{state}")
    return "".join(f"{segment}\r" for segment in segments).encode("latin-1")


def unmapped_message(control_id: str = "ORU-1") -> bytes:
    """Return an HL7 v2 message that no mapping takes."""
    return f"MSH|^~\\&|LAB|X|ZCC_GATEWAY|Y|20260105100000||VXU^V04^VXU_V04|{control_id}|P|2.5.1\r".encode()


def bed_list(rows: Iterable[str]) -> bytes:
    """Return a bed extract with these rows."""
    return "\r\n".join((_HEADER, *rows, "")).encode()


def bed_row(bed: str, state: str = "VRIJ") -> str:
    """Return a row of a bed extract."""
    return f"DUINRAND-W;IC;IC1;{bed};{state};INT;IC-VOLW;IC non-Covid;N;J;J;05-01-2026 10:00"
