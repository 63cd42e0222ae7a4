-- Times are microseconds since 1970-01-01 UTC. Text compares by code point, as in SQLite.

-- The newest version of each resource. `key` stands for (type, id) in every other table.
-- `indexed` holds the index rows as they were written, so that an update writes and deletes only what differs.
create sequence resource_key as bigint;
create table current (
    key bigint primary key,
    type text collate "C" not null,
    id text collate "C" not null,
    version integer not null,
    last_updated bigint not null,
    deleted boolean not null,
    indexed bytea not null,
    unique (type, id)
);
create index current_by_time on current (type, last_updated, key);

-- Every version, the newest too. A deletion is a version with an empty body.
create table resource (
    key bigint not null,
    version integer not null,
    last_updated bigint not null,
    deleted boolean not null,
    body bytea not null,
    primary key (key, version)
);

-- What resources are found by. The order of the columns is the order of the key, `key` last, so that matches come in key order;
-- the second index answers for one resource: sorting, :missing, probes.
create table index_token (
    type text collate "C" not null,
    param text collate "C" not null,
    system text collate "C" not null,
    code text collate "C" not null,
    key bigint not null,
    primary key (type, param, system, code, key)
);
create index index_token_by_key on index_token (key, param);

create table index_string (
    type text collate "C" not null,
    param text collate "C" not null,
    value text collate "C" not null,
    exact text collate "C" not null,
    key bigint not null,
    primary key (type, param, value, exact, key)
);
create index index_string_by_key on index_string (key, param);

create table index_date (
    type text collate "C" not null,
    param text collate "C" not null,
    low bigint not null,
    high bigint not null,
    key bigint not null,
    primary key (type, param, low, high, key)
);
create index index_date_by_key on index_date (key, param);

create table index_reference (
    type text collate "C" not null,
    param text collate "C" not null,
    target_type text collate "C" not null,
    target_id text collate "C" not null,
    key bigint not null,
    primary key (type, param, target_type, target_id, key)
);
create index index_reference_by_key on index_reference (key, param);

create table index_uri (
    type text collate "C" not null,
    param text collate "C" not null,
    value text collate "C" not null,
    key bigint not null,
    primary key (type, param, value, key)
);
create index index_uri_by_key on index_uri (key, param);

create table index_number (
    type text collate "C" not null,
    param text collate "C" not null,
    low double precision not null,
    high double precision not null,
    key bigint not null,
    primary key (type, param, low, high, key)
);
create index index_number_by_key on index_number (key, param);

create table index_quantity (
    type text collate "C" not null,
    param text collate "C" not null,
    system text collate "C" not null,
    code text collate "C" not null,
    low double precision not null,
    high double precision not null,
    key bigint not null,
    primary key (type, param, system, code, low, high, key)
);
create index index_quantity_by_key on index_quantity (key, param);

-- The capacity projection: one row a Slot that is not deleted.
create table slot (
    key bigint primary key,
    status text collate "C" not null,
    start bigint not null,
    end_ bigint not null,
    schedule text collate "C" not null
);
create index slot_by_schedule on slot (schedule, status, start, key);
create index slot_by_start on slot (status, start, key);

-- Messages as they were received, taken or refused.
create table inbox (
    id bigint generated always as identity primary key,
    provider text not null,
    format text not null,
    control_id text,
    event_time bigint,
    received_at bigint not null,
    state text not null check (state in ('accepted', 'refused')),
    mapping text,
    issues text not null,
    content bytea not null
);
create index inbox_by_control_id on inbox (provider, control_id);

-- Which message made (or confirmed) which version.
create table inbox_resource (
    key bigint not null,
    version integer not null,
    inbox bigint not null,
    primary key (key, version, inbox)
);
create index inbox_resource_by_inbox on inbox_resource (inbox);

-- What happened, for whoever must be told; a row goes when it is delivered.
create table outbox (
    seq bigint generated always as identity primary key,
    key bigint not null,
    version integer not null,
    event text not null check (event in ('create', 'update', 'delete')),
    at bigint not null,
    attempts integer not null default 0,
    leased_until bigint not null default 0
);

-- Who did what. hash = sha256(hash of the row before in this lane, then content).
-- Several lanes, so that writers need not wait for each other's commit; each lane is a chain of its own.
create table audit (
    lane integer not null,
    seq bigint not null,
    content bytea not null,
    hash bytea not null,
    primary key (lane, seq)
);
create table audit_head (
    lane integer primary key,
    seq bigint not null,
    hash bytea not null
);
insert into audit_head select lane, 0, ''::bytea from generate_series(0, 15) lane;

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit is append-only';
end $$;
create trigger audit_keeps_rows before update or delete on audit
    for each row execute function audit_is_append_only();

