"""FHIR XML: what reading and writing it costs, against what lxml needs to parse the same bytes and write them back."""

from lxml import etree

from bench.report import Row, against
from bench.validation_samples import bundle_of_ten
from gateway.fhir import json, xml


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of FHIR XML. `full` takes more rounds."""
    rounds = 41 if full else 15
    bundle = json.decode(json.encode(bundle_of_ten()))
    document = xml.write(bundle)
    assert xml.read(document) == bundle
    tree = etree.fromstring(document)
    read = against(lambda: xml.read(document), lambda: etree.fromstring(document), rounds=rounds, repeat=20)
    written = against(lambda: xml.write(bundle), lambda: etree.tostring(tree), rounds=rounds, repeat=20)
    both = against(
        lambda: json.encode(xml.read(document)) and xml.write(json.decode(json.encode(bundle))),
        lambda: etree.tostring(etree.fromstring(document)),
        rounds=rounds,
        repeat=20,
    )
    size = f"a Bundle of 10 ({len(document):,} bytes)"
    return [
        Row(f"read {size} as a resource, checked", "", _shown(read.work, read.ratio, len(document), "lxml's parsing")),
        Row(f"write {size}", "", _shown(written.work, written.ratio, len(document), "lxml's writing")),
        Row(
            f"{size}: XML to JSON and JSON to XML", "", _shown(both.work, both.ratio, 2 * len(document), "lxml's both")
        ),
    ]


def _shown(seconds: float, ratio: float, size: int, floor: str) -> str:
    return f"{ratio:.1f} x {floor} ({seconds * 1e6:.0f} µs, {size / seconds / 1e6:.1f} MB/s)"
