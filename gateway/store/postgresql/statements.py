"""The statements that write, as SQL. A whole transaction is one statement: one round trip, atomic by itself.

Index rows come as one JSON document (quicker for client and server than an array a column), bodies as `bytea[]`.
Who comes second is stopped by a unique key, (key, version) of `resource` or (type, id) of `current`; or by a division
by zero, where a row of `current` is no more what was seen: another version, or indexed anew.

Everyone takes locks in the same order, or two would wait for each other: rows of `current` that are there by identity,
then new ones by identity, then the lane of the audit. The parts of a statement have no order of their own, so a part
that must come later counts the rows of the one before it.
"""

from collections.abc import Collection

# One look: the newest version of what will be written, with a fresh key for what is new; n below zero, which targets
# exist; from 1,000,000 rows of the ledger; 2,000,000, what was answered to this message before.
LEDGER_FROM, ANSWERED_AT = 1_000_000, 2_000_000
_CURRENT = """
select w.n - 1, coalesce(c.key, nextval('resource_key')), coalesce(c.version, 0), coalesce(c.last_updated, 0),
    coalesce(c.deleted, false), coalesce(c.indexed, ''), coalesce(r.body, ''), c.event_time, c.event_number,
    coalesce(c.indexed_as, 0)
from unnest(%(types)s::text[], %(ids)s::text[]) with ordinality w(type, id, n)
left join current c on c.type = w.type and c.id = w.id
left join resource r on r.key = c.key and r.version = c.version"""
_TARGETS = """
union all
select -w.n, 0, 0, 0, false, '', '', null, null, 0
from unnest(%(target_types)s::text[], %(target_ids)s::text[]) with ordinality w(type, id, n)
join current c on c.type = w.type and c.id = w.id and not c.deleted"""
_OF_MESSAGE = """
union all
select 999999 + w.n, l.revision, 0, 0, false, l.content, '', null, null, 0
from unnest(%(subjects)s::text[]) with ordinality w(subject, n) join ledger l on l.subject = w.subject
union all
select 2000000, i.id, 0, 0, false, i.digest, i.answer, null, null, 0 from inbox i where i.once = %(once)s"""

# Taken by who writes under a condition, and by who was overtaken: the others wait until it has committed.
LOCK_CONDITIONS = "select pg_advisory_xact_lock(h) from unnest(%(numbers)s::bigint[]) h"
LOCK_TURNS = """
select case when w.shared then pg_advisory_xact_lock_shared(w.number) else pg_advisory_xact_lock(w.number) end
from unnest(%(numbers)s::bigint[], %(shared)s::boolean[]) w(number, shared)"""
LOCK_ROWS = """
select c.key
from unnest(%(types)s::text[], %(ids)s::text[]) w(type, id) join current c on c.type = w.type and c.id = w.id
order by c.type, c.id for update of c"""

_VERSIONS = """
with v as (
    select * from rows from (
        jsonb_to_recordset(%(rows)s::jsonb -> 'versions')
            as (key bigint, type text, id text, version integer, at bigint, deleted boolean, event text,
                event_time bigint, event_number bigint, method text, made_by bigint, seen_as bigint),
        unnest(%(bodies)b::bytea[]), unnest(%(indexed)b::bytea[])
    ) as v(key, type, id, version, at, deleted, event, event_time, event_number, method, made_by, seen_as,
        body, indexed)
),
locked as (
    select c.key from current c join v on v.key = c.key and v.version = c.version + 1
        and (v.seen_as is null or c.indexed_as = v.seen_as)
    order by c.type, c.id for update of c
),
updated as (
    update current c
    set version = v.version, last_updated = v.at, deleted = v.deleted, indexed = v.indexed,
        event_time = v.event_time, event_number = v.event_number, indexed_as = v.made_by
    from v join locked on locked.key = v.key where c.key = v.key
    returning c.key
),
created as (
    insert into current
    select key, type, id, version, at, deleted, indexed, event_time, event_number, made_by from v
    where version = 1 and (select count(*) from updated) >= 0
    returning key
),
stored as (
    insert into resource select key, version, at, deleted, body, type, method from v
    where (select count(*) from created) >= 0
        and 1 / ((select count(*) from v where version > 1) = (select count(*) from locked))::integer = 1
    returning key
),
announced as (
    insert into outbox (key, version, event, at, trace) select key, version, event, at, %(trace)s::text from v
),
"""
_REMOVED = """
removed_token as (
    delete from index_token t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'token') x
    where (t.type, t.param, t.system, t.code, t.key) = (x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint)
),
removed_string as (
    delete from index_string t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'string') x
    where (t.type, t.param, t.value, t.exact, t.key) = (x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint)
),
removed_date as (
    delete from index_date t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'date') x
    where (t.type, t.param, t.low, t.high, t.key)
        = (x->>0, x->>1, (x->>2)::bigint, (x->>3)::bigint, (x->>4)::bigint)
),
removed_reference as (
    delete from index_reference t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'reference') x
    where (t.type, t.param, t.target_type, t.target_id, t.key) = (x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint)
),
removed_uri as (
    delete from index_uri t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'uri') x
    where (t.type, t.param, t.value, t.key) = (x->>0, x->>1, x->>2, (x->>3)::bigint)
),
removed_number as (
    delete from index_number t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'number') x
    where (t.type, t.param, t.low, t.high, t.key)
        = (x->>0, x->>1, (x->>2)::double precision, (x->>3)::double precision, (x->>4)::bigint)
),
removed_quantity as (
    delete from index_quantity t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'quantity') x
    where (t.type, t.param, t.system, t.code, t.low, t.high, t.key)
        = (x->>0, x->>1, x->>2, x->>3, (x->>4)::double precision, (x->>5)::double precision, (x->>6)::bigint)
),
"""
_ADDED = """
added_token as (
    insert into index_token
    select x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'token') x
),
added_string as (
    insert into index_string
    select x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'string') x
),
added_date as (
    insert into index_date
    select x->>0, x->>1, (x->>2)::bigint, (x->>3)::bigint, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'date') x
),
added_reference as (
    insert into index_reference
    select x->>0, x->>1, x->>2, x->>3, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'reference') x
),
added_uri as (
    insert into index_uri
    select x->>0, x->>1, x->>2, (x->>3)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'uri') x
),
added_number as (
    insert into index_number
    select x->>0, x->>1, (x->>2)::double precision, (x->>3)::double precision, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'number') x
),
added_quantity as (
    insert into index_quantity
    select x->>0, x->>1, x->>2, x->>3, (x->>4)::double precision, (x->>5)::double precision, (x->>6)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'quantity') x
),
"""
_POSITIONS = """
removed_position as (
    delete from index_position t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'position') e
    where (t.type, t.param, t.cell, t.x, t.y, t.z, t.key) = (e->>0, e->>1, (e->>2)::bigint,
        (e->>3)::double precision, (e->>4)::double precision, (e->>5)::double precision, (e->>6)::bigint)
),
added_position as (
    insert into index_position
    select e->>0, e->>1, (e->>2)::bigint, (e->>3)::double precision, (e->>4)::double precision,
        (e->>5)::double precision, (e->>6)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'position') e
),
"""
# A Slot has one row: it goes with the deletion, comes with the creation, and is replaced in between.
_SLOTS = """
removed_slot as (
    delete from slot t using jsonb_array_elements(%(rows)s::jsonb -> 'removed' -> 'slot') x
    where t.key = (x->>4)::bigint
        and not exists (select from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'slot') y where y->4 = x->4)
),
added_slot as (
    insert into slot (status, start, end_, schedule, key)
    select x->>0, (x->>1)::bigint, (x->>2)::bigint, x->>3, (x->>4)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'added' -> 'slot') x
    on conflict (key) do update set (status, start, end_, schedule)
        = (excluded.status, excluded.start, excluded.end_, excluded.schedule)
),
"""
_RECEIVED = """
received as (
    insert into inbox
        (provider, format, control_id, event_time, received_at, state, mapping, issues, content, once, digest, answer,
        sealed_with, fields_wanted, fields_right, of_array)
    select %(provider)s, %(format)s, %(control_id)s, %(event_time)s::bigint, %(received_at)s::bigint, %(state)s,
        %(mapping)s, %(issues)s, %(content)b::bytea, %(once)s, %(digest)b::bytea, %(answer)b::bytea,
        %(sealed_with)s, %(fields_wanted)s::integer, %(fields_right)s::integer, %(of_array)s::integer
    where {after}
    returning id
),
"""
_RECEIVED_AGAIN = """
received as (
    update inbox set format = %(format)s, control_id = %(control_id)s, event_time = %(event_time)s::bigint,
        state = case state when 'accepted' then state else %(state)s end, mapping = %(mapping)s,
        issues = %(issues)s, once = coalesce(%(once)s, once),
        digest = coalesce(%(digest)b::bytea, digest), answer = coalesce(%(answer)b::bytea, answer),
        fields_wanted = %(fields_wanted)s::integer, fields_right = %(fields_right)s::integer,
        tried_at = %(tried_at)s::bigint, attempts = attempts + 1, requeued = 0, replaced_by = null,
        was_refused = case state when 'refused' then 1 else was_refused end
    where id = %(again)s::bigint and {after}
    returning id
),
"""
_LINKED = """
linked as (
    insert into inbox_resource
    select (x->>0)::bigint, (x->>1)::integer, received.id
    from received, jsonb_array_elements(%(rows)s::jsonb -> 'links') x
    on conflict do nothing
),
"""
_RAISED = """
raised as (
    update current c set event_time = (x->>1)::bigint, event_number = (x->>2)::bigint
    from jsonb_array_elements(%(rows)s::jsonb -> 'raised') x
    where c.key = (x->>0)::bigint and {after}
    returning c.key
),
"""
_LATE = """
late_now as (
    insert into late (key, version, event_time, at, body)
    select x.key, x.version, x.event_time, x.at, x.body from rows from (
        jsonb_to_recordset(%(rows)s::jsonb -> 'late') as (key bigint, version integer, event_time bigint, at bigint),
        unnest(%(late)b::bytea[])
    ) as x(key, version, event_time, at, body)
),
"""
# A row of the ledger is inserted, or renewed if it is still what was seen; a division by zero tells who finds another.
_LEDGER = """
noted as (
    select x->>0 as subject, (x->>1)::bigint as revision, decode(x->>2, 'base64') as content
    from jsonb_array_elements(%(rows)s::jsonb -> 'ledger') x
),
opened as (
    insert into ledger select subject, revision, content from noted where revision = 1 and {after}
    returning subject
),
renewed as (
    update ledger l set revision = n.revision, content = n.content
    from noted n where l.subject = n.subject and n.revision > 1 and l.revision = n.revision - 1
    returning l.subject
),
settled as (
    select 1 / (
        (select count(*) from noted) = (select count(*) from opened) + (select count(*) from renewed)
    )::integer as one
),
"""
_AUDITED = """
head as (
    update audit_head set seq = seq + 1, hash = sha256(hash || %(audit)b::bytea)
    where lane = pg_backend_pid() %% 16 and {after}
    returning lane, seq, hash
)
insert into audit select lane, seq, %(audit)b::bytea, hash from head"""

# The setting is that of this one transaction.
AUDIT_ALONE = """
with early as materialized (
    select set_config('synchronous_commit', 'off', true)
),
head as (
    update audit_head set seq = seq + 1, hash = sha256(hash || %(audit)b::bytea)
    where lane = pg_backend_pid() %% 16 and (select count(*) from early) > 0
    returning lane, seq, hash
)
insert into audit select lane, seq, %(audit)b::bytea, hash from head"""


def look(*, targets: bool, message: bool) -> str:
    """Return the statement of one look, with the parts that it needs: each costs time."""
    return _CURRENT + (_TARGETS if targets else "") + (_OF_MESSAGE if message else "")


def statement(parts: Collection[str]) -> str:
    """Return the one statement of a transaction that has these parts.

    They are: versions, and of those removed and positions; raised; late; ledger; message, which may be one taken again.
    """
    written, after = ["with "], "true"
    if "versions" in parts:
        written = [_VERSIONS, _REMOVED if "removed" in parts else "", _ADDED]
        written += [_POSITIONS if "positions" in parts else "", _SLOTS]
        after = "(select count(*) from stored) >= 0"
    if "raised" in parts:
        written.append(_RAISED.format(after=after))
        after = "(select count(*) from raised) >= 0"
    written.append(_LATE if "late" in parts else "")
    if "ledger" in parts:
        written.append(_LEDGER.format(after=after))
        after = "(select one from settled) = 1"
    if "message" in parts:
        written += [(_RECEIVED_AGAIN if "again" in parts else _RECEIVED).format(after=after), _LINKED]
    return "".join([*written, _AUDITED.format(after=after)])
