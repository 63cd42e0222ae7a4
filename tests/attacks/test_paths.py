"""Bad inputs 49 and 50: paths that lead elsewhere, ids that are none, and an id that is another's."""

import pytest

from tests.attacks.target import BSN, JSON, Attack, Target, cases, check_refused, encoded, patient

pytestmark = pytest.mark.slow

REFUSED = [
    *(
        Attack(49, name, 404, "path|served|id|no such", path=path)
        for name, path in {
            "dots": "/fhir/../../etc/passwd",
            "dots-below-a-type": "/fhir/Patient/../../../etc/passwd",
            "dots-encoded": "/fhir/Patient/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "dots-encoded-twice": "/fhir/Patient/%252e%252e%252f",
            "backslash": "/fhir/Patient/..%5c..%5cwindows",
            "nul": "/fhir/Patient/a%00b",
            "65-characters": "/fhir/Patient/" + "a" * 65,
            "underscore": "/fhir/Patient/a_b",
            "quote": "/fhir/Patient/'--",
            "quote-encoded": "/fhir/Patient/%27%20OR%201=1",
            "blank-at-the-end": "/fhir/Patient/a%0a",
            "not-utf-8": "/fhir/Patient/%ff",
            "surrogate": "/fhir/Patient/%ed%a0%80",
            "full-width-digits": "/fhir/Patient/%ef%bc%91",
            "unknown-type": "/fhir/Geheimstra/1",
            "lower-case-type": "/fhir/patient/1",
            "script-as-type": "/fhir/%3Cscript%3Ealert(1)%3C/script%3E/1",
            "long-type": "/fhir/" + "A" * 5000,
            "unknown-operation": "/fhir/Patient/1/$frobnicate",
            "operation-of-the-system": "/fhir/$frobnicate",
            "unlisted-type": "/fhir/AuditEvent/1",
            "parameters-as-type": "/fhir/Parameters/1",
            "two-slashes": "/fhir//Patient/1",
            "slash-at-the-end": "/fhir/Patient/",
            "version-0": "/fhir/Patient/1/_history/0",
            "version-minus": "/fhir/Patient/1/_history/-1",
            "version-word": "/fhir/Patient/1/_history/abc",
            "version-of-20-digits": "/fhir/Patient/1/_history/99999999999999999999",
            "version-of-64-digits": "/fhir/Patient/1/_history/" + "9" * 64,
            "version-in-full-width": "/fhir/Patient/1/_history/%ef%bc%91",
            "a-level-more": "/fhir/Patient/1/_history/1/x",
            "elsewhere": "/admin",
            "dot-git": "/.git/config",
            "static": "/static/../gateway/settings.py",
        }.items()
    ),
    Attack(49, "bsn-as-id", 400, "bsn-in-url", path=f"/fhir/Patient/{BSN}"),
    Attack(49, "type-of-2000-to-write", 404, "served|path", path="/fhir/" + "A" * 2000, body=encoded()),
    Attack(50, "put-under-another-id", 400, "id", path="/fhir/Patient/one", method="PUT", body=encoded(id="two")),
    Attack(50, "put-without-id", 400, "id", path="/fhir/Patient/one", method="PUT", body=encoded()),
    Attack(50, "put-with-a-number-as-id", 400, "id", path="/fhir/Patient/1", method="PUT", body=encoded(id=1)),
    Attack(50, "put-with-a-list-as-id", 400, "id", path="/fhir/Patient/1", method="PUT", body=encoded(id=["1"])),
    Attack(
        50, "put-under-another-type", 400, "resourceType", path="/fhir/Slot/one", method="PUT", body=encoded(id="one")
    ),
    Attack(
        50,
        "put-to-a-type",
        400,
        "criterion|condition|search",
        path="/fhir/Patient",
        method="PUT",
        body=encoded(id="one"),
    ),
    Attack(50, "unknown-provider", 403, "provider", path="/ingest/nobody", body=b"MSH|^~\\&|x"),
    Attack(50, "provider-elsewhere", 404, "provider|path", path="/ingest/..%2fdev", body=b"MSH|^~\\&|x"),
    Attack(50, "provider-with-a-dot", 403, "provider", path="/ingest/%2e%2e", body=b"MSH|^~\\&|x"),
    Attack(50, "provider-of-10-kb", 403, "provider", path="/ingest/" + "x" * 7000, body=b"MSH|^~\\&|x"),
    Attack(50, "provider-that-is-a-file", 403, "provider", path="/ingest/dev.yaml", body=b"MSH|^~\\&|x"),
    Attack(50, "nothing-to-ingest", 400, "nothing", path="/ingest/dev", method="POST"),
]


@pytest.mark.parametrize("attack", cases(REFUSED))
def test_it_is_refused_and_nothing_is_left(target: Target, attack: Attack) -> None:
    before = target.rows()

    answer = target.send(*attack.request)

    check_refused(answer, attack.status, attack.says)
    assert target.rows() == before


@pytest.mark.threat(50)
def test_50_what_is_put_under_another_id_leaves_both_as_they_were(target: Target) -> None:
    ids = [target.post("/fhir/Patient", patient()).json()["id"] for _ in range(2)]

    refused = target.put(f"/fhir/Patient/{ids[0]}", patient(id=ids[1], active=False))

    check_refused(refused, 400, "id")
    assert [target.get(f"/fhir/Patient/{id_}").headers["ETag"] for id_ in ids] == ['W/"1"'] * 2


@pytest.mark.parametrize("type_", ["Patient", "Slot", "Location"])
def test_an_instance_does_not_take_post(target: Target, type_: str) -> None:
    answer = target.send("POST", f"/fhir/{type_}/123", encoded(), {"Content-Type": JSON})

    check_refused(answer, 405, "served")
    assert set(answer.headers["Allow"].split(", ")) >= {"DELETE", "GET", "PUT"}
