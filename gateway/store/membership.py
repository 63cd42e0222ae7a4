"""What an export of some patients reads: what of a type was in their compartments at one moment.

The index says where a resource points now. What was changed after the moment, or was indexed by other definitions, is
asked itself: the version of that moment is read, and where it points is worked out. So a file is the same each time.
https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from gateway.fhir.frozen import frozen
from gateway.fhir.json import decode
from gateway.store.exporting import AS_OF, Range, Sees
from gateway.store.index import rows
from gateway.store.indexing import present_print
from gateway.store.sealed import RESOURCE, opened
from gateway.store.search.sql import Sql, every, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.store.interface import Database
    from gateway.store.sealed import Seals

V = TypeVar("V", int, str)
_ALL = (0, 2**62)
_AT_ONCE = 500  # in one statement; SQLite takes some thousands of parameters
_POINTING = "select r.key from index_reference r where r.type = {} and {} and r.target_type = 'Patient' and {}"
_ITSELF = "select p.key from current p where p.type = 'Patient' and {}"
_UNCHANGED = """
select distinct c.key from ({}) m cross join current c where c.key = m.key and not c.deleted and c.indexed_as = {}
and c.last_updated > {} and c.last_updated <= {} and c.key > {} and c.key <= {} and {}"""
_DOUBTED = "select c.key from current c where c.type = {} and {} and c.key > {} and c.key <= {}"
_BODIES = f"""
select c.key, r.version, r.body from {AS_OF} where {{}} and r.last_updated > ? and length(r.body) > 0 order by c.key"""  # noqa: S608
_GONE = """
select c.id, c.key, r.version, r.body from current c join resource r on r.key = c.key and r.version =
    (select max(v.version) from resource v where v.key = c.key and length(v.body) > 0)
where c.type = ? and c.deleted and c.last_updated > ? and c.last_updated <= ? and {sees}
order by c.last_updated, c.key"""


@frozen()
class Patients:
    """Some patients, by id, and by which parameters resources of each type are in their compartments.

    `base` is the public FHIR base, as writers know it.
    """

    ids: frozenset[str]
    codes: Mapping[str, Sequence[str]]
    base: str

    def hold(self, body: bytes) -> bool:
        """Return whether a resource is one of these patients, or is in the compartment of one."""
        resource = decode(body)
        type_ = resource["resourceType"]
        if type_ == "Patient" and resource["id"] in self.ids:
            return True
        codes = self.codes.get(type_, ())
        return any(
            param in codes and target == "Patient" and id_ in self.ids
            for param, target, id_ in rows(resource, base=self.base).reference
        )


@frozen()
class OfPatients:
    """What is in the compartments of some patients. See `gateway.store.exporting.Exported`."""

    db: Database
    since: int
    at: int
    patients: Patients
    sees: Sees

    def ranges(self, resource_type: str, size: int) -> list[Range]:
        """See `Exported`."""
        found = self._keys(resource_type, _ALL)
        ends = [0, *found[size - 1 :: size]]
        if found and ends[-1] != found[-1]:
            ends.append(found[-1])
        return list(pairwise(ends))

    def bodies(self, resource_type: str, keys: Range) -> Sequence[bytes]:
        """See `Exported`; by key."""
        return [body for _, body in self._as_of(resource_type, self._keys(resource_type, keys))]

    def deleted(self, resource_type: str) -> list[tuple[str, str]]:
        """See `Exported`; what it pointed at last says whose it was."""
        sees, of_seen = self.sees(resource_type)
        gone = self.db.rows(_GONE.format(sees=sees), (resource_type, self.since, self.at, *of_seen))
        found = ((id_, opened(self.db, body, RESOURCE, key, version)) for id_, key, version, body in gone)
        return [(resource_type, id_) for id_, body in found if self.patients.hold(body)]

    def _keys(self, resource_type: str, within: Range) -> list[int]:
        doubted = self.db.rows(*_doubted(resource_type, self.at, within, self.db.seals))
        as_of = self._as_of(resource_type, [key for (key,) in doubted])
        found = {key for key, body in as_of if self.patients.hold(body)}
        for some in _parts(sorted(self.patients.ids)):
            found.update(key for (key,) in self.db.rows(*self._unchanged(resource_type, some, within)))
        return sorted(found)

    def _unchanged(self, resource_type: str, ids: Sequence[str], within: Range) -> Sql:
        codes = list(self.patients.codes.get(resource_type, ()))
        branches = [sql(_POINTING, resource_type, one_of("r.param", codes), one_of("r.target_id", ids))]
        if resource_type == "Patient":
            branches.append(sql(_ITSELF, one_of("p.id", ids)))
        found = joined(" union all ", branches)
        ours = present_print(resource_type, self.db.seals)
        return sql(_UNCHANGED, found, ours, self.since, self.at, *within, self.sees(resource_type))

    def _as_of(self, resource_type: str, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the keys and bodies of what was there at the moment and was changed after `since`."""
        for some in _parts(keys):
            where = every([one_of("c.key", some), self.sees(resource_type)])
            asked = (self.at, self.at, *where.parameters, self.since)
            rows = self.db.rows(_BODIES.format(where.text), asked)
            yield from ((key, opened(self.db, body, RESOURCE, key, version)) for key, version, body in rows)


def _doubted(resource_type: str, at: int, within: Range, seals: Seals) -> Sql:
    """Return the select of the keys of which the index cannot say where they pointed."""
    ours = present_print(resource_type, seals)
    ways = [
        sql("c.last_updated > {}", at),
        sql("c.indexed_as < {}", ours),
        sql("c.indexed_as > {}", ours),
    ]
    return joined(" union ", [sql(_DOUBTED, resource_type, way, *within) for way in ways])


def _parts(values: Sequence[V]) -> Iterator[Sequence[V]]:
    for first in range(0, len(values), _AT_ONCE):
        yield values[first : first + _AT_ONCE]
