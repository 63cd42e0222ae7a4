-- Times are microseconds since 1970-01-01 UTC. Index tables are clustered on what is searched (WITHOUT ROWID).

-- The newest version of each resource. `key` stands for (type, id) in every other table.
-- `indexed` holds the index rows as they were written, so that an update writes and deletes only what differs.
create table current (
    key integer primary key,
    type text not null,
    id text not null,
    version integer not null,
    last_updated integer not null,
    deleted integer not null,
    indexed blob not null,
    unique (type, id)
) strict;
create index current_by_time on current (type, last_updated, key);

-- Every version, the newest too. A deletion is a version with an empty body.
create table resource (
    key integer not null,
    version integer not null,
    last_updated integer not null,
    deleted integer not null,
    body blob not null,
    primary key (key, version)
) strict, without rowid;

-- What resources are found by. The order of the columns is the order of the key, `key` last, so that matches come in key order;
-- the second index answers for one resource: sorting, :missing, probes.
create table index_token (
    type text not null,
    param text not null,
    system text not null,
    code text not null,
    key integer not null,
    primary key (type, param, system, code, key)
) strict, without rowid;
create index index_token_by_key on index_token (key, param);

create table index_string (
    type text not null,
    param text not null,
    value text not null,
    exact text not null,
    key integer not null,
    primary key (type, param, value, exact, key)
) strict, without rowid;
create index index_string_by_key on index_string (key, param);

create table index_date (
    type text not null,
    param text not null,
    low integer not null,
    high integer not null,
    key integer not null,
    primary key (type, param, low, high, key)
) strict, without rowid;
create index index_date_by_key on index_date (key, param);

create table index_reference (
    type text not null,
    param text not null,
    target_type text not null,
    target_id text not null,
    key integer not null,
    primary key (type, param, target_type, target_id, key)
) strict, without rowid;
create index index_reference_by_key on index_reference (key, param);

create table index_uri (
    type text not null,
    param text not null,
    value text not null,
    key integer not null,
    primary key (type, param, value, key)
) strict, without rowid;
create index index_uri_by_key on index_uri (key, param);

create table index_number (
    type text not null,
    param text not null,
    low real not null,
    high real not null,
    key integer not null,
    primary key (type, param, low, high, key)
) strict, without rowid;
create index index_number_by_key on index_number (key, param);

create table index_quantity (
    type text not null,
    param text not null,
    system text not null,
    code text not null,
    low real not null,
    high real not null,
    key integer not null,
    primary key (type, param, system, code, low, high, key)
) strict, without rowid;
create index index_quantity_by_key on index_quantity (key, param);

-- The capacity projection: one row a Slot that is not deleted.
create table slot (
    key integer primary key,
    status text not null,
    start integer not null,
    end_ integer not null,
    schedule text not null
) strict;
create index slot_by_schedule on slot (schedule, status, start, key);
create index slot_by_start on slot (status, start, key);

-- Messages as they were received, taken or refused.
create table inbox (
    id integer primary key,
    provider text not null,
    format text not null,
    control_id text,
    event_time integer,
    received_at integer not null,
    state text not null check (state in ('accepted', 'refused')),
    mapping text,
    issues text not null,
    content blob not null
) strict;
create index inbox_by_control_id on inbox (provider, control_id);

-- Which message made (or confirmed) which version.
create table inbox_resource (
    key integer not null,
    version integer not null,
    inbox integer not null,
    primary key (key, version, inbox)
) strict, without rowid;
create index inbox_resource_by_inbox on inbox_resource (inbox);

-- What happened, for whoever must be told; a row goes when it is delivered.
create table outbox (
    seq integer primary key autoincrement,
    key integer not null,
    version integer not null,
    event text not null check (event in ('create', 'update', 'delete')),
    at integer not null,
    attempts integer not null default 0,
    leased_until integer not null default 0
) strict;

-- Who did what. hash = sha256(hash of the row before in this lane, then content).
create table audit (
    lane integer not null,
    seq integer not null,
    content blob not null,
    hash blob not null,
    primary key (lane, seq)
) strict, without rowid;
create trigger audit_keeps_rows before delete on audit begin select raise(abort, 'audit is append-only'); end;
create trigger audit_keeps_content before update on audit begin select raise(abort, 'audit is append-only'); end;
