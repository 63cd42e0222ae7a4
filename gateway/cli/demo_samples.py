"""What `gateway demo` sends: a message of each of the sixteen feeds, more of a chain, and what must be refused."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Door = Literal["HTTP", "MLLP", "file", "folder"]

_ER7, _CSV, _FHIR = "application/hl7-v2+er7", "text/csv", "application/fhir+json"
_TYPES = {
    ".hl7": _ER7,
    ".csv": _CSV,
    ".edi": "application/edifact",
    ".xml": "application/xml",
    ".ndjson": "application/x-ndjson",
    ".json": "application/json",
}


@dataclass(frozen=True)
class Sample:
    """One message of the demo: the door it goes through, its file under `mappings/`, and what it is."""

    door: Door
    file: str
    note: str
    provider: str = "dev"

    @property
    def media_type(self) -> str:
        """Return the Content-Type it is sent with."""
        return _FHIR if self.file.startswith("samples/") else _TYPES[Path(self.file).suffix]


_A20, _REF, _VVT = "hl7v2/adt_a20_bed/cases", "hl7v2/ref_i12_referral/cases", "csv/vvt_bed_list/cases"

FEEDS: tuple[Sample, ...] = (
    Sample("MLLP", "hl7v2/adt_a01_admit/cases/good-clinical-anna.hl7", "admission: a bed is taken"),
    Sample("HTTP", f"{_A20}/good-free.hl7", "bed status: a bed becomes free"),
    Sample("folder", "csv/bed_extract/cases/good-five-states.csv", "bed extract of a hospital"),
    Sample("HTTP", "json/seh_opening/cases/good-stop.in.json", "emergency department: a stop"),
    Sample("folder", "xml/daily_figures/cases/good-free-is-not-the-rest.xml", "figures of the day"),
    Sample("file", f"{_VVT}/good-free-now.csv", "bed list of a nursing home"),
    Sample("HTTP", "json/transfer_webhook/cases/good-accepted.in.json", "transfer, accepted"),
    Sample("HTTP", "xml/hap_referral/cases/good-icpc-2.xml", "referral of an out-of-hours GP post"),
    Sample("HTTP", "ndjson/ambulance_rides/cases/good-announced-known-by-bsn.ndjson", "rides of an ambulance service"),
    Sample("HTTP", "edifact/medvri_letter/cases/good-day-without-time.edi", "letter of a GP, EDIFACT"),
    Sample("HTTP", "xml/cda_referral/cases/good-birth-day-and-time.xml", "referral letter, CDA"),
    Sample("HTTP", "json/ggz_crisis/cases/good-locked-ward-with-free-beds.in.json", "crisis service of mental health"),
    Sample("folder", "csv/district_nursing/cases/good-area-by-name.csv", "capacity of district nursing"),
    Sample("HTTP", "json/relocation_request/cases/good-asked.in.json", "request to relocate a patient"),
    Sample("HTTP", "json/birth_care/cases/good-delivery-rooms-only.in.json", "places of a birth centre"),
    Sample("HTTP", "samples/capacity-transaction.json", "FHIR: capacity of a hospital"),
)
"""One of each feed shape, F01 to F16."""

MORE: tuple[Sample, ...] = (
    Sample("MLLP", "hl7v2/adt_a02_transfer/cases/good-clinical.hl7", "transfer: one bed taken, one to be cleaned"),
    Sample("MLLP", "hl7v2/adt_a03_discharge/cases/good-clinical-to-housekeeping.hl7", "discharge: housekeeping"),
    Sample("HTTP", f"{_REF}/good-pending.hl7", "referral"),
    Sample("HTTP", "samples/referral-transaction.json", "FHIR: ambulance referral, shaped as AZ-IG says"),
)

BROKEN: tuple[Sample, ...] = (
    Sample("HTTP", f"{_A20}/broken-unknown-code.hl7", "bed status with a code nobody knows"),
    Sample("MLLP", f"{_A20}/broken-npu-1-empty.hl7", "bed status that names no bed"),
    Sample("MLLP", "hl7v2/adt_a01_admit/cases/broken-no-pv1.hl7", "admission without PV1"),
    Sample("file", f"{_VVT}/broken-bsn-in-remark.csv", "bed list with a BSN typed into a remark"),
    Sample("HTTP", f"{_REF}/broken-everything-missing.hl7", "referral without anything"),
    Sample("HTTP", "samples/broken-transaction.json", "FHIR: four mistakes in one Bundle"),
)
