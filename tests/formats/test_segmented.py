"""What messages of segments have in common, asked of both formats."""

from typing import Any

import pytest

from gateway.errors import BadRequest
from gateway.formats import edifact, hl7v2
from gateway.formats.segmented import Message, Names

BED = b"MSH|^~\\&|A|B|C|D|20260105||ADT^A20|1|P|2.5\rNPU|3B^300^1|U\rNPU|3B^301^1|O\r"
LETTER = b"UNA:+.? 'UNB+UNOC:3+1+2+260105:0934+R1'UNH+1+MEDVRI:2'NPU+3B:300:1+U'NPU+3B:301:1+O'UNT+4+1'UNZ+1+R1'"
BOTH = pytest.mark.parametrize("message", [hl7v2.parse(BED), edifact.parse(LETTER)], ids=["hl7v2", "edifact"])


@BOTH
def test_both_answer_the_same_paths_the_same_way(message: Message[Any, Any]) -> None:
    assert [segment.value(1, 1, 2) for segment in message.all("NPU")] == ["300", "301"]
    assert message.get("NPU[2]-2") == "O"
    assert message.get("NPU[3]-2") is None
    assert message.get("NPU") is None
    assert message.get("NPU-9.9") is None
    assert message.all("ZZZ") == []
    with pytest.raises(BadRequest):
        message.get("npu-1")


@BOTH
def test_both_count_parts_the_same_way(message: Message[Any, Any]) -> None:
    (first, _) = message.all("NPU")
    assert (first.fields(), first.repetitions(1), first.components(1), first.components(1, 2)) == (2, 1, 3, 0)
    assert (first.repetitions(9), first.components(9), first.subcomponents(1, 1, 3)) == (0, 0, 1)
    assert first.parts(1) == [["3B", "300", "1"]]
    assert first.parts(9) == []


@BOTH
def test_both_know_places(message: Message[Any, Any]) -> None:
    assert message.place("NPU[2]-1.2").path == "NPU[2]-1.2"
    assert message.place("NPU[2]-1.2").byte == (BED if isinstance(message, hl7v2.Message) else LETTER).index(b"301")
    assert message.place("NPU[3]-1").byte is None


@BOTH
def test_segments_are_small(message: Message[Any, Any]) -> None:
    assert not hasattr(message, "__dict__")
    assert not any(hasattr(segment, "__dict__") for segment in message.segments)


def test_a_name_is_three_letters_and_an_end() -> None:
    names = Names("+:")
    assert [names[beginning] for beginning in ("NAD+", "NAD", "NAD:", "Z01+")] == ["NAD", "NAD", "NAD", "Z01"]
    assert [names[beginning] for beginning in ("NADE", "nad+", "NA+", "", "1AD+")] == [""] * 5
