"""What an overlay says of signatures is checked when it is read, and a secret is never part of it."""

import pytest

from gateway.mapping import overlays
from gateway.mapping.spans import Problems

BEGIN = "provider: p\nsignature: "


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("{shape: timestampd}", "did you mean 'timestamped'"),
        ("{shape: body, window: 0}", "from 1 to 3600"),
        ("{window: 5 minutes}", "from 1 to 3600"),
        ("{window: true}", "from 1 to 3600"),
        ('{header: "X Signature: "}', "name of a header"),
        ("{timestamp: 3}", "name of a header"),
        ("{secret: 0123456789abcdef}", "a secret never stands in a mapping"),
        ("{heder: X-Signature}", "did you mean 'header'"),
        ("yes", "must be an object"),
        ("", "must be an object"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(said: str, problem: str) -> None:
    problems = Problems()

    overlays.read(BEGIN + said, "providers/p.yaml", "p", problems)

    (issue,) = problems.errors
    assert problem in issue.diagnostics
    assert "providers/p.yaml:2" in str(issue)
    assert "0123456789" not in str(issue)


def test_a_provider_that_says_nothing_takes_over_what_the_default_says() -> None:
    problems = Problems()
    default = overlays.read("provider: default\nsignature: {shape: body}", "d", "default", problems)
    own = overlays.read("provider: p\nsignature: {header: X-Own}", "p", "p", problems)

    assert own is not None
    assert own.over(default).signature == {"shape": "body", "header": "X-Own"}
    assert overlays.read("provider: q", "q", "q", problems).signature is None  # type: ignore[union-attr] # it is read
    assert not problems.errors
