"""Whatever can be found in what was sent has a Dutch and an English text: looked up in the code and the mappings."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import report
from gateway.data import shipped
from gateway.errors import Issue
from gateway.fhir.outcome import catalogue
from gateway.mapping import ir
from gateway.mapping.findings import EXPECTED, TEXTS
from gateway.mapping.library import Library
from gateway.report import dutch
from gateway.report.phrases import translated
from gateway.report.translation import told

PACKAGE = Path(report.__file__).parent.parent
READ_BY_SENDERS = (
    "formats",
    "fhir/json.py",
    "fhir/xml/div.py",
    "fhir/xml/reader.py",
    "fhir/xml/shape.py",
    "fhir/xml/source.py",
    "fhirpath/runtime",
    "ingest",
    "mapping/job.py",
    "mapping/passing.py",
    "mapping/run.py",
    "mapping/tables.py",
    "mapping/selection.py",
    "mapping/snapshots.py",
    "mapping/tree_selection.py",
    "access/signatures.py",
    "transact",
    "rest/body.py",
    "rest/lanes.py",
    "rest/upload.py",
    "validation/bundle_rules.py",
    "validation/capacity",
    "validation/codes.py",
    "validation/containment.py",
    "validation/narrative.py",
    "validation/patterns.py",
    "validation/primitives.py",
    "validation/profiles",
    "validation/references.py",
    "validation/structure.py",
)
"""Where findings are made that the sender of a message is told. REST's own are for who writes a program."""

NO_FINDINGS = {
    "formats/delimited/layout.py": "what is wrong with a mapping's layout is told to who loads it",
    "formats/edifact/acknowledgement.py": "segments of an answer",
    "formats/hl7v2/acknowledgement.py": "the displays of HL7's table 0357, as published",
    "formats/segmented/paths.py": "a path that a program asks for",
    "fhirpath/runtime/narrative.py": "names of HTML",
    "transact/erasure.py": "a command of the operator's",
    "transact/json_patch.py": "a patch comes over the FHIR API, from who writes a program",
    "transact/partners.py": "a command of the operator's",
    "transact/patches.py": "a patch comes over the FHIR API, from who writes a program",
    "transact/path_patch.py": "a patch comes over the FHIR API, from who writes a program",
    "transact/xml_patch.py": "a patch comes over the FHIR API, from who writes a program",
    "transact/xml_select.py": "a patch comes over the FHIR API, from who writes a program",
    "validation/terms/checking.py": "asked over the FHIR API, by who writes a program",
    "validation/terms/expansion.py": "asked over the FHIR API, by who writes a program",
    "validation/terms/known.py": "asked over the FHIR API, by who writes a program",
    "transact/spots.py": "a patch comes over the FHIR API, from who writes a program",
    "validation/profiles/base.py": "descriptions in StructureDefinitions that are made",
}
NOT_SAID = {
    "a FHIR resource is a JSON object": "told to who writes a program",
    "{} is not a JSON pointer": "a pointer that a program asks for",
    "GATEWAY_DATA_KEYS is not set: there is no key to seal with": "told to who runs the gateway",
    "Something newer is known of this": "what stands in the provenance",
    "a packed file of definitions is too large": "told to who installs a package",
    "GATEWAY_WEBHOOK_SECRETS, which is not set": "told to who runs the gateway",
    "GATEWAY_WEBHOOK_SECRETS: there is no provider {} for the secret in the file {} of {}": "as above",
    "GATEWAY_WEBHOOK_SECRETS: {} must hold secrets of at least {} characters, one a line": "as above",
    "the provider {} signs its messages, and its secret is not here: put it in the file {} of {}": "as above",
    "HL7 v2 (application/hl7-v2+er7), application/edifact, text/csv, application/json, application/x-ndjson, "
    "application/xml and application/fhir+json (or +xml) are": "left out: a Dutch reader is told what to send instead",
}
HALVES = {
    "it could not be read", "it is a second header; the rows below it are read by it", "it is a total",
    "nobody sent this", "the interchange has no reference", "the interchange does not begin",
    "what follows an interchange does not begin", "; {} comes nearest and also asks for {}",
    "the byte order mark says", "the first bytes say", "XML that declares no encoding is", "the XML declaration says",
    "the bytes look like", "declared {}, read as utf-8", "declared {}, read as {}",
    "with an unusual name", "of this name",
    "{}: v1=HEX, and its moment in {}: SECONDS",
    "the XML declaration and the bytes disagree: {}", "{} {}, and the bytes are not", "bdl-3: an entry of a {} {}",
    "bdl-4: an entry of a {} {}", "has a request", "has no request", "has a response", "has no response",
    "the value here is fixed{}", "the value here has at least{}",
    "at most {} allowed", "not allowed here", "; did you mean '{}'?",
    " (only &amp; &lt; &gt; &quot; &apos; and &#…; are known)", "txt-1: an element is not allowed",
    "{} (only &amp; &lt; &gt; &quot; &apos; and &#…; are known)",
}  # fmt: skip
"""Halves of texts that stand in the table as wholes."""


def literals(path: Path) -> Iterator[str]:
    """Yield the texts in a module that may be sentences, what is filled in as `{}`; no documentation."""
    tree = ast.parse(path.read_text("utf-8"))
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    passed |= {id(node.msg) for node in ast.walk(tree) if isinstance(node, ast.Assert)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{\w*\}", "{}", node.value)


def is_sentence(text: str) -> bool:
    words = [word.strip(",;:.()'") for word in text.split()]
    return sum(word.isalpha() and word.islower() for word in words) >= 3 and not text.startswith(("\n", "select "))


def modules() -> Iterator[Path]:
    for name in READ_BY_SENDERS:
        path = PACKAGE / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def known(text: str) -> bool:
    sample = text.replace("{}", "x")
    part = {english for english, _ in dutch.PARTS}
    return text in HALVES or told(sample, "nl") is not None or is_part(sample, part)


def is_part(sample: str, parts: set[str]) -> bool:
    either = (re.sub(r"\\\{\w+:(.*?)\\\|(.*?)\\\}", r"(?:\1|\2)", re.escape(part)) for part in parts)
    patterns = (re.sub(r"\\\{\w+\\\}", ".*", part) for part in either)
    return any(re.fullmatch(pattern, sample) for pattern in patterns)


@pytest.mark.parametrize("path", list(modules()), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_text_in_the_code_that_a_sender_reads_has_a_dutch_one(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) in NO_FINDINGS:
        return
    said = {text for text in literals(path) if is_sentence(text) and text not in NOT_SAID}

    assert {text for text in said if not known(text)} == set()


def test_the_search_for_texts_in_the_code_finds_them() -> None:
    found = {text for path in modules() for text in literals(path) if is_sentence(text)}

    assert len(found) > 250
    assert "the message has more than {} segments" in found
    assert {text for text in NOT_SAID if text not in found} == set()
    assert {half for half in HALVES if half not in found} == set()
    assert not known("the moon is a balloon")


def test_every_text_of_the_tables_is_there_once_and_says_the_same_particulars_in_both_languages() -> None:
    for pairs in (TEXTS.values(), EXPECTED.values(), dutch.TEXTS, dutch.PARTS, dutch.SUFFIXES):
        for english, dutch_text in pairs:
            assert set(fields(dutch_text)) <= set(fields(english)), english
            assert dutch_text, english
    texts = [english for english, _ in (*TEXTS.values(), *dutch.TEXTS)]
    assert sorted(texts) == sorted(set(texts))


def fields(template: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", template)


def test_no_text_is_the_same_in_both_languages_but_those_with_a_reason() -> None:
    same = {english for english, nl in (*TEXTS.values(), *dutch.TEXTS, *dutch.PARTS) if english == nl}

    assert same == {
        "null",  # JSON's own word
        "type",  # the word is Dutch too
        "{kind} (HL7 v{version})",  # names only
    }


def test_every_requirement_of_every_mapping_says_what_is_wrong_in_both_languages() -> None:
    library = Library.load([shipped("mappings")])
    lacking = [str(rule.span) for mapping in library.mappings for rule in mapping.requires if not rule.dutch]
    same = [str(rule.span) for mapping in library.mappings for rule in mapping.requires if rule.dutch == rule.say]

    groups = [group for mapping in library.mappings for group in mapping.groups]
    sources = [source for group in groups for rule in ir.rules_of(group.rules) for source in rule.sources]
    lacking += [str(source.span) for source in sources if source.say and not source.dutch]

    assert lacking == []
    assert same == []
    assert [source.dutch for source in sources if source.say]
    assert sum(len(mapping.requires) for mapping in library.mappings) > 400


def test_every_rule_of_our_own_profiles_is_told_in_dutch() -> None:
    for path in shipped("profiles").glob("StructureDefinition-*.json"):
        for element in json.loads(path.read_text("utf-8")).get("differential", {}).get("element", ()):
            for rule in element.get("constraint", ()):
                assert told(f"{rule['key']}: {rule['human']}", "nl"), rule["key"]


def test_every_code_has_a_name_and_a_text_in_both_languages() -> None:
    for concept in catalogue().values():
        assert concept.display["en"] != concept.display["nl"], concept.code
        assert concept.display["en"], concept.code
        assert concept.display["nl"], concept.code


def test_a_rule_of_another_package_is_told_as_it_was_published_and_marked() -> None:
    issue = Issue("profile-invariant", "abc-1: something holds", rule="https://example.org/x#y")

    assert translated(issue, "nl").endswith("(in het Engels) abc-1: something holds")
    assert translated(issue, "en") == "abc-1: something holds"


def test_a_text_within_a_text_and_one_behind_it_are_told_in_the_language_of_the_reader() -> None:
    unknown = told("R4 Patient has no element 'naam'; did you mean 'name'?", "nl")
    assert unknown == "R4 Patient heeft geen element 'naam'; bedoelt u 'name'?"
    assert told("no mapping accepts a message without MSH-9 (HL7 v2)", "nl") == (
        "dit bericht wordt hier niet gelezen: MSH-9 ontbreekt (HL7 v2)"
    )
    there = (
        "the expression cannot be applied: a single item is needed here, and there are more; the element was left out"
    )
    assert told(there, "nl") == (
        "de regel is niet toepasbaar: hier is één waarde nodig, en er zijn er meer; het element is weggelaten"
    )
    again = told("de expressie is niet toepasbaar: (in het Engels) a number is needed here", "nl")
    assert again == "de regel is niet toepasbaar: hier is een getal nodig"
    assert told("dit is geen JSON: de tekst houdt te vroeg op", "en") == "this is not JSON: the text ends too early"
