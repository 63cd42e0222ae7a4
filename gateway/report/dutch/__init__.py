"""What the gateway itself finds, beside its mappings, in Dutch: English text, Dutch text.

`{names}` stand for what differs from one finding to the next. A text is matched whole and in this order; what stands in
a `{name}` is told in the reader's language too, where it is one of the `PARTS`. `tests/report/test_texts.py` looks up
each text in the code: none of them may be missing here.
"""

from gateway.report.dutch import (
    bundles,
    doors,
    expressions,
    messages,
    profiles,
    resources,
    segments,
    subscriptions,
    tables,
    trees,
)

_SUBJECTS = (doors, tables, segments, trees, messages, profiles, resources, bundles, subscriptions, expressions)

TEXTS: tuple[tuple[str, str], ...] = tuple(pair for subject in _SUBJECTS for pair in subject.TEXTS)
"""What a finding says: English, Dutch."""
PARTS: tuple[tuple[str, str], ...] = tuple(pair for subject in _SUBJECTS for pair in subject.PARTS)
"""What stands within such a text: English, Dutch."""
SUFFIXES: tuple[tuple[str, str], ...] = (
    ("; the element was left out", "; het element is weggelaten"),
    ("; did you mean '{name}'?", "; bedoelt u '{name}'?"),
    (
        "; try again in {seconds} {seconds:second|seconds}",
        "; probeer het over {seconds} {seconds:seconde|seconden} opnieuw",
    ),
)
"""What may follow any text: English, Dutch."""
