"""Whose document a Binary is: it does not say so itself, but what tells of it does.

https://hl7.org/fhir/R4/binary.html, https://hl7.org/fhir/R4/documentreference.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Stored

_PATIENTS = """
select distinct r.target_id from index_uri u join index_reference r on r.key = u.key and r.param = 'patient'
where u.type = 'DocumentReference' and u.param = 'location' and u.value in (?, ?) and r.target_type = 'Patient'"""


def patients(found: Stored, to: Services) -> list[str]:
    """Return the ids of the patients of whom something is a document, as DocumentReferences say now. Unavailable."""
    if found.type != "Binary":
        return []
    names = [f"Binary/{found.id}", f"{to.settings.base_url}/Binary/{found.id}"]
    with to.store.reading(snapshot=False) as db:
        return [id_ for (id_,) in db.rows(_PATIENTS, names)]
