"""What another library makes of a resource, when asked."""

from gateway.validation.second_opinion import second_opinion


def test_it_agrees_with_a_right_resource() -> None:
    assert second_opinion({"resourceType": "Patient", "name": [{"family": "Bakker"}]}) == []


def test_it_warns_where_it_refuses_without_repeating_the_value() -> None:
    (issue,) = second_opinion({"resourceType": "Patient", "birthDate": "999900006"})

    assert (issue.code, issue.severity) == ("second-opinion", "warning")
    assert issue.expression == "Patient.birthDate"
    assert "999900006" not in str(issue)


def test_it_says_when_it_cannot_judge() -> None:
    for resource in ({"resourceType": "MedicinalProduct"}, {"id": "1"}):
        (issue,) = second_opinion(resource)
        assert issue.severity == "information"
