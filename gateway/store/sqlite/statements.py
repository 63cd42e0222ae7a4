"""The statements that write, as SQL."""

CURRENT = """
select c.key, c.version, c.last_updated, c.deleted, c.indexed, r.body, c.event_time, c.event_number,
    c.indexed_as
from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.id = ?"""
EXISTS = "select 1 from current where type = ? and id = ? and deleted = 0"
NEXT_KEY = "select coalesce(max(key), 0) + 1 from current"
CREATE = "insert into current values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
UPDATE = """
update current set version = ?, last_updated = ?, deleted = ?, indexed = ?, event_time = ?, event_number = ?,
    indexed_as = ?
where key = ?"""
RAISE = "update current set event_time = ?, event_number = ? where key = ?"
ANSWERED = "select digest, answer, id from inbox where once = ?"
NOTED = "select revision, content from ledger where subject = ?"
NOTE = "insert or replace into ledger values (?, ?, ?)"
COME_LATE = "insert into late (key, version, event_time, at, body) values (?, ?, ?, ?, ?)"
STORE = "insert into resource values (?, ?, ?, ?, ?, ?, ?)"
ANNOUNCE = "insert into outbox (key, version, event, at, trace) values (?, ?, ?, ?, ?)"
RECEIVE = """
insert into inbox
    (provider, format, control_id, event_time, received_at, state, mapping, issues, content, once, digest, answer,
    sealed_with, fields_wanted, fields_right, of_array)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
RECEIVE_AGAIN = """
update inbox set format = ?, control_id = ?, event_time = ?,
    state = case state when 'accepted' then state else ? end, mapping = ?, issues = ?,
    once = coalesce(?, once), digest = coalesce(?, digest), answer = coalesce(?, answer),
    fields_wanted = ?, fields_right = ?, tried_at = ?, attempts = attempts + 1, requeued = 0, replaced_by = null,
    was_refused = case state when 'refused' then 1 else was_refused end
where id = ?"""
LINK = "insert or ignore into inbox_resource values (?, ?, ?)"
_LAST = "from audit where lane = 0 order by seq desc limit 1"
# One statement, so that a row by itself needs no transaction around it: that would be three statements more.
AUDIT = f"""
insert into audit values (
    0,
    coalesce((select seq {_LAST}), 0) + 1,
    ?1,
    chained(coalesce((select hash {_LAST}), x''), ?1)
)"""  # noqa: S608 - made of constants alone

# Parameters: type, the columns of the row, key; for slot the columns and key.
INSERTS = {
    "token": "insert into index_token values (?, ?, ?, ?, ?)",
    "string": "insert into index_string values (?, ?, ?, ?, ?)",
    "date": "insert into index_date values (?, ?, ?, ?, ?)",
    "reference": "insert into index_reference values (?, ?, ?, ?, ?)",
    "uri": "insert into index_uri values (?, ?, ?, ?)",
    "number": "insert into index_number values (?, ?, ?, ?, ?)",
    "quantity": "insert into index_quantity values (?, ?, ?, ?, ?, ?, ?)",
    "position": "insert into index_position values (?, ?, ?, ?, ?, ?, ?)",
    "slot": "insert into slot (status, start, end_, schedule, key) values (?, ?, ?, ?, ?)",
}
DELETES = {
    "token": "delete from index_token where (type, param, system, code, key) = (?, ?, ?, ?, ?)",
    "string": "delete from index_string where (type, param, value, exact, key) = (?, ?, ?, ?, ?)",
    "date": "delete from index_date where (type, param, low, high, key) = (?, ?, ?, ?, ?)",
    "reference": "delete from index_reference where (type, param, target_type, target_id, key) = (?, ?, ?, ?, ?)",
    "uri": "delete from index_uri where (type, param, value, key) = (?, ?, ?, ?)",
    "number": "delete from index_number where (type, param, low, high, key) = (?, ?, ?, ?, ?)",
    "quantity": "delete from index_quantity where (type, param, system, code, low, high, key) = (?, ?, ?, ?, ?, ?, ?)",
    "position": "delete from index_position where (type, param, cell, x, y, z, key) = (?, ?, ?, ?, ?, ?, ?)",
    "slot": "delete from slot where (status, start, end_, schedule, key) = (?, ?, ?, ?, ?)",
}
