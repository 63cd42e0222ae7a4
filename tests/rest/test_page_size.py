"""The size of a page is the client's to choose, on any page; some clients set one on every link that they follow."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

JSON = "application/fhir+json"


def following(bundle: Any) -> str:
    url = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
    return "/" + str(url).split("/", 3)[3]


def test_a_link_says_the_size_of_its_page_and_another_size_may_be_asked(client: FlaskClient) -> None:
    for number in range(9):
        client.post("/fhir/Location", json={"resourceType": "Location", "name": f"{number}"}, content_type=JSON)
    first = client.get("/fhir/Location?_count=2").get_json()
    link = following(first)
    changed = client.get(link.replace("_count=2", "_count=5")).get_json()
    rest = client.get(following(changed)).get_json()

    assert parse_qs(urlsplit(link).query)["_count"] == ["2"]
    assert [len(bundle["entry"]) for bundle in (first, changed, rest)] == [2, 5, 2]
    assert client.get(f"{link}&name=1").status_code == 400
