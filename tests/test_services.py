"""Ids that the gateway makes. https://www.rfc-editor.org/rfc/rfc9562#section-5.4"""

from uuid import RFC_4122, UUID

from gateway.services import random_id


def test_ids_are_random_uuids() -> None:
    ids = {random_id() for _ in range(1000)}

    assert len(ids) == 1000
    for id_ in ids:
        found = UUID(id_)
        assert (found.version, found.variant, str(found)) == (4, RFC_4122, id_)
    assert {id_[19] for id_ in ids} == set("89ab")
