"""Admissions of a patient nobody else may hear of, as HL7 v2."""

import time

from tests.attacks.target import BSN, FAMILY

ER7 = "application/hl7-v2+er7"


def admission(control_id: str = "", **changed: str) -> bytes:
    """Return an ADT^A01 of a patient nobody else may hear of; `MSH="…"` replaces a segment, '' leaves it out."""
    segments = {
        "MSH": "MSH|^~\\&|EPD|ZKH_DUINRAND|ZCC_GATEWAY|ROAZ_WEST|20260901101500+0200||"
        f"ADT^A01^ADT_A01|{control_id or unique()}|P|2.5.1|||AL|NE|NLD|8859/1",
        "EVN": "EVN|A01|20260901101455+0200",
        "PID": f"PID|1||{BSN}^^^NLMINBIZA^NNNLD~7790003^^^ZKH_DUINRAND^PI||"
        f"{FAMILY}&&{FAMILY}^{FAMILY}^^^^^L||19560312|M",
        "PV1": "PV1|1|I|3B^312^2^ZKH_DUINRAND^^B|E|||||||||||||||OPN20260901-0106^^^ZKH_DUINRAND^VN"
        "|||||||||||||||||||||||||20260901084500+0200",
    } | changed
    return "".join(f"{segment}\r" for segment in segments.values() if segment).encode("latin-1")


def unique() -> str:
    return f"M{time.monotonic_ns()}"[-20:]


def replaced(old: str, new: str) -> bytes:
    sent = admission()
    assert old.encode() in sent
    return sent.replace(old.encode(), new.encode("latin-1"))
