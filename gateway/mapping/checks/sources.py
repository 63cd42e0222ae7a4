"""Checks what a mapping says about its source: layout and columns of a table, names of segments."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import BadMapping
from gateway.fhirpath import ast
from gateway.formats.delimited.layout import normal
from gateway.mapping import ir
from gateway.mapping.compiler.prepare import RECORD, segment_name
from gateway.mapping.compiler.sources import all_nodes
from gateway.mapping.layouts import layout_of
from gateway.mapping.overlays import Overlay
from gateway.mapping.spans import Problems, Span, suggestion

_NAMES = """
ABS ACC ADD ADJ AFF AIG AIL AIP AIS AL1 APR ARQ ARV AUT BHS BLC BLG BPO BPX BTS BTX BUI CDM CDO CER CM0 CM1 CM2
CNS CON CSP CSR CSS CTD CTI CTR DB1 DEV DG1 DMI DON DPS DRG DSC DSP DST ECD ECR EDU EQP EQU ERR EVN FAC FHS FT1
FTS GOL GP1 GP2 GT1 IAM IAR IIM ILT IN1 IN2 IN3 INV IPC IPR ISD ITM IVC IVT LAN LCC LCH LDP LOC LRL MCP MFA MFE
MFI MRG MSA MSH NCK NDS NK1 NPU NSC NST NTE OBR OBX ODS ODT OH1 OH2 OH3 OH4 OM1 OM2 OM3 OM4 OM5 OM6 OM7 OMC ORC
ORG OVR PAC PCE PCR PD1 PDA PDC PEO PES PID PKG PM1 PMT PR1 PRA PRB PRC PRD PRT PSD PSG PSH PSL PSS PTH PV1 PV2
PYE QAK QID QPD QRD QRF QRI RCP RDF RDT REL RF1 RFI RGS RMI ROL RQ1 RQD RXA RXC RXD RXE RXG RXO RXR RXV SAC SCD
SCH SCP SDD SFT SGH SGT SHP SID SLT SPM STF STZ TCC TCD TQ1 TQ2 TXA UAC UB1 UB2 URD URS VAR VND VTQ
"""
SEGMENTS = frozenset(_NAMES.split())
"""The segments of HL7 v2.1 to 2.9; one that begins with Z is a sender's own."""

_NEAR = 0.8  # so alike that one of two column names is probably a slip


def check_sources(unit: ir.Unit, format_: str, problems: Problems) -> None:
    """Report layouts that cannot be, and names of segments and columns that are probably misspelt."""
    if isinstance(unit, ir.Mapping):
        _layout(unit, problems)
        if unit.each is not None and format_ == "hl7v2":  # EDIFACT has a directory of segments for each message
            _segment(unit.each, unit.span, problems)
    for value, node in all_nodes(unit):
        for name in _segment_names(node) if format_ == "hl7v2" else ():
            _segment(name, value.span.shifted(node.start), problems)
        if isinstance(unit, ir.Mapping) and isinstance(node, ast.SourcePath) and node.base == RECORD:
            _column(node, unit, value, problems)


def _layout(mapping: ir.Mapping, problems: Problems) -> None:
    said = dict(mapping.source.layout)
    try:
        layout_of(mapping, Overlay("", ""))
        ZoneInfo(str(said.get("timezone", "UTC")))
    except BadMapping as error:
        problems.add(mapping.source.span, error.issues[0].diagnostics)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(mapping.source.span, "'timezone' must be the name of a time zone, such as Europe/Amsterdam")


def _segment_names(node: ast.Node) -> Iterator[str]:
    if not isinstance(node, ast.SourcePath | ast.Identifier):
        return
    name = node.base if isinstance(node, ast.SourcePath) else node.name
    if segment_name(name):
        yield name


def _segment(name: str, span: Span, problems: Problems) -> None:
    if name not in SEGMENTS and not name.startswith("Z"):
        hint = suggestion(name, sorted(SEGMENTS))
        problems.add(span, f"HL7 v2 has no segment {name}{hint}", severity="warning")


def _column(node: ast.SourcePath, mapping: ir.Mapping, value: ir.Expression, problems: Problems) -> None:
    """A column that is not among those of the mapping may be left out of a file; one nearly among them is a slip."""
    aliases = dict(mapping.source.layout).get("aliases") or {}
    assert isinstance(aliases, dict)
    known = [*mapping.source.columns, *aliases]
    column = node.column or ""
    if normal(column) in {normal(name) for name in known}:
        return
    hint = suggestion(column, known, at_least=_NEAR)
    if hint:
        problems.add(
            value.span.shifted(node.start), f"no column '{column}' in source.columns{hint}", severity="warning"
        )
