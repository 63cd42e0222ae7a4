"""Messages about one patient and one referral as senders write them: whole, short, and with what is deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tests.order.hospital import SITE, START, message

BSN = "999900006^^^NLMINBIZA^NNNLD"
NULL = '""'
_PDF = "JVBERi0xLjQKMSAwIG9iago8PD4+CmVuZG9iagp0cmFpbGVyPDw+PgolJUVPRgo="


def segment(name: str, **fields: str) -> str:
    """Return a segment with these fields: `segment("PID", f3="1")`."""
    numbered = {int(field[1:]): value for field, value in fields.items()}
    return "|".join([name, *(numbered.get(n, "") for n in range(1, max(numbered) + 1))])


def pid(story: str, **fields: str) -> str:
    """Return a PID with the local number alone, and what else it says."""
    return segment("PID", f1="1", **{"f3": f"{story}P^^^ZKH_DUINRAND^PI", **fields})


def whole_pid(story: str, **fields: str) -> str:
    """Return a PID that says everything."""
    said = {
        "f3": f"{BSN}~{story}P^^^ZKH_DUINRAND^PI", "f5": "Jansen^Anna", "f7": "19410307", "f8": "F",
        "f11": "Zeestraat 12^^Scheveningen^^2584AA^NL^H", "f13": "0612345678^PRN^CP", "f14": "0701234567^WPN^PH",
        "f16": "M",
    }  # fmt: skip
    return pid(story, **{**said, **fields})


def pv1(story: str, bed: str = "", **fields: str) -> str:
    """Return a PV1 of the visit, in a bed if one is named."""
    place = {"f3": f"W{story}^1^{bed}^{SITE}"} if bed else {}
    return segment("PV1", f1="1", **{"f2": "I", "f19": f"{story}V", **place, **fields})


def at(minute: float) -> str:
    """Return a moment as HL7 v2 writes it."""
    return f"{START + timedelta(minutes=minute):%Y%m%d%H%M%S}"


class Said(NamedTuple):
    """A message of a story: an ADT event, its minute, its segments with `{}` for the story, and how it is called."""

    event: str
    minute: float
    segments: tuple[str, ...]
    mark: str = ""

    def written(self, story: str, copy: int = 0) -> bytes:
        """Return it as a message of one story; a copy says the same under another control id."""
        moment: datetime = START + timedelta(minutes=self.minute)
        control_id = f"{story}-{self.event}-{self.minute}{self.mark}-{copy}"
        return message(self.event, control_id, moment, *(one.replace("{}", story) for one in self.segments))


STAY = (
    Said("A05", 0, (pid("{}"), pv1("{}", f2="P"), segment("PV2", f8=at(3)))),
    Said("A01", 4, (whole_pid("{}"), pv1("{}", "A", f10="CAR", f7="1^Vries^B", f44=at(4)))),
    Said("A08", 6, (pid("{}", f5="Smit^Anna", f13="0600000000^PRN^CP"), pv1("{}", "A"))),
    Said("A02", 8, (pid("{}"), pv1("{}", "B"))),
    Said("A31", 9, (pid("{}", f7=NULL, f11="Duinweg 1^^Delft^^2611AA^NL^H", f14=NULL),)),
    Said("A03", 12, (pid("{}"), pv1("{}", f2="", f45=at(12)))),
    Said("A13", 14, (pid("{}"), pv1("{}", f2=""))),
    Said("A08", 16, (whole_pid("{}", f7="19410308"), pv1("{}", f2="", f44=NULL))),
    Said("A03", 18, (pid("{}", f8=NULL), pv1("{}", "B", f45=at(18)))),
    Said("A08", 20, (pid("{}", f16=NULL), pv1("{}", f2=""))),
    Said("A08", 20, (pid("{}", f16="S", f8="M"), pv1("{}", f2="", f10="CHI")), "too"),
)
"""A stay from its plan to corrections after the discharge, most of its messages short."""


def referral(kind: str, story: str, minute: float, *segments: str) -> bytes:
    """Return an order, letter or document that names the referral of a story."""
    types = {"ORM": "ORM^O01", "ORU": "ORU^R01", "MDM": "MDM^T02"}
    head = f"MSH|^~\\&|ZorgDomein|ZKH_DUINRAND|ZCC|ROAZ|{at(minute)}||{types[kind]}|{story}-{kind}-{minute}|P|2.5.1"
    evn = [f"EVN|T02|{at(minute)}"] if kind == "MDM" else []
    return "".join(f"{line}\r" for line in (head, *evn, *segments)).encode()


def order(story: str, control: str = "NW", **fields: str) -> tuple[str, str]:
    """Return the ORC and OBR of the referral of a story."""
    number = f"ZD{story}"
    return segment("ORC", f1=control, f2=number, **fields), segment(
        "OBR", f1="1", f2=number, f4="CAR^Cardiologie^ZORGDOMEIN"
    )


def document(number: int = 1) -> str:
    """Return an OBX with a letter as PDF."""
    return f"OBX|{number}|ED|VERW^Verwijsbrief^99zda||^application^pdf^Base64^{_PDF}||||||F"


def referral_messages(story: str) -> list[bytes]:
    """Return the messages of a referral: it, letters about it, its cancellation, and a document after that."""
    whole = order(story, f9=at(0), f12="01999902^Vries^B.^^^^^^VEKTIS", f7="^^^^^S")
    reason, more = "OBX|1|ST|REDE^Reden^L||Pijn||||||F", "OBX|2|ST|BIJZ^Bijzonderheden^L||Allergie||||||F"
    txa = f"TXA|1|CN^Consultbrief|AP|{at(15)}||||||||DOC{story}^HIS|||||AU"
    diagnosis = "DG1|1||K74^Angina pectoris^ICPC"
    again = (pid(story), *order(story, "RE"))
    return [
        referral("ORM", story, 0, whole_pid(story), *whole, "NTE|1||Graag deze week", diagnosis, reason, document(2)),
        referral("ORU", story, 5, *again, document()),
        referral("ORU", story, 9, *again, document(), "NTE|1||Tweede brief", more),
        referral("ORM", story, 12, pid(story), *order(story, "CA")),
        referral("MDM", story, 15, *again, txa, document()),
    ]


def appointment(event: str, minute: float, *segments: str) -> bytes:
    """Return a message about an appointment."""
    head = f"MSH|^~\\&|EPD|ZKH_DUINRAND|ZCC|ROAZ|{at(minute)}||SIU^{event}|{event}-{minute}|P|2.5.1"
    return "".join(f"{line}\r" for line in (head, *segments)).encode()
